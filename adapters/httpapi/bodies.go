package httpapi

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

const (
	// freeBody is how much of a body is held without being counted: short ones get through whatever others send.
	freeBody = 16 << 10
	// bodyTime is how long a JSON body may take: it holds memory meanwhile.
	bodyTime = 2 * time.Minute
)

// bodies counts the bytes of the JSON bodies that are being read or worked on, beyond freeBody of each.
type bodies struct {
	most, mostOfClient int64
	client             func(r *http.Request) string

	mu       sync.Mutex
	taken    int64
	byClient map[string]int64
}

// heldBody is what a request has of them.
type heldBody struct {
	bodies  *bodies
	request *http.Request
	client  string
	bytes   int64
}

type heldKey struct{}

// take makes room for more bytes, and returns a problem where there is none.
func (h *heldBody) take(n int64) error {
	b := h.bodies
	if h.bytes == 0 {
		h.client = b.client(h.request)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken+n > b.most || b.byClient[h.client]+n > b.mostOfClient {
		return busyProblem("too much is being sent at the same time; try again")
	}
	h.bytes += n
	b.taken += n
	b.byClient[h.client] += n
	return nil
}

// release gives back what was taken.
func (h *heldBody) release() {
	if h.bytes == 0 {
		return
	}
	b := h.bodies
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken -= h.bytes
	if b.byClient[h.client] -= h.bytes; b.byClient[h.client] == 0 {
		delete(b.byClient, h.client)
	}
	h.bytes = 0
}

// readBody reads the whole body of a request. What it holds grows with what has come, whatever the client says will.
func (a *API) readBody(in io.Reader, r *http.Request) ([]byte, error) {
	held, _ := r.Context().Value(heldKey{}).(*heldBody)
	if held == nil { // without a body
		return nil, nil
	}
	size := func(want int64) int64 { // one more than there is, to see the end
		if r.ContentLength >= 0 {
			want = min(want, r.ContentLength+1)
		}
		return want
	}
	body := make([]byte, 0, size(freeBody))
	until := time.Now().Add(bodyTime)
	for {
		if have := int64(len(body)); have == int64(cap(body)) {
			want := max(size(2*have), have+1)
			if err := held.take(want - max(have, freeBody)); err != nil {
				return nil, err
			}
			body = append(make([]byte, 0, want), body...)
		}
		n, err := in.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case errors.Is(err, io.EOF):
			return body, nil
		case err != nil:
			return nil, err
		case time.Now().After(until):
			return nil, os.ErrDeadlineExceeded
		}
	}
}
