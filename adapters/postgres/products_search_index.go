package postgres

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// BuildSearchIndex builds the index that makes Query.Search fast, a trigram index over SKU, name and the fields
// that are searched, or brings it up to date, and returns once it is there. It blocks no reads or writes, says in the
// log how far it is (but on Citus), and goes on where a process was killed. An index that lacks one of the fields is
// built anew. The database's user must be allowed to create the extension pg_trgm, or that must exist. Not to be called
// inside a transaction.
//
// Products that are written later are found as well, but aren't in the index at first, so that imports take no longer:
// a search looks at each of them, which takes 2 ms for 1,000. Once they are more than 5,000, and more than a thousandth
// of all, they are brought into the index: ten seconds after the last change, or after five minutes, in the background,
// by every DB, unless NoMigrate is set. Where no such process is running, call it after large imports. While the index
// is there, every update writes index entries, whatever the fillfactor of products.
//
// It is of no use for a text with fewer than three letters or digits in a row.
func (db *DB) BuildSearchIndex(ctx context.Context) error {
	return fail(ctx, db.updateSearchIndex(ctx, 0, func(tail searchTail) bool { return tail.rows > tail.most }), nil)
}

// DropSearchIndex drops what BuildSearchIndex built.
func (db *DB) DropSearchIndex(ctx context.Context) error {
	return fail(ctx, db.buildingSearchIndex(ctx, func(ctx context.Context, pool statements) error {
		s, err := readSearchIndex(ctx, pool)
		if err != nil {
			return err
		}
		return db.settleSearchIndex(ctx, pool, searchIndex{Old: s.all()})
	}), nil)
}

// searchIndex is what products_importer_settings has of the index, as JSON. It has parts, by the time at which products
// were last changed, and none for those that changed after the last part was built. A change moves a product out of
// its part, and so costs an import nothing. What was changed since the first part was built is found by an index of
// updated_at.
//
// The parts stand in the statements of searches as conditions. One that has older parts than there are is right all the
// same.
type searchIndex struct {
	searchParts
	Next *searchParts  `json:"next,omitempty"` // what is being built
	Old  []searchParts `json:"old,omitempty"`  // what is to be dropped
}

// searchParts are the parts of an index.
type searchParts struct {
	Fields []string `json:"fields,omitempty"`
	// Cuts are the times up to which each part goes, ascending.
	Cuts []string `json:"cuts,omitempty"`
}

const searchSetting = "search_index"

func readSearchIndex(ctx context.Context, q sqlx.QueryerContext) (s searchIndex, err error) {
	var value string
	err = q.QueryRowxContext(ctx, `SELECT value FROM products_importer_settings WHERE name = '`+searchSetting+
		`'`).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(value), &s)
	}
	return s, err
}

func (s *searchIndex) write(ctx context.Context, pool statements) error {
	value, err := json.Marshal(s)
	if err == nil {
		_, err = pool.ExecContext(ctx, `INSERT INTO products_importer_settings (name, value) VALUES (`+
			pq.QuoteLiteral(searchSetting)+`, `+pq.QuoteLiteral(string(value))+
			`) ON CONFLICT (name) DO UPDATE SET value = excluded.value`)
	}
	return err
}

// all returns everything that may have indexes.
func (s *searchIndex) all() []searchParts {
	all := slices.Clone(s.Old)
	if s.Next != nil {
		all = append(all, *s.Next)
	}
	return append(all, s.searchParts)
}

// within is the condition that a product is in the part of that number, or, behind the last, in none.
func (s *searchParts) within(part int) string {
	var conditions []string
	if part > 0 {
		conditions = append(conditions, "updated_at > "+cutLiteral(s.Cuts[part-1]))
	}
	if part < len(s.Cuts) {
		conditions = append(conditions, "updated_at <= "+cutLiteral(s.Cuts[part]))
	}
	return strings.Join(conditions, " AND ")
}

func cutLiteral(cut string) string { return pq.QuoteLiteral(cut) + "::timestamptz" }

// condition is the condition that one of the fields matches, in such a form that the parts' indexes are of use.
func (s *searchParts) condition(columns []string, pattern string) string {
	matches := func(columns []string) string {
		return "(" + strings.Join(columns, " ~ "+pattern+" OR ") + " ~ " + pattern + ")"
	}
	if len(s.Cuts) == 0 {
		return matches(columns)
	}
	var parts []string
	for i := range s.Cuts {
		parts = append(parts, s.within(i)+" AND "+matches(columns))
	}
	// In another order: what all parts of an OR have in common PostgreSQL takes out of it, and then no index is of use.
	reversed := slices.Clone(columns)
	slices.Reverse(reversed)
	// And with an end: without statistics the server takes a third of all products to be behind a beginning alone.
	tail := s.within(len(s.Cuts)) + " AND updated_at <= 'infinity'"
	return "(" + strings.Join(append(parts, tail+" AND "+matches(reversed)), " OR ") + ")"
}

