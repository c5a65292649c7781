package postgres

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/products-importer/products-importer/products"
)

// How often a batch begins again inside its transaction because others write the same products meanwhile. Every time
// means that one of the others was committed.
const (
	copyRounds   = 2  // with COPY, which fails as a whole at the first key that exists
	strictRounds = 8  // in which a product must be as the probe saw it
	mostRounds   = 20 // then the transaction is given up, to be tried again after a pause
)

var errContended = fmt.Errorf("%w: others keep changing the same products", products.ErrUnavailable)

// scratch is memory that a batch needs while it is written, passed on from one to the next.
type scratch struct {
	key, sku, attributes array // of text
	names                array // of text too
	versions             array // of bigint
	fields               []array
	args                 []any
	ints                 []int64
	unlike               []found
	ranks                []int32
	ids                  []int64
	text                 []byte
	json                 []byte
	befores              befores
}

// reset empties the arrays; s.fields are for the values of these columns.
func (s *scratch) reset(columns []column) {
	for _, a := range []*array{&s.key, &s.sku, &s.attributes, &s.names, &s.versions} {
		a.reset()
	}
	s.key.oid, s.versions.oid = 0, oidInt8
	for len(s.fields) < len(columns) {
		s.fields = append(s.fields, array{})
	}
	for i := range columns {
		s.fields[i].oid = columns[i].oid
		s.fields[i].reset()
	}
}

// addField adds a value of the column whose array is s.fields[i].
func (s *scratch) addField(i int, c *column, text string) error {
	if c.isNull(text) {
		s.fields[i].addNull()
		return nil
	}
	if err := c.add(&s.fields[i], text); err != nil {
		return fmt.Errorf("postgres: the field %q can't have the value %q: %w", c.field.Name, products.Shorten(text), err)
	}
	return nil
}

var scratches = sync.Pool{New: func() any { return &scratch{} }}

// unnested are arrays of one length that are the parameters of a statement, as a table x.
type unnested struct {
	args []any
	list strings.Builder
	// casts lists the columns that are cast in the table: in what an UPDATE sets Citus takes no cast that isn't
	// immutable, such as that to a list.
	casts string
	// joins: parameters go as text, so arrays are joined where that can be; joinsTexts: as Citus sends them on, which
	// would else print an array and read it again, those of text are.
	joins, joinsTexts bool
	// key is the array that is the column of that name.
	key string
}

// add adds an array, as the column of that name.
func (u *unnested) add(a *array, name, element string) {
	if u.list.Len() > 0 {
		u.list.WriteString(", ")
	}
	number := strconv.Itoa(len(u.args) + 1)
	var arg any = a.bytes()
	all, of := "$"+number+"::"+element+"[]", ""
	if u.joins || u.joinsTexts && element == "text" {
		if text, ok := a.bytes().joined(); ok {
			arg, all, of = text, "string_to_array($"+number+"::text, E'\\x1f', E'\\x1e')", "::"+element
		}
	}
	u.args = append(u.args, arg)
	u.list.WriteString("unnest(" + all + ")" + of + " AS " + name)
	if name == "key" {
		u.key = all
	}
}

// addPlaces adds the places of n elements from 1, as the column i.
func (u *unnested) addPlaces(n int) {
	u.list.WriteString(", generate_series(1, " + strconv.Itoa(n) + "::bigint) AS i")
}

// table returns the table. Its functions stand in a SELECT's list, where they go on in step and their rows are used as
// they come; in FROM each would first fill a table of its own, which takes some three times as long.
func (u *unnested) table() string {
	table := "(SELECT " + u.list.String() + ")"
	if u.casts != "" {
		table = "(SELECT y.*" + u.casts + " FROM " + table + " AS y OFFSET 0)" // which keeps it by itself
	}
	return table + " AS x"
}

// addField adds the array of a field's column and returns an expression for its elements. There may be hundreds of
// fields of any names, so the columns are numbered.
func (u *unnested) addField(a *array, c *column) (element string) {
	name := "f" + strconv.Itoa(len(u.args))
	u.add(a, name, c.element)
	if c.textual && c.cast != "" && c.left == "" { // a list
		u.casts += ", y." + name + c.cast + " AS c" + name
		name = "c" + name
	}
	return "x." + name
}

