package products

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// HistoryEntry is a single change of a product, and who made it.
type HistoryEntry struct {
	// ID grows with every entry. The store sets it, and At.
	ID   int64
	Kind ChangeKind
	// ProductID is the product's, 0 for AllDeleted.
	ProductID int64
	// SKU is the product's after the change, or its last one; empty for AllDeleted.
	SKU string
	// Version is the product's after the change, or its last one; 0 for AllDeleted.
	Version int64
	// User is who made the change, see [WithUser]; empty where that isn't known.
	User string
	// At is the time by the store's clock, in UTC and microseconds.
	At time.Time
	// Fields are those that changed: of a product that was created or deleted all that have a value.
	Fields []FieldChange
}

// HistoryQuery selects entries.
type HistoryQuery struct {
	// ProductID is the product's; 0 selects the entries of AllDeleted.
	ProductID int64
	// Before, if not 0, is an ID: only smaller ones are selected.
	Before int64
	// Limit is the highest number of entries, 1 to 1,000.
	Limit int
}

// Check returns an error for a query that no [History] answers.
func (q *HistoryQuery) Check() error {
	if q.Limit < 1 || q.Limit > 1_000 {
		return fmt.Errorf("products: the limit of a history must be between 1 and 1,000, not %d", q.Limit)
	}
	return nil
}

// History keeps what was changed one product at a time, and who did it. Its methods are safe for concurrent use, join
// the transaction of a context that has one, and change nothing when they return an error. What goes in is copied, and
// what comes out is the caller's.
type History interface {
	// AddHistory stores an entry, in the transaction of its context or in one of its own. Of one product, entries that
	// are added in transactions which change it have IDs in the order of the changes.
	AddHistory(ctx context.Context, entry HistoryEntry) error
	// ListHistory returns entries, the greatest ID first. An error for a limit out of bounds.
	ListHistory(ctx context.Context, q HistoryQuery) ([]HistoryEntry, error)
	// PruneHistory removes entries that are older than the age, by the store's clock: the oldest ones, at most limit,
	// which is 1 or more. It returns how many it removed: when that is the limit, there may be more.
	PruneHistory(ctx context.Context, age time.Duration, limit int) (removed int, err error)
}

// Historian is a ChangeNotifier that adds changes to a History, in their transactions, and tells another notifier.
type Historian struct {
	history History
	schema  *Schema
	next    ChangeNotifier
}

// NewHistorian returns a Historian. The schema is the store's, nil for that of [Standard]; next is told of each change
// once it is in the history, and may be nil.
func NewHistorian(history History, schema *Schema, next ChangeNotifier) (*Historian, error) {
	if history == nil {
		return nil, errors.New("products: a Historian needs a History")
	}
	if schema == nil {
		schema = Standard()
	}
	return &Historian{history, schema, next}, nil
}

// Notify is ChangeNotifier.Notify.
func (h *Historian) Notify(ctx context.Context, change Change) error {
	entry := HistoryEntry{Kind: change.Kind, User: userOf(ctx)}
	if p := change.Product; p != nil {
		entry.ProductID, entry.SKU, entry.Version = p.ID, p.SKU, p.Version
		before, after := change.Before, p
		if change.Kind == WasDeleted {
			before, after = p, nil
		}
		entry.Fields = FieldChanges(h.schema, before, after)
	}
	if err := h.history.AddHistory(ctx, entry); err != nil {
		return err
	}
	if h.next == nil {
		return nil
	}
	return h.next.Notify(ctx, change)
}

type userKey struct{}

// WithUser returns a context that says who makes the changes that are made with it.
func WithUser(ctx context.Context, user string) context.Context {
	return context.WithValue(ctx, userKey{}, user)
}

// userOf returns who makes changes, "" where nothing says so.
func userOf(ctx context.Context) string {
	user, _ := ctx.Value(userKey{}).(string)
	return user
}
