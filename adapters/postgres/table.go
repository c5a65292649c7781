package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/lib/pq"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

var _ job.Destination = (*Table)(nil)

// TableOptions say how a table of one's own is imported into. Columns are named as the table has them.
type TableOptions struct {
	// Name is the table's name as SQL has it: items, shop.items, "Shop".items. Without a schema it is looked up once,
	// by the connection's search_path.
	Name string
	// Key is the column that identifies a row, alone or together with Constants: the table has a unique key over just
	// these. A record's key is its value there.
	Key string
	// Rename gives columns other names in files and in the schema, by the column's name. Without it "Item No" is
	// item_no and madeAt is made_at; a column whose name has other letters than those from a to z needs one.
	Rename map[string]string
	// Leave names columns that no file sets: new rows get their defaults. Generated columns, and those that are
	// numbered by a sequence, are left out anyway, unless they are renamed or are the key; so are those of types that
	// can't be taken, such as jsonb and bytea, if a row can do without a value: see [Table.LeftOut].
	Leave []string
	// Constants are columns that have one value in all rows that are written, such as a tenant. Those of the unique key
	// say which rows there are: others are never looked at. The rest are set in new rows. A column of a type that can't
	// be taken has one in the form in which the server reads it.
	Constants map[string]string
	// Update names the columns that may be changed in rows that exist, nil for all. The others are only set in new
	// rows.
	Update []string
	// Touch names columns of times that are set to the transaction's time where a row is created or changed, such as
	// updated_at.
	Touch []string
	// Blank names texts for which an empty cell is the empty text, as it is for texts that can't be null and whose
	// default is the empty text; so is the empty list for such lists. Of other columns that can't be null an empty cell
	// leaves alone what a row has and gives a new one the default; without a default the record is rejected. Where null
	// is possible it is null, whatever the default.
	Blank []string
	// Fields, if not nil, are the only ones that are imported, in this form: what products.TableSchemaOf makes of a
	// struct. The table has a column of a fitting type for each, and they are held against it here. What the table asks
	// of values counts as well.
	Fields *products.Schema
	// RetryFor is as in Options; a table of a DB has that one's.
	RetryFor time.Duration
	// Logger is as in Options; a table of a DB has that one's.
	Logger *slog.Logger
}

// Table is a table of one's own, which imports write to: an importer.Store. It is safe for concurrent use.
//
// Nothing but rows is ever changed: no DDL, no column of this package's. New rows are copied in, so that defaults and
// identities fill in what no file sets; rows that are as the record wants them aren't written; triggers fire as for any
// COPY and UPDATE. Constraints that are deferred are checked at once. Times without a zone are in UTC.
//
// What the table refuses, by a CHECK, a foreign key, another unique key, a domain or a trigger's exception, costs its
// record and not its batch: it is products.Refused, with the reason in BatchResult.Reasons. The batch is then written
// in halves until the records are found, after SELECTs have sorted out what breaks CHECKs and foreign keys: at most two
// statements for each record. Of records that have the same in another unique key the one with the lower key is
// written; which one is, where they are in batches that run at the same time, is left to chance. A dry run finds by
// SELECTs what CHECKs and foreign keys refuse, and fires no triggers. Where a BEFORE trigger may change a row first, it
// judges rows as the records have them, by the constraints all of whose columns these set: so it may be wrong either
// way. What other unique keys, domains and triggers refuse it can't know: see [Table.Triggers].
//
// Two keys are the same where the table's unique key says so: 007 and 7 in a column of integers, a UUID in upper and
// lower case, texts without the spaces behind them for char(n), and letters in any case for citext.
type Table struct {
	db          *DB
	rule        products.KeyRule
	layout      *layout
	destination string
	catalog     *tableCatalog // as it was when it was opened
}

// LeftOutColumn is a column that no file can set.
type LeftOutColumn struct {
	// Name is as the table has it, and Type as the server prints it: jsonb, bytea, integer[].
	Name, Type string
}

func (c LeftOutColumn) String() string { return c.Name + " (" + c.Type + ")" }

// OpenTable opens a table for imports over a pool of connections with lib/pq's driver, which stays the caller's. It
// reads what the table's columns, keys, constraints and privileges are, and writes nothing. The error is one sentence
// that says why the table can't be imported into as it is: a *TableError.
//
// The outcome of a COMMIT whose connection was lost isn't known: products.ErrCommitUnknown. Over a DB it is: see
// [DB.OpenTable].
func OpenTable(ctx context.Context, pool *sql.DB, options TableOptions) (*Table, error) {
	db, err := newPoolDB(ctx, pool, "OpenTable", Options{RetryFor: options.RetryFor, Logger: options.Logger})
	if err != nil {
		return nil, err
	}
	db.slots.none, db.space = true, space{}
	return db.OpenTable(ctx, options)
}

