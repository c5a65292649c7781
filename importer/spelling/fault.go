package spelling

import (
	"fmt"

	"github.com/products-importer/products-importer/products"
)

// Fault says why a cell is no value of its field.
type Fault struct {
	// Code is that of package products: bad_integer, bad_decimal, bad_boolean, bad_date, bad_timestamp, bad_list,
	// too_precise, out_of_range or, of a list, bad_character or too_long.
	Code string
	// Message is a sentence that begins with the column's name.
	Message string
	// Undecided: the cell may be a value, but is evidence that the format was made without. A format that was decided
	// by all cells of the column gives none.
	Undecided bool
}

// Error returns the message.
func (f *Fault) Error() string { return f.Message }

var badCodes = [...]string{products.Integer: products.CodeBadInteger,
	products.Decimal: products.CodeBadDecimal, products.Boolean: products.CodeBadBoolean,
	products.Date: products.CodeBadDate, products.Timestamp: products.CodeBadTimestamp,
	products.List: products.CodeBadList}

// bad is a fault with the code of the field's type.
func (f *Format) bad(format string, args ...any) *Fault {
	return f.fault(badCodes[f.field.Type], format, args...)
}

func (f *Format) fault(code, format string, args ...any) *Fault {
	return &Fault{Code: code, Message: f.label + " " + fmt.Sprintf(format, args...)}
}

// undecided is a fault that the cell's own value isn't to blame for.
func (f *Format) undecided(format string, args ...any) *Fault {
	fault := f.bad(format, args...)
	fault.Undecided = true
	return fault
}

// quote quotes a cell for a message.
func quote(cell string) string { return fmt.Sprintf("%q", products.Shorten(trim(cell))) }
