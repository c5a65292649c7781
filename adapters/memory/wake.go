package memory

import (
	"context"
	"sync"
)

// wakers are the channels of those who wait for work. The zero value is ready.
type wakers struct {
	mu       sync.Mutex
	channels map[chan struct{}]struct{}
}

// Wake returns a channel that receives a value soon after there may be work, until the context ends.
func (w *wakers) Wake(ctx context.Context) <-chan struct{} {
	c := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.channels == nil {
		w.channels = map[chan struct{}]struct{}{}
	}
	w.channels[c] = struct{}{}
	context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.channels, c)
	})
	return c
}

// wake wakes all who wait. Within a transaction that is early, but they wait for the transaction's end before they see
// any work.
func (w *wakers) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.channels {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}
