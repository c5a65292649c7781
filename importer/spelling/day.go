package spelling

import "time"

// day is a day of the calendar.
type day struct {
	year  int
	month time.Month
	day   int
}

func (d day) exists() bool {
	if d.year < 1 || d.month < 1 || d.month > 12 || d.day < 1 {
		return false
	}
	switch d.month {
	case time.February:
		if d.year%4 == 0 && (d.year%100 != 0 || d.year%400 == 0) {
			return d.day <= 29
		}
		return d.day <= 28
	case time.April, time.June, time.September, time.November:
		return d.day <= 30
	}
	return d.day <= 31
}

// append writes the day as 2006-01-02.
func (d day) append(dst []byte) []byte {
	dst = append(dst, byte('0'+d.year/1000), byte('0'+d.year/100%10), byte('0'+d.year/10%10), byte('0'+d.year%10), '-')
	return append(dst, byte('0'+d.month/10), byte('0'+d.month%10), '-', byte('0'+d.day/10), byte('0'+d.day%10))
}

// canonicalDay tells whether the text is a day in its canonical form.
func canonicalDay(s string) bool {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' || !allDigits(s[:4]) || !allDigits(s[5:7]) || !allDigits(s[8:]) {
		return false
	}
	number := func(s string) (n int) {
		for i := range len(s) {
			n = n*10 + int(s[i]-'0')
		}
		return n
	}
	return day{number(s[:4]), time.Month(number(s[5:7])), number(s[8:])}.exists()
}

// canonicalTime tells whether the text is a point in time in its canonical form.
func canonicalTime(s string) bool {
	const seconds = "2006-01-02T15:04:05"
	if len(s) < len(seconds)+1 || len(s) > len(seconds)+len(".999999Z") || !canonicalDay(s[:10]) {
		return false
	}
	fraction := s[len(seconds) : len(s)-1]
	if fraction != "" && (len(fraction) < 2 || fraction[0] != '.' || !allDigits(fraction[1:]) ||
		fraction[len(fraction)-1] == '0') {
		return false
	}
	return s[len(s)-1] == 'Z' && s[10] == 'T' && s[13] == ':' && s[16] == ':' &&
		allDigits(s[11:13]) && allDigits(s[14:16]) && allDigits(s[17:19]) &&
		s[11:13] < "24" && s[14] < '6' && s[17] < '6'
}

func allDigits(s string) bool {
	for i := range len(s) {
		if !digit(s[i]) {
			return false
		}
	}
	return true
}

// instant returns the point in time at which a zone's clocks show what those of UTC show at the wall time.
func instant(wall time.Time, zone *time.Location) (t time.Time, times int) {
	var last int
	for i, around := range [...]time.Duration{-24 * time.Hour, 24 * time.Hour} {
		_, offset := wall.Add(around).In(zone).Zone()
		if i > 0 && offset == last {
			break
		}
		last = offset
		candidate := wall.Add(-time.Duration(offset) * time.Second)
		if _, there := candidate.In(zone).Zone(); there == offset {
			t, times = candidate, times+1
		}
	}
	return t, times
}