// OpenTable opens a table for imports that is in the DB's database: see the function of that name. The transaction of a
// batch is one of the DB, so that what Jobs and Webhooks are given in it, checkpoints and events, is committed with the
// batch.
func (db *DB) OpenTable(ctx context.Context, options TableOptions) (*Table, error) {
	var found *tableCatalog
	err := db.transact(ctx, func(ctx context.Context, t *transaction) (err error) {
		found, err = readTable(ctx, t, options.Name)
		return err
	})
	if err != nil {
		return nil, fail(ctx, err, err)
	}
	l, rule, err := found.layout(&options)
	if err != nil {
		return nil, err
	}
	table := &Table{db: db, rule: rule, layout: l, destination: l.destination(&options), catalog: found}
	if err := cmp.Or(table.tryConstants(ctx), table.tryJudges(ctx)); err != nil {
		return nil, fail(ctx, err, err)
	}
	db.opened.add(l.table.String())
	if left := l.own.leftOut; len(left) > 0 {
		db.options.Logger.InfoContext(ctx, "columns of the table are left out, since their types can't be taken",
			"table", options.Name, "columns", left)
	}
	if triggers := table.Triggers(); len(triggers) > 0 {
		db.options.Logger.InfoContext(ctx, "dry runs can't know what the table's triggers change or refuse",
			"table", options.Name, "triggers", triggers)
	}
	return table, nil
}

// tryConstants returns an error for a constant that the server doesn't read.
func (t *Table) tryConstants(ctx context.Context) error {
	own := t.layout.own
	for i := range own.constants {
		c := &own.constants[i]
		if !slices.Contains(own.untried, c.raw) {
			continue
		}
		err := t.db.transact(ctx, func(ctx context.Context, tx *transaction) error {
			_, err := tx.raw.ExecContext(ctx, `SELECT `+c.literal(c.text))
			return err
		})
		if e := pq.As(err); e != nil && !passing(err) {
			kind := t.catalog.column(c.raw).Type
			return t.catalog.fault(c.raw, "give one of the type "+kind, "the column %q can't have the constant %q: %s", c.raw,
				products.Shorten(c.text), clean(e.Message))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// TableError says why a table can't be imported into.
type TableError struct {
	// Table is its name, as it was given.
	Table string
	// Column is the column that it is about, "" for none.
	Column string
	// Problem says what is wrong, and Remedy what to do; neither ends with a full stop.
	Problem, Remedy string
}

func (e *TableError) Error() string {
	return fmt.Sprintf("postgres: the table %s can't be imported into: %s; %s", e.Table, e.Problem, e.Remedy)
}

// KeyRule is the rule by which the table tells keys apart.
func (t *Table) KeyRule() products.KeyRule { return t.rule }

// Schema says which fields the table has.
func (t *Table) Schema() *products.Schema { return t.layout.schema }

// LeftOut are the columns that were left out by themselves, in the table's order: their types can't be taken, and new
// rows can do without a value for them.
func (t *Table) LeftOut() []LeftOutColumn { return slices.Clone(t.layout.own.leftOut) }

// Trigger is a trigger of a table that is fired where rows are written: BEFORE or AFTER, for each row or statement.
type Trigger struct {
	Name string
	// Insert and Update say whether it is fired where a row is created, and where one is changed.
	Insert, Update bool
}

// Triggers are those that may change, leave out or refuse the rows that are written, by their names, as they were when
// the table was opened: what they do a dry run can't know. One for an UPDATE of columns that are never set is none.
func (t *Table) Triggers() (triggers []Trigger) {
	own := t.layout.own
	sets := func(name string) bool { return own.sets(name, t.layout.columns) }
	for i := range own.triggers {
		g := &own.triggers[i]
		found := Trigger{Name: g.Name, Insert: g.fires(true, nil), Update: g.fires(false, sets)}
		at := slices.IndexFunc(triggers, func(have Trigger) bool { return have.Name == found.Name }) // of partitions
		switch {
		case at >= 0:
			triggers[at].Insert = triggers[at].Insert || found.Insert
			triggers[at].Update = triggers[at].Update || found.Update
		case found.Insert || found.Update:
			triggers = append(triggers, found)
		}
	}
	return triggers
}

// Destination says which table it is, with its schema and quoted as SQL has it, and what decides where in it a record
// is written to: its key, constants, and what is renamed. It implements [job.Destination].
func (t *Table) Destination() string { return t.destination }

// WriteBatch writes a batch, in a transaction of its own. Where the table has lost what it had when it was opened, the
// error is a *TableError that says what, and the Table is of no use any more.
func (t *Table) WriteBatch(ctx context.Context, batch *products.Batch) (*products.BatchResult, error) {
	result, err := t.db.writeBatch(ctx, t.layout, batch)
	if e := pq.As(err); e != nil && e.Code.Class() == "42" {
		if lost := t.findLost(ctx); lost != nil {
			return nil, lost
		}
	}
	return result, err
}

// findLost returns a *TableError for what isn't any more as it was when the table was opened, nil for nothing.
func (t *Table) findLost(ctx context.Context) error {
	const remedy = "start again, with what it is now"
	was := t.catalog
	var now *tableCatalog
	err := t.db.transact(ctx, func(ctx context.Context, tx *transaction) (err error) {
		now, err = readTable(ctx, tx, was.name.String())
		return err
	})
	var unfit *TableError
	if errors.As(err, &unfit) {
		return was.fault("", remedy, "it has changed since it was opened: %s", unfit.Problem)
	}
	if err != nil {
		return nil // what was wrong with the batch is told
	}
	for i := range was.columns {
		c := &was.columns[i]
		switch is := now.column(c.Name); {
		case is == nil:
			return was.fault(c.Name, remedy, "it has changed since it was opened: the column %q is gone", c.Name)
		case is.Type != c.Type:
			return was.fault(c.Name, remedy, "it has changed since it was opened: the column %q had the type %s, and now has %s",
				c.Name, c.Type, is.Type)
		case c.Writable && !is.Writable:
			return was.fault(c.Name, remedy, "the user %q may not read and write the column %q any more", now.user, c.Name)
		}
	}
	return nil
}
