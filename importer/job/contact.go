package job

import (
	"context"
	"errors"
	"sync"
	"time"
)

// contact is what a Runner knows of its way to the store. A store that was out of reach for everybody let leases run out
// whose workers are well. Whoever comes back first must not take them for vanished.
type contact struct {
	mu     sync.Mutex
	failed time.Time // when the first call failed since one came through; zero for none
	leave  time.Time // until when jobs are left to their workers
}

// outage is how long a store must have been out of reach for leases to have run out meanwhile, and how long workers then
// get to come back: it is longer than a renewal that hangs, and than the pauses between tries.
func (r *Runner) outage() time.Duration { return r.options.Lease / 2 }

// heard notes how a call to the store ended. One that the caller broke off says nothing.
func (r *Runner) heard(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	c := &r.contact
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	switch {
	case passes(err) || errors.Is(err, context.DeadlineExceeded):
		if c.failed.IsZero() {
			c.failed = now
		}
	case !c.failed.IsZero():
		if now.Sub(c.failed) >= r.outage() {
			c.leave = now.Add(r.outage())
		}
		c.failed = time.Time{}
	}
}

// nobody is an ID that no job has.
const nobody = "00000000-0000-7000-8000-000000000000"

// rejoin makes sure that jobs are left to their workers for a while after the store was out of reach.
func (r *Runner) rejoin(ctx context.Context) error {
	c := &r.contact
	c.mu.Lock()
	away := !c.failed.IsZero() && time.Since(c.failed) >= r.outage()
	c.mu.Unlock()
	if away {
		_, err := r.store.Get(ctx, nobody)
		r.heard(ctx, err)
		if !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	c.mu.Lock()
	wait := time.Until(c.leave)
	c.mu.Unlock()
	if wait <= 0 {
		return nil
	}
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
