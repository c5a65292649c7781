package httpapi

import (
	"errors"
	"io"
	"net/http"
	"time"
)

const (
	// stallTime is how long a body may take for its next minProgress bytes.
	stallTime = 30 * time.Second
	// minProgress is so little that a slow line brings it, and that a byte now and then holds nothing open.
	minProgress = 4 << 10
	// lingerTime is how long to wait for the rest of a body that isn't wanted, of which maxRest bytes are read.
	lingerTime = 500 * time.Millisecond
	maxRest    = 256 << 10
)

// steadyBody is a body that has to make progress: reading fails with os.ErrDeadlineExceeded when it stalls.
type steadyBody struct {
	io.ReadCloser
	control *http.ResponseController
	http1   bool  // the connection has one request at a time
	waits   bool  // for a 100 Continue, which the first read sends
	left    int64 // by the Content-Length, negative without one
	begun   bool
	since   int64 // bytes since the deadline was set
	err     error // the end, or how reading failed
}

func newSteadyBody(w http.ResponseWriter, r *http.Request) *steadyBody {
	return &steadyBody{
		ReadCloser: r.Body, control: http.NewResponseController(w),
		http1: r.ProtoMajor == 1, waits: r.Header.Get("Expect") != "", left: r.ContentLength,
	}
}

// extend gives the body time for its next bytes. A server without deadlines, as in tests, is left as it is.
func (b *steadyBody) extend(d time.Duration) {
	b.since = 0
	_ = b.control.SetReadDeadline(time.Now().Add(d))
}

func (b *steadyBody) Read(p []byte) (int, error) {
	if !b.begun || b.since >= minProgress {
		b.extend(stallTime)
	}
	return b.read(p)
}

func (b *steadyBody) read(p []byte) (int, error) {
	b.begun = true
	n, err := b.ReadCloser.Read(p)
	b.since += int64(n)
	b.left -= int64(n)
	if b.err = err; errors.Is(err, io.EOF) {
		// From here on the server watches the connection for its end, which no deadline may bring about.
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

// leave is called before the answer, after which nobody reads the body. It reports whether the connection can serve
// another request; if it can't, the answer has to say so. net/http by itself would read the rest of the body before it
// sends the answer, for as long as the client likes. Here the rest is read first only if it is short, comes at once and
// is from somebody who has logged in. Else the server reads for a moment after the answer, since a client that is still
// sending when the connection ends may not see the answer.
func (b *steadyBody) leave(loggedIn bool) (reusable bool) {
	if !b.http1 || errors.Is(b.err, io.EOF) {
		return true
	}
	b.extend(lingerTime)
	if loggedIn && b.err == nil && (b.begun || !b.waits) && b.left <= maxRest {
		if _, _ = io.CopyN(io.Discard, readerFunc(b.read), maxRest); errors.Is(b.err, io.EOF) {
			return true
		}
		b.extend(lingerTime)
	}
	return false
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
