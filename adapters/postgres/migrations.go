package postgres

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

//go:embed migrations/*.sql
var migrations embed.FS

// versionTable is the migration library's.
const versionTable = "products_importer_migrations"

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
	all := allMade()
	needed := all[len(all)-1].version
	if have, err = db.schemaVersion(ctx); err != nil {
		return 0, translate(err)
	}
	switch {
	case have == needed:
		return have, nil
	case have > needed || db.options.NoMigrate:
		return have, &SchemaError{Database: have, Code: needed}
	}
	if err := db.mayMigrate(ctx, "making the schema or bringing it up to date",
		append([]string{versionTable}, tables...)...); err != nil {
		return have, translate(err)
	}
	if err := db.unoccupied(ctx, have); err != nil {
		return have, translate(err)
	}
	if err := db.makeSchema(ctx); err != nil {
		return have, translate(err)
	}
	if err := db.locked(ctx, migrationLock, db.migrateUp); err != nil {
		if ctx.Err() != nil {
			return have, ctx.Err()
		}
		return have, translate(fmt.Errorf("postgres: migrations: %w", err))
	}
	return have, nil
}

// migrateUp runs the migrations that are missing.
func (db *DB) migrateUp(ctx context.Context) error {
	pool, closePool := db.buildingPool(ctx)
	defer closePool()
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	store, err := database.NewStore(database.DialectPostgres, db.space.of(versionTable))
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(database.DialectCustom, pool.raw.(*sqlx.DB).DB, spacedFiles{files, db.space},
		goose.WithStore(versionStore{store}), goose.WithDisableGlobalRegistry(true),
		goose.WithSlog(db.options.Logger))
	if err != nil {
		return err
	}
	results, err := provider.Up(ctx)
	for _, r := range results {
		db.options.Logger.InfoContext(ctx, "migrated the database", "version", r.Source.Version, "took", r.Duration)
	}
	return err
}

// versionStore finds its table by a name as statements have it: the library takes it for one without quotes.
type versionStore struct{ database.Store }

// TableExists reports whether the table exists.
func (s versionStore) TableExists(ctx context.Context, db database.DBTxConn) (exists bool, err error) {
	err = db.QueryRowContext(ctx, `SELECT to_regclass(`+pq.QuoteLiteral(s.Tablename())+`) IS NOT NULL`).Scan(&exists)
	return exists, err
}

// makeSchema makes the schema of Options.Schema where it is missing. It looks first, since making it is for those alone
// who may make schemas, even where it is there.
func (db *DB) makeSchema(ctx context.Context) error {
	if db.space.name == "" {
		return nil
	}
	return db.read(ctx, forWriting, func(ctx context.Context, q querier) error {
		var exists bool
		err := q.QueryRowxContext(ctx, `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)`,
			db.space.name).Scan(&exists)
		if err == nil && !exists {
			_, err = q.ExecContext(ctx, `CREATE SCHEMA IF NOT EXISTS `+pq.QuoteIdentifier(db.space.name))
		}
		if pq.As(err, uniqueViolation) != nil { // another process was faster
			return nil
		}
		return err
	})
}

// buildingPool returns connections beside those of the DB, for what may take long, where the pool isn't a foreign one.
// They are cut soon after the context has ended.
func (db *DB) buildingPool(ctx context.Context) (pool statements, closePool func()) {
	if db.foreign {
		return statements{db.sql, db.space}, func() {}
	}
	connector := db.connector.patient(buildingSilence)
	stop := connector.cutAll(ctx)
	connections := sqlx.NewDb(sql.OpenDB(connector), "postgres")
	return statements{connections, db.space}, func() {
		stop()
		_ = connections.Close()
	}
}

// schemaVersion returns the version of the last migration, 0 for a new database.
func (db *DB) schemaVersion(ctx context.Context) (version int64, err error) {
	err = db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		var table sql.NullString
		if err := q.QueryRowxContext(ctx, `SELECT to_regclass(`+
			pq.QuoteLiteral(db.space.of(versionTable))+`)::text`).Scan(&table); err != nil ||
			!table.Valid {
			return err
		}
		return q.QueryRowxContext(ctx, `SELECT coalesce(max(version_id), 0) FROM `+
			db.space.of(versionTable)+` WHERE is_applied`).Scan(&version)
	})
	return version, err
}
