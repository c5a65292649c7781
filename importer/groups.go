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
	// above is the product whose variants may follow directly, whatever its group; nil for none.
	above *group
}

// group is the record from which the others of its group inherit.
type group struct {
	key       digest
	cells     []string // of what is inherited, as in the file, but for the escape of formulas
	line      int64
	taken     bool // it was not rejected
	validText bool // valid UTF-8 without NUL
	// product is what the record has in the column by which products are known from variants, see grouping.
	product string
}

func newGroups() *groups { return &groups{byKey: map[digest]*list.Element{}} }

// size is how much text the group keeps.
func (g *group) size() (n int) {
	for _, cell := range g.cells {
		n += len(cell)
	}
	return n + len(g.product)
}

// own makes the group's text one of its own, so that it doesn't hold a whole block in memory.
func (g *group) own() {
	text := strings.Join(g.cells, "")
	g.product = strings.Clone(g.product)
	own, from := make([]string, len(g.cells)), 0
	for i, cell := range g.cells {
		own[i] = text[from : from+len(cell)]
		from += len(cell)
	}
	g.cells = own
	g.validText = utf8.ValidString(text) && strings.IndexByte(text, 0) < 0
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

// put makes g, which owns its text, the record from which its group inherits.
func (s *groups) put(g group) {
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
