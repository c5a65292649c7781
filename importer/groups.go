package importer

import (
	"container/list"
	"strings"
	"unicode/utf8"
)

// Of the groups of a file the ones used last are kept, at most so many, with at most so many bytes of text, but always
// one. Which record inherits depends on these bounds: changing them changes what a resumed import finds.
const (
	maxGroups     = 1 << 16
	maxGroupBytes = 8 << 20
)

// groups remembers what records can inherit: the last record with a name of each group, for the groups that were named
// or asked for last. It is a function of the records that it was shown, in their order.
type groups struct {
	byKey map[digest]*list.Element
	used  list.List // of *group, the one used last in front
	bytes int       // of text
}

// group is the record from which the others of its group inherit.
type group struct {
	key                       digest
	name, description, status string // as in the file, but for the escape of formulas
	line                      int64
	taken                     bool // it was not rejected
	text                      bool // valid UTF-8 without NUL
}

func newGroups() *groups { return &groups{byKey: map[digest]*list.Element{}} }

// size is how much text the group keeps.
func (g *group) size() int { return len(g.name) + len(g.description) + len(g.status) }

// own makes the group's text one of its own, so that it doesn't hold a whole block in memory.
func (g *group) own() {
	text := g.name + g.description + g.status
	n, d := len(g.name), len(g.name)+len(g.description)
	g.name, g.description, g.status = text[:n], text[n:d], text[d:]
	g.text = utf8.ValidString(text) && strings.IndexByte(text, 0) < 0
}

// find returns the group, or nil, and counts as a use.
func (s *groups) find(key digest) *group {
	e := s.byKey[key]
	if e == nil {
		return nil
	}
	s.used.MoveToFront(e)
	return e.Value.(*group)
}

// put makes g the record from which its group inherits. Its text is copied.
func (s *groups) put(g group) {
	g.own()
	if e := s.byKey[g.key]; e != nil {
		old := e.Value.(*group)
		s.bytes -= old.size()
		*old = g
		s.used.MoveToFront(e)
	} else {
		s.byKey[g.key] = s.used.PushFront(&g)
	}
	s.bytes += g.size()
	for len(s.byKey) > maxGroups || s.bytes > maxGroupBytes && len(s.byKey) > 1 {
		last := s.used.Remove(s.used.Back()).(*group)
		delete(s.byKey, last.key)
		s.bytes -= last.size()
	}
}
