package spelling

import (
	"strings"
	"time"
	"unicode/utf8"
)

// stamp is a cell with a date, in its parts, and maybe with a time.
type stamp struct {
	// parts are the numbers of the date as they stand, the month among them, and digits how many digits each has.
	parts, digits [3]int
	// between is what stands between the parts of a date without a name: - / or a point.
	between byte
	// order of the parts, 0 for a date that may be read in several.
	order Order

	timed                bool
	hour, minute, second int
	nano                 int
	tooFine              bool // digits that count behind the nanoseconds
	zoned                bool
	offset               int // seconds east of UTC
}

// cursor reads a text piece by piece.
type cursor struct{ rest string }

func (c *cursor) spaces() { c.rest = trimSpaces(c.rest) }

// byte takes one of the characters, 0 for none of them.
func (c *cursor) byte(any string) byte {
	if c.rest == "" || strings.IndexByte(any, c.rest[0]) < 0 {
		return 0
	}
	b := c.rest[0]
	c.rest = c.rest[1:]
	return b
}

// number takes up to most digits. More of them are no number.
func (c *cursor) number(most int) (n, digits int, ok bool) {
	for digits < len(c.rest) && digit(c.rest[digits]) {
		if digits == most {
			return 0, 0, false
		}
		n = n*10 + int(c.rest[digits]-'0')
		digits++
	}
	c.rest = c.rest[digits:]
	return n, digits, digits > 0
}

// word takes letters.
func (c *cursor) word() string {
	i := strings.IndexFunc(c.rest, func(r rune) bool {
		return !(r|0x20 >= 'a' && r|0x20 <= 'z' || r >= 0xc0 && r < 0x2000)
	})
	if i < 0 {
		i = len(c.rest)
	}
	word := c.rest[:i]
	c.rest = c.rest[i:]
	return word
}

// letter tells whether a letter is next.
func (c *cursor) letter() bool {
	r, _ := utf8.DecodeRuneInString(c.rest)
	return c.rest != "" && (r|0x20 >= 'a' && r|0x20 <= 'z' || r >= 0xc0 && r < 0x2000)
}

// maxStamp is how many bytes a cell with a date may have.
const maxStamp = 64

// parseStamp takes a date apart that nobody sees more around. Which days there are is for day to say.
func parseStamp(s string) (st stamp, ok bool) {
	if len(s) > maxStamp {
		return st, false
	}
	c := cursor{s}
	if c.letter() {
		before := c
		if word := c.word(); weekday(word) {
			c.rest = strings.TrimPrefix(c.rest, "-feira")
			c.byte(".")
			c.byte(",")
			c.spaces()
		} else {
			c = before
		}
	}
	if c.letter() {
		ok = st.monthFirst(&c)
	} else {
		ok = st.numberFirst(&c)
	}
	return st, ok && (c.rest == "" || st.time(&c))
}

// monthFirst reads Nov 28, 2026.
func (st *stamp) monthFirst(c *cursor) (ok bool) {
	month := monthOf(c.word())
	c.byte(".")
	c.spaces()
	if month == 0 || !st.part(c, 1, 2) {
		return false
	}
	if c.letter() && !ordinals[c.word()] {
		return false
	}
	c.byte(",")
	c.spaces()
	st.parts[0], st.digits[0], st.order = int(month), 2, MDY
	return st.part(c, 2, 4)
}

// ordinals stand behind a day's number.
var ordinals = map[string]bool{"st": true, "nd": true, "rd": true, "th": true, "er": true}

// numberFirst reads 28.11.2026, 28-Nov-26, 2026/11/28, 28 de noviembre de 2026 and 20261128.
func (st *stamp) numberFirst(c *cursor) bool {
	if len(c.rest) >= 8 && allDigits(c.rest[:8]) {
		if len(c.rest) > 8 && digit(c.rest[8]) {
			return false
		}
		for i, part := range [...]string{c.rest[:4], c.rest[4:6], c.rest[6:8]} {
			p := cursor{part}
			st.part(&p, i, 4)
		}
		c.rest, st.order = c.rest[8:], YMD
		return st.parts[0] >= 1900 && st.parts[0] < 2200
	}
	if !st.part(c, 0, 4) {
		return false
	}
	between := c.byte("-/.")
	if between == '.' || between == 0 {
		c.spaces()
	}
	if c.letter() {
		return st.named(c)
	}
	if between == 0 || !st.part(c, 1, 2) || c.byte("-/.") != between {
		return false
	}
	if between == '.' {
		c.spaces()
	}
	st.between = between
	if !st.part(c, 2, 4) {
		return false
	}
	if between == '.' {
		c.byte(".") // Hungarian has one at the end
	}
	switch {
	case st.digits[0] > 2:
		st.order = YMD
	case st.digits[2] <= 2 && (st.parts[0] > 31 || st.parts[0] == 0):
		return st.digits[0] == 2
	}
	return true
}

// named reads what stands behind the first number of a date with a month's name.
func (st *stamp) named(c *cursor) bool {
	word := c.word()
	if ordinals[word] || word == "de" {
		c.byte(".")
		c.spaces()
		if word = c.word(); word == "de" {
			c.spaces()
			word = c.word()
		}
	}
	month := monthOf(word)
	if month == 0 {
		return false
	}
	c.byte("-/.,")
	c.spaces()
	if strings.HasPrefix(c.rest, "de") { // de, del
		c.word()
		c.spaces()
	}
	st.parts[1], st.digits[1], st.order = int(month), 2, DMY
	if st.digits[0] > 2 {
		st.order = YMD
	}
	return st.part(c, 2, 4)
}

