package webhooks

import (
	"errors"
	"fmt"
	"strings"
)

// The codes of [FieldError].
const (
	CodeEmpty     = "empty"
	CodeTooLong   = "too_long"
	CodeTooMany   = "too_many"
	CodeInvalid   = "invalid"
	CodeForbidden = "forbidden"
	CodeUnknown   = "unknown"
)

// ErrInvalid is the error for settings that break a rule; errors.As finds the [*ValidationError] with the fields.
var ErrInvalid = errors.New("webhooks: invalid settings")

// FieldError says which rule a field's value breaks. It has the same fields as products.FieldError, so that one can be
// converted to the other; this package knows nothing of products.
type FieldError struct {
	// Field is the name that clients know: callback_url, client_name, events, concurrency, rate_limit, timeout, secret,
	// token, headers[NAME] or grace.
	Field string `json:"field"`
	// Code is one of the constants [CodeEmpty] and so on. Codes don't change.
	Code string `json:"code"`
	// Message is a sentence for people that begins with the field's name. It has nothing secret.
	Message string `json:"message"`
}

// Error returns the Message.
func (e FieldError) Error() string { return e.Message }

// ValidationError lists every rule that the settings break. It is an [ErrInvalid].
type ValidationError struct {
	Fields []FieldError
}

// Error returns the messages of all fields.
func (e *ValidationError) Error() string {
	messages := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		messages[i] = f.Message
	}
	return ErrInvalid.Error() + ": " + strings.Join(messages, "; ")
}

// Unwrap returns [ErrInvalid].
func (e *ValidationError) Unwrap() error { return ErrInvalid }

// fieldErrors collects what is wrong.
type fieldErrors []FieldError

func (f *fieldErrors) add(field, code, format string, args ...any) {
	*f = append(*f, FieldError{field, code, field + " " + fmt.Sprintf(format, args...)})
}

func (f fieldErrors) err() error {
	if len(f) == 0 {
		return nil
	}
	return &ValidationError{f}
}
