package postgres

import "context"

// BuildSearchIndex builds the index that makes Query.Search fast, a trigram index over SKU and name, and returns once it
// is there. It blocks nobody; where the index exists it does nothing. The database's user must be allowed to create the
// extension pg_trgm, or that must exist. Not to be called inside a transaction.
//
// The index costs imports much: a load of half a million new products takes several times as long while it exists.
// Build it behind the first large import, or drop it before a larger one: see DropSearchIndex.
func (db *DB) BuildSearchIndex(ctx context.Context) error {
	return translate(db.build(ctx,
		`CREATE EXTENSION IF NOT EXISTS pg_trgm`,
		// What a build that was interrupted left behind is of no use.
		`DO $$ BEGIN
			IF EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass('products_search') AND NOT indisvalid) THEN
				DROP INDEX products_search;
			END IF;
		END $$`,
		`CREATE INDEX CONCURRENTLY IF NOT EXISTS products_search ON products USING gin (sku gin_trgm_ops, name gin_trgm_ops)`))
}

// DropSearchIndex drops what BuildSearchIndex built.
func (db *DB) DropSearchIndex(ctx context.Context) error {
	return translate(db.build(ctx, `DROP INDEX CONCURRENTLY IF EXISTS products_search`))
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
