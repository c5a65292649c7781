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
	pool, closePool := db.buildingPool(ctx)
	defer closePool()
	return fail(ctx, db.buildIndex(ctx, pool, &wantedIndex{field: "search",
		name:  func(table string) string { return shortened(table + "_search") },
		using: "gin (" + strings.Join(columns, ", ") + ")", columns: "ARRAY[" + strings.Join(names, ", ") + "]"}), nil)
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
	var partitioned bool
	err := db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		return q.QueryRowxContext(ctx, `SELECT EXISTS (SELECT FROM pg_class WHERE relkind = 'I' AND oid = to_regclass(`+
			pq.QuoteLiteral(db.space.of(searchIndex))+`))`).Scan(&partitioned)
	})
	if err != nil {
		return fail(ctx, err, nil)
	}
	statement := `DROP INDEX CONCURRENTLY IF EXISTS `
	if partitioned { // PostgreSQL drops one of partitions in no other way; it waits for reads and writes under way
		statement = `DROP INDEX IF EXISTS `
	}
	return fail(ctx, db.build(ctx, statement+db.space.of(searchIndex)), nil)
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
