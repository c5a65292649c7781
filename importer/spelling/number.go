package spelling

import (
	"strings"
)

// maxNumber is how many bytes a cell with a number may have: more than any number that is in range.
const maxNumber = 128

// number is a cell in its parts. Whether its middle is a number is for split to say.
type number struct {
	// middle has the digits and what stands between them, and at most one sign before or behind them.
	middle string
	// before and behind are what else stands in the cell: a currency, a unit.
	before, behind string
	negative       bool
	// exponent: the digits go on as in 1.2E+12.
	exponent bool
	// points, commas and groups count what stands in the middle; groups are spaces and apostrophes.
	points, commas, groups int
}

// scan takes the cell apart. It is not ok if there are no digits, more than one sign, or too much of it.
func scan(cell string) (n number, ok bool) {
	s := trim(cell)
	if len(s) > maxNumber {
		return n, false
	}
	start := 0
	for start < len(s) && !digit(s[start]) {
		start++
	}
	if start == len(s) {
		return n, false
	}
	// A sign before the digits is part of the number, but that in Rs.500 is part of the currency.
	if start > 0 && (s[start-1] == '.' || s[start-1] == ',') &&
		(start == 1 || !letter(s[start-2])) {
		start--
	}
	end := n.middleOf(s, start)
	n.middle = s[start:end]
	before, behind := s[:start], s[end:]
	if c := n.middle[len(n.middle)-1]; c == '.' || c == ',' {
		// In 12.- and 12,-- the dashes stand for no decimals.
		behind = strings.TrimLeft(behind, "-–—")
	}
	n.exponent = len(behind) > 1 && behind[0]|0x20 == 'e' &&
		(digit(behind[1]) || len(behind) > 2 && strings.IndexByte("+-", behind[1]) >= 0 && digit(behind[2]))
	var plus, minus, opened, closed bool
	if before != "" {
		before, plus, opened = n.cutSign(before, "(")
	}
	if behind != "" {
		behind, minus, closed = n.cutSign(behind, ")")
	}
	n.before, n.behind = before, behind
	return n, opened == closed && !(plus && minus) && !(opened && (plus || minus))
}

// letter tells whether the byte is part of a letter, as far as the ends of currencies go.
func letter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' || b >= 0x80 }

// middleOf returns where the digits that begin at start end, and counts what stands between them.
func (n *number) middleOf(s string, start int) (end int) {
	var points, commas, groups int // since the last digit
	end = start
	for i := start; i < len(s); {
		switch c := s[i]; {
		case digit(c):
			n.points, n.commas, n.groups = n.points+points, n.commas+commas, n.groups+groups
			points, commas, groups = 0, 0, 0
			i++
			end = i
		case c == '.':
			points++
			i++
		case c == ',':
			commas++
			i++
		default:
			width := groupAt(s[i:])
			if width == 0 {
				i = len(s)
				break
			}
			groups++
			i += width
		}
	}
	if end < len(s) && s[end] == '.' {
		n.points++
		end++
	} else if end < len(s) && s[end] == ',' {
		n.commas++
		end++
	}
	return end
}

// groupAt returns the length of the space or apostrophe at the string's beginning, 0 without one.
func groupAt(s string) int {
	switch {
	case s[0] == '\'':
		return 1
	case strings.HasPrefix(s, "’"):
		return len("’")
	}
	return spaceAt(s)
}

// cutSign cuts a sign and a parenthesis off the ends of what stands beside a number, and white space.
func (n *number) cutSign(s, parenthesis string) (rest string, sign, paired bool) {
	s = trim(s)
	for s != "" {
		cut := s
		if !paired {
			if cut = strings.TrimPrefix(s, parenthesis); len(cut) == len(s) {
				cut = strings.TrimSuffix(s, parenthesis)
			}
			paired = len(cut) < len(s)
			n.negative = n.negative || paired
		}
		if len(cut) == len(s) && !sign {
			var negative bool
			cut, negative = cutMinus(s, parenthesis == "(")
			sign = len(cut) < len(s)
			n.negative = n.negative || negative
		}
		if len(cut) == len(s) {
			break
		}
		s = trim(cut)
	}
	return s, sign, paired
}

