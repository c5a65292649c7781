package spelling

import (
	"strconv"
	"strings"
	"time"

	"github.com/products-importer/products-importer/products"
)

// Format is how one column spells the values of its field. It is immutable, and safe for concurrent use.
type Format struct {
	field *products.Field
	label string

	// numbers
	sign     Sign   // 0 as long as no number has one
	codes    string // of the one currency that may stand beside the numbers, "" for none
	currency string // what it is called
	group    string // what stands between groups, "" for nothing that was seen
	scale    int
	digits   int // before the point, at most

	// dates
	order    Order // 0 as long as no date needs one
	assumed  bool  // nothing has decided for the order
	iso      bool
	zone     *time.Location
	zoneless witness

	decider   witness // of the sign, or of the order
	given     bool    // the sign, or the order, was
	found     string  // the evidence of a format that is known
	separator string

	// booleans
	words   map[string]bool
	states  bool   // stateWords are known
	seen    uint8  // the kinds of cells that the column has
	yes, no string // letters that are taken for words
}

func newFormat(field *products.Field, heading string, settings Settings) *Format {
	f := &Format{field: field, label: label(field, heading), zone: settings.Zone.Location(), words: settings.Words,
		separator: field.Separator}
	switch field.Type {
	case products.Integer:
		f.sign, f.digits = settings.Sign, len("9223372036854775807")
	case products.Decimal:
		f.sign, f.scale, f.digits = settings.Sign, field.Scale, products.MaxDigits-field.Scale
	case products.Date, products.Timestamp:
		f.order = settings.Order
	case products.Boolean:
		f.states = !field.Builtin() && !denies(field)
	}
	f.given = f.sign != 0 || f.order != 0
	if f.separator == "" {
		f.separator = ","
	}
	return f
}

// label is what messages call the column.
func label(field *products.Field, heading string) string {
	if trim(heading) == "" {
		return field.Name
	}
	n := 0
	for i := range heading {
		if n++; n > 100 {
			return heading[:i] + "..."
		}
	}
	return heading
}

// Read reads a cell. With len(out) == len(dst) the canonical text is text: a part of the cell, a constant, or "" for
// null, which a cell is that nobody sees anything in. Otherwise the canonical text is out[len(dst):], and text is "".
// So a caller makes one string of many cells; see [Format.Text] for a single one. With a fault out is dst.
//
// Of a Text field the cell is its value as it stands; one with EmptyIsText has no null.
func (f *Format) Read(dst []byte, cell string) (text string, out []byte, fault *Fault) {
	switch f.field.Type {
	case products.Text:
		// A required one is refused with what it holds.
		if f.field.Empty != products.EmptyIsText && !f.field.Required() && products.Blank(cell) {
			cell = ""
		}
		return cell, dst, nil
	case products.Integer, products.Decimal:
		if text, out, ok := f.plainNumber(dst, cell); ok {
			return text, out, nil
		}
	case products.Date:
		if f.field.Layout == "" && canonicalDay(cell) {
			return cell, dst, nil
		}
	case products.Timestamp:
		if f.field.Layout == "" && canonicalTime(cell) {
			return cell, dst, nil
		}
	}
	if products.Blank(cell) {
		return "", dst, nil
	}
	switch f.field.Type {
	case products.Integer, products.Decimal:
		out, fault = f.number(dst, cell)
	case products.Boolean:
		text, fault = f.boolean(cell)
		out = dst
	case products.Date, products.Timestamp:
		out, fault = f.date(dst, cell)
	case products.List:
		return f.list(dst, cell)
	}
	if fault != nil {
		return "", dst, fault
	}
	return text, out, nil
}

// Text reads a cell as Read does, and returns its canonical text, "" for null.
func (f *Format) Text(cell string) (string, *Fault) {
	text, out, fault := f.Read(nil, cell)
	if len(out) > 0 {
		text = string(out)
	}
	return text, fault
}

