package receive

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	// ErrSignature is the error for a message without a signature by one of the secrets.
	ErrSignature = errors.New("receive: the signature is wrong")
	// ErrTimestamp is the error for a message that was signed too long ago, or in the future.
	ErrTimestamp = errors.New("receive: the timestamp is out of bounds")
)

// VerifierOptions are the settings of a [Verifier]. The zero value works.
type VerifierOptions struct {
	// Tolerance is how far the timestamp may be from now, in both directions: at least 1 s, 0 for 5 minutes.
	Tolerance time.Duration
	// Now is the clock, nil for time.Now.
	Now func() time.Time
}

// Verifier verifies that messages come from a sender who has one of its secrets. It is safe for concurrent use.
type Verifier struct {
	secrets []Secret
	options VerifierOptions
}

// NewVerifier returns a Verifier that accepts what one of the secrets signed. While a secret is being replaced, a
// receiver gives both. It needs at least one.
func NewVerifier(options VerifierOptions, secrets ...Secret) (*Verifier, error) {
	if len(secrets) == 0 {
		return nil, errors.New("receive: a verifier needs a secret")
	}
	if slices.Contains(secrets, Secret{}) {
		return nil, ErrSecret
	}
	if options.Tolerance == 0 {
		options.Tolerance = 5 * time.Minute
	}
	if options.Tolerance < time.Second {
		return nil, fmt.Errorf("receive: VerifierOptions.Tolerance must be at least 1s, not %v", options.Tolerance)
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Verifier{slices.Clone(secrets), options}, nil
}

// Verify checks the signature and the timestamp of a message. The body is the request's, unchanged. The error is
// [ErrSignature] or [ErrTimestamp].
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

// signed reports whether one of the signatures is by one of the secrets. Each header may have several.
func (v *Verifier) signed(headers []string, id, timestamp string, body []byte) bool {
	for _, s := range v.secrets {
		want := s.sum(id, timestamp, body)
		for _, header := range headers {
			for signature := range strings.FieldsSeq(header) {
				encoded, ok := strings.CutPrefix(signature, "v1,")
				if got, err := base64.StdEncoding.DecodeString(encoded); ok && err == nil && hmac.Equal(want, got) {
					return true
				}
			}
		}
	}
	return false
}

// Read reads the request's body, at most [MaxBody] bytes, verifies it, and returns the message. The error is
// [ErrSignature], [ErrTimestamp], [ErrMessage], or that of reading the body.
func (v *Verifier) Read(r *http.Request) (*Message, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxBody+1))
	if err != nil {
		return nil, fmt.Errorf("receive: reading a message: %w", err)
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
		return nil, fmt.Errorf("%w: its ID is %q in the body, %q in the header", ErrMessage, m.ID,
			r.Header.Get(HeaderID))
	}
	return &m, nil
}
