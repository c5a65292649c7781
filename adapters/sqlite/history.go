package sqlite

import (
	"context"
	"encoding/json"
	"time"

	"github.com/products-importer/products-importer/products"
)

// History keeps what was changed one product at a time, in the table product_history. It is a products.History; the
// methods join the transaction of a context that has one.
type History struct{ db *DB }

var _ products.History = (*History)(nil)

// History returns the history of single changes.
func (db *DB) History() *History { return &History{db} }

// AddHistory stores an entry.
func (h *History) AddHistory(ctx context.Context, e products.HistoryEntry) error {
	fields, err := json.Marshal(e.Fields)
	if err != nil {
		return err
	}
	return h.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		_, err := t.changes(ctx, `INSERT INTO product_history (product, at, version, kind, sku, made_by, fields)
			VALUES (?, ?, ?, ?, ?, ?, ?)`, e.ProductID, h.db.now().UnixMicro(), e.Version, e.Kind, e.SKU, e.User,
			string(fields))
		return err
	})
}

// ListHistory lists entries, newest first.
func (h *History) ListHistory(ctx context.Context, q products.HistoryQuery) (found []products.HistoryEntry, err error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	err = h.db.read(ctx, func(ctx context.Context, reader querier) error {
		return each(ctx, reader, `SELECT id, product, at, version, kind, sku, made_by, fields FROM product_history
			WHERE product = ?1 AND (?2 = 0 OR id < ?2) ORDER BY id DESC LIMIT ?3`, func(scan func(...any) error) error {
			var e products.HistoryEntry
			var at int64
			var fields string
			if err := scan(&e.ID, &e.ProductID, &at, &e.Version, &e.Kind, &e.SKU, &e.User, &fields); err != nil {
				return err
			}
			e.At = timeOf(at)
			found = append(found, e)
			return json.Unmarshal([]byte(fields), &found[len(found)-1].Fields)
		}, q.ProductID, q.Before, q.Limit)
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// PruneHistory removes old entries. They are in the order of their IDs.
func (h *History) PruneHistory(ctx context.Context, age time.Duration, limit int) (removed int, err error) {
	err = h.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		result, err := t.ExecContext(ctx, `DELETE FROM product_history WHERE id IN (
			SELECT id FROM (SELECT id, at FROM product_history ORDER BY id LIMIT ?1) WHERE at < ?2)`, limit,
			h.db.now().Add(-age).UnixMicro())
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		removed = int(n)
		return err
	})
	if err != nil {
		return 0, err
	}
	return removed, nil
}
