package postgres

import (
	"context"

	"github.com/products-importer/products-importer/products"
)

// noteUpdated notes what was updated, for Batch.Changed: what it takes to read it again.
func (w *batchWriter) noteUpdated(f match) {
	if w.batch.Changed != nil {
		f.size += int32(w.columns.Bytes(w.record(f)))
		w.reread = append(w.reread, f)
	}
}

// notify calls Batch.Changed with what was written. It can't change any more: every row is locked.
func (w *batchWriter) notify(ctx context.Context, t *transaction) error {
	parts := products.Parts{Changed: func(ctx context.Context, created, updated []products.Product) error {
		if err := w.batch.Changed(ctx, created, updated); err != nil {
			return callbackError{err}
		}
		return nil
	}}
	if w.layout.own != nil {
		if err := w.notifyCreated(ctx, t, &parts); err != nil {
			return err
		}
	}
	for at, outcome := range w.result.Outcomes {
		if outcome != products.Created || w.layout.own != nil {
			continue
		}
		if err := parts.Created(ctx, w.created(at)); err != nil {
			return err
		}
	}
	for rest := w.reread; len(rest) > 0; {
		chunk := w.chunk(rest)
		rest = rest[len(chunk):]
		all, err := w.readUpdated(ctx, t, chunk)
		if err != nil {
			return err
		}
		for i := range all {
			if err := parts.Updated(ctx, all[i]); err != nil {
				return err
			}
		}
	}
	return parts.Flush(ctx)
}

// readUpdated reads products that this batch updated.
func (w *batchWriter) readUpdated(ctx context.Context, t *transaction, chunk []match) ([]products.Product, error) {
	if w.layout.own != nil {
		return w.readOwn(ctx, t, chunk, false)
	}
	all := make([]products.Product, 0, len(chunk))
	err := eachShard(w.shards, chunk, w.keyOfMatch, func(some []match) error {
		rows, err := w.layout.readByKeys(ctx, t, w.shards, w.keysOf(some), len(some))
		for i := range rows {
			all = append(all, rows[i].Product)
		}
		return err
	})
	return all, err
}

// keysOf makes the parameter for the keys of records.
func (w *batchWriter) keysOf(some []match) arrayValue {
	keys := &w.scratch.key
	keys.reset()
	for _, f := range some {
		keys.add(w.record(f).Key)
	}
	return keys.bytes()
}

// ofKeys is FROM what, for the rows p of the keys $1, all of them on one shard: each is looked up in its own partition,
// where = ANY looks for all of them in each. It is for transactions with joinByIndex. inOrder puts
// them in order.
func (l *layout) ofKeys(s *shards) string {
	return ` FROM (SELECT unnest($1::text[]) AS "x key") AS x JOIN ` + l.table.String() + ` p ON ` +
		l.hasKey(s, `x."x key"`, "$1::text[]")
}

// inOrder orders the rows of ofKeys by their keys. By the column itself the planner might rather read all of its index.
const inOrder = ` ORDER BY x."x key" COLLATE "C"`

// readByKeys reads whole rows by their keys, some n of them, all on one shard, in any order.
func (l *layout) readByKeys(ctx context.Context, t *transaction, s *shards, keys arrayValue, n int) ([]row, error) {
	if !t.byIndex { // somebody else's statements came in between
		if err := t.joinByIndex(ctx, l.table); err != nil {
			return nil, err
		}
	}
	result, err := t.QueryxContext(ctx, `SELECT `+l.selected+l.ofKeys(s), keys)
	if err != nil {
		return nil, err
	}
	return newRowReader(l.columns, true).readAll(make([]row, 0, n), result)
}
