package charset

import (
	"cmp"
	"math"
	"slices"
	"unicode"
	"unicode/utf8"
)

// The kinds of ASCII characters that a survey distinguishes: nothing, digit, then the letters in lower case, then those
// in upper case.
const (
	lowerKinds = digit + 1
	upperKinds = lowerKinds + 26
	kinds      = upperKinds + 26
)

var kindOf = func() (kind [utf8.RuneSelf]uint8) {
	for c := range kind {
		switch {
		case c >= 'a' && c <= 'z':
			kind[c] = uint8(lowerKinds + c - 'a')
		case c >= 'A' && c <= 'Z':
			kind[c] = uint8(upperKinds + c - 'A')
		case c >= '0' && c <= '9':
			kind[c] = digit
		}
	}
	return kind
}()

// survey counts the bytes beyond ASCII of a text, which isn't UTF-8, by what stands beside them.
type survey struct {
	last    byte               // of the text
	open    bool               // what is behind the last byte of what is being added was not counted yet
	wasOpen bool               // likewise, of what was added before
	counts  [128]uint16        // of each byte, up to settled
	before  [kinds][128]uint32 // ASCII before a byte
	behind  [128][kinds]uint32 // ASCII behind it
	pairs   [128][128]uint32   // two of them
	values  [128][]byte        // where each came first
	first   []byte             // the first of them
}

// settled is how often a byte is counted. What it stands beside is known then, and the rest of the file costs no time.
const settled = 1 << 10

// add goes on with the text.
func (s *survey) add(text []byte) {
	for i := 0; i < len(text); i++ {
		i += countASCII(text[i:])
		if i < len(text) && s.counts[text[i]-0x80] < settled {
			s.note(text, i)
		}
	}
	s.goOn(text)
}

// note counts the byte text[i]. When all of them were noted, goOn has to be called.
func (s *survey) note(text []byte, i int) {
	c := text[i] - 0x80
	last := s.last
	if i > 0 {
		last = text[i-1]
	}
	if last >= utf8.RuneSelf {
		s.pairs[last-0x80][c]++
	} else {
		s.before[kindOf[last]][c]++
	}
	switch {
	case i+1 == len(text):
		s.open = true
	case text[i+1] < utf8.RuneSelf:
		s.behind[c][kindOf[text[i+1]]]++
	}
	if s.counts[c]++; s.counts[c] == 1 {
		s.values[c] = valueAt(text, i)
		if s.first == nil {
			s.first = s.values[c]
		}
	}
}

// goOn is called when the bytes of a part of the text were noted.
func (s *survey) goOn(text []byte) {
	if len(text) == 0 {
		return
	}
	if s.last >= utf8.RuneSelf && s.wasOpen && text[0] < utf8.RuneSelf {
		s.behind[s.last-0x80][kindOf[text[0]]]++
	}
	s.last = text[len(text)-1]
	s.wasOpen, s.open = s.open, false
}

// valueAt returns a copy of the field around text[i], as far as it is near.
func valueAt(text []byte, i int) []byte {
	const most = 40
	begin, end := i, i+1
	for begin > 0 && i-begin < most && !endsValue(text[begin-1]) {
		begin--
	}
	for end < len(text) && end-i < most && !endsValue(text[end]) {
		end++
	}
	return append([]byte(nil), text[begin:end]...)
}

// seen are the pairs that a survey counted: what stands before is followed by what stands behind. Each is a kind of
// ASCII, or kinds and more for a byte beyond ASCII.
type seen struct {
	before, behind uint8
	weight         float32
}

// list returns what was counted. What comes often says little more than what comes some times: a word that stands in
// every record is one word.
func (s *survey) list() []seen {
	var all []seen
	note := func(before, behind int, n uint32) {
		if n > 0 {
			weight := float64(n)
			if n > 2 {
				weight = 2 + math.Log2(weight/2)
			}
			all = append(all, seen{uint8(before), uint8(behind), float32(weight)})
		}
	}
	for c := range 128 {
		for k := range kinds {
			n := s.behind[c][k]
			if k == nothing && s.wasOpen && int(s.last) == c+0x80 {
				n++ // the end
			}
			note(kinds+c, k, n)
			note(k, kinds+c, s.before[k][c])
		}
		for d := range 128 {
			note(kinds+c, kinds+d, s.pairs[c][d])
		}
	}
	if len(all) > mostPairs {
		slices.SortStableFunc(all, func(a, b seen) int { return cmp.Compare(b.weight, a.weight) })
		all = all[:mostPairs]
	}
	return all
}

// mostPairs bounds the time for what is no text: text has a few hundreds of different ones.
const mostPairs = 6000

