package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"
)

// errZero refuses a number that must not be 0, which null says.
var errZero = &innerError{code: codeValue, message: "must not be 0"}

// textSetter takes a string into the place; null is refused.
func textSetter(to **string) func(raw json.RawMessage) error {
	return func(raw json.RawMessage) error {
		if isNull(raw) || json.Unmarshal(raw, to) != nil {
			return errors.New("a string")
		}
		return nil
	}
}

// clearableSetter takes a string, or null for the empty one.
func clearableSetter(to **string) func(raw json.RawMessage) error {
	return func(raw json.RawMessage) error {
		if isNull(raw) {
			*to = new(string)
			return nil
		}
		if json.Unmarshal(raw, to) != nil {
			return errors.New("a string or null")
		}
		return nil
	}
}

// flagSetter takes a boolean; null is refused.
func flagSetter(to **bool) func(raw json.RawMessage) error {
	return func(raw json.RawMessage) error {
		if isNull(raw) || json.Unmarshal(raw, to) != nil {
			return errors.New("true or false")
		}
		return nil
	}
}

// boolSetter takes a boolean, or null for false.
func boolSetter(to **bool) func(raw json.RawMessage) error {
	return func(raw json.RawMessage) error {
		if isNull(raw) {
			*to = new(bool)
			return nil
		}
		if json.Unmarshal(raw, to) != nil {
			return errors.New("true, false or null")
		}
		return nil
	}
}

// numberSetter takes a whole number, or null for 0.
func numberSetter(to **int) func(raw json.RawMessage) error {
	return func(raw json.RawMessage) error {
		if isNull(raw) {
			*to = new(int)
			return nil
		}
		if json.Unmarshal(raw, to) != nil {
			return errors.New("a whole number or null")
		}
		return nil
	}
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

// timeSetter takes a time.
func timeSetter(to **time.Time) func(raw json.RawMessage) error {
	return func(raw json.RawMessage) error {
		if isNull(raw) || json.Unmarshal(raw, to) != nil {
			return errors.New("a time such as 2006-01-02T15:04:05Z")
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
