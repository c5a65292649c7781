package postgres

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/lib/pq"
)

// BuildSearchIndex builds the index that makes Query.Search fast, a trigram index over SKU, name and the fields
// that are searched, and returns once it is there. It blocks no reads or writes; where the index exists it does
// nothing, unless it lacks one of the fields, or was left behind unfinished: then it is built anew. Of several
// processes one builds, and the others wait for it. The database's user must be allowed to create the extension
// pg_trgm, or that must exist. Not to be called inside a transaction.
//
// The index makes imports slow: half a million new products take several times as long while it exists. Build it after
// the first large import, and drop it before another: see [DB.DropSearchIndex].
func (db *DB) BuildSearchIndex(ctx context.Context) error {
	names, columns := pq.StringArray{"sku", "name"}, []string{"sku gin_trgm_ops", "name gin_trgm_ops"}
	for _, f := range searched(db.products.layout.schema) {
		names = append(names, f.Name)
		columns = append(columns, columnOf(f)+" gin_trgm_ops")
	}
	var usable bool
	err := db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		return q.QueryRowxContext(ctx, searchIndex, names).Scan(new(bool), &usable)
	})
	if err != nil || usable {
		return fail(ctx, err, nil)
	}
	return fail(ctx, db.building(ctx, func(ctx context.Context, pool *sql.DB) error {
		if _, err := pool.ExecContext(ctx, `CREATE EXTENSION IF NOT EXISTS pg_trgm`); err != nil {
			return err
		}
		var exists bool
		if err := pool.QueryRowContext(ctx, searchIndex, names).Scan(&exists, &usable); err != nil || usable {
			return err
		}
		if exists {
			if _, err := pool.ExecContext(ctx, dropSearchIndex); err != nil {
				return err
			}
		}
		if _, err := pool.ExecContext(ctx, `CREATE INDEX CONCURRENTLY IF NOT EXISTS products_search ON products USING gin (`+
			strings.Join(columns, ", ")+`)`); err != nil {
			return err
		}
		if err := pool.QueryRowContext(ctx, searchIndex, names).Scan(&exists, &usable); err != nil || usable {
			return err
		}
		return errors.New("postgres: the index products_search was built and can't be used: drop it, and build it again")
	}), nil)
}

// DropSearchIndex drops what BuildSearchIndex built. It waits for who builds it.
func (db *DB) DropSearchIndex(ctx context.Context) error {
	return fail(ctx, db.building(ctx, func(ctx context.Context, pool *sql.DB) error {
		_, err := pool.ExecContext(ctx, dropSearchIndex)
		return err
	}), nil)
}

const (
	// searchIndex finds out whether the index is there, and whether it can be used: a build that was interrupted leaves
	// one that can't, and another program may have built one that lacks a field of the array $1.
	searchIndex = `SELECT count(*) > 0, coalesce(bool_and(indisvalid AND ARRAY(
			SELECT attname::text FROM pg_attribute WHERE attrelid = indexrelid) @> $1::text[]), false)
		FROM pg_index WHERE indexrelid = to_regclass('products_search')`
	dropSearchIndex = `DROP INDEX CONCURRENTLY IF EXISTS products_search`
)

// building calls f with connections for what may take long, while this process alone builds or drops indexes:
// PostgreSQL ends one of two that do so at the same time, as a deadlock.
func (db *DB) building(ctx context.Context, f func(ctx context.Context, pool *sql.DB) error) error {
	pool, closePool := db.buildingPool(ctx)
	defer closePool()
	return db.locked(ctx, indexLock, func(ctx context.Context) error { return f(ctx, pool) })
}
