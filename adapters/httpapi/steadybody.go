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
	// lingerTime is how long is waited for the rest of a body that nobody wants, of which maxRest bytes are read.
	lingerTime = 500 * time.Millisecond
	maxRest    = 256 << 10
)

// steadyBody is a body that has to make progress: reading fails with os.ErrDeadlineExceeded when it stalls.
type steadyBody struct {
	io.ReadCloser
	control *http.ResponseController
	http1   bool  // the connection has one request at a time
	waits   bool  // for a 100 Continue, which the first read sends
	left    int64 // as the client says, negative where it doesn't
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

// leave is called before the answer, with which the body has no more readers. It reports whether the connection can serve
// another request; if it can't, the answer has to say so. Left alone, net/http waits for what is missing before the answer
// leaves, for as long as the client likes. Here the rest is read first if it is short and comes at once, but only from
// somebody who has logged in; else the server takes what comes for a moment after the answer, since a client that is still
// sending when the connection ends may not get to see the answer.
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

// bodyProblem is the problem with a body that couldn't be read: whatever it is, a broken chunk or a connection that was
// cut, it is the client's.
func bodyProblem(err error) error {
	if errors.Is(err, io.EOF) || problemOf(err).Status != http.StatusInternalServerError {
		return err
	}
	p := newProblem(http.StatusBadRequest, "malformed_body", "the request's body is malformed, or ends too early")
	p.cause = err
	return p
}

// clientBody reads a body, and fails with a problem that the client gets.
type clientBody struct{ io.ReadCloser }

func (b clientBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		err = bodyProblem(err)
	}
	return n, err
}
