package progress

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

// ErrClosed is returned by [Subscription.Next] after Close.
var ErrClosed = errors.New("progress: the subscription is closed")

// Hub passes values on to the subscribers of their key. A slow subscriber loses values in between and always gets the
// latest one: publishing costs the same for one subscriber as for thousands, and never waits for any. The zero value is
// ready; a Hub is safe for concurrent use, and must not be copied.
type Hub[K comparable, V any] struct {
	mu     sync.Mutex
	topics map[K]*topic[V] // those with subscribers
	length int             // subscribers of all topics
}

// topic is a key with subscribers.
type topic[V any] struct {
	latest      atomic.Pointer[moment[V]]
	subscribers int // guarded by Hub.mu
}

// moment is a published value, or, with empty set, the time before the first one. It ends when the next value comes.
type moment[V any] struct {
	value V
	empty bool
	ended chan struct{}
}

// Publish passes the value on to the key's subscribers, and to those that subscribe while the key has any. Without
// subscribers it is dropped. Of values published at the same time either may be the latest.
func (h *Hub[K, V]) Publish(key K, value V) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[key]
	if t == nil {
		return
	}
	before := t.latest.Swap(&moment[V]{value: value, ended: make(chan struct{})})
	close(before.ended)
}

// Subscribe returns a new subscription to the key's values. It begins with the one that Latest returns, or else with
// the next one. The caller closes it.
func (h *Hub[K, V]) Subscribe(key K) *Subscription[V] {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[key]
	if t == nil {
		t = &topic[V]{}
		t.latest.Store(&moment[V]{empty: true, ended: make(chan struct{})})
		if h.topics == nil {
			h.topics = map[K]*topic[V]{}
		}
		h.topics[key] = t
	}
	t.subscribers++
	h.length++
	s := &Subscription[V]{topic: t, closed: make(chan struct{})}
	s.leave = sync.OnceFunc(func() {
		close(s.closed)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.length--
		if t.subscribers--; t.subscribers == 0 {
			delete(h.topics, key)
		}
	})
	return s
}

// Latest returns the value with which a new subscription to the key would begin, and whether there is one: it is kept
// for as long as the key has subscribers.
func (h *Hub[K, V]) Latest(key K) (value V, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[key]
	if t == nil {
		return value, false
	}
	latest := t.latest.Load()
	return latest.value, !latest.empty
}

// Keys returns the keys that have subscribers, in any order.
func (h *Hub[K, V]) Keys() []K {
	h.mu.Lock()
	defer h.mu.Unlock()
	keys := make([]K, 0, len(h.topics))
	for key := range h.topics {
		keys = append(keys, key)
	}
	return keys
}

// Len returns how many subscriptions there are, to all keys.
func (h *Hub[K, V]) Len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.length
}

// Subscription is one subscriber's view of a key. Next is called by one goroutine at a time, Close by any.
type Subscription[V any] struct {
	topic  *topic[V]
	seen   *moment[V]
	closed chan struct{}
	leave  func()
}

// Next waits for a value newer than the last one that it returned, and returns the latest. The error is the context's
// once that has ended, or ErrClosed after Close.
func (s *Subscription[V]) Next(ctx context.Context) (V, error) {
	for {
		var none V
		select {
		case <-s.closed:
			return none, ErrClosed
		default:
		}
		if err := ctx.Err(); err != nil {
			return none, err
		}
		now := s.topic.latest.Load()
		if now != s.seen && !now.empty {
			s.seen = now
			return now.value, nil
		}
		select {
		case <-now.ended:
		case <-ctx.Done():
		case <-s.closed:
		}
	}
}

// Close ends the subscription. Closing it twice is no error.
func (s *Subscription[V]) Close() { s.leave() }
