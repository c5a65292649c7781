package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/products-importer/products-importer/products"
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
		return fmt.Sprintf("postgres: the database has schema version %d, newer than the %d that this program knows: update the program", e.Database, e.Code)
	}
	return fmt.Sprintf("postgres: the database has schema version %d, but %d is needed: migrate it", e.Database, e.Code)
}

// KeyRuleError says that the database was set up with another key rule.
type KeyRuleError struct {
	Recorded, Asked products.KeyRule
}

func (e *KeyRuleError) Error() string {
	return fmt.Sprintf("postgres: the database tells SKUs apart by the rule %q, which can't be changed to %q", e.Recorded, e.Asked)
}

// idsSafe is the first version of the schema with which no ID is given twice.
const idsSafe = 5

// migrate brings the schema up to date, and returns the version that it had. Several processes may do so at the same time.
func (db *DB) migrate(ctx context.Context) (have int64, err error) {
	// A pool of its own: the lock's heartbeat needs a connection beside the migration's, whatever MaxConns says.
	connector := db.connector.patient(buildingSilence)
	defer connector.cutAll(ctx)()
	pool := sql.OpenDB(connector)
	defer pool.Close()
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

func (db *DB) provider(pool *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	locker, err := lock.NewPostgresTableLocker(
		lock.WithTableName(lockTable),
		lock.WithTableLeaseDuration(lockLease),
		lock.WithTableHeartbeatInterval(lockLease/6),
		// Wait for another process for as long as its lease may last, and longer for its work.
		lock.WithTableLockTimeout(100*time.Millisecond, 1200),
		lock.WithTableLogger(db.options.Logger),
	)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, pool, files, goose.WithTableName(versionTable),
		goose.WithLocker(locker), goose.WithDisableGlobalRegistry(true), goose.WithSlog(db.options.Logger))
}

// schemaVersion returns the version of the last migration, 0 for a new database.
func (db *DB) schemaVersion(ctx context.Context) (version int64, err error) {
	err = db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		var table sql.NullString
		if err := q.QueryRowxContext(ctx, `SELECT to_regclass('`+versionTable+`')::text`).Scan(&table); err != nil || !table.Valid {
			return err
		}
		return q.QueryRowxContext(ctx, `SELECT coalesce(max(version_id), 0) FROM `+versionTable+` WHERE is_applied`).Scan(&version)
	})
	return version, err
}

// settleKeyRule records the key rule in a new database, and reads it from another.
func (db *DB) settleKeyRule(ctx context.Context) (rule products.KeyRule, err error) {
	asked := products.ExactKeys
	if db.options.KeyRule != nil {
		asked = *db.options.KeyRule
	}
	recorded, err := db.readKeyRule(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		err = db.transact(ctx, func(ctx context.Context, t *transaction) error {
			_, err := t.ExecContext(ctx, `INSERT INTO products_importer_settings (name, value) VALUES ('key_rule', $1) ON CONFLICT (name) DO NOTHING`, asked.String())
			return err
		})
		if err == nil {
			recorded, err = db.readKeyRule(ctx)
		}
	}
	if err != nil {
		return 0, translate(err)
	}
	if rule, err = products.ParseKeyRule(recorded); err != nil {
		return 0, err
	}
	if db.options.KeyRule != nil && rule != asked {
		return 0, &KeyRuleError{Recorded: rule, Asked: asked}
	}
	return rule, nil
}

func (db *DB) readKeyRule(ctx context.Context) (recorded string, err error) {
	err = db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		return sqlx.GetContext(ctx, q, &recorded, `SELECT value FROM products_importer_settings WHERE name = 'key_rule'`)
	})
	return recorded, err
}
