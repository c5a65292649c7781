package postgres

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/lib/pq"

	"github.com/products-importer/products-importer/products"
)

// builder builds the indexes of fields in the background.
type builder struct {
	one     sync.Mutex // held while indexes are built
	running sync.WaitGroup
	end     context.CancelFunc
	start   func(f func(ctx context.Context)) // calls f beside others, whose context ends with Close
}

// buildPause is how long to wait before indexes are tried again that couldn't be built for something that can pass.
const buildPause = time.Minute

// builds reports whether indexes may be built in the background.
func (db *DB) builds() bool {
	return !db.options.NoMigrate && (!db.foreign || db.options.MaxConns >= 3)
}

// buildInBackground builds the indexes of fields until Close, if some are missing, and keeps that of searches up to
// date.
func (db *DB) buildInBackground(ctx context.Context) {
	ctx, db.builder.end = context.WithCancel(context.WithoutCancel(ctx))
	db.builder.start = func(f func(ctx context.Context)) { db.builder.running.Go(func() { f(ctx) }) }
	if !db.builds() {
		return
	}
	db.builder.start(db.keepSearchIndex)
	if len(indexed(db.options.Fields)) == 0 {
		return
	}
	db.builder.start(func(ctx context.Context) {
		for {
			err := db.BuildIndexes(ctx)
			if err == nil || ctx.Err() != nil {
				return
			}
			db.options.Logger.WarnContext(ctx, "could not build the indexes of fields", "error", err)
			if !passing(err) || sleep(ctx, buildPause) != nil {
				return
			}
		}
	})
}

// stop ends what is built, and waits for that.
func (b *builder) stop() {
	if b.end != nil {
		b.end()
	}
	b.running.Wait()
}

// indexed returns the fields that want an index.
func indexed(schema *products.Schema) (fields []*products.Field) {
	for i := range schema.Len() {
		if f := schema.At(i); f.Index {
			fields = append(fields, f)
		}
	}
	return fields
}

// indexName is the name of a field's index on a table: on products, or on one of its partitions.
func indexName(table, field string) string {
	return shortened(table + "_by_" + field)
}

// shortened is a name, or the beginning of a long one with what makes it another than others that begin so.
func shortened(name string) string {
	const most = 63 // PostgreSQL cuts what is longer
	if len(name) <= most {
		return name
	}
	hash := sha256.Sum256([]byte(name))
	return name[:most-9] + "_" + hex.EncodeToString(hash[:4])
}

// BuildIndexes builds the indexes of the fields of Options.Fields that have Index, and returns once they are there.
// Open begins with that in the background, unless NoMigrate is set. It blocks no reads or writes; where the indexes
// exist it does nothing. Of several processes one builds, and what one didn't finish is begun again. Not to be called
// inside a transaction.
func (db *DB) BuildIndexes(ctx context.Context) error {
	fields := indexed(db.options.Fields)
	if len(fields) == 0 {
		return nil
	}
	db.builder.one.Lock()
	defer db.builder.one.Unlock()
	missing, err := db.anyMissing(ctx, fields)
	if err != nil || !missing {
		return fail(ctx, err, nil)
	}
	// Not over the connections of the DB: building takes long, and there may be one alone.
	pool, closePool := db.buildingPool(ctx)
	defer closePool()
	return fail(ctx, db.locked(ctx, indexLock, func(ctx context.Context) error {
		for _, f := range fields {
			if err := db.buildIndex(ctx, pool, fieldIndex(f)); err != nil {
				return err
			}
		}
		return nil
	}), nil)
}

// anyMissing reports whether one of the fields lacks its index.
func (db *DB) anyMissing(ctx context.Context, fields []*products.Field) (missing bool, err error) {
	names := make(pq.StringArray, len(fields))
	for i, f := range fields {
		names[i] = indexName("products", f.Name)
	}
	err = db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		return q.QueryRowxContext(ctx, `SELECT EXISTS (SELECT FROM unnest($1::text[]) AS name WHERE NOT EXISTS (
			SELECT FROM pg_index WHERE indexrelid = to_regclass($2::text || quote_ident(name)) AND indisvalid))`, names,
			db.space.prefix).Scan(&missing)
	})
	return missing, err
}

// relation is products, or a partition of it.
type relation struct {
	name, parent string // as SQL has them, with their schemas; the root has no parent
	plain        string // the name alone, not quoted
	schema       string // quoted
	leaf         bool   // it has rows, not partitions
	index        string // quoted, as SQL has it
}

