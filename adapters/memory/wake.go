package memory

import (
	"context"
	"sync"
)

// wakers are those who wait for work. The zero value is ready.
type wakers struct {
	mu    sync.Mutex
	hints map[chan struct{}]struct{}
}

// Wake returns a channel of hints.
func (w *wakers) Wake(ctx context.Context) <-chan struct{} {
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.hints == nil {
		w.hints = map[chan struct{}]struct{}{}
	}
	w.hints[c] = struct{}{}
	context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.hints, c)
	})
	return c
}

// wake gives a hint to everybody who waits. Within a transaction it comes early, but whoever follows it waits for the
// transaction's end.
func (w *wakers) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.hints {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}
