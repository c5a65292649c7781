package sqlite

import (
	"fmt"
	"time"
)

// timeOf reads a time as it is stored: microseconds since 1970. Those of years 1 to 9999 fit.
func timeOf(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// micros is a time as it is stored, rounded up: what is stored is before the one if and only if it is before the other.
func micros(t time.Time) int64 { return t.Add(time.Microsecond - 1).UnixMicro() }

// nullTime is a time as it is stored, null for the zero one.
func nullTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

// timeIn scans a time, the zero one for null.
type timeIn struct{ to *time.Time }

func (t timeIn) Scan(value any) error {
	switch micros := value.(type) {
	case nil:
		*t.to = time.Time{}
	case int64:
		*t.to = timeOf(micros)
	default:
		return fmt.Errorf("sqlite: %T is not a time", value)
	}
	return nil
}

// microsIn scans a length, which is stored in microseconds; below 0 for null.
type microsIn struct{ to *time.Duration }

func (m microsIn) Scan(value any) error {
	switch micros := value.(type) {
	case nil:
		*m.to = -1
	case int64:
		*m.to = time.Duration(micros) * time.Microsecond
	default:
		return fmt.Errorf("sqlite: %T is not a length", value)
	}
	return nil
}

// nullMicros is a length as it is stored, null for one below 0.
func nullMicros(d time.Duration) any {
	if d < 0 {
		return nil
	}
	return d.Microseconds()
}