// indexes are the indexes of the parts, by trigrams, and of what was changed since the first.
func (s *searchParts) indexes(operators string) (all []*wantedIndex) {
	var names, columns []string
	for _, f := range s.Fields {
		names = append(names, pq.QuoteLiteral(f))
		columns = append(columns, pq.QuoteIdentifier(f)+" "+operators)
	}
	add := func(kind, cut, using, columns string) {
		digits := strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, cut)
		all = append(all, &wantedIndex{field: kind, using: using, columns: columns, apart: true,
			name: func(table string) string { return shortened(table + "_" + kind + "_" + digits) }})
	}
	for i, cut := range s.Cuts {
		add("search", cut, "gin ("+strings.Join(columns, ", ")+") WHERE "+s.within(i),
			"ARRAY["+strings.Join(names, ", ")+"]")
	}
	if len(s.Cuts) > 0 {
		add("changed", s.Cuts[0], "btree (updated_at) WHERE updated_at > "+cutLiteral(s.Cuts[0]), "'{}'::text[]")
	}
	return all
}

// searchTail is what is known of the products that are in no part.
type searchTail struct {
	rows, most int64
	still, old bool // the last change is a while ago; the first one is long ago
}

// How many products may be in no part, and when they are brought into one.
const (
	searchTailRows  = 5_000
	searchTailShare = 1_000 // one in so many of all
	searchQuiet     = 10 * time.Second
	searchOld       = 5 * time.Minute
	searchPause     = 10 * time.Second
)

// readTail returns what is known of the tail, which is still if nothing has changed for so long.
func (s *searchParts) readTail(ctx context.Context, q sqlx.QueryerContext,
	quiet time.Duration) (tail searchTail, err error) {
	all, err := estimatedProducts(ctx, q)
	if err != nil {
		return tail, err
	}
	tail.most = max(searchTailRows, all/searchTailShare)
	from := ` FROM products WHERE ` + s.within(len(s.Cuts))
	var still, old sql.NullBool
	err = q.QueryRowxContext(ctx, fmt.Sprintf(`SELECT (SELECT count(*) FROM (SELECT 1%[1]s LIMIT %[2]d) AS tail),
		(SELECT max(updated_at)%[1]s) < clock_timestamp() - interval '%[3]f seconds',
		(SELECT min(updated_at)%[1]s) < clock_timestamp() - interval '%[4]f seconds'`,
		from, tail.most+1, quiet.Seconds(), searchOld.Seconds())).Scan(&tail.rows, &still, &old)
	tail.still, tail.old = still.Bool, old.Bool
	return tail, err
}

// estimatedProducts returns how many products there are, as the server plans for, wherever they are.
func estimatedProducts(ctx context.Context, q sqlx.QueryerContext) (int64, error) {
	var plan []byte
	if err := sqlx.GetContext(ctx, q, &plan, `EXPLAIN (FORMAT JSON) SELECT 1 FROM products`); err != nil {
		return 0, err
	}
	return plannedRows(plan)
}

// next returns the parts that bring everything into one. Parts that have less than four times as many products as what
// comes behind them are made one with it: so there are few, and a product is seldom brought into another one.
func (s *searchParts) next(ctx context.Context, pool statements) (searchParts, error) {
	next := searchParts{Fields: s.Fields}
	var now string
	if err := pool.GetContext(ctx, &now, `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC',
		'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`); err != nil {
		return next, err
	}
	kept, behind := len(s.Cuts), int64(0)
	for part := kept; part >= 0 && kept > 0; part-- {
		var rows int64
		if err := pool.GetContext(ctx, &rows, `SELECT count(*) FROM products WHERE `+s.within(part)); err != nil {
			return next, err
		}
		if part < len(s.Cuts) {
			if rows >= 4*behind {
				break
			}
			kept = part
		}
		behind += rows
	}
	next.Cuts = append(slices.Clone(s.Cuts[:kept]), now)
	return next, nil
}

// buildingSearchIndex calls f while no other process builds indexes.
func (db *DB) buildingSearchIndex(ctx context.Context, f func(ctx context.Context, pool statements) error) error {
	db.builder.one.Lock()
	defer db.builder.one.Unlock()
	pool, closePool := db.buildingPool(ctx)
	defer closePool()
	return db.locked(ctx, indexLock, func(ctx context.Context) error { return f(ctx, pool) })
}