// cutMinus cuts a sign off either end.
func cutMinus(s string, plus bool) (rest string, negative bool) {
	for _, minus := range [...]string{"-", "−"} {
		if rest, ok := strings.CutPrefix(s, minus); ok {
			return rest, true
		}
		if rest, ok := strings.CutSuffix(s, minus); ok {
			return rest, true
		}
	}
	if plus {
		if rest, ok := strings.CutPrefix(s, "+"); ok {
			return rest, false
		}
		return strings.TrimSuffix(s, "+"), false
	}
	return s, false
}

// signs tells whether there is a point or a comma.
func (n *number) signs() bool { return n.points+n.commas > 0 }

// split returns the parts before and behind the decimal sign, the first with what stands between its groups. It is not
// ok if the number can't be read with that sign.
func (n *number) split(sign Sign) (whole, decimals string, ok bool) {
	count, other := n.points, n.commas
	if sign == ',' {
		count, other = other, count
	}
	whole = n.middle
	switch count {
	case 0:
	case 1:
		i := strings.IndexByte(n.middle, byte(sign))
		whole, decimals = n.middle[:i], n.middle[i+1:]
		for i := range len(decimals) {
			if !digit(decimals[i]) {
				return "", "", false
			}
		}
	default:
		return "", "", false
	}
	if other+n.groups == 0 {
		return whole, decimals, true
	}
	return whole, decimals, grouped(whole, sign)
}

// grouped tells whether the digits stand in groups of three, or in India's of two with three at the end, all with the
// same between them. The first group doesn't begin with a zero.
func grouped(s string, sign Sign) bool {
	if s == "" || s[0] < '1' || s[0] > '9' {
		return false
	}
	var between byte
	size, first, western, indian := 0, true, true, sign == '.'
	for i := 0; i < len(s); {
		if digit(s[i]) {
			size++
			i++
			continue
		}
		kind := s[i] // of the spaces any
		width := 1
		if kind != '.' && kind != ',' {
			if width = groupAt(s[i:]); kind != '\'' && strings.HasPrefix(s[i:], "’") {
				kind = '\''
			} else if kind != '\'' {
				kind = ' '
			}
		}
		if !first && kind != between {
			return false
		}
		western = western && (size == 3 || first && size < 3)
		indian = indian && kind == ',' && (size == 2 || first && size == 1)
		between, first, size = kind, false, 0
		i += width
	}
	return !first && size == 3 && (western || indian)
}

// appendNumber writes the number with scale digits behind the point, without what stands between groups. tooMany tells
// that there are decimals beyond the scale that count, and digits how many digits there are before the point.
func appendNumber(dst []byte, negative bool, whole, decimals string, scale int) (out []byte, digits int, tooMany bool) {
	start := len(dst)
	dst = append(dst, '-')
	for i := range len(whole) {
		if c := whole[i]; digit(c) && (c != '0' || digits > 0) {
			dst = append(dst, c)
			digits++
		}
	}
	if digits == 0 {
		dst = append(dst, '0')
	}
	zero := digits == 0
	if scale > 0 {
		dst = append(dst, '.')
	}
	for i := range max(scale, len(decimals)) {
		c := byte('0')
		if i < len(decimals) {
			c = decimals[i]
		}
		zero = zero && c == '0'
		if i < scale {
			dst = append(dst, c)
		} else if c != '0' {
			return dst[:start], digits, true
		}
	}
	if zero || !negative {
		dst = append(dst[:start], dst[start+1:]...)
	}
	return dst, digits, false
}

// LooksLikeSpreadsheetNumber reports whether a spreadsheet seems to have shown a long number, such as a code of twelve
// digits, as 1.2E+12: then its last digits are lost.
func LooksLikeSpreadsheetNumber(s string) bool {
	s = strings.TrimPrefix(trim(s), "-")
	if len(s) > maxNumber || len(s) < len("1E+12") || s[0] < '1' || s[0] > '9' {
		return false
	}
	i := 1
	if s[i] == '.' || s[i] == ',' {
		for i++; i < len(s) && digit(s[i]); i++ {
		}
		if i == 2 {
			return false
		}
	}
	if len(s)-i < len("E+12") || s[i]|0x20 != 'e' || s[i+1] != '+' && s[i+1] != '-' {
		return false
	}
	for i += 2; i < len(s); i++ {
		if !digit(s[i]) {
			return false
		}
	}
	return true
}