// batchWriter writes one batch, into the table that layout describes.
//
// Batches that run at the same time can't deadlock. Each first inserts the products that are new, ascending by key, and
// then locks those that exist, ascending by key; before it begins again it releases all of its locks (ROLLBACK TO
// SAVEPOINT). A batch that inserts waits only for one that has inserted the same key, and that one is inserting greater
// keys or locking; a batch that locks waits only for one that holds the lock, and that one is locking greater keys. So
// they never wait in a circle. Into partitions all insert partition by partition, see inPartitions. In a partitioned
// table of somebody else's a circle is possible: PostgreSQL ends one of the transactions, which is run again.
//
// Where the first records of a batch show that it changes what is there, the others are updated without having been
// looked at (updateUnseen). One that turns out to be new then is not inserted behind what is locked: the batch begins
// again.
//
// A product that the probe finds as the record wants it isn't locked, since that would write to it. If somebody
// changes it before this batch commits, that is as if this batch had been committed before.
type batchWriter struct {
	db       *DB
	layout   *layout
	batch    *products.Batch
	columns  *products.Columns
	into     []column // of columns.Fields
	scratch  *scratch
	sorted   []int32            // the places of the records that count, ascending by key
	outcomes []products.Outcome // before anything is known about the store

	// Of the current attempt.
	result *products.BatchResult
	// careful: the table has refused something of the batch, see ownRound.
	careful bool
	now     time.Time // the transaction's, by the server's clock
	shards  *shards   // of the table
	bySKU   bool      // the parameters have SKUs beside keys
	byKey   bool      // the probe compares nothing
	ids     []int64   // of the records that are created
	reread  []match   // what was updated, to be read again for Batch.Changed
	differ  *differ
}

// WriteBatch writes a batch, in a transaction of its own.
//
// The commit is synchronous: what is reported as committed stays, even when the server crashes. An
// import commits only some dozens of times, so that committing asynchronously has little to gain.
func (p *Products) WriteBatch(ctx context.Context, batch *products.Batch) (*products.BatchResult, error) {
	return p.db.writeBatch(ctx, p.layout, batch)
}

func (db *DB) writeBatch(ctx context.Context, l *layout, batch *products.Batch) (*products.BatchResult, error) {
	w := &batchWriter{db: db, layout: l, batch: batch, columns: &batch.Columns, into: l.columnsOf(batch.Columns.Fields),
		outcomes: make([]products.Outcome, len(batch.Records))}
	w.scratch = scratches.Get().(*scratch)
	defer scratches.Put(w.scratch)
	w.sorted = sortByKey(batch, w.outcomes)
	if err := db.transactFor(ctx, forBulk, w.run); err != nil {
		return nil, fail(ctx, err, products.ErrNotFound)
	}
	return w.result, nil
}

