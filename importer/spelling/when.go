package spelling

import (
	"strconv"
	"strings"
	"time"

	"github.com/products-importer/products-importer/products"
)

// date reads a Date or a Timestamp that isn't in its canonical form.
func (f *Format) date(dst []byte, cell string) (out []byte, fault *Fault) {
	s := trim(cell)
	if f.field.Layout != "" {
		return f.byLayout(dst, s)
	}
	st, ok := parseStamp(s)
	if !ok {
		return dst, f.noDate(s)
	}
	d, fault := f.day(&st, s)
	switch {
	case fault != nil:
		return dst, fault
	case f.field.Type == products.Timestamp:
		return f.timestamp(dst, &st, d, s)
	case st.hour != 0 || st.minute != 0 || st.second != 0 || st.nano != 0 || st.tooFine:
		return dst, f.bad("must be a date without a time, not %s", quote(s))
	}
	return d.append(dst), nil
}

// noDate is the fault of a cell that has not the shape of a date.
func (f *Format) noDate(s string) *Fault {
	if serial, ok := serialDay(s); ok {
		return f.bad("must be a date, but is %s, which a spreadsheet counts from the year 1900 and shows as %s; give the "+
			"column a date format there and export it again", quote(s), serial.append(nil))
	}
	return f.bad("must be %s such as %s, not %s", f.kind(), f.sample(), quote(s))
}

func (f *Format) kind() string {
	if f.field.Type == products.Timestamp {
		return "a date with a time"
	}
	return "a date"
}

func (f *Format) sample() string {
	if f.field.Type == products.Timestamp {
		return "2026-11-28 14:30"
	}
	return "2026-11-28"
}

// serialDay returns the day that a spreadsheet means by a number of days, maybe with a fraction.
func serialDay(s string) (d day, ok bool) {
	if i := strings.IndexAny(s, ".,"); i >= 0 {
		if !allDigits(s[i+1:]) {
			return d, false
		}
		s = s[:i]
	}
	if len(s) != 5 || !allDigits(s) {
		return d, false
	}
	n, err := strconv.Atoi(s)
	t := time.Date(1899, time.December, 30+n, 0, 0, 0, 0, time.UTC)
	return day{t.Year(), t.Month(), t.Day()}, err == nil
}

// day returns the day in the column's order.
func (f *Format) day(st *stamp, s string) (d day, fault *Fault) {
	if st.order != 0 {
		d, ok := st.day(st.order)
		if !ok {
			return d, f.noDay(s)
		}
		return d, nil
	}
	if f.order != 0 && !f.assumed {
		d, ok := st.day(f.order)
		switch {
		case ok:
			return d, nil
		case f.readable(st):
			return d, f.bad("must be a date with the %s first%s, not %s", f.order.first(), f.because(), quote(s))
		}
		return d, f.noDay(s)
	}
	can, count, same := st.readings()
	switch {
	case count == 0:
		return d, f.noDay(s)
	case count > 1 && same, can[DMY] && f.assumed && (count == 1 || st.between == '.'):
		d, _ = st.day(DMY)
		return d, nil
	}
	return d, f.undecided("must be a date, and of %s it isn't known what comes first, day, month or year", quote(s))
}

// readable tells whether there is an order in which the date is one.
func (f *Format) readable(st *stamp) bool {
	_, count, _ := st.readings()
	return count > 0
}

func (f *Format) noDay(s string) *Fault { return f.bad("must be a day that exists, not %s", quote(s)) }

// first is what the order begins with.
func (o Order) first() string { return [...]string{YMD: "year", DMY: "day", MDY: "month"}[o] }

const microsecond = int(time.Microsecond)

func (f *Format) timestamp(dst []byte, st *stamp, d day, s string) (out []byte, fault *Fault) {
	if st.nano%microsecond != 0 || st.tooFine {
		return dst, f.tooFine(s)
	}
	t, times := st.instant(d, f.zone)
	return f.appendTime(dst, t, times, s)
}

func (f *Format) tooFine(s string) *Fault {
	return f.fault(products.CodeTooPrecise, "must have at most 6 digits behind the seconds, not %s", quote(s))
}

// appendTime appends the point in time, which a zone has 0 to 2 times.
func (f *Format) appendTime(dst []byte, t time.Time, times int, s string) (out []byte, fault *Fault) {
	switch {
	case times == 0:
		return dst, f.bad("must be a time that exists in %s, where the clocks are put forward then: %s", f.zone, quote(s))
	case times > 1:
		return dst, f.bad("must be a time that is there once in %s, where the clocks are put back then: %s; "+
			"write the offset from UTC behind it", f.zone, quote(s))
	}
	t = t.UTC()
	if t.Year() < 1 || t.Year() > 9999 {
		return dst, f.fault(products.CodeOutOfRange, "must be a time of the years 1 to 9999 in UTC, not %s", quote(s))
	}
	dst = day{t.Year(), t.Month(), t.Day()}.append(dst)
	hour, minute, second := t.Clock()
	for i, n := range [...]int{hour, minute, second} {
		dst = append(dst, "T::"[i], byte('0'+n/10), byte('0'+n%10))
	}
	if micros := t.Nanosecond() / microsecond; micros > 0 {
		dst = append(dst, '.')
		for unit := 100_000; micros > 0; unit /= 10 {
			dst = append(dst, byte('0'+micros/unit))
			micros %= unit
		}
	}
	return append(dst, 'Z'), nil
}

// byLayout reads a date in the layout of its field, or in the canonical form, if the layout doesn't take that.
func (f *Format) byLayout(dst []byte, s string) (out []byte, fault *Fault) {
	layout := f.field.Layout
	t, err := time.ParseInLocation(layout, s, time.UTC)
	switch {
	case err != nil && f.field.Type == products.Date && canonicalDay(s),
		err != nil && f.field.Type == products.Timestamp && canonicalTime(s):
		return append(dst, s...), nil
	case err != nil:
		sample := time.Date(2026, 11, 28, 14, 30, 0, 0, time.UTC)
		return dst, f.bad("must be %s as %s, not %s", f.kind(), sample.Format(layout), quote(s))
	case t.Year() < 1 || t.Year() > 9999:
		return dst, f.fault(products.CodeOutOfRange, "must be a date of the years 1 to 9999, not %s", quote(s))
	case f.field.Type == products.Date:
		return day{t.Year(), t.Month(), t.Day()}.append(dst), nil
	case t.Nanosecond()%microsecond != 0:
		return dst, f.tooFine(s)
	case strings.Contains(layout, "Z07"), strings.Contains(layout, "-07"), strings.HasSuffix(layout, "Z"):
		return f.appendTime(dst, t, 1, s)
	case strings.Contains(layout, "MST"):
		// The offset of a zone's letters is known only where they are the zone's own.
		if t, err = time.ParseInLocation(layout, s, f.zone); err != nil || t.Location() != f.zone && !isUTC(t) {
			return dst, f.bad("must be a time in UTC or in %s, not %s", f.zone, quote(s))
		}
		return f.appendTime(dst, t, 1, s)
	case f.zone == time.UTC:
		return f.appendTime(dst, t, 1, s)
	}
	t, times := instant(t, f.zone)
	return f.appendTime(dst, t, times, s)
}

func isUTC(t time.Time) bool {
	name, offset := t.Zone()
	return offset == 0 && (name == "UTC" || name == "GMT")
}
