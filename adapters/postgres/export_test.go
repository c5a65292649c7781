package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/products-importer/products-importer/products"
)

// ForgetClock makes the DB look at the server's clock as a process does that has just begun.
func ForgetClock(db *DB) {
	c := &db.webhooks.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	c.local = time.Time{}
}

// ShiftClock has the DB's last look at the server's clock be so long ago, and has the clock have been ahead then.
func ShiftClock(db *DB, ago, ahead time.Duration) {
	c := &db.webhooks.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	c.local, c.server = c.local.Add(-ago), c.server.Add(ahead-ago)
}

// SetHung sets how long a transaction may wait for its client.
func SetHung(db *DB, d time.Duration) { db.maxIdle = d }

// HashText is by what keys find their shards.
var HashText = hashText

// ErrSwept is the error of an upload that lost a piece.
var ErrSwept = errDeleted

// SetSilence sets how long the server may say nothing, whatever it is waited for.
func SetSilence(db *DB, d time.Duration) {
	for p := range db.terms {
		db.terms[p].silence = d
	}
}

// SetWait sets how long a connection may be waited for, whatever for.
func SetWait(db *DB, d time.Duration) {
	for p := range db.terms {
		db.terms[p].wait = d
	}
}

// SetHeavy sets how long a heavy read may wait, and may take.
func SetHeavy(db *DB, wait, limit time.Duration) {
	db.terms[forHeavy].wait, db.terms[forHeavy].limit = wait, limit
}

// Hold takes the places of heavy reads, or all that are common, until they are left.
func Hold(db *DB, heavyOnly bool) (leave func()) {
	of := db.places.common
	if heavyOnly {
		of = db.places.heavy
	}
	for range cap(of) {
		of <- struct{}{}
	}
	return func() {
		for range cap(of) {
			<-of
		}
	}
}

// SetWaits sets how long is waited for a connection, whatever for.
func SetWaits(db *DB, d time.Duration) {
	for p := range db.terms {
		db.terms[p].wait = d
	}
}

// SetWritingSilence sets how long the server may say nothing to what writes, but for batches and DeleteAll.
func SetWritingSilence(db *DB, d time.Duration) { db.terms[forWriting].silence = d }

// WrittenTo are the tables and sequences that Open asks for privileges on, in order.
func WrittenTo() []string { return slices.Sorted(slices.Values(slices.Concat(tables, sequences))) }

// FindRow returns the row of a key as the table's batches tell of it.
func FindRow(ctx context.Context, t *Table, key string) (p products.Product, err error) {
	found := false
	err = t.db.transact(ctx, func(ctx context.Context, tx *transaction) error {
		record := products.Record{Key: key, SKU: key}
		w := &batchWriter{db: t.db, layout: t.layout, batch: &products.Batch{Records: []products.Record{record}},
			columns: &products.Columns{},
			scratch: &scratch{}, sorted: []int32{0}}
		return w.eachOwn(ctx, tx, []match{{}}, false, func(_ int, row products.Product) { p, found = row, true })
	})
	if err == nil && !found {
		err = products.ErrNotFound
	}
	return p, err
}

// SearchIndexOnce is what is done in the background for the index for searches, where nothing has changed for so long.
func SearchIndexOnce(ctx context.Context, db *DB, quiet time.Duration) error {
	return db.searchIndexOnce(ctx, quiet)
}

// SearchCondition is the WHERE clause of a query, with its parameters.
func SearchCondition(ctx context.Context, db *DB, query products.Query) (where string, args []any) {
	s, err := db.products.selection(ctx, &query)
	if err != nil {
		panic(err)
	}
	return s.where(), s.args
}

// SearchStatement is the statement of a query's page, with its parameters, where the products are in one table.
func SearchStatement(ctx context.Context, db *DB, query products.Query) (statement string, args []any) {
	query, order, behind, err := query.Check(db.products.layout.schema)
	if err != nil {
		panic(err)
	}
	s, err := db.products.selection(ctx, &query)
	if err != nil {
		panic(err)
	}
	r := newPageReader(&query, order, db.products.layout, s, true)
	if err := r.after(behind, db.products.rule); err != nil {
		panic(err)
	}
	r.ahead = r.lookAhead(OneTable())
	return `SELECT ` + r.layout.selected + r.source(r.by), s.args
}

// ForgetDistribution makes the DB look for where the products are, as it does after a while.
func ForgetDistribution(db *DB) { db.forgetDistribution() }
