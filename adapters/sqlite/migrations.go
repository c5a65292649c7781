package sqlite

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// versionTable is the table of the migration library.
const versionTable = "products_importer_migrations"

// SchemaError says that the file's schema is not the one that this version of the package needs.
type SchemaError struct {
	// Path is that of the file.
	Path string
	// Database is the schema's version, 0 for none; Code the one that is needed.
	Database, Code int64
}

func (e *SchemaError) Error() string {
	if e.Database > e.Code {
		return fmt.Sprintf("sqlite: %s has schema version %d, newer than the %d that this program knows: update the "+
			"program", e.Path, e.Database, e.Code)
	}
	return fmt.Sprintf("sqlite: %s has schema version %d, but %d is needed: migrate it", e.Path, e.Database, e.Code)
}

// migrate brings the schema up to date, all of it in one transaction: so a process that is killed leaves the schema
// as it was, and others wait. The library is given the one connection that writes, in a transaction of ours, and
// begins none of its own.
func (db *DB) migrate(ctx context.Context) error {
	provider, err := db.provider()
	if err != nil {
		return fmt.Errorf("sqlite: migrations: %w", err)
	}
	sources := provider.ListSources()
	needed := sources[len(sources)-1].Version
	have, err := schemaVersion(ctx, db.writer)
	switch {
	case err != nil || have == needed:
		return err
	case have > needed || db.options.NoMigrate:
		return &SchemaError{Path: db.path, Database: have, Code: needed}
	}
	if err := db.retryBusy(ctx, func() error {
		_, err := db.writer.ExecContext(ctx, `BEGIN IMMEDIATE`)
		return err
	}); err != nil {
		return err
	}
	results, err := provider.Up(ctx)
	end := `COMMIT`
	if err != nil {
		end = `ROLLBACK`
	}
	if _, endErr := db.writer.ExecContext(context.WithoutCancel(ctx), end); err == nil {
		err = endErr
	}
	if err != nil {
		var partial *goose.PartialError
		if errors.As(err, &partial) {
			err = partial.Err // none of them stays
		}
		return fmt.Errorf("sqlite: migrations: %w", err)
	}
	for _, r := range results {
		db.options.Logger.InfoContext(ctx, "migrated the database", "path", db.path, "version",
			r.Source.Version, "took", r.Duration)
	}
	return nil
}

func (db *DB) provider() (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectSQLite3, db.writer.DB, files, goose.WithTableName(versionTable),
		goose.WithIsolateDDL(true), goose.WithDisableGlobalRegistry(true), goose.WithSlog(db.options.Logger))
}

// schemaVersion returns the version of the last migration, 0 for a new file.
func schemaVersion(ctx context.Context, q querier) (version int64, err error) {
	var tables int
	if err := sqlx.GetContext(ctx, q, &tables, `SELECT count(*) FROM sqlite_schema WHERE name = ?`,
		versionTable); err != nil || tables == 0 {
		return 0, err
	}
	err = sqlx.GetContext(ctx, q, &version, `SELECT coalesce(max(version_id), 0) FROM `+versionTable+
		` WHERE is_applied`)
	return version, err
}