// relations returns products and its partitions, each before its own partitions.
func relations(ctx context.Context, pool statements, b *wantedIndex) (all []relation, err error) {
	rows, err := pool.QueryContext(ctx, `WITH tree AS (SELECT * FROM pg_partition_tree('products'))
		SELECT format('%I.%I', n.nspname, c.relname), CASE WHEN p.oid IS NULL THEN ''
			ELSE format('%I.%I', pn.nspname, p.relname) END, c.relname, quote_ident(n.nspname), t.isleaf
		FROM (SELECT * FROM tree UNION ALL
			SELECT 'products'::regclass, NULL, true, 0 WHERE NOT EXISTS (SELECT FROM tree)) AS t
		JOIN pg_class c ON c.oid = t.relid JOIN pg_namespace n ON n.oid = c.relnamespace
		LEFT JOIN (pg_class p JOIN pg_namespace pn ON pn.oid = p.relnamespace) ON p.oid = t.parentrelid
		ORDER BY t.level, c.relname`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r relation
		if err := rows.Scan(&r.name, &r.parent, &r.plain, &r.schema, &r.leaf); err != nil {
			return nil, err
		}
		r.index = r.schema + "." + pq.QuoteIdentifier(b.name(r.plain))
		all = append(all, r)
	}
	return all, rows.Err()
}

// wantedIndex is an index on products, or on each of its partitions.
type wantedIndex struct {
	field string // for the log
	// name names the index on a table.
	name  func(table string) string
	using string
	// columns, an array as SQL has it, are those without which it is built anew, none where its name says enough.
	columns string
	// apart: the indexes of partitions are none of the partitioned table. So each is dropped without a lock on that.
	apart bool
}

// fieldIndex is the index of a field.
func fieldIndex(f *products.Field) *wantedIndex {
	return &wantedIndex{field: f.Name, name: func(table string) string { return indexName(table, f.Name) },
		using: typeOf(f).index(columnOf(f)), columns: "'{}'::text[]"}
}

// complete is the condition that an index i has all columns.
func (b *wantedIndex) complete() string {
	return `ARRAY (SELECT attname::text FROM pg_attribute WHERE attrelid = i.indexrelid) @> ` + b.columns
}

// buildIndex builds an index. A partitioned table gets one of its partitions' indexes, which are built one after the
// other.
func (db *DB) buildIndex(ctx context.Context, pool statements, b *wantedIndex) error {
	all, err := relations(ctx, pool, b)
	if err != nil {
		return err
	}
	began := time.Now()
	indexes := make(map[string]string, len(all))
	built := false
	for _, r := range all {
		indexes[r.name] = r.index
		if !r.leaf {
			err = db.dropUnlike(ctx, pool, b, r)
		} else {
			var did bool
			did, err = db.buildOn(ctx, pool, b, r)
			built = built || did
		}
		if err != nil {
			return err
		}
	}
	if len(all) > 1 && !b.apart {
		if err := db.joinIndexes(ctx, all, indexes, b); err != nil {
			return err
		}
	}
	if built {
		db.options.Logger.InfoContext(ctx, "built an index", "field", b.field, "took", time.Since(began))
	}
	return nil
}

