package memory

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/products-importer/products-importer/products"
)

// Options are the settings of a DB. The zero value works.
type Options struct {
	// KeyRule says which SKUs are the same.
	KeyRule products.KeyRule
	// Fields say which fields products have, nil for those of products.Standard.
	Fields *products.Schema
	// UploadBytes is the most bytes that Uploads holds, 0 for any number.
	UploadBytes int64
	// Now is the clock of jobs and webhooks, nil for time.Now. Tests may set it back.
	Now func() time.Time
}

// DB is data in memory. It is safe for concurrent use.
type DB struct {
	// turn holds a value while a transaction is open. It is a channel rather than a mutex, so that waiting for it can
	// be cancelled.
	turn     chan struct{}
	products Products
	jobs     Jobs
	uploads  Uploads
	webhooks Webhooks
	tokens   Tokens
	history  History
	clock    func() time.Time
}

// New returns an empty DB.
func New(options Options) *DB {
	db := &DB{turn: make(chan struct{}, 1), clock: options.Now}
	if db.clock == nil {
		db.clock = time.Now
	}
	db.products.db = db
	db.products.rule, db.products.schema = options.KeyRule, options.Fields
	if db.products.schema == nil {
		db.products.schema = products.Standard()
	}
	db.products.clear()
	db.jobs.init(db)
	db.uploads.init(options.UploadBytes)
	db.webhooks.init(db)
	db.history.db = db
	db.tokens.db, db.tokens.byName = db, map[string]token{}
	return db
}

// now is the time by the DB's clock, in the resolution of what is stored.
func (db *DB) now() time.Time { return db.clock().UTC().Truncate(time.Microsecond) }

// Products returns the store of products.
func (db *DB) Products() *Products { return &db.products }

// errEnded is returned where a transaction's context is used after the transaction.
var errEnded = errors.New("memory: the transaction of this context has ended")

// tx is an open transaction. Its changes are made at once, and undo takes them back.
type tx struct {
	undo  []func()
	ended atomic.Bool
}

// onRollback adds a function that takes back the last change. A rollback calls the latest function first.
func (t *tx) onRollback(undo func()) { t.undo = append(t.undo, undo) }

// rollbackTo takes back what was done since undo had the length mark.
func (t *tx) rollbackTo(mark int) {
	for len(t.undo) > mark {
		last := len(t.undo) - 1
		t.undo[last]()
		t.undo[last] = nil
		t.undo = t.undo[:last]
	}
}

// txKey is the context's key of a DB's transaction: a context may carry those of several DBs.
type txKey struct{ db *DB }

// InTx calls f with a context that carries a transaction. What is written to the DB through that context is committed
// when f returns nil, and rolled back when f returns an error, which InTx returns, panics, or leaves a context that has
// ended. Others see none of it before, and wait; so f must reach the DB through its context alone, from one goroutine
// at a time, and only until it returns. With a context that carries a transaction of this DB already, f joins it: an
// error takes back what f did, and the rest is up to the outer call.
func (db *DB) InTx(ctx context.Context, f func(ctx context.Context) error) error {
	return db.do(ctx, func(ctx context.Context, _ *tx) error { return f(ctx) })
}

// do runs f in the context's transaction, or in one of its own. Every method of the DB's parts goes through it.
func (db *DB) do(ctx context.Context, f func(ctx context.Context, t *tx) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("memory: %w", err)
	}
	t, joined := ctx.Value(txKey{db}).(*tx)
	switch {
	case !joined:
		select {
		case db.turn <- struct{}{}:
		case <-ctx.Done():
			return fmt.Errorf("memory: %w", ctx.Err())
		}
		t = &tx{}
		ctx = context.WithValue(ctx, txKey{db}, t)
		defer func() {
			t.ended.Store(true)
			db.products.tidy()
			<-db.turn
		}()
	case t.ended.Load():
		return errEnded
	}
	mark, done := len(t.undo), false
	defer func() {
		if !done {
			t.rollbackTo(mark)
		}
	}()
	err := f(ctx, t)
	if err == nil && ctx.Err() != nil {
		err = fmt.Errorf("memory: %w", ctx.Err())
	}
	done = err == nil
	return err
}
