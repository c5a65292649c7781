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
	operators, err := db.searchOperators(ctx)
	if err != nil {
		return fail(ctx, err, nil)
	}
	names, columns := []string{"'sku'", "'name'"}, []string{"sku " + operators, "name " + operators}
	for _, f := range searched(db.products.layout.schema) {
		names = append(names, pq.QuoteLiteral(f.Name))
		columns = append(columns, columnOf(f)+" "+operators)
	}
	index := db.space.of(searchIndex)
	return fail(ctx, db.build(ctx,
		// What a build that was interrupted left behind is of no use, nor is one that lacks a field.
		`DO $$ BEGIN
			IF EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(`+pq.QuoteLiteral(index)+`)
					AND (NOT indisvalid OR NOT ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = indexrelid)
						@> ARRAY[`+strings.Join(names, ", ")+`])) THEN
				DROP INDEX `+index+`;
			END IF;
		END $$`,
		`CREATE INDEX CONCURRENTLY IF NOT EXISTS `+searchIndex+` ON products USING gin (`+
			strings.Join(columns, ", ")+`)`), nil)
}

const searchIndex = "products_search"

// searchOperators returns the name of the operators for trigrams, in whatever schema their extension is, and installs
// that where it is missing.
func (db *DB) searchOperators(ctx context.Context) (name string, err error) {
	if err := db.build(ctx, `CREATE EXTENSION IF NOT EXISTS pg_trgm`); err != nil {
		return "", err
	}
	err = db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		return q.QueryRowxContext(ctx, `SELECT quote_ident(nspname) || '.gin_trgm_ops' FROM pg_extension
			JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'pg_trgm'`).Scan(&name)
	})
	return name, err
}

// DropSearchIndex drops what BuildSearchIndex built.
func (db *DB) DropSearchIndex(ctx context.Context) error {
	return fail(ctx, db.build(ctx, `DROP INDEX CONCURRENTLY IF EXISTS `+db.space.of(searchIndex)), nil)
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
