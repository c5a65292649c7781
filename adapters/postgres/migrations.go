package postgres

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// The tables of the migration library. The lock is a row with a lease, not a session's advisory lock, which a pooler
// may give to one session and release in another.
const (
	versionTable = "products_importer_migrations"
	lockTable    = "products_importer_migrations_lock"
	lockLease    = 30 * time.Second
)

// SchemaError says that the database's schema is not the one that this version of the package needs.
type SchemaError struct {
	// Database is the schema's version, 0 for none; Code the one that is needed.
	Database, Code int64
}

func (e *SchemaError) Error() string {
	if e.Database > e.Code {
		return fmt.Sprintf(
			"postgres: the database has schema version %d, newer than the %d that this program knows: update the "+
				"program", e.Database, e.Code)
	}
	return fmt.Sprintf("postgres: the database has schema version %d, but %d is needed: migrate it", e.Database, e.Code)
}

// idsSafe is the first version of the schema with which no ID is given twice.
const idsSafe = 5

// migrate brings the schema up to date, and returns the version that it had. Several processes may do so at the same
// time.
func (db *DB) migrate(ctx context.Context) (have int64, err error) {
	// A pool of its own: the lock's heartbeat needs a connection beside the migration's, whatever MaxConns says.
	pool, closePool := db.buildingPool(ctx)
	defer closePool()
	provider, err := db.provider(pool)
	if err != nil {
		return 0, fmt.Errorf("postgres: migrations: %w", err)
	}
	sources := provider.ListSources()
	needed := sources[len(sources)-1].Version
	if have, err = db.schemaVersion(ctx); err != nil {
		return 0, translate(err)
	}
	switch {
	case have == needed:
		return have, nil
	case have > needed || db.options.NoMigrate:
		return have, &SchemaError{Database: have, Code: needed}
	}
	if err := db.mayMigrate(ctx); err != nil {
		return have, translate(err)
	}
	results, err := provider.Up(ctx)
	for _, r := range results {
		db.options.Logger.InfoContext(ctx, "migrated the database", "version", r.Source.Version, "took", r.Duration)
	}
	if err != nil {
		if ctx.Err() != nil {
			return have, ctx.Err()
		}
		return have, translate(fmt.Errorf("postgres: migrations: %w", err))
	}
	return have, nil
}

// buildingPool returns connections beside those of the DB, for what may take long. They are cut soon after the context
// has ended.
func (db *DB) buildingPool(ctx context.Context) (pool *sql.DB, closePool func()) {
	connector := db.connector.patient(buildingSilence)
	stop := connector.cutAll(ctx)
	pool = sql.OpenDB(connector)
	return pool, func() {
		stop()
		_ = pool.Close()
	}
}

func (db *DB) provider(pool *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	locker, err := db.locker(migrationLock)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, pool, files, goose.WithTableName(versionTable),
		goose.WithLocker(locker), goose.WithDisableGlobalRegistry(true), goose.WithSlog(db.options.Logger))
}

// processLock is a lock that one process at a time holds.
type processLock struct {
	id       int64         // in lockTable
	interval time.Duration // between two tries to take it
	tries    uint64
}

var (
	// Wait for another process for as long as its lease may last, and longer for its work.
	migrationLock = processLock{id: lock.DefaultLockID, interval: 100 * time.Millisecond, tries: 1200}
	// Indexes are built in the background, for hours perhaps.
	indexLock = processLock{id: lock.DefaultLockID + 1, interval: time.Second, tries: 100_000}
)

func (db *DB) locker(l processLock) (lock.Locker, error) {
	return lock.NewPostgresTableLocker(
		lock.WithTableName(lockTable),
		lock.WithTableLockID(l.id),
		lock.WithTableLeaseDuration(lockLease),
		lock.WithTableHeartbeatInterval(lockLease/6),
		lock.WithTableLockTimeout(l.interval, l.tries),
		lock.WithTableUnlockTimeout(100*time.Millisecond, 3),
		lock.WithTableLogger(db.options.Logger),
	)
}

// locked calls f while this process alone holds the lock.
func (db *DB) locked(ctx context.Context, l processLock, f func(ctx context.Context) error) error {
	pool, closePool := db.buildingPool(ctx)
	defer closePool()
	locker, err := db.locker(l)
	if err != nil {
		return err
	}
	if err := locker.Lock(ctx, pool); err != nil {
		return err
	}
	// Where it can't be released its lease ends soon.
	defer func() { _ = locker.Unlock(ctx, pool) }()
	return f(ctx)
}

// schemaVersion returns the version of the last migration, 0 for a new database.
func (db *DB) schemaVersion(ctx context.Context) (version int64, err error) {
	err = db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		var table sql.NullString
		if err := q.QueryRowxContext(ctx, `SELECT to_regclass('`+versionTable+`')::text`).Scan(&table); err != nil ||
			!table.Valid {
			return err
		}
		return q.QueryRowxContext(ctx, `SELECT coalesce(max(version_id), 0) FROM `+versionTable+
			` WHERE is_applied`).Scan(&version)
	})
	return version, err
}