// dropUnlike drops the index of a partitioned table that lacks a column, with those of its partitions.
func (db *DB) dropUnlike(ctx context.Context, pool statements, b *wantedIndex, r relation) error {
	var unlike bool
	err := pool.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM pg_index i WHERE indexrelid = to_regclass(`+
		pq.QuoteLiteral(r.index)+`) AND NOT `+b.complete()+`)`).Scan(&unlike)
	if err == nil && unlike {
		err = db.alterBy(ctx, `DROP INDEX IF EXISTS `+r.index)
	}
	return err
}

// buildOn builds the index on a table that has rows. It reports whether there was none as it must be.
func (db *DB) buildOn(ctx context.Context, pool statements, b *wantedIndex, r relation) (bool, error) {
	if err := db.awaitBuild(ctx, pool, b, r); err != nil {
		return false, err
	}
	var good sql.NullBool
	err := pool.QueryRowContext(ctx, `SELECT (SELECT indisvalid AND `+b.complete()+` FROM pg_index i
		WHERE indexrelid = to_regclass(`+pq.QuoteLiteral(r.index)+`))`).Scan(&good)
	if err != nil || good.Bool {
		return false, err
	}
	if good.Valid { // what a build that was interrupted left behind is of no use, nor is one that lacks a column
		if _, err := pool.ExecContext(ctx, `DROP INDEX CONCURRENTLY IF EXISTS `+r.index); err != nil {
			return false, err
		}
	}
	defer db.sayProgress(ctx, b, r)()
	_, err = pool.ExecContext(ctx, fmt.Sprintf(`CREATE INDEX CONCURRENTLY IF NOT EXISTS %s ON %s USING %s`,
		pq.QuoteIdentifier(b.name(r.plain)), r.name, b.using))
	return err == nil, err
}

// awaitPause is how long to wait before it is looked again whether the server still builds an index.
const awaitPause = time.Second

// awaitBuild waits while the server builds the index: it goes on where the process that asked for it was killed.
func (db *DB) awaitBuild(ctx context.Context, pool statements, b *wantedIndex, r relation) error {
	stop := func() {}
	defer func() { stop() }()
	for waits := false; ; waits = true {
		var builds bool
		err := pool.GetContext(ctx, &builds, `SELECT EXISTS (SELECT FROM pg_stat_progress_create_index
			WHERE datname = current_database() AND index_relid = to_regclass(`+pq.QuoteLiteral(r.index)+`))`)
		if err != nil || !builds {
			return err
		}
		if !waits {
			stop = db.sayProgress(ctx, b, r)
		}
		if err := sleep(ctx, awaitPause); err != nil {
			return err
		}
	}
}

// progressPause is how long to wait before it is said how far an index is, and again each time.
const progressPause = 30 * time.Second

// sayProgress says in the log how far the index is that is being built, until done is called.
func (db *DB) sayProgress(ctx context.Context, b *wantedIndex, r relation) (done func()) {
	ctx, cancel := context.WithCancel(ctx)
	var said sync.WaitGroup
	said.Go(func() {
		for sleep(ctx, progressPause) == nil {
			var phase string
			var part sql.NullInt64
			err := db.read(ctx, forReading, func(ctx context.Context, q querier) error {
				return q.QueryRowxContext(ctx, `SELECT phase, 100 * blocks_done / nullif(blocks_total, 0)
					FROM pg_stat_progress_create_index WHERE relid = to_regclass(`+pq.QuoteLiteral(r.name)+`)`).Scan(
					&phase, &part)
			})
			if err == nil {
				db.options.Logger.InfoContext(ctx, "building an index", "field", b.field, "table", r.plain,
					"phase", phase, "percent", part.Int64)
			}
		}
	})
	return func() {
		cancel()
		said.Wait()
	}
}

// dropIndex drops an index, wherever it is.
func (db *DB) dropIndex(ctx context.Context, pool statements, b *wantedIndex) error {
	all, err := relations(ctx, pool, b)
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.leaf {
			_, err = pool.ExecContext(ctx, `DROP INDEX CONCURRENTLY IF EXISTS `+r.index)
		} else {
			// PostgreSQL drops one of a partitioned table, with those of its partitions, in no other way.
			var there bool
			err = pool.GetContext(ctx, &there, `SELECT to_regclass(`+pq.QuoteLiteral(r.index)+`) IS NOT NULL`)
			if err == nil && there {
				err = db.alterBy(ctx, `DROP INDEX IF EXISTS `+r.index)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// joinIndexes makes the indexes of partitions one of the partitioned table, each in a transaction of its own: attaching
// one locks it against readers, which may hold the next and wait for this one.
func (db *DB) joinIndexes(ctx context.Context, all []relation, indexes map[string]string, b *wantedIndex) error {
	var statements []string
	for _, r := range all {
		if !r.leaf {
			statements = append(statements, fmt.Sprintf(`CREATE INDEX IF NOT EXISTS %s ON ONLY %s USING %s`,
				pq.QuoteIdentifier(b.name(r.plain)), r.name, b.using))
		}
	}
	for _, r := range all {
		if parent, ok := indexes[r.parent]; ok {
			statements = append(statements, fmt.Sprintf(`ALTER INDEX %s ATTACH PARTITION %s`, parent, r.index))
		}
	}
	for _, statement := range statements {
		if err := db.alterBy(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// alterBy is alter with one statement.
func (db *DB) alterBy(ctx context.Context, statement string) error {
	return db.alter(ctx, func(ctx context.Context, t *transaction) error {
		_, err := t.ExecContext(ctx, statement)
		return err
	})
}
