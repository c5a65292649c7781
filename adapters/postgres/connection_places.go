package postgres

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/products-importer/products-importer/products"
)

// purpose is what a connection is used for. There is one pool, and each purpose may use only so much of it that the
// others don't have to wait for it.
type purpose int

const (
	forUrgent   purpose = iota // short, and others depend on it: heartbeats of imports, DB.Ping
	forReading                 // what an index finds
	forWriting                 // transactions but those below
	forBulk                    // the transactions of batches, and of what removes all products
	forHeavy                   // reads that look at more than they return: searches, counts, orders without an index
	forBuilding                // of indexes
	purposes
)

// terms bound what is done for a purpose.
type terms struct {
	wait    time.Duration // for a connection that is free
	silence time.Duration // how long the server may be silent while it is waited for
	limit   time.Duration // for everything that is done over the connection, 0 for none
}

// buildingSilence is how long the server may be silent while it builds indexes and migrates.
const buildingSilence = 24 * time.Hour

// defaultTerms are those of every DB. Only its silence distinguishes a server that is frozen or out of reach from a
// slow one. Reads don't wait for others, so theirs may be short; writes wait for others' locks, and are tried again.
var defaultTerms = [purposes]terms{
	forUrgent:   {wait: 3 * time.Second, silence: 5 * time.Second},
	forReading:  {wait: 5 * time.Second, silence: 8 * time.Second},
	forWriting:  {wait: 10 * time.Second, silence: 15 * time.Second},
	forBulk:     {wait: time.Minute, silence: 30 * time.Minute},
	forHeavy:    {wait: time.Second, silence: 8 * time.Second, limit: 7 * time.Second},
	forBuilding: {wait: time.Minute, silence: buildingSilence},
}

// places are semaphores: who holds a place may have a connection open.
type places struct {
	kept   chan struct{} // for what is urgent
	common chan struct{}
	// Of the common ones.
	bulk, heavy chan struct{}

	waits  atomic.Int64 // how often somebody waited for one
	waited atomic.Int64 // for how long in all, in nanoseconds
}

// newPlaces divides the connections: a tenth is kept for what is urgent, another eighth isn't given to batches, and
// heavy reads get at most as many as said. Where there are three or fewer, everything but heavy reads may use them all.
func newPlaces(connections, heavyReads int) *places {
	kept, spared := 0, 0
	if connections > 3 {
		kept, spared = max(connections/10, 1), max(connections/8, 1)
	}
	common := connections - kept
	return &places{
		kept:   make(chan struct{}, kept),
		common: make(chan struct{}, common),
		bulk:   make(chan struct{}, common-spared),
		heavy:  make(chan struct{}, min(heavyReads, common)),
	}
}

// place is what one connection holds of them.
type place struct{ own, common chan struct{} }

func (p place) release() {
	if p.common != nil {
		<-p.common
	}
	if p.own != nil {
		<-p.own
	}
}

// acquire waits for a place, for as long as the terms say. The error is the context's, or an ErrBusy.
func (p *places) acquire(ctx context.Context, purpose purpose, wait time.Duration) (held place, err error) {
	queue := waiter{places: p, ctx: ctx, wait: wait}
	defer queue.end()
	switch purpose {
	case forUrgent:
		held.common, err = queue.acquireEither(p.kept, p.common)
		return held, err
	case forBulk:
		held.own, err = queue.acquireEither(p.bulk, nil)
	case forHeavy:
		held.own, err = queue.acquireEither(p.heavy, nil)
	}
	if err == nil {
		held.common, err = queue.acquireEither(p.common, nil)
	}
	if err != nil {
		held.release()
	}
	return held, err
}

// waiter waits for places, for one connection.
type waiter struct {
	places *places
	ctx    context.Context
	wait   time.Duration
	timer  *time.Timer // nil while there was no need to wait
	began  time.Time   // the wait, if there is a timer
}

func (q *waiter) end() {
	if q.timer != nil {
		q.timer.Stop()
		q.places.waits.Add(1)
		q.places.waited.Add(int64(time.Since(q.began)))
	}
}

// acquireEither waits for a place in one of the two, of which the second may be nil.
func (q *waiter) acquireEither(a, b chan struct{}) (got chan struct{}, err error) {
	select {
	case a <- struct{}{}:
		return a, nil
	case b <- struct{}{}:
		return b, nil
	default:
	}
	if q.timer == nil {
		q.timer, q.began = time.NewTimer(q.wait), time.Now()
	}
	select {
	case a <- struct{}{}:
		return a, nil
	case b <- struct{}{}:
		return b, nil
	case <-q.ctx.Done():
		return nil, q.ctx.Err()
	case <-q.timer.C:
		return nil, fmt.Errorf("%w: no connection was free within %v", products.ErrBusy, q.wait)
	}
}
