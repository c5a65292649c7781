package httpapi

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/products-importer/products-importer/products"
)

const (
	// quickCount is how long a count may take that is made anew for every request.
	quickCount = 5 * time.Millisecond
	// countLife is for how long a count that took longer is believed.
	countLife = time.Second
	// maxCounts bounds how many are kept.
	maxCounts = 1_024
)

// counts remembers how many products match a query where it takes long to find out: a list's page is found by an index,
// and its count looks at every product. A count is believed for a second at most, and not across a change that was
// made through this API. The zero value is ready.
type counts struct {
	mu      sync.Mutex
	entries map[selection]*count
}

// selection is the part of a query that its count depends on.
type selection struct{ name, sku, search, status string }

// count is a remembered count of a query that is slow to count. Whoever holds turn counts; the others wait for it, and
// find the count there.
type count struct {
	slow  atomic.Bool
	turn  chan struct{}
	value int64
	until time.Time
}

// forget drops all counts, since products changed.
func (c *counts) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.entries)
}

// list returns the page, with its count if that is wanted.
func (c *counts) list(ctx context.Context, store products.Reader, q products.Query, wantCount bool) (products.Page, error) {
	q.SkipCount = !wantCount
	if q.SkipCount || q.SKU != "" { // a SKU is found by its key
		return store.List(ctx, q)
	}
	entry := c.entry(q)
	if !entry.slow.Load() {
		began := time.Now()
		page, err := store.List(ctx, q)
		if err == nil && time.Since(began) > quickCount {
			entry.slow.Store(true) // from the next time on
		}
		return page, err
	}
	select {
	case entry.turn <- struct{}{}:
	case <-ctx.Done():
		return products.Page{}, ctx.Err()
	}
	if time.Now().Before(entry.until) {
		known := entry.value
		<-entry.turn
		q.SkipCount = true
		page, err := store.List(ctx, q)
		page.Count = known
		return page, err
	}
	defer func() { <-entry.turn }()
	began := time.Now()
	page, err := store.List(ctx, q)
	if now := time.Now(); err == nil {
		entry.value, entry.until = page.Count, now.Add(countLife)
		entry.slow.Store(now.Sub(began) > quickCount)
	}
	return page, err
}

// entry returns the place for the query's count.
func (c *counts) entry(q products.Query) *count {
	key := selection{q.Name, q.SKU, q.Search, ""}
	if q.Status != nil {
		key.status = map[bool]string{true: "true", false: "false"}[*q.Status]
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	entry := c.entries[key]
	if entry == nil {
		if c.entries == nil || len(c.entries) >= maxCounts {
			c.entries = map[selection]*count{}
		}
		entry = &count{turn: make(chan struct{}, 1)}
		c.entries[key] = entry
	}
	return entry
}
