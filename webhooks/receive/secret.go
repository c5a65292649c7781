package receive

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

const (
	secretPrefix = "whsec_"
	// The lengths of secrets, in bytes.
	minSecret, defaultSecret, maxSecret = 24, 32, 64
	// redacted is printed in place of a secret.
	redacted = "[redacted]"
)

// ErrSecret is the error for a text that is no secret. It doesn't show the text.
var ErrSecret = errors.New("receive: the secret must be whsec_ and 24 to 64 bytes in base64")

// Secret is a key that signs and verifies messages; sender and receiver share it. Only [Secret.Reveal] returns it as
// text: logs, JSON and package fmt print "[redacted]" in its place. Secrets can be compared with ==. The zero value is
// no secret.
type Secret struct{ key string }

// NewSecret returns a secret of 32 random bytes.
func NewSecret() Secret {
	key := make([]byte, defaultSecret)
	_, _ = rand.Read(key) // never fails
	return Secret{string(key)}
}

// ParseSecret is the inverse of [Secret.Reveal]. Its error is [ErrSecret].
func ParseSecret(text string) (Secret, error) {
	encoded, ok := strings.CutPrefix(text, secretPrefix)
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if !ok || err != nil || len(key) < minSecret || len(key) > maxSecret || strings.ContainsAny(encoded, "\r\n") {
		return Secret{}, ErrSecret
	}
	return Secret{string(key)}, nil
}

// Reveal returns the secret as its owner keeps it: "whsec_" and its bytes in base64.
func (s Secret) Reveal() string {
	return secretPrefix + base64.StdEncoding.EncodeToString([]byte(s.key))
}

// Sign returns the signature of a message, as the header Webhook-Signature has it: "v1," and the HMAC-SHA256 of
// "id.timestamp.body" in base64. A receiver uses it to test its handler.
func (s Secret) Sign(id string, at time.Time, body []byte) string {
	return "v1," + base64.StdEncoding.EncodeToString(s.sum(id, strconv.FormatInt(at.Unix(), 10), body))
}

func (s Secret) sum(id, timestamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(s.key))
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return mac.Sum(nil)
}

// String returns "[redacted]".
func (Secret) String() string { return redacted }

// Format prints "[redacted]", whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue returns "[redacted]".
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns "[redacted]".
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