// part takes a number of the date.
func (st *stamp) part(c *cursor, i, most int) (ok bool) {
	st.parts[i], st.digits[i], ok = c.number(most)
	return ok
}

// time reads what stands behind the date: a time, and maybe a zone.
func (st *stamp) time(c *cursor) (ok bool) {
	if c.byte("Tt") == 0 {
		c.byte(",")
		if spaceAt(c.rest) == 0 {
			return false
		}
		c.spaces()
	}
	st.timed = true
	if st.hour, _, ok = c.number(2); !ok {
		return false
	}
	var digits int
	minutes := c.byte(":") != 0
	if minutes {
		if st.minute, digits, ok = c.number(2); !ok || digits != 2 {
			return false
		}
		if c.byte(":") != 0 {
			if st.second, digits, ok = c.number(2); !ok || digits != 2 {
				return false
			}
			if c.byte(".,") != 0 && !st.fraction(c) {
				return false
			}
		}
	}
	c.spaces()
	half := st.half(c)
	if !minutes && !half || st.hour > 23 || st.minute > 59 || st.second > 59 {
		return false
	}
	c.spaces()
	return c.rest == "" || st.zone(c)
}

// fraction reads what stands behind the seconds.
func (st *stamp) fraction(c *cursor) bool {
	n := 0
	for ; n < len(c.rest) && digit(c.rest[n]); n++ {
		if n < 9 {
			st.nano = st.nano*10 + int(c.rest[n]-'0')
		} else if c.rest[n] != '0' {
			st.tooFine = true
		}
	}
	for i := n; i < 9; i++ {
		st.nano *= 10
	}
	c.rest = c.rest[n:]
	return n > 0
}

// half reads AM or PM. Where the hour has none that is possible, it is made impossible.
func (st *stamp) half(c *cursor) bool {
	rest := c.rest
	half := c.byte("aApP") | 0x20
	dot := c.byte(".") != 0
	if half == 0x20 || c.byte("mM") == 0 || dot && c.byte(".") == 0 {
		c.rest = rest
		return false
	}
	switch {
	case st.hour < 1 || st.hour > 12:
		st.hour = 24
	case half == 'a' && st.hour == 12:
		st.hour = 0
	case half == 'p' && st.hour < 12:
		st.hour += 12
	}
	return true
}

// zone reads Z, UTC, GMT or an offset.
func (st *stamp) zone(c *cursor) bool {
	st.zoned = true
	switch c.rest {
	case "Z", "z", "UTC", "GMT":
		return true
	}
	for _, name := range [...]string{"UTC", "GMT"} {
		c.rest = strings.TrimPrefix(c.rest, name)
	}
	negative := strings.HasPrefix(c.rest, "−")
	if negative {
		c.rest = c.rest[len("−"):]
	} else if sign := c.byte("+-"); sign == 0 {
		return false
	} else {
		negative = sign == '-'
	}
	n, digits, ok := c.number(4)
	hours, minutes := n, 0
	switch {
	case !ok || digits == 3:
		return false
	case digits == 4:
		hours, minutes = n/100, n%100
	case c.byte(":") != 0:
		if minutes, digits, ok = c.number(2); !ok || digits != 2 {
			return false
		}
	}
	if st.offset = hours*3600 + minutes*60; negative {
		st.offset = -st.offset
	}
	return c.rest == "" && hours < 24 && minutes < 60
}

// day reads the date in an order. It is not ok if there is no such day, or if the order is another one.
func (st *stamp) day(order Order) (d day, ok bool) {
	if st.order != 0 {
		order = st.order
	}
	var year int
	switch order {
	case YMD:
		year, d = 0, day{month: time.Month(st.parts[1]), day: st.parts[2]}
		if st.digits[0] < 2 || st.digits[2] > 2 {
			return d, false
		}
	case DMY:
		year, d = 2, day{month: time.Month(st.parts[1]), day: st.parts[0]}
	default:
		year, d = 2, day{month: time.Month(st.parts[0]), day: st.parts[1]}
	}
	d.year = st.parts[year]
	switch st.digits[year] {
	case 2:
		if d.year += 1900; d.year < 1969 {
			d.year += 100
		}
	case 4:
	default:
		return d, false
	}
	return d, d.exists()
}

// readings returns the orders in which there is such a day, by Order, and how many they are. The year comes first where
// the first number can't be a day; it may come first where hyphens are, as in 26-11-28. same tells that all orders give
// the same day.
func (st *stamp) readings() (can [4]bool, count int, same bool) {
	var first day
	same = true
	for _, order := range [...]Order{DMY, MDY, YMD} {
		if order == YMD && st.parts[0] > 0 && st.parts[0] <= 31 && (count == 0 || st.between != '-') {
			continue
		}
		d, ok := st.day(order)
		switch {
		case !ok:
			continue
		case count == 0:
			first = d
		}
		can[order], same = true, same && d == first
		count++
	}
	return can, count, same
}

// instant returns the point in time at which the clocks of the zone show the time of the day. There is none when they
// are put forward, and two when they are put back.
func (st *stamp) instant(d day, zone *time.Location) (t time.Time, times int) {
	wall := time.Date(d.year, d.month, d.day, st.hour, st.minute, st.second, st.nano, time.UTC)
	if st.zoned {
		return wall.Add(-time.Duration(st.offset) * time.Second), 1
	}
	if zone == time.UTC {
		return wall, 1
	}
	return instant(wall, zone)
}
