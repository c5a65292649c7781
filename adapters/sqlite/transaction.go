package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/products-importer/products-importer/products"
)

// querier is what statements can be given to: a transaction, or the connections that read.
type querier interface {
	sqlx.QueryerContext
	sqlx.PreparerContext
}

// each calls f for each row.
func each(ctx context.Context, q querier, statement string, f func(scan func(...any) error) error, args ...any) error {
	rows, err := q.QueryxContext(ctx, statement, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// transaction is an open transaction. It lives in the contexts that are given to what runs inside it.
type transaction struct {
	*sqlx.Tx
	ended     atomic.Bool
	committed []func()
	depth     int // of savepoints
}

// changes runs the statement, and reports whether it changed any row.
func (t *transaction) changes(ctx context.Context, statement string, args ...any) (bool, error) {
	result, err := t.ExecContext(ctx, statement, args...)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

type transactionKey struct{ db *DB }

// errEnded is returned where a transaction's context is used after the transaction.
var errEnded = errors.New("sqlite: the transaction of this context has ended")

const (
	// longTransaction is how long a transaction has to be for yieldFor to count.
	longTransaction = 100 * time.Millisecond
	// yieldFor is how long a process leaves the file to others after a long transaction: longer than they wait between
	// two looks, else one that imports would keep them out until its import ends.
	yieldFor = 12 * time.Millisecond
)

// InTx calls f with a context that belongs to a transaction, and commits it when f returns nil. What this DB's
// methods do with that context is part of the transaction. f must reach the DB through its context alone, from one
// goroutine at a time, and only until it returns: other writers wait meanwhile, and a call with another context would
// wait for itself. With a context that belongs to a transaction already, f joins it: an error takes back what f did,
// and the rest is up to the outer call. An error from f rolls back and is returned.
func (db *DB) InTx(ctx context.Context, f func(ctx context.Context) error) error {
	return db.inTx(ctx, func(ctx context.Context, _ *transaction) error {
		if err := f(ctx); err != nil {
			return callbackError{err}
		}
		return nil
	})
}

// current returns the transaction that the context belongs to, nil for none.
func (db *DB) current(ctx context.Context) (*transaction, error) {
	t, _ := ctx.Value(transactionKey{db}).(*transaction)
	if t != nil && t.ended.Load() {
		return nil, errEnded
	}
	return t, nil
}

// inTx calls f in the context's transaction, or in a new one. Where f returns an error nothing of what it wrote stays.
func (db *DB) inTx(ctx context.Context, f func(ctx context.Context, t *transaction) error) error {
	t, err := db.current(ctx)
	if err != nil {
		return err
	}
	if t == nil {
		err = db.transact(ctx, f)
	} else {
		err = t.nest(ctx, f)
	}
	return db.fail(ctx, err, nil)
}

// nest calls f behind a savepoint.
func (t *transaction) nest(ctx context.Context, f func(ctx context.Context, t *transaction) error) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	t.depth++
	committed := len(t.committed)
	name := fmt.Sprintf("s%d", t.depth)
	// Panics pass through: the whole transaction is rolled back.
	defer func() { t.depth-- }()
	if _, err := t.ExecContext(ctx, "SAVEPOINT "+name); err != nil {
		return err
	}
	if err = f(ctx, t); err == nil {
		err = ctx.Err()
	}
	end := "RELEASE " + name
	if err != nil {
		t.committed = t.committed[:committed]
		end = "ROLLBACK TO " + name + "; " + end
	}
	if _, endErr := t.ExecContext(context.WithoutCancel(ctx), end); err == nil {
		err = endErr
	}
	return err
}

// transact calls f in a new transaction and commits it.
func (db *DB) transact(ctx context.Context, f func(ctx context.Context, t *transaction) error) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := db.awaitTurn(ctx); err != nil {
		return err
	}
	began := time.Now()
	defer func() {
		if time.Since(began) > longTransaction {
			time.Sleep(yieldFor)
		}
		<-db.turn
	}()
	// The end of ctx ends the transaction until it commits, but no COMMIT under way: its outcome would not be known.
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, cancel)
	defer stop()
	t := &transaction{}
	if t.Tx, err = db.begin(inner); err != nil {
		return err
	}
	began = time.Now() // without the wait for others
	defer t.ended.Store(true)
	defer func() { _ = t.Rollback() }() // after a commit it does nothing
	if err := f(context.WithValue(inner, transactionKey{db}, t), t); err != nil {
		return err
	}
	if !stop() {
		return ctx.Err()
	}
	if err := t.Commit(); err != nil {
		return err
	}
	t.ended.Store(true)
	for _, f := range t.committed {
		f()
	}
	return nil
}

// awaitTurn waits until no transaction of this process is open that writes.
func (db *DB) awaitTurn(ctx context.Context) error {
	select {
	case db.turn <- struct{}{}:
		return nil
	default:
	}
	began := time.Now()
	defer func() {
		db.waits.Add(1)
		db.waited.Add(int64(time.Since(began)))
	}()
	select {
	case db.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// begin begins a transaction that writes, once no other process has one.
func (db *DB) begin(ctx context.Context) (tx *sqlx.Tx, err error) {
	err = db.retryBusy(ctx, func() error {
		tx, err = db.writer.BeginTxx(ctx, nil)
		return err
	})
	return tx, err
}

// retryBusy calls f until no other process is in its way, for at most Options.WaitFor. SQLite itself waits in between.
func (db *DB) retryBusy(ctx context.Context, f func() error) error {
	giveUp := time.Now().Add(db.options.WaitFor)
	for {
		err := f()
		switch {
		case err == nil || !isBusy(err):
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case time.Now().After(giveUp):
			return fmt.Errorf("%w: another process has been writing to %s for longer than %v", products.ErrBusy,
				db.path, max(db.options.WaitFor, 0))
		}
	}
}

// read calls f with the context's transaction, or with the connections that read. Two statements may see different
// states of the file, unless it is a transaction.
func (db *DB) read(ctx context.Context, f func(ctx context.Context, q querier) error) error {
	t, err := db.current(ctx)
	switch {
	case err != nil:
		return err
	case t != nil:
		err = f(ctx, t)
	default:
		err = f(ctx, db.readers)
	}
	return db.fail(ctx, err, nil)
}

// snapshot is read with one state of the file for all statements.
func (db *DB) snapshot(ctx context.Context, f func(ctx context.Context, q querier) error) error {
	return db.read(ctx, func(ctx context.Context, q querier) error {
		if _, isTransaction := q.(*transaction); isTransaction {
			return f(ctx, q)
		}
		tx, err := db.readers.BeginTxx(ctx, &sql.TxOptions{ReadOnly: true})
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }() // it only reads
		return f(ctx, tx)
	})
}

// onCommit calls f once the context's transaction is committed, at once if it has none.
func (db *DB) onCommit(ctx context.Context, f func()) {
	if t, _ := db.current(ctx); t != nil {
		t.committed = append(t.committed, f)
		return
	}
	f()
}
