package basicauth

import (
	"errors"
	"net/http"
	"strconv"
	"time"
)

// Error says why a request doesn't pass, and what the answer is.
type Error struct {
	// Status is 401 without a right log-in, 429 after too many wrong ones, and 503 after Close.
	Status int
	// Challenge is the value of WWW-Authenticate, which every 401 has.
	Challenge string
	// RetryAfter is when to try again, 0 for no advice.
	RetryAfter time.Duration
	// Reason is a sentence for people, which gives nothing away.
	Reason string
}

func (e *Error) Error() string { return "basicauth: " + e.Reason }

// SetHeader adds the headers of the answer: WWW-Authenticate and Retry-After.
func (e *Error) SetHeader(h http.Header) {
	if e.Challenge != "" {
		h.Set("WWW-Authenticate", e.Challenge)
	}
	if e.RetryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((e.RetryAfter+time.Second-1)/time.Second), 10))
	}
}

func (a *Authenticator) unauthorized(r *http.Request, reason string) *Error {
	return &Error{Status: http.StatusUnauthorized, Challenge: a.challenge(r), Reason: reason}
}

// Refuse answers with a line of text: an *Error as it says, and anything else, such as an error of Users, with 500.
// That isn't shown: give Options.Refuse a function to log it.
func Refuse(w http.ResponseWriter, _ *http.Request, err error) {
	var refused *Error
	if !errors.As(err, &refused) {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	refused.SetHeader(w.Header())
	http.Error(w, refused.Reason, refused.Status)
}
