package products

import (
	"errors"
	"fmt"
)

// The kinds of failure that a caller can act on. Stores return them wrapped: test with errors.Is.
var (
	// ErrNotFound: no product has this ID.
	ErrNotFound = errors.New("products: not found")
	// ErrExists: another product has this SKU.
	ErrExists = errors.New("products: the SKU exists already")
	// ErrVersion: the product has changed since the version that the caller named.
	ErrVersion = errors.New("products: the product has another version")
	// ErrInvalid: a product breaks a rule; errors.As finds the *ValidationError with the fields.
	ErrInvalid = errors.New("products: invalid product")
	// ErrQuery: a Query can't be answered: a bad limit, ordering or cursor.
	ErrQuery = errors.New("products: invalid query")
	// ErrUnavailable: the store can't be reached, or went away; the same call may succeed later.
	ErrUnavailable = errors.New("products: store unavailable")
	// ErrBusy: the store does as much at a time as it may, and this call would have to wait for too long; or it looked
	// for too long for what it was asked. It is an ErrUnavailable.
	ErrBusy = fmt.Errorf("%w: busy", ErrUnavailable)
	// ErrCommitUnknown: the store went away while it committed, and can't be asked whether it did.
	ErrCommitUnknown = errors.New("products: it is not known whether the last transaction was committed")
)

// FieldError says which rule a field's value breaks.
type FieldError struct {
	// Field is the JSON name, with the attribute's name in brackets for an attribute: attributes[color].
	Field string `json:"field"`
	// Code is stable: one of the constants that begin with Code.
	Code string `json:"code"`
	// Message is a sentence for people. It names the field, the rule and, shortened, the value.
	Message string `json:"message"`
}

func (e FieldError) Error() string { return e.Message }

// ValidationError lists every rule that a product breaks, in the order of Product's fields. It is an ErrInvalid.
type ValidationError struct {
	Fields []FieldError
}

func (e *ValidationError) Error() string {
	switch len(e.Fields) {
	case 0:
		return ErrInvalid.Error()
	case 1:
		return fmt.Sprintf("%v: %s", ErrInvalid, e.Fields[0].Message)
	default:
		return fmt.Sprintf("%v: %s (and %d more)", ErrInvalid, e.Fields[0].Message, len(e.Fields)-1)
	}
}

func (e *ValidationError) Unwrap() error { return ErrInvalid }
