package httpapi

import (
	"context"
	"slices"
	"sync"
	"time"
)

// budgetWait is how long a request waits for a share of a budget.
const budgetWait = 5 * time.Second

// budget bounds how many bytes the holders of its shares have together. Shares are granted in the order of the
// requests.
type budget struct {
	mu      sync.Mutex
	free    int64
	waiting []*share
}

// share is a number of bytes that a request holds of a budget.
type share struct {
	of      *budget
	bytes   int64
	granted chan struct{}
}

func newBudget(bytes int64) *budget { return &budget{free: bytes} }

// take waits for so many bytes of the budget, which the caller releases. The error is the context's, or a problem of
// status 503 if they don't become free within budgetWait.
func (b *budget) take(ctx context.Context, bytes int64) (*share, error) {
	s := &share{of: b, bytes: bytes, granted: make(chan struct{})}
	b.mu.Lock()
	b.waiting = append(b.waiting, s)
	b.grant()
	b.mu.Unlock()
	select {
	case <-s.granted: // as most are, at once
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
	if at < 0 { // it was granted meanwhile
		s.release()
	}
	return nil, err
}

// grant serves those that wait, until the first of them wants more than is free.
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
