package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"

	"github.com/products-importer/products-importer/products"
)

// setters take the values of a JSON object's fields, by name. Their errors say what a value must be: "a string".
type setters map[string]func(raw json.RawMessage) error

// innerError says that the value called name inside a field is wrong; without a name, the field's own value is.
type innerError struct{ name, code, message string }

func (e *innerError) Error() string { return e.message }

// fieldErrors says that several values inside a field are wrong, under names of their own.
type fieldErrors []products.FieldError

func (e fieldErrors) Error() string { return e[0].Message }

// errZero is for a number that must not be 0, since null stands for its default.
var errZero = &innerError{code: codeValue, message: "must not be 0"}

// required returns a setter that stores the value in to, and refuses null. Its error is want.
func required[V any](to **V, want string) func(raw json.RawMessage) error {
	return func(raw json.RawMessage) error {
		if isNull(raw) || json.Unmarshal(raw, to) != nil {
			return errors.New(want)
		}
		return nil
	}
}

// clearable returns a setter that stores the value in to, the zero value for null. Its error is want.
func clearable[V any](to **V, want string) func(raw json.RawMessage) error {
	return func(raw json.RawMessage) error {
		if isNull(raw) {
			*to = new(V)
			return nil
		}
		if json.Unmarshal(raw, to) != nil {
			return errors.New(want)
		}
		return nil
	}
}

func textSetter(to **string) func(raw json.RawMessage) error { return required(to, "a string") }

func clearableSetter(to **string) func(raw json.RawMessage) error {
	return clearable(to, "a string or null")
}

func flagSetter(to **bool) func(raw json.RawMessage) error { return required(to, "true or false") }

func boolSetter(to **bool) func(raw json.RawMessage) error {
	return clearable(to, "true, false or null")
}

func numberSetter(to **int) func(raw json.RawMessage) error {
	return clearable(to, "a whole number or null")
}

func timeSetter(to **time.Time) func(raw json.RawMessage) error {
	return required(to, "a time such as 2006-01-02T15:04:05Z")
}

// defaultSetter stores a whole number other than 0, or 0 for null, which stands for the default.
func defaultSetter(to **int) func(raw json.RawMessage) error {
	set := numberSetter(to)
	return func(raw json.RawMessage) error {
		if err := set(raw); err != nil {
			return err
		}
		if **to == 0 && !isNull(raw) {
			return errZero
		}
		return nil
	}
}

// readSeconds returns a number of seconds, rounded to the millisecond; 0 for null.
func readSeconds(raw json.RawMessage) (time.Duration, error) {
	const most = 1e9 // that a time.Duration holds
	var seconds float64
	if json.Unmarshal(raw, &seconds) != nil || seconds > most || seconds < -most {
		return 0, errors.New("a number of seconds or null")
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Millisecond), nil
}

// ignoreSetter accepts anything and ignores it.
func ignoreSetter(json.RawMessage) error { return nil }

func isNull(raw json.RawMessage) bool { return bytes.Equal(raw, []byte("null")) }
