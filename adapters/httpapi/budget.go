package httpapi

import (
	"context"
	"slices"
	"sync"
	"time"
)

// budgetWait is how long a request waits for a part of a budget.
const budgetWait = 15 * time.Second

// budget bounds how many bytes those hold together who take of it. Who comes first is served first.
type budget struct {
	mu      sync.Mutex
	free    int64
	waiting []*share
}

// share is what somebody holds of a budget.
type share struct {
	of      *budget
	bytes   int64
	granted chan struct{}
}

func newBudget(bytes int64) *budget { return &budget{free: bytes} }

// take returns so many bytes of the budget, for the caller to give back. Where none come free within budgetWait it is a
// problem that passes.
func (b *budget) take(ctx context.Context, bytes int64) (*share, error) {
	s := &share{of: b, bytes: bytes, granted: make(chan struct{})}
	b.mu.Lock()
	b.waiting = append(b.waiting, s)
	b.grant()
	b.mu.Unlock()
	select {
	case <-s.granted: // most come at once
		return s, nil
	default:
	}
	timer := time.NewTimer(budgetWait)
	defer timer.Stop()
	var err error
	select {
	case <-s.granted:
		return s, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-timer.C:
		err = busyProblem("too many large requests are being answered; try again")
	}
	b.mu.Lock()
	at := slices.Index(b.waiting, s)
	if at >= 0 {
		b.waiting = slices.Delete(b.waiting, at, at+1)
		b.grant()
	}
	b.mu.Unlock()
	if at < 0 { // it came after all
		s.release()
	}
	return nil, err
}

// grant serves those who wait, as far as it goes.
func (b *budget) grant() {
	for len(b.waiting) > 0 && b.waiting[0].bytes <= b.free {
		s := b.waiting[0]
		b.waiting = slices.Delete(b.waiting, 0, 1)
		b.free -= s.bytes
		close(s.granted)
	}
}

// shrink gives back all but so many bytes.
func (s *share) shrink(bytes int64) {
	if bytes >= s.bytes {
		return
	}
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	s.of.free += s.bytes - bytes
	s.bytes = bytes
	s.of.grant()
}

func (s *share) release() { s.shrink(0) }