// utf8Value returns a value with characters of UTF-8, if there are more of them than there would be by chance.
func (s *survey) utf8Value() (value []byte) {
	// Every character of UTF-8 begins with such a pair, and text in other encodings seldom has one.
	var total, pairs int64
	for lead := 0xc2; lead < 0xf5; lead++ {
		for next := 0x80; next < 0xc0; next++ {
			if n := s.pairs[lead-0x80][next-0x80]; n > 0 {
				pairs += int64(n)
				if first := s.values[lead-0x80]; value == nil && utf8.Valid(first) {
					value = first
				}
			}
		}
	}
	for c := range 128 {
		for d := range 128 {
			total += int64(s.pairs[d][c])
		}
		for k := range kinds {
			total += int64(s.before[k][c])
		}
	}
	if pairs < 2 || pairs < total/50 {
		return nil
	}
	return value
}

// Cases that hardly ever come: a capital behind a small letter, a small letter before a capital. A capital is rarer
// than a small letter anyway.
const (
	capitalInside, smallBeforeCapital = -5, -4
	capital                           = -1.5
	symbolsTogether                   = -6
	twoScripts                        = -9 // of letters that follow each other
	impossible                        = -25
)

// character is what a hypothesis makes of a kind of ASCII, or of a byte beyond it.
type character struct {
	index     int // in the model
	general   int // in the model of the family
	symbol    *symbol
	alone     float32 // its own probability, for what is beyond ASCII
	upper     bool
	lower     bool
	beyond    bool
	script    bool // a letter that isn't Latin
	undefined bool
}

// score returns how likely what was seen is by the model, with the characters of the table.
func (l *languages) score(all []seen, t *table, m *model) float64 {
	var chars [kinds + 128]character
	var made [kinds + 128]bool
	sum := 0.0
	for _, s := range all {
		for _, k := range [...]uint8{s.before, s.behind} {
			if !made[k] {
				made[k], chars[k] = true, l.characterOf(int(k), t, m)
			}
		}
		sum += float64(s.weight * m.pair(&chars[s.before], &chars[s.behind]))
	}
	return sum
}

func (l *languages) characterOf(k int, t *table, m *model) character {
	switch {
	case k <= digit:
		return character{index: k, general: k}
	case k < upperKinds:
		i := firstLetter + k - lowerKinds
		return character{index: i, general: i, lower: true}
	case k < kinds:
		i := firstLetter + k - upperKinds
		return character{index: i, general: i, upper: true}
	}
	r := t[k-kinds+0x80]
	c := character{index: nothing, beyond: true, undefined: r == noCharacter || unicode.IsControl(r)}
	if c.undefined {
		return c
	}
	if s := l.symbols[r]; s != nil {
		c.symbol, c.alone = s, m.symbols+s.alone
		return c
	}
	if !unicode.IsLetter(r) && !unicode.IsMark(r) {
		c.alone = logarithm(unheard)
		return c
	}
	small := unicode.ToLower(r)
	c.upper, c.lower, c.script = small != r, unicode.IsLower(r), unicode.IsLetter(r) && !unicode.Is(unicode.Latin, r)
	c.index, c.general, c.alone = stranger, stranger, logarithm(unheard)
	if m.family != nil {
		if i, known := m.family.index[small]; known {
			c.general, c.alone = i, logarithm(strangers)+m.family.alone[i]
		}
	}
	if i, known := m.index[small]; known {
		c.index, c.alone = i, m.alone[i]
	}
	return c
}

// pair returns what two characters that follow each other add to the score.
func (m *model) pair(a, b *character) float32 {
	if b.undefined {
		return impossible
	}
	var alone, beside float32
	if b.beyond {
		alone = b.alone
		if b.symbol != nil {
			beside = b.symbol.before[kindBeside(a)]
		} else {
			beside = m.beside(b, a, true)
		}
		if b.upper {
			alone += capital
		}
	}
	if a.beyond && !a.undefined {
		if a.symbol != nil {
			beside += a.symbol.behind[kindBeside(b)]
		} else {
			beside += m.beside(a, b, false)
		}
		if b.beyond { // that they stand together was said twice
			beside /= 2
		}
	}
	switch {
	case a.script != b.script && a.index > digit && b.index > digit:
		alone += twoScripts
	case a.symbol != nil && b.symbol != nil:
		alone += symbolsTogether
	case a.lower && b.upper && b.beyond:
		alone += capitalInside
	case a.lower && a.beyond && b.upper:
		alone += smallBeforeCapital
	}
	return alone + beside
}

// beside returns how likely a neighbour is before, or behind, a letter beyond ASCII. The neighbours of letters that the
// language doesn't have are those of the languages that have them.
func (m *model) beside(letter, neighbour *character, before bool) float32 {
	tables, i, j := m.behind, letter.index, neighbour.index
	if before {
		tables = m.before
	}
	if i == stranger && m.family != nil {
		m, i, j = m.family, letter.general, neighbour.general
		if tables = m.behind; before {
			tables = m.before
		}
	}
	if tables[i] == nil {
		return m.usual[j]
	}
	return tables[i][j]
}

// kindBeside is what a symbol sees beside it.
func kindBeside(c *character) int {
	if c.index > digit {
		return stranger
	}
	return c.index
}
