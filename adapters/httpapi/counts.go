package httpapi

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/products-importer/products-importer/products"
)

const (
	// quickCount is how long a count may take that isn't cached.
	quickCount = 5 * time.Millisecond
	// countLife is how long a cached count is used.
	countLife = time.Second
	// maxCounts bounds how many are kept.
	maxCounts = 1_024
	// exactCount and exactSearchCount are up to how many products are counted: a store may estimate what is more.
	// Whether text is in a product takes longer to find out than anything else.
	exactCount       = 100_000
	exactSearchCount = 10_000
)

// counts caches how many products match a query where counting is slow: a page of a list is found by an index, and its
// count looks at every product. A count is used for a second at most, and never after a change that was made through
// this API. The zero value is ready.
type counts struct {
	mu      sync.Mutex
	entries map[selection]*count
}

// selection is the part of a query that its count depends on.
type selection struct {
	name, sku, search, status, where string
	upTo                             int
}

// count is the cached count of a query. The goroutine that holds turn counts; the others wait for it, and use what it
// has found.
type count struct {
	slow  atomic.Bool
	turn  chan struct{}
	value int64
	rough bool // it is estimated
	until time.Time
}

// forget drops all counts, since products changed.
func (c *counts) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.entries)
}

// list returns the page, with its count if that is wanted.
func (c *counts) list(ctx context.Context, store products.Reader, q products.Query,
	wantCount bool) (products.Page, error) {
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
		known, rough := entry.value, entry.rough
		<-entry.turn
		q.SkipCount = true
		page, err := store.List(ctx, q)
		page.Count, page.CountEstimated = known, rough
		return page, err
	}
	defer func() { <-entry.turn }()
	began := time.Now()
	page, err := store.List(ctx, q)
	if now := time.Now(); err == nil {
		entry.value, entry.rough, entry.until = page.Count, page.CountEstimated, now.Add(countLife)
		entry.slow.Store(now.Sub(began) > quickCount)
	}
	return page, err
}

// entry returns the place for the query's count.
func (c *counts) entry(q products.Query) *count {
	key := selection{name: q.Name, sku: q.SKU, search: q.Search, upTo: q.CountUpTo}
	for _, c := range q.Where {
		key.where += fmt.Sprintf("%s %q\n", c.Name(), c.Value)
	}
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
