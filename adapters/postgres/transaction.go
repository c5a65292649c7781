package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/products-importer/products-importer/products"
)

// transaction is an open transaction. It lives in the contexts that are given to what runs inside it.
type transaction struct {
	statements
	tx    *sqlx.Tx
	conn  *conn
	slot  *slot
	reads bool // nothing is written
	// marked says that the slot has, or may have, this transaction's token.
	marked bool
	// separateMark says that the mark must be a statement of its own.
	separateMark bool
	// citus says that the database has Citus, and sharded that readNow found shards.
	citus, sharded bool
	// byIndex says that joinByIndex holds.
	byIndex bool
	silence time.Duration // see limitStatements
	ids     idRest        // what is left of the block that the transaction took last
	// committed is called once the transaction is committed.
	committed []func()
}

// inBinary calls scan for each row of a query. It uses a prepared statement, whose values come in binary: bytea as text
// would be twice as long. Within a transaction a pooler can't mix prepared statements up.
func (t *transaction) inBinary(ctx context.Context, query string, scan func(rows *sql.Rows) error, args ...any) error {
	statement, err := t.PrepareContext(ctx, query)
	if err != nil {
		return err
	}
	defer func() { _ = statement.Close() }() // it goes with the transaction
	rows, err := statement.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

type transactionKey struct{ db *DB }

// InTx calls f with a context that belongs to a transaction, and commits it when f returns nil. What this DB's methods
// do with that context is part of the transaction, except for WriteBatch, which has one of its own; so is what [Tx]
// runs. Inside a transaction, InTx joins it.
//
// f is called again from the top when the transaction met a failure that can pass, so it has no effects outside of it.
// An error from f rolls back and is returned.
func (db *DB) InTx(ctx context.Context, f func(ctx context.Context) error) error {
	if db.current(ctx) != nil {
		return f(ctx)
	}
	return db.transact(ctx, func(ctx context.Context, _ *transaction) error {
		if err := f(ctx); err != nil {
			return callbackError{err}
		}
		return nil
	})
}

// current returns the transaction that the context belongs to, nil for none.
func (db *DB) current(ctx context.Context) *transaction {
	t, _ := ctx.Value(transactionKey{db}).(*transaction)
	return t
}

// join calls f in the context's transaction, or in a new one.
func (db *DB) join(ctx context.Context, f func(ctx context.Context, t *transaction) error) error {
	return db.joinFor(ctx, forWriting, f)
}

// joinFor is join for a purpose. A transaction that is open already keeps its own, but waits for the server for as long
// as this one allows.
func (db *DB) joinFor(ctx context.Context, p purpose, f func(ctx context.Context, t *transaction) error) error {
	if t := db.current(ctx); t != nil {
		if t.conn.line != nil {
			t.conn.line.extend(db.terms[p].silence)
		}
		if err := t.limitStatements(ctx, db, p); err != nil {
			return translate(err)
		}
		return translate(f(ctx, t))
	}
	return db.transactFor(ctx, p, f)
}

// transact calls f in a new transaction and commits it, again and again where it fails in a way that can pass.
func (db *DB) transact(ctx context.Context, f func(ctx context.Context, t *transaction) error) error {
	return db.transactFor(ctx, forWriting, f)
}

// transactFor is transact for a purpose. On Citus one in bulk begins, and returns, once all nodes have committed what
// was committed: see prepared. Where it can't be found out whether they have, that is ErrCommitUnknown.
func (db *DB) transactFor(ctx context.Context, p purpose, f func(ctx context.Context, t *transaction) error) error {
	warned := false
	err := db.again(ctx, func() (err error) {
		if p == forBulk {
			if err = db.settle(ctx); err != nil {
				return err
			}
		}
		if warned, err = db.attempt(ctx, p, false, f); passing(err) || warned {
			db.doubt()
		}
		return err
	})
	if err != nil || !warned && p != forBulk {
		return err
	}
	err = db.again(ctx, func() error { return db.settle(ctx) })
	switch {
	case err == nil:
		return nil
	case p == forBulk:
		return fmt.Errorf("%w: %w", products.ErrCommitUnknown, err)
	}
	db.options.Logger.WarnContext(ctx, "what was committed will be seen once the node is back", "error", err)
	return nil
}

// transactToRead is transact for what only reads.
func (db *DB) transactToRead(ctx context.Context, f func(ctx context.Context, t *transaction) error) error {
	return db.again(ctx, func() error {
		_, err := db.attempt(ctx, forWriting, true, f)
		return err
	})
}

// readAgain is read, outside of a transaction, again and again where it fails in a way that can pass.
func (db *DB) readAgain(ctx context.Context, f func(ctx context.Context, q querier) error) error {
	outside := context.WithValue(ctx, transactionKey{db}, (*transaction)(nil))
	return db.again(ctx, func() error { return db.read(outside, forWriting, f) })
}

// again calls try until it succeeds or fails in a way that can't pass, for as long as Options.RetryFor says.
func (db *DB) again(ctx context.Context, try func() error) error {
	var giveUp time.Time
	stale := 0 // connections that others have opened, and that may be lost as when the server was started anew
	if db.foreign {
		stale = db.sql.Stats().Idle
	}
	for attempt := 0; ; attempt++ {
		err := try()
		ended := ended(ctx)
		switch {
		case err == nil:
			return nil
		case ended != nil && !isUnknown(err):
			return ended
		case isUnknown(err) || !retryable(err):
			return translate(err)
		}
		if stale > 0 && lostUnasked(err) {
			stale--
			continue
		}
		if giveUp.IsZero() {
			giveUp = time.Now().Add(db.options.RetryFor)
		}
		pause := backoff(attempt)
		if time.Now().Add(pause).After(giveUp) {
			return translate(err)
		}
		db.options.Logger.WarnContext(ctx, "trying a transaction again", "attempt", attempt+1, "error", known(err))
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// attempt runs the transaction once. reads says that it writes nothing. It returns whether there was a warning while it
// was committed.
func (db *DB) attempt(ctx context.Context, p purpose, reads bool,
	f func(ctx context.Context, t *transaction) error) (warned bool, err error) {
	conn, err := db.take(ctx, p)
	if err != nil {
		return false, err
	}
	// Closing waits for a ROLLBACK under way, and that for the server: so this is released last.
	release := conn.cutAfter(ctx, cancelGrace)
	defer func() { release() }()
	defer conn.close()
	// The end of ctx ends the transaction until it commits, but no COMMIT under way: its outcome would not be known.
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, cancel)
	defer stop()
	tx, err := conn.pooled.BeginTxx(inner, nil)
	if err != nil {
		return false, err
	}
	t := &transaction{statements: statements{tx, db.space}, tx: tx, conn: conn, slot: db.slots.take(),
		reads: reads, separateMark: db.citus, citus: db.citus}
	ended := false // whether the server is known to be done with the transaction
	defer func() {
		ended = tx.Rollback() == nil || ended // after a commit it does nothing
		if ended || !t.marked {
			db.slots.give(t.slot)
		}
	}()

	if err := t.limitStatements(inner, db, p); err != nil {
		return false, err
	}
	inside := context.WithValue(context.WithValue(inner, transactionKey{db}, t), txKey{}, t)
	if err := f(inside, t); err != nil {
		return false, err
	}
	wrote, err := t.mark(inner)
	if err != nil {
		return false, err
	}
	if !stop() {
		return false, ctx.Err()
	}
	release()
	// A COMMIT gets as long as is spent on finding out what became of it, unless somebody waits for the answer.
	release = conn.cutAfter(ctx, db.resolveFor())
	if warned, err = t.commit(); err != nil && lost(err) && wrote {
		conn.close() // resolve needs one, and there may be no other
		db.doubt()   // the coordinator may have crashed
		err = db.resolve(ctx, t.slot, err)
		ended = !isUnknown(err)
	}
	if err == nil {
		ended = true
		if wrote {
			t.slot.committed()
		}
		for _, f := range t.committed {
			f()
		}
	}
	return warned, err
}

// onCommit calls f once the context's transaction is committed, at once if it has none.
func (db *DB) onCommit(ctx context.Context, f func()) {
	if t := db.current(ctx); t != nil {
		t.committed = append(t.committed, f)
		return
	}
	f()
}

// backoff is how long to wait after the attempt, counted from 0: from 20 ms to a second, not the same for everyone.
func backoff(attempt int) time.Duration {
	most := min(20*time.Millisecond<<min(attempt, 10), time.Second)
	return most/2 + rand.N(most/2)
}

// sleep waits, or returns the context's error when it ends before.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
