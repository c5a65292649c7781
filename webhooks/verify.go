package webhooks

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a delivery.
const (
	HeaderID        = "Webhook-Id"
	HeaderTimestamp = "Webhook-Timestamp"
	HeaderSignature = "Webhook-Signature"
	HeaderAttempt   = "Webhook-Attempt"
	HeaderEvent     = "Webhook-Event"
)

var (
	// ErrSignature: no signature of the message is by one of the secrets, or there is none.
	ErrSignature = errors.New("webhooks: the signature is wrong")
	// ErrTimestamp: the message was signed too long ago, or in the future.
	ErrTimestamp = errors.New("webhooks: the timestamp is out of bounds")
	// ErrMessage: the message is signed, but isn't one of ours.
	ErrMessage = errors.New("webhooks: the message can't be read")
)

// Message is what a receiver gets.
type Message struct {
	// ID is the same on every attempt: a receiver that has seen it passes it over.
	ID        string          `json:"id"`
	Type      string          `json:"type"`
	Timestamp time.Time       `json:"timestamp"`
	Data      json.RawMessage `json:"data"`
}

// VerifierOptions are the settings of a Verifier. The zero value works.
type VerifierOptions struct {
	// Tolerance is how far the timestamp may be from now: at least 1 s, 0 for 5 minutes.
	Tolerance time.Duration
	// Now is the clock, nil for time.Now.
	Now func() time.Time
}

// Verifier is for receivers: it tells whether a message is from whom it seems to be. It is safe for concurrent use.
type Verifier struct {
	secrets []Secret
	options VerifierOptions
}

// NewVerifier returns a Verifier that takes what one of the secrets signed.
func NewVerifier(options VerifierOptions, secrets ...Secret) (*Verifier, error) {
	if len(secrets) == 0 {
		return nil, errors.New("webhooks: a verifier needs a secret")
	}
	for _, s := range secrets {
		if s == (Secret{}) {
			return nil, ErrSecret
		}
	}
	if options.Tolerance == 0 {
		options.Tolerance = 5 * time.Minute
	}
	if options.Tolerance < time.Second {
		return nil, fmt.Errorf("webhooks: VerifierOptions.Tolerance must be at least 1s, not %v", options.Tolerance)
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Verifier{secrets, options}, nil
}

// Verify checks the signature and the timestamp of a message: ErrSignature, ErrTimestamp. The body is that of the
// request, byte by byte.
func (v *Verifier) Verify(header http.Header, body []byte) error {
	id, timestamp := header.Get(HeaderID), header.Get(HeaderTimestamp)
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || id == "" {
		return fmt.Errorf("%w: %s and %s must be there", ErrSignature, HeaderID, HeaderTimestamp)
	}
	if !v.signed(header.Values(HeaderSignature), id, timestamp, body) {
		return ErrSignature
	}
	now := v.options.Now().Unix()
	if tolerance := int64(v.options.Tolerance / time.Second); seconds < now-tolerance || seconds > now+tolerance {
		return fmt.Errorf("%w: %d, now is %d", ErrTimestamp, seconds, now)
	}
	return nil
}

func (v *Verifier) signed(signatures []string, id, timestamp string, body []byte) bool {
	for _, s := range v.secrets {
		want := s.sum(id, timestamp, body)
		for _, line := range signatures {
			for one := range strings.FieldsSeq(line) {
				encoded, ok := strings.CutPrefix(one, "v1,")
				if got, err := base64.StdEncoding.DecodeString(encoded); ok && err == nil && hmac.Equal(want, got) {
					return true
				}
			}
		}
	}
	return false
}

// Read reads the request's body, at most MaxBody bytes, and returns the message once it is verified. An error other than
// the reader's is ErrSignature, ErrTimestamp or ErrMessage.
func (v *Verifier) Read(r *http.Request) (*Message, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxBody+1))
	if err != nil {
		return nil, fmt.Errorf("webhooks: reading a message: %w", err)
	}
	if len(body) > MaxBody {
		return nil, fmt.Errorf("%w: it is longer than %d bytes", ErrMessage, MaxBody)
	}
	if err := v.Verify(r.Header, body); err != nil {
		return nil, err
	}
	var m Message
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	if m.ID != r.Header.Get(HeaderID) {
		return nil, fmt.Errorf("%w: its ID is %q in the body, %q in the header", ErrMessage, m.ID, r.Header.Get(HeaderID))
	}
	return &m, nil
}
