package importer

import (
	"container/list"
	"encoding/binary"
	"slices"
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
	used  list.List // of *packed, the one used last in front
	bytes int       // of text
	// found is the group that was found last: its other variants most often follow.
	found *group
	text  []byte // for put
	// above is the product whose variants may follow directly, whatever its group; nil for none.
	above *group
	// keepsNames: the groups are to be written down, see appendTo.
	keepsNames bool
}

// group is the record from which the others of its group inherit.
type group struct {
	key       digest
	name      string   // of which the key is the digest; empty where nobody wants to know it, or it is too long
	cells     []string // of what is inherited, as in the file, but for the escape of formulas
	line      int64
	taken     bool // it was not rejected
	validText bool // valid UTF-8 without NUL
	// product is what the record has in the column by which products are known from variants, see grouping.
	product string
}

// packed is a group as appendTo writes it down, which takes half of the memory.
type packed struct {
	key      digest
	size     int32 // see group.size
	nameless bool
	text     string
}

// maxGroupName is how long the name of a group is at most that can be written down.
const maxGroupName = 256

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
	g.product = strings.Clone(g.product)
	for i, cell := range g.cells {
		g.cells[i] = strings.Clone(cell)
	}
	g.validate()
}

// validate finds out whether the text is valid.
func (g *group) validate() {
	g.validText = !slices.ContainsFunc(g.cells, func(cell string) bool {
		return !utf8.ValidString(cell) || strings.IndexByte(cell, 0) >= 0
	})
}

// find returns the group, or nil, and counts as a use.
func (s *groups) find(key digest) *group {
	e := s.byKey[key]
	if e == nil {
		return nil
	}
	s.used.MoveToFront(e)
	if s.found == nil || s.found.key != key {
		in := groupReader[string]{rest: e.Value.(*packed).text, ok: true}
		g := in.group()
		g.key = key
		s.found = &g
	}
	return s.found
}

// put makes g the record from which its group inherits.
func (s *groups) put(g *group) {
	s.text = g.appendTo(s.text[:0])
	now := packed{key: g.key, size: int32(g.size()), nameless: g.name == "", text: string(s.text)}
	if e := s.byKey[g.key]; e != nil {
		old := e.Value.(*packed)
		s.bytes -= int(old.size)
		*old = now
		s.used.MoveToFront(e)
	} else {
		s.byKey[g.key] = s.used.PushFront(&now)
	}
	s.bytes += int(now.size)
	if s.found != nil && s.found.key == g.key {
		s.found = nil
	}
	for len(s.byKey) > maxGroups || s.bytes > maxGroupBytes && len(s.byKey) > 1 {
		last := s.used.Remove(s.used.Back()).(*packed)
		delete(s.byKey, last.key)
		s.bytes -= int(last.size)
	}
}

// written is about how many bytes appendTo appends.
func (s *groups) written() int { return s.bytes + 64*len(s.byKey) }

// appendTo appends what readGroups reads. A group with too long a name can't be written down: then ok is false.
func (s *groups) appendTo(b []byte) (_ []byte, ok bool) {
	above := s.above
	if b = append(b, 0); above != nil {
		b[len(b)-1] = 1
		b = above.appendTo(b)
	}
	for e := s.used.Back(); e != nil; e = e.Prev() {
		p := e.Value.(*packed)
		if p.nameless {
			return nil, false
		}
		b = append(b, p.text...)
	}
	return b, true
}

// appendTo appends the group, but for what follows from the rest.
func (g *group) appendTo(b []byte) []byte {
	taken := uint64(0)
	if g.taken {
		taken = 1
	}
	b = binary.AppendUvarint(b, uint64(g.line)<<1|taken)
	b = binary.AppendUvarint(b, uint64(len(g.cells)))
	b = appendText(appendText(b, g.name), g.product)
	for _, text := range g.cells {
		b = appendText(b, text)
	}
	return b
}

// readGroups reads what appendTo appended. key returns the digest of a name. ok is false for anything else.
func readGroups(b []byte, key func(name string) digest) (s *groups, ok bool) {
	s = newGroups()
	s.keepsNames = true
	in := groupReader[[]byte]{rest: b, ok: len(b) > 0}
	if in.ok {
		above := b[0] == 1
		if in.rest = b[1:]; above {
			g := in.group()
			s.above = &g
		}
	}
	for in.ok && len(in.rest) > 0 {
		g := in.group()
		g.key = key(g.name)
		s.put(&g)
	}
	return s, in.ok
}

// groupReader reads groups, as long as that is ok.
type groupReader[T string | []byte] struct {
	rest T
	ok   bool
}

func (r *groupReader[T]) number() uint64 {
	n, length := uvarint(r.rest)
	if length <= 0 {
		r.rest, r.ok = r.rest[len(r.rest):], false
		return 0
	}
	r.rest = r.rest[length:]
	return n
}

func (r *groupReader[T]) text() string {
	text, rest, ok := cutText(r.rest)
	r.rest, r.ok = rest, r.ok && ok
	return string(text)
}

func (r *groupReader[T]) group() (g group) {
	line, cells := r.number(), r.number()
	g.line, g.taken = int64(line>>1), line&1 == 1
	g.name, g.product = r.text(), r.text()
	g.cells = make([]string, 0, min(cells, uint64(len(r.rest))))
	for ; cells > 0 && r.ok; cells-- {
		g.cells = append(g.cells, r.text())
	}
	g.validate()
	return g
}
