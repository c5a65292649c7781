package webhooks

import (
	"context"
	"errors"
	"sync"
	"time"
)

// feedPoll is how often the feed's end is looked for while somebody waits for it, where nothing wakes.
const feedPoll = time.Second

// feedWatch looks for the feed's end for all who wait for it, while there are any: so they ask the store as often as
// one does.
type feedWatch struct {
	store Store

	mu      sync.Mutex
	waiting int
	stop    context.CancelFunc // of who looks, while somebody waits
	newest  Cursor             // as it was seen last
	moved   chan struct{}      // closed when that changes
}

// AwaitFeed waits until there may be events behind the place where a page of the feed ended, or reading it has become
// an error: then it returns nil. It returns the context's error when that ends before.
func (s *Service) AwaitFeed(ctx context.Context, after Cursor) error {
	w := &s.feed
	w.join()
	defer w.leave()
	for {
		w.mu.Lock()
		newest, moved := w.newest, w.moved
		w.mu.Unlock()
		if newest.Feed == after.Feed && newest.Place > after.Place {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-moved:
			w.mu.Lock()
			newest = w.newest
			w.mu.Unlock()
			if newest.Feed != after.Feed {
				return nil // it was switched off, or off and on
			}
		}
	}
}

// join counts one who waits. The first one has somebody look, who knows nothing of earlier.
func (w *feedWatch) join() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting++; w.waiting > 1 {
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	w.stop, w.newest, w.moved = stop, Cursor{}, make(chan struct{})
	go w.look(ctx)
}

// leave counts one less.
func (w *feedWatch) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting--; w.waiting == 0 {
		w.stop()
	}
}

// look looks for the feed's end until the context ends.
func (w *feedWatch) look(ctx context.Context) {
	wake := w.store.Wake(ctx)
	timer := time.NewTicker(feedPoll)
	defer timer.Stop()
	for ctx.Err() == nil {
		ends, err := w.store.FeedEnds(ctx)
		if err == nil || errors.Is(err, ErrNoFeed) { // else it is tried again
			w.see(ctx, ends.Newest)
		}
		select {
		case <-ctx.Done():
		case <-wake:
		case <-timer.C:
		}
	}
}

// see notes the feed's end, and wakes those who wait where it is another one. What is seen first wakes too where there
// is no feed.
func (w *feedWatch) see(ctx context.Context, newest Cursor) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Err() != nil || newest == w.newest && newest != (Cursor{}) {
		return
	}
	w.newest = newest
	close(w.moved)
	w.moved = make(chan struct{})
}
