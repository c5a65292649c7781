package httpapi

import (
	"bufio"
	"errors"
	"io"
	"net/http"
)

// streamedResponse is a response that is sent while it is being made. Its header is sent with its first bytes: an error
// before them is answered as a problem, and one after them breaks the response off.
type streamedResponse struct {
	w       http.ResponseWriter
	buffer  *bufio.Writer
	header  func(h http.Header)
	begun   bool
	written error
}

// newStreamedResponse returns a response whose headers are set by header.
func newStreamedResponse(w http.ResponseWriter, header func(h http.Header)) *streamedResponse {
	c := &streamedResponse{w: w, header: header}
	c.buffer = bufio.NewWriterSize(writerFunc(c.send), 64<<10)
	return c
}

// newCSVResponse returns a response that is a CSV file of that name.
func newCSVResponse(w http.ResponseWriter, name string) *streamedResponse {
	return newStreamedResponse(w, func(h http.Header) {
		h.Set("Content-Type", "text/csv; charset=utf-8")
		h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
		h.Set("Cache-Control", "private, no-store")
	})
}

// Write appends to the response, which is sent as its buffer fills.
func (c *streamedResponse) Write(p []byte) (int, error) { return c.buffer.Write(p) }

// mostSent is how many bytes a client gets writeTime to receive.
const mostSent = 256 << 10

func (c *streamedResponse) send(p []byte) (sent int, err error) {
	if !c.begun {
		c.begun = true
		c.header(c.w.Header())
		c.w.WriteHeader(http.StatusOK)
	}
	for err == nil && sent < len(p) {
		extendDeadline(c.w, writeTime)
		var n int
		n, err = c.w.Write(p[sent:min(len(p), sent+mostSent)])
		sent += n
	}
	c.written = errors.Join(c.written, err)
	return sent, err
}

// end finishes the response; err is nil for a complete one. An error before the first byte is returned, to be answered
// as a problem; after it end panics with http.ErrAbortHandler, so that the client sees that something is missing.
func (c *streamedResponse) end(err error) error {
	if err != nil && !c.begun {
		extendDeadline(c.w, writeTime)
		return err
	}
	if err == nil {
		if c.buffer.Buffered() == 0 && !c.begun {
			_, err = c.send(nil) // an empty file
		} else {
			err = c.buffer.Flush()
		}
	}
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

var _ io.Writer = (*streamedResponse)(nil)
