package job

import (
	"context"
	"errors"
	"sync"
	"time"
)

// outageDetector keeps a Runner from taking over jobs whose workers are well: when the store was out of reach for
// everybody, leases ran out, and whoever reaches it first again must not take the other workers for vanished.
type outageDetector struct {
	// least is how long the store must have been out of reach for leases to have run out meanwhile, and how long the
	// workers then get to come back: longer than a renewal that hangs, and than the pauses between tries.
	least time.Duration

	mu        sync.Mutex
	failed    time.Time // when the first call failed since one succeeded; zero for none
	waitUntil time.Time // until then jobs are left to their workers
}

// observe takes in how a call to the store ended. A call that was broken off by its own context says nothing.
func (d *outageDetector) observe(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	switch {
	case isTransient(err) || errors.Is(err, context.DeadlineExceeded):
		if d.failed.IsZero() {
			d.failed = now
		}
	case !d.failed.IsZero():
		if now.Sub(d.failed) >= d.least {
			d.waitUntil = now.Add(d.least)
		}
		d.failed = time.Time{}
	}
}

// outage reports whether the store has been out of reach for long, as far as is known.
func (d *outageDetector) outage() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.failed.IsZero() && time.Since(d.failed) >= d.least
}

// wait returns once jobs need not be left to their workers any more, or with the context's error.
func (d *outageDetector) wait(ctx context.Context) error {
	d.mu.Lock()
	wait := time.Until(d.waitUntil)
	d.mu.Unlock()
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
