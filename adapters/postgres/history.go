package postgres

import (
	"context"
	"database/sql"
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
	fields := make([]products.FieldChange, len(e.Fields))
	for i, f := range e.Fields {
		fields[i] = products.FieldChange{Name: clean(f.Name), Before: cleanOptional(f.Before),
			After: cleanOptional(f.After)}
	}
	text, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	err = h.db.joinLimited(ctx, func(ctx context.Context, t *transaction) error {
		_, err := t.ExecContext(ctx, `INSERT INTO product_history (product, at, version, kind, sku, made_by, fields)
			VALUES ($1, clock_timestamp(), $2, $3, $4, $5, $6)`, e.ProductID, e.Version, int64(e.Kind), clean(e.SKU),
			clean(e.User), string(text))
		return err
	})
	return fail(ctx, err, sql.ErrNoRows)
}

// cleanOptional cleans a text, if there is one.
func cleanOptional(text *string) *string {
	if text == nil {
		return nil
	}
	cleaned := clean(*text)
	return &cleaned
}

// ListHistory lists entries, newest first.
func (h *History) ListHistory(ctx context.Context, query products.HistoryQuery) ([]products.HistoryEntry, error) {
	if err := query.Check(); err != nil {
		return nil, err
	}
	var found []products.HistoryEntry
	err := h.db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		found = nil // it may be called again
		rows, err := q.QueryxContext(ctx, `SELECT id, product, at, version, kind, sku, made_by, fields FROM product_history
			WHERE product = $1 AND ($2::bigint = 0 OR id < $2) ORDER BY id DESC LIMIT $3`, query.ProductID, query.Before,
			query.Limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var e products.HistoryEntry
			if err := rows.Scan(&e.ID, &e.ProductID, &e.At, &e.Version, &e.Kind, &e.SKU, &e.User,
				document{&e.Fields}); err != nil {
				return err
			}
			e.At = e.At.UTC()
			found = append(found, e)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fail(ctx, err, sql.ErrNoRows)
	}
	return found, nil
}

// PruneHistory removes old entries. They are about in the order of their IDs.
func (h *History) PruneHistory(ctx context.Context, age time.Duration, limit int) (removed int, err error) {
	err = h.db.joinLimited(ctx, func(ctx context.Context, t *transaction) error {
		result, err := t.ExecContext(ctx, `DELETE FROM product_history WHERE id IN (
			SELECT id FROM (SELECT id, at FROM product_history ORDER BY id LIMIT $1) oldest
			WHERE at < clock_timestamp() - $2 * interval '1 microsecond')`, limit, age.Microseconds())
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		removed = int(n)
		return err
	})
	if err != nil {
		return 0, fail(ctx, err, sql.ErrNoRows)
	}
	return removed, nil
}