// updateSearchIndex builds what is missing of the index, and brings the tail into it if it is due.
func (db *DB) updateSearchIndex(ctx context.Context, quiet time.Duration,
	due func(tail searchTail) bool) error {
	operators, err := db.searchOperators(ctx)
	if err != nil {
		return err
	}
	return db.buildingSearchIndex(ctx, func(ctx context.Context, pool statements) error {
		s, err := readSearchIndex(ctx, pool)
		if err != nil {
			return err
		}
		newest := &s.searchParts
		if s.Next != nil { // a process was killed while it built them
			newest = s.Next
		}
		fields, lacking := slices.Clone(newest.Fields), false
		for _, name := range db.searchFields() {
			if !slices.Contains(fields, name) {
				fields, lacking = append(fields, name), true
			}
		}
		switch {
		case lacking:
			s.Old = s.all()[:len(s.all())-1]
			next, err := (&searchParts{Fields: fields}).next(ctx, pool)
			if err != nil {
				return err
			}
			s.Next = &next
		case s.Next == nil:
			if err := db.buildParts(ctx, pool, &s.searchParts, operators); err != nil {
				return err
			}
			tail, err := s.readTail(ctx, pool, quiet)
			if err != nil {
				return err
			}
			if !due(tail) {
				return db.settleSearchIndex(ctx, pool, s)
			}
			next, err := s.next(ctx, pool)
			if err != nil {
				return err
			}
			s.Next = &next
		}
		if err := s.write(ctx, pool); err != nil {
			return err
		}
		if err := db.buildParts(ctx, pool, s.Next, operators); err != nil {
			return err
		}
		return db.settleSearchIndex(ctx, pool, searchIndex{searchParts: *s.Next, Old: append(s.Old, s.searchParts)})
	})
}

func (db *DB) buildParts(ctx context.Context, pool statements, s *searchParts, operators string) error {
	for _, b := range s.indexes(operators) {
		if err := db.buildIndex(ctx, pool, b); err != nil {
			return err
		}
	}
	return nil
}

// settleSearchIndex makes s the index, and drops what is old.
func (db *DB) settleSearchIndex(ctx context.Context, pool statements, s searchIndex) error {
	used := map[string]bool{}
	for _, b := range s.indexes("") {
		used[b.name("")] = true
	}
	// There was one index of all products once.
	unused := []*wantedIndex{{name: func(table string) string { return shortened(table + "_search") }}}
	for _, old := range s.Old {
		for _, b := range old.indexes("") {
			if !used[b.name("")] {
				unused = append(unused, b)
			}
		}
	}
	if err := s.write(ctx, pool); err != nil {
		return err
	}
	for _, b := range unused {
		if err := db.dropIndex(ctx, pool, b); err != nil {
			return err
		}
	}
	if len(s.Old) == 0 {
		return nil
	}
	s.Old = nil
	return s.write(ctx, pool)
}

// keepSearchIndex keeps the index up to date until the context ends, whoever has built it.
func (db *DB) keepSearchIndex(ctx context.Context) {
	for sleep(ctx, searchPause) == nil {
		err := db.searchIndexOnce(ctx, searchQuiet)
		switch {
		case err == nil || ctx.Err() != nil:
			continue
		case !errors.Is(err, errLooking) || !passing(err): // others tell of a database that is away
			db.options.Logger.WarnContext(ctx, "could not bring the index for searches up to date", "error", err)
		}
		if !passing(err) {
			return
		}
	}
}

// errLooking is that it couldn't be found out whether the index is up to date.
var errLooking = errors.New("postgres: looking for the index for searches")

// searchIndexOnce brings the index up to date if that is due, and nothing has changed for so long.
func (db *DB) searchIndexOnce(ctx context.Context, quiet time.Duration) error {
	due := func(tail searchTail) bool { return tail.rows > tail.most && (tail.still || tail.old) }
	var wanted bool
	err := db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		s, err := readSearchIndex(ctx, q)
		if err != nil || len(s.Cuts) == 0 { // there is none
			return err
		}
		tail, err := s.readTail(ctx, q, quiet)
		wanted = due(tail)
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", errLooking, err)
	case !wanted:
		return nil
	}
	return db.updateSearchIndex(ctx, quiet, due)
}

// searchFields are the names of all fields that a search looks into.
func (db *DB) searchFields() []string {
	names := []string{"sku", "name"}
	for _, f := range searched(db.products.layout.schema) {
		names = append(names, f.Name)
	}
	return names
}

// searchOperators returns the name of the operators for trigrams, in whatever schema their extension is, and installs
// that where it is missing.
func (db *DB) searchOperators(ctx context.Context) (name string, err error) {
	err = db.read(ctx, forBuilding, func(ctx context.Context, q querier) error {
		if _, err := q.ExecContext(ctx, `CREATE EXTENSION IF NOT EXISTS pg_trgm`); err != nil {
			return err
		}
		return q.QueryRowxContext(ctx, `SELECT quote_ident(nspname) || '.gin_trgm_ops' FROM pg_extension
			JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'pg_trgm'`).Scan(&name)
	})
	return name, err
}