// run is the transaction.
func (w *batchWriter) run(ctx context.Context, t *transaction) error {
	w.result = &products.BatchResult{Outcomes: slices.Clone(w.outcomes)}
	var err error
	if w.now, w.shards, err = t.readNow(ctx, w.layout); err != nil {
		return err
	}
	if w.batch.DryRun {
		return w.dryRun(ctx, t)
	}
	// One message for all.
	settings := w.db.limitingIdle(ctx)
	if w.shards != nil {
		settings += `; ` + oneToEachNode
	}
	if _, err := t.ExecContext(ctx, settings+`; SAVEPOINT batch`); err != nil {
		return err
	}
	oneRound := w.round
	if w.layout.own != nil {
		oneRound = w.ownRound
	}
	for round := 0; ; round++ {
		done, err := oneRound(ctx, t, round)
		if err != nil {
			return err
		}
		if done {
			break
		}
		if round == mostRounds {
			return errContended
		}
		if _, err := t.ExecContext(ctx, `ROLLBACK TO SAVEPOINT batch`); err != nil {
			return err
		}
	}
	if w.batch.BeforeCommit != nil {
		if err := w.batch.BeforeCommit(ctx, w.result); err != nil {
			return callbackError{err}
		}
	}
	if w.batch.Changed != nil {
		if err := w.notify(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// dryRun finds the outcomes.
func (w *batchWriter) dryRun(ctx context.Context, t *transaction) error {
	w.differ = newDiffer(w)
	p, err := w.probe(ctx, t, false)
	if err != nil {
		return err
	}
	w.setOutcomes(p.fresh, w.freshOutcome())
	w.setOutcomes(p.same, w.sameOutcome())
	if w.layout.own != nil {
		return w.dryRunOwn(ctx, t, p)
	}
	if w.differ != nil {
		return w.wouldUpdate(ctx, t, p.different)
	}
	var doubtful []match
	for _, f := range p.different {
		w.result.Outcomes[w.sorted[f.rank]] = products.Updated
		if w.mayOutgrow(f) {
			doubtful = append(doubtful, f)
		}
	}
	for len(doubtful) > 0 {
		chunk := w.chunk(doubtful)
		if _, _, err := w.read(ctx, t, chunk, readOptions{whole: true, takeAsIs: true,
			mayBeGone: true}); err != nil {
			return err
		}
		doubtful = doubtful[len(chunk):]
	}
	return nil
}

func (w *batchWriter) setOutcomes(places []int32, outcome products.Outcome) {
	for _, at := range places {
		w.result.Outcomes[at] = outcome
	}
}

// sameOutcome is the outcome of a record whose product exists and isn't to be changed.
func (w *batchWriter) sameOutcome() products.Outcome {
	if w.batch.Mode == products.Ignore {
		return products.Skipped
	}
	return products.Unchanged
}

// freshOutcome is the outcome of a record whose product doesn't exist.
func (w *batchWriter) freshOutcome() products.Outcome {
	if w.batch.Mode == products.Existing {
		return products.Skipped
	}
	return products.Created
}

// beginRound forgets the round before, and finds out which products there are, unless none is expected.
func (w *batchWriter) beginRound(ctx context.Context, t *transaction, round int) (*probeResult, error) {
	copy(w.result.Outcomes, w.outcomes)
	w.result.Reasons = nil
	w.reread, w.differ = nil, newDiffer(w)
	p := &probeResult{fresh: w.sorted}
	if round > 0 || !w.batch.ExpectNew || w.batch.Mode == products.Existing {
		var err error
		mayLeave := round == 0 && w.layout.own == nil && w.shards == nil && w.db.products.leaving.may()
		if p, err = w.probe(ctx, t, mayLeave); err != nil {
			return nil, err
		}
	}
	w.setOutcomes(p.same, w.sameOutcome())
	w.setOutcomes(p.fresh, w.freshOutcome())
	return p, nil
}

// round tries to write the batch. It reports whether it did: not where others have changed some of the products.
func (w *batchWriter) round(ctx context.Context, t *transaction, round int) (bool, error) {
	p, err := w.beginRound(ctx, t, round)
	if err != nil {
		return false, err
	}
	different := p.different
	if len(p.fresh) > 0 && w.batch.Mode != products.Existing {
		ids, err := w.assignIDs(ctx, t, len(p.fresh))
		if err != nil {
			return false, err
		}
		w.ids = ids
		distribution, err := w.db.currentDistribution(ctx, t)
		if err != nil {
			return false, err
		}
		p.fresh = inPartitions(distribution, p.fresh, func(at int32) string { return w.batch.Records[at].Key })
		if round < copyRounds {
			err = w.copyNew(ctx, t, distribution, p.fresh, ids)
			if isDuplicate(err) {
				return false, nil
			}
		} else {
			different, err = w.insertNew(ctx, t, p, ids)
		}
		if err != nil {
			return false, err
		}
	}
	done, err := w.update(ctx, t, different, round >= strictRounds)
	if err != nil || !done {
		return false, err
	}
	if done, err := w.updateUnseen(ctx, t, p); err != nil || !done {
		return false, err
	}
	return true, w.differ.flush(ctx)
}

// assignIDs gives the records that are to be created IDs that ascend as the records do, so that a list by ID
// comes in the file's order.
func (w *batchWriter) assignIDs(ctx context.Context, t *transaction, n int) ([]int64, error) {
	free, err := reserveIDs(ctx, t, n)
	if err != nil {
		return nil, err
	}
	ids := slices.Grow(w.scratch.ids[:0], len(w.batch.Records))[:len(w.batch.Records)]
	w.scratch.ids = ids
	for i, outcome := range w.result.Outcomes {
		if outcome == products.Created {
			ids[i] = free.next()
		}
	}
	return ids, nil
}

// created is the product that was created of a record.
func (w *batchWriter) created(at int) products.Product {
	p := w.columns.Apply(&w.batch.Records[at], products.Product{})
	p.ID, p.Version, p.CreatedAt, p.UpdatedAt = w.ids[at], 1, w.now, w.now
	return p
}
