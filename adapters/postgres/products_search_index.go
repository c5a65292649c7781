package postgres

import (
	"context"
	"strings"

	"github.com/lib/pq"
)

// BuildSearchIndex builds the index that makes Query.Search fast, a trigram index over SKU, name and the fields
// that are searched, and returns once it is there. It blocks no reads or writes; where the index exists it does
// nothing, unless it lacks one of the fields: then it is built anew. The database's user must be
// allowed to create the extension pg_trgm, or that must exist. Not to be called inside a transaction.
//
// The index makes imports slow: half a million new products take several times as long while it exists. Build it after
// the first large import, and drop it before another: see [DB.DropSearchIndex].
func (db *DB) BuildSearchIndex(ctx context.Context) error {
	names, columns := []string{"'sku'", "'name'"}, []string{"sku gin_trgm_ops", "name gin_trgm_ops"}
	for _, f := range searched(db.products.layout.schema) {
		names = append(names, pq.QuoteLiteral(f.Name))
		columns = append(columns, columnOf(f)+" gin_trgm_ops")
	}
	return fail(ctx, db.build(ctx,
		`CREATE EXTENSION IF NOT EXISTS pg_trgm`,
		// What a build that was interrupted left behind is of no use, nor is one that lacks a field.
		`DO $$ BEGIN
			IF EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass('products_search') AND (NOT indisvalid
					OR NOT ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = indexrelid)
						@> ARRAY[`+strings.Join(names, ", ")+`])) THEN
				DROP INDEX products_search;
			END IF;
		END $$`,
		`CREATE INDEX CONCURRENTLY IF NOT EXISTS products_search ON products USING gin (`+
			strings.Join(columns, ", ")+`)`), nil)
}

// DropSearchIndex drops what BuildSearchIndex built.
func (db *DB) DropSearchIndex(ctx context.Context) error {
	return fail(ctx, db.build(ctx, `DROP INDEX CONCURRENTLY IF EXISTS products_search`), nil)
}

// build runs statements that may take long, one after the other.
func (db *DB) build(ctx context.Context, statements ...string) error {
	return db.read(ctx, forBuilding, func(ctx context.Context, q querier) error {
		for _, statement := range statements {
			if _, err := q.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}
