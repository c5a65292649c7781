package webhooks

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// Latest is for receivers: it tells what is news of a product from what comes late or twice. Events come in any order, and
// what orders those of one product is the version that each of them has. It remembers every product that it was told of;
// who has a table of products keeps the version there instead, and compares it in the statement that writes. It is safe
// for concurrent use.
type Latest struct {
	mu       sync.Mutex
	products map[int64]latest // by ID
	emptied  time.Time        // when all products were deleted last
}

// latest is what is known of a product.
type latest struct {
	version int64
	deleted bool
	told    time.Time
}

// Change is what a message tells of a product.
type Change struct {
	ID, Version int64
	// Deleted: it is gone, and the version is its last.
	Deleted bool
	// News: nothing later of the product was told before. What isn't is to be passed over.
	News bool
	// Product is the product as the message has it.
	Product json.RawMessage
}

// NewLatest returns a Latest that knows nothing.
func NewLatest() *Latest { return &Latest{products: map[int64]latest{}} }

// Add takes in a message that was verified, and returns what it tells of products, in its order: nothing for one that tells
// of none. A products.deleted_all makes all that was told before it, by the messages' timestamps, no news any more.
func (l *Latest) Add(m *Message) (changes []Change, err error) {
	deleted := false
	switch m.Type {
	case ProductCreated, ProductUpdated:
	case ProductDeleted:
		deleted = true
	case ProductsDeletedAll:
		l.empty(m.Timestamp)
		return nil, nil
	default:
		return nil, nil
	}
	var data struct {
		Products []json.RawMessage `json:"products"`
	}
	if err := json.Unmarshal(m.Data, &data); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	for _, raw := range data.Products {
		var p struct{ ID, Version int64 }
		if err := json.Unmarshal(raw, &p); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMessage, err)
		}
		if p.ID < 1 || p.Version < 1 {
			return nil, fmt.Errorf("%w: a product without an id and a version", ErrMessage)
		}
		changes = append(changes, Change{ID: p.ID, Version: p.Version, Deleted: deleted, Product: raw})
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range changes {
		changes[i].News = l.news(&changes[i], m.Timestamp)
	}
	return changes, nil
}

// news tells whether a change is news, and remembers it then.
func (l *Latest) news(c *Change, told time.Time) bool {
	known := l.products[c.ID]
	switch {
	case told.Before(l.emptied), c.Version < known.version:
		return false
	case c.Version == known.version && (known.deleted || !c.Deleted):
		return false // a deletion has the version of the last change
	}
	l.products[c.ID] = latest{c.Version, c.Deleted, told}
	return true
}

// empty forgets what was told before.
func (l *Latest) empty(told time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !told.After(l.emptied) {
		return
	}
	l.emptied = told
	for id, known := range l.products {
		if known.told.Before(told) {
			delete(l.products, id)
		}
	}
}
