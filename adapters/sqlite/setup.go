package sqlite

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// setUp makes sure that the file can be used, and is in order.
func (db *DB) setUp(ctx context.Context) error {
	db.turn <- struct{}{}
	err := db.settleMode(ctx)
	if err == nil {
		err = db.migrate(ctx)
	}
	<-db.turn
	if err != nil {
		return err
	}
	if err := db.settle(ctx); err != nil {
		return err
	}
	return db.webhooks.watchClock(ctx)
}

// settleMode puts the file into WAL mode, which it then stays in.
func (db *DB) settleMode(ctx context.Context) error {
	var mode string
	// Where another process does so at this moment SQLite doesn't wait, whatever its timeout is.
	err := db.retryBusy(ctx, func() error {
		return sqlx.GetContext(ctx, db.writer, &mode, `PRAGMA journal_mode = WAL`)
	})
	if err == nil && mode != "wal" {
		err = &FileError{Path: db.path,
			Problem: fmt.Sprintf("can't be used by several processes (journal_mode %s)", mode),
			Remedy:  "put it on a local disk"}
	}
	return err
}
