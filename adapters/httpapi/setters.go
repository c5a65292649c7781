package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"
)

// errZero refuses a number that must not be 0, which null says.
var errZero = &innerError{code: codeValue, message: "must not be 0"}

// required takes a value into the place; null is refused. The error says what is wanted.
func required[V any](to **V, want string) func(raw json.RawMessage) error {
	return func(raw json.RawMessage) error {
		if isNull(raw) || json.Unmarshal(raw, to) != nil {
			return errors.New(want)
		}
		return nil
	}
}

// clearable takes a value into the place, or null for the zero one.
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

// usualSetter takes a whole number other than 0, or null for 0, which stands for the usual one.
func usualSetter(to **int) func(raw json.RawMessage) error {
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

// readSeconds takes a number of seconds, to the millisecond, or null for 0.
func readSeconds(raw json.RawMessage) (time.Duration, error) {
	const most = 1e9 // that a time.Duration holds
	var seconds float64
	if json.Unmarshal(raw, &seconds) != nil || seconds > most || seconds < -most {
		return 0, errors.New("a number of seconds or null")
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Millisecond), nil
}

// ignoreSetter takes anything and forgets it.
func ignoreSetter(json.RawMessage) error { return nil }

func isNull(raw json.RawMessage) bool { return bytes.Equal(raw, []byte("null")) }
