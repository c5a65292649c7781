package webhooks

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/products-importer/products-importer/webhooks/receive"
)

const (
	// redacted is printed in place of what is secret.
	redacted = "[redacted]"
	// maxSecrets is how many secrets of an endpoint sign at the same time.
	maxSecrets = 3
	// maxGrace is how long a secret may go on signing after its successor began to.
	maxGrace = 7 * 24 * time.Hour
)

// Credentials are those settings of an endpoint that only the [Sender] needs. Logs, JSON and package fmt print
// "[redacted]" in their place.
type Credentials struct {
	// Secrets sign the deliveries, the newest first. Only that one has no end.
	Secrets []LiveSecret
	// Token, if not empty, is sent as "Authorization: Bearer": at most 1,000 printable ASCII characters, no spaces.
	Token Token
	// Headers are sent besides: at most 20, each value with at most 1,000 printable ASCII characters.
	Headers Headers
	// Unreadable says that the store can't read these: they were sealed with a key that isn't at hand (see [Sealer]),
	// or are damaged. The others are empty then.
	Unreadable bool
}

// LiveSecret is a secret in use.
type LiveSecret struct {
	receive.Secret
	// Until is when it ends, zero for never.
	Until time.Time
}

// Live returns the secrets that sign at the time, the newest first.
func (c *Credentials) Live(now time.Time) (live []receive.Secret) {
	for _, s := range c.Secrets {
		if s.Until.IsZero() || s.Until.After(now) {
			live = append(live, s.Secret)
		}
	}
	return live
}

// Rotate makes next the endpoint's secret. The secret before it goes on signing for the grace, 0 to 7 days, and so do
// those of earlier rotations whose grace isn't over. Of more than three secrets the oldest end at once. A grace out of
// bounds is a [*ValidationError].
func (c *Credentials) Rotate(now time.Time, next receive.Secret, grace time.Duration) error {
	if grace < 0 || grace > maxGrace {
		var wrong fieldErrors
		wrong.add("grace", CodeInvalid, "must be between 0 and %v, not %v", maxGrace, grace)
		return wrong.err()
	}
	until := now.Add(grace).UTC().Truncate(time.Microsecond)
	secrets := []LiveSecret{{Secret: next}}
	for _, s := range c.Secrets {
		if s.Until.IsZero() {
			s.Until = until
		}
		if s.Until.After(now) && s.Secret != next {
			secrets = append(secrets, s)
		}
	}
	c.Secrets = slices.Clip(secrets[:min(len(secrets), maxSecrets)])
	return nil
}

// Token is a bearer token. Only a conversion to string shows it.
type Token string

// String returns "[redacted]".
func (Token) String() string { return redacted }

// Format prints "[redacted]", whatever the verb.
func (Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue returns "[redacted]".
func (Token) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns "[redacted]".
func (Token) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Headers are the values of headers by canonical name. Logs, JSON and package fmt print the names alone.
type Headers map[string]string

// String returns the names.
func (h Headers) String() string { return fmt.Sprint(slices.Sorted(maps.Keys(h))) }

// Format prints the names, whatever the verb.
func (h Headers) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, h.String()) }

// LogValue returns the names.
func (h Headers) LogValue() slog.Value { return slog.StringValue(h.String()) }

// MarshalJSON returns an object of the names, with "[redacted]" for the values.
func (h Headers) MarshalJSON() ([]byte, error) {
	to := []byte{'{'}
	for i, name := range slices.Sorted(maps.Keys(h)) {
		if i > 0 {
			to = append(to, ',')
		}
		to = append(AppendJSONString(to, name), `:"`+redacted+`"`...)
	}
	return append(to, '}'), nil
}
