package httpapi

import (
	"net/http"
	"sync"
)

// freeBody is how much of a body is held without being counted: short ones get through whatever others send.
const freeBody = 16 << 10

// bodyBudget bounds the bytes of the JSON bodies that are being read or worked on, beyond freeBody of each. Unlike
// budget it refuses at once what it has no room for, since what has come of a body holds memory while it waits.
type bodyBudget struct {
	most, mostOfClient int64
	client             func(r *http.Request) string

	mu       sync.Mutex
	taken    int64
	byClient map[string]int64
}

func newBodyBudget(o Options) bodyBudget {
	return bodyBudget{most: o.MaxBodiesBytes, mostOfClient: max(o.MaxBodiesBytes/4, o.MaxBodyBytes),
		client: o.ClientAddress, byClient: map[string]int64{}}
}

// bodyShare is what one request holds of a bodyBudget.
type bodyShare struct {
	budget  *bodyBudget
	request *http.Request
	client  string
	bytes   int64
}

type bodyShareKey struct{}

// take makes room for more bytes, and returns a problem where there is none.
func (s *bodyShare) take(n int64) error {
	b := s.budget
	if s.bytes == 0 {
		s.client = b.client(s.request)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken+n > b.most || b.byClient[s.client]+n > b.mostOfClient {
		return busyProblem("too much is being sent at the same time; try again")
	}
	s.bytes += n
	b.taken += n
	b.byClient[s.client] += n
	return nil
}

// release gives back what was taken.
func (s *bodyShare) release() {
	if s.bytes == 0 {
		return
	}
	b := s.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taken -= s.bytes
	if b.byClient[s.client] -= s.bytes; b.byClient[s.client] == 0 {
		delete(b.byClient, s.client)
	}
	s.bytes = 0
}
