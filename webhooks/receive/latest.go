package receive

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"
)

// Latest finds out which changes of products are stale: they come late, or for the second time. Messages come in any
// order; those of one product are ordered by its version. Latest remembers every product that it has seen, in memory.
// A receiver with a table of products keeps the version there instead, and compares it in the statement that writes.
// It is safe for concurrent use.
type Latest struct {
	mu       sync.Mutex
	products map[int64]lastChange // by ID
	emptied  time.Time            // when all products were deleted last
}

// lastChange is the latest change of a product that has come.
type lastChange struct {
	version int64
	deleted bool
	at      time.Time
}

// Change is the change of one product in a message.
type Change struct {
	// ID is the product's, Version its version after the change, both from 1.
	ID, Version int64
	// Deleted says that the product is gone. The version is then its last.
	Deleted bool
	// Stale says that this change, or a later one of the product, came before: it is to be ignored.
	Stale bool
	// Product is the product as the message has it, a JSON object.
	Product json.RawMessage
}

// NewLatest returns a Latest that has seen nothing.
func NewLatest() *Latest { return &Latest{products: map[int64]lastChange{}} }

// Add adds a message that was verified, and returns the changes in it, in its order; none for a message that isn't
// about single products. A [ProductsDeletedAll] makes all changes stale that happened before it, by the messages'
// timestamps. The error is [ErrMessage]: then nothing is added.
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
		changes[i].Stale = l.stale(&changes[i], m.Timestamp)
	}
	return changes, nil
}

// stale reports whether a change is stale, and remembers one that isn't.
func (l *Latest) stale(c *Change, at time.Time) bool {
	known := l.products[c.ID]
	switch {
	case at.Before(l.emptied), c.Version < known.version:
		return true
	case c.Version == known.version && (known.deleted || !c.Deleted):
		return true // a deletion has the version of the last change
	}
	l.products[c.ID] = lastChange{c.Version, c.Deleted, at}
	return false
}

// empty forgets what happened before all products were deleted.
func (l *Latest) empty(at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !at.After(l.emptied) {
		return
	}
	l.emptied = at
	for id, known := range l.products {
		if known.at.Before(at) {
			delete(l.products, id)
		}
	}
}
