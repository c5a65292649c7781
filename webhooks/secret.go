package webhooks

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
)

// redacted is what secrets show of themselves.
const redacted = "[redacted]"

// Secret is a key that signs. It shows itself only through Reveal: logs, JSON and package fmt get a stand-in.
type Secret struct{ key string }

// String is the stand-in.
func (Secret) String() string { return redacted }

// Format prints the stand-in, whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue is the stand-in.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText gives the stand-in.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Token is a bearer token. It shows itself only where it is converted to a string.
type Token string

// String is a stand-in.
func (Token) String() string { return redacted }

// Format prints a stand-in, whatever the verb.
func (Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue is a stand-in.
func (Token) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText gives a stand-in.
func (Token) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Headers are sent with deliveries, by canonical name. Only their names show.
type Headers map[string]string

// String shows the names.
func (h Headers) String() string { return fmt.Sprint(slices.Sorted(maps.Keys(h))) }

// Format prints the names, whatever the verb.
func (h Headers) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, h.String()) }

// LogValue is the names.
func (h Headers) LogValue() slog.Value { return slog.StringValue(h.String()) }

// MarshalJSON gives stand-ins for the values.
func (h Headers) MarshalJSON() ([]byte, error) {
	to := []byte{'{'}
	for i, name := range slices.Sorted(maps.Keys(h)) {
		if i > 0 {
			to = append(to, ',')
		}
		to = append(AppendString(to, name), `:"`+redacted+`"`...)
	}
	return append(to, '}'), nil
}