// plainNumber reads a cell that has nothing but digits, and at most a minus and the decimal sign, as Read does. It is
// not ok for anything that wants a second look.
func (f *Format) plainNumber(dst []byte, cell string) (text string, out []byte, ok bool) {
	start := 0
	if cell != "" && cell[0] == '-' {
		start = 1
	}
	end := start
	for end < len(cell) && digit(cell[end]) {
		end++
	}
	if end == start || end-start >= f.digits || cell[start] == '0' && (end-start > 1 || start > 0) {
		return "", dst, false
	}
	decimals := ""
	if end < len(cell) {
		if f.sign == 0 || cell[end] != byte(f.sign) {
			return "", dst, false
		}
		if decimals = cell[end+1:]; len(decimals) > f.scale || !allDigits(decimals) {
			return "", dst, false
		}
	}
	switch {
	case f.scale == 0 && end == len(cell), f.sign == '.' && len(decimals) == f.scale && f.scale > 0:
		return cell, dst, true
	case f.scale == 0:
		return cell[:end], dst, true
	}
	dst = append(append(dst, cell[:end]...), '.')
	dst = append(dst, decimals...)
	for range f.scale - len(decimals) {
		dst = append(dst, '0')
	}
	return "", dst, true
}

// number reads a number that isn't surely canonical.
func (f *Format) number(dst []byte, cell string) (out []byte, fault *Fault) {
	n, ok := scan(cell)
	switch {
	case n.exponent:
		return dst, f.bad("must be a number, but is %s, which is how a spreadsheet shows a long one: its last digits "+
			"are lost; give the column a number format there and export it again", quote(cell))
	case !ok:
		return dst, f.bad("must be a number, not %s", quote(cell))
	}
	beside, known := n.currencies(f.field.Unit)
	if !known {
		return dst, f.strange(&n, cell)
	}
	sign := f.sign
	if sign == 0 {
		sign = '.'
	}
	whole, decimals, ok := n.split(sign)
	if !ok {
		if _, _, other := n.split(sign.other()); !other {
			return dst, f.bad("must be a number, not %s, whose digits are grouped as in none", quote(cell))
		}
	}
	for _, codes := range beside {
		if codes != "" && codes != f.codes && (f.codes == "" || !within(f.codes, codes)) {
			return dst, f.otherCurrency(cell)
		}
	}
	switch {
	case f.sign == 0 && n.signs():
		return dst, f.undecided("must be a number, and of %s it isn't known whether \",\" or \".\" stands before the "+
			"decimals", quote(cell))
	case !ok:
		return dst, f.bad("must be a number with the decimals behind a %s%s, not %s", sign.name(), f.because(),
			quote(cell))
	}
	out, digits, tooMany := appendNumber(dst, n.negative, whole, decimals, f.scale)
	switch {
	case tooMany && f.field.Type == products.Integer:
		return dst, f.bad("must be a whole number, not %s", quote(cell))
	case tooMany:
		return dst, f.fault(products.CodeTooPrecise, "must have at most %d digits behind the %s, not %s", f.scale, sign.name(),
			quote(cell))
	case digits > f.digits:
		return dst, f.outOfRange(cell)
	case digits == f.digits && f.field.Type == products.Integer:
		if _, err := strconv.ParseInt(string(out[len(dst):]), 10, 64); err != nil {
			return dst, f.outOfRange(cell)
		}
	}
	return out, nil
}

func (f *Format) outOfRange(cell string) *Fault {
	if f.field.Type == products.Integer {
		return f.fault(products.CodeOutOfRange, "must be a whole number between -9223372036854775808 and 9223372036854775807, not %s",
			quote(cell))
	}
	return f.fault(products.CodeOutOfRange, "must have at most %d digits before the decimals, not %s", f.digits, quote(cell))
}

// strange is the fault of a number with something else beside it.
func (f *Format) strange(n *number, cell string) *Fault {
	beside := n.behind
	if beside == "" || n.before != "" && currency(n.before) == "" {
		beside = n.before
	}
	switch {
	case f.field.Unit != "":
		return f.bad("must be a number in %s, not %s", f.field.Unit, quote(cell))
	case letter(beside[0]) || beside[0] == '%':
		return f.bad("must be a number without a unit, not %s; %q is left out if the field declares it", quote(cell),
			products.Shorten(beside))
	}
	return f.bad("must be a number, not %s", quote(cell))
}

func (f *Format) otherCurrency(cell string) *Fault {
	if f.codes == "" {
		return f.undecided("must be a number without a currency, as those before it, not %s", quote(cell))
	}
	return f.undecided("must be an amount in %s, as those before it, not %s", strings.ReplaceAll(f.currency, " ", "/"),
		quote(cell))
}
