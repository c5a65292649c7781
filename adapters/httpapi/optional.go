package httpapi

import (
	"time"
)

// optional returns a pointer to the value, nil for the zero value.
func optional[V comparable](value V) *V {
	var empty V
	if value == empty {
		return nil
	}
	return &value
}

// optionalTime returns a pointer to the time, nil for the zero time.
func optionalTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
