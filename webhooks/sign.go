package webhooks

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	secretPrefix = "whsec_"
	// Secrets have this many bytes.
	leastSecret, usualSecret, mostSecret = 24, 32, 64
	// MaxSecrets is how many secrets of an endpoint are live at the same time.
	MaxSecrets = 3
	// MaxGrace is how long a secret may be good beside its successor.
	MaxGrace = 7 * 24 * time.Hour
)

// ErrSecret: the text is no secret. It is a *ValidationError of the field secret, and doesn't show the text.
var ErrSecret error = &ValidationError{[]FieldError{{"secret", CodeInvalid, "secret must be whsec_ and 24 to 64 bytes in base64"}}}

// NewSecret returns a secret of 32 random bytes.
func NewSecret() Secret {
	key := make([]byte, usualSecret)
	_, _ = rand.Read(key) // never fails
	return Secret{string(key)}
}

// ParseSecret is the inverse of Reveal. The error is ErrSecret.
func ParseSecret(text string) (Secret, error) {
	encoded, ok := strings.CutPrefix(text, secretPrefix)
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if !ok || err != nil || len(key) < leastSecret || len(key) > mostSecret || strings.ContainsAny(encoded, "\r\n") {
		return Secret{}, ErrSecret
	}
	return Secret{string(key)}, nil
}

// Reveal returns the secret as its owner keeps it: "whsec_" and its bytes in base64.
func (s Secret) Reveal() string {
	return secretPrefix + base64.StdEncoding.EncodeToString([]byte(s.key))
}

// Live returns the secrets that sign at the time, the newest first.
func (p *Private) Live(now time.Time) (live []Secret) {
	for _, s := range p.Secrets {
		if s.Until.IsZero() || s.Until.After(now) {
			live = append(live, s.Secret)
		}
	}
	return live
}

// Rotate makes next the endpoint's secret. The one before is good for the grace longer, 0 to MaxGrace, together with those
// of earlier rotations whose time isn't over; of more than MaxSecrets the oldest end at once.
// A grace out of bounds is a *ValidationError.
func (p *Private) Rotate(now time.Time, next Secret, grace time.Duration) error {
	if grace < 0 || grace > MaxGrace {
		var wrong fieldErrors
		wrong.add("grace", CodeInvalid, "must be between 0 and %v, not %v", MaxGrace, grace)
		return wrong.err()
	}
	until := now.Add(grace).UTC().Truncate(time.Microsecond)
	secrets := []LiveSecret{{Secret: next}}
	for _, s := range p.Secrets {
		if s.Until.IsZero() {
			s.Until = until
		}
		if s.Until.After(now) && s.Secret != next {
			secrets = append(secrets, s)
		}
	}
	p.Secrets = slices.Clip(secrets[:min(len(secrets), MaxSecrets)])
	return nil
}

// Sign returns the signature of a message, as it stands in the header webhook-signature: "v1," and the HMAC-SHA256 of
// "id.timestamp.body" in base64.
func (s Secret) Sign(id string, at time.Time, body []byte) string {
	return "v1," + base64.StdEncoding.EncodeToString(s.sum(id, strconv.FormatInt(at.Unix(), 10), body))
}

func (s Secret) sum(id, timestamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(s.key))
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return mac.Sum(nil)
}
