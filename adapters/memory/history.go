package memory

import (
	"context"
	"slices"
	"time"

	"github.com/products-importer/products-importer/products"
)

// History keeps what was changed one product at a time. It is a products.History; the methods join the transaction of a
// context that has one.
type History struct {
	db      *DB
	entries []products.HistoryEntry // in the order of their IDs
	lastID  int64
}

var _ products.History = (*History)(nil)

// History returns the history of single changes.
func (db *DB) History() *History { return &db.history }

// AddHistory stores an entry.
func (h *History) AddHistory(ctx context.Context, entry products.HistoryEntry) error {
	return h.db.do(ctx, func(_ context.Context, t *tx) error {
		before := h.entries
		h.lastID++
		entry.ID, entry.At, entry.Fields = h.lastID, h.db.now(), ownedFields(entry.Fields)
		h.entries = append(h.entries, entry)
		t.onRollback(func() { h.entries = before })
		return nil
	})
}

// ownedFields copies fields and their texts' pointers.
func ownedFields(fields []products.FieldChange) []products.FieldChange {
	own := slices.Clone(fields)
	for i := range own {
		for _, text := range []**string{&own[i].Before, &own[i].After} {
			if *text != nil {
				is := **text
				*text = &is
			}
		}
	}
	return own
}

// ListHistory lists entries, newest first.
func (h *History) ListHistory(ctx context.Context, q products.HistoryQuery) (found []products.HistoryEntry, err error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	err = h.db.do(ctx, func(context.Context, *tx) error {
		for _, e := range slices.Backward(h.entries) {
			if len(found) == q.Limit {
				break
			}
			if e.ProductID == q.ProductID && (q.Before == 0 || e.ID < q.Before) {
				e.Fields = ownedFields(e.Fields)
				found = append(found, e)
			}
		}
		return nil
	})
	return found, err
}

// PruneHistory removes old entries.
func (h *History) PruneHistory(ctx context.Context, age time.Duration, limit int) (removed int, err error) {
	err = h.db.do(ctx, func(_ context.Context, t *tx) error {
		before, oldest := h.entries, h.db.now().Add(-age)
		for removed < min(limit, len(before)) && before[removed].At.Before(oldest) {
			removed++
		}
		h.entries = slices.Clone(before[removed:])
		t.onRollback(func() { h.entries = before })
		return nil
	})
	if err != nil {
		return 0, err
	}
	return removed, nil
}
