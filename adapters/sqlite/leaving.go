package sqlite

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"
)

// CheckUnused returns a *FileError where another process has the file open, or this one. Who moves what is in it
// elsewhere asks first: what is written afterwards would be left behind.
func CheckUnused(ctx context.Context, path string) (err error) {
	if path, err = checkPath(path, "give the path of one that does"); err != nil {
		return err
	}
	db := &DB{path: path}
	if db.writer, err = openPool(path, forWriting); err != nil {
		return err
	}
	db.writer.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.writer.Close()) }()
	// Every connection in WAL mode keeps a lock that can be shared, for as long as it is open. This mode wants it
	// alone.
	if _, err = db.writer.ExecContext(ctx, `PRAGMA locking_mode = EXCLUSIVE`); err == nil {
		_, err = db.writer.ExecContext(ctx, `BEGIN IMMEDIATE; ROLLBACK`)
	}
	if isBusy(err) {
		return &FileError{Path: path, Problem: "is in use", Remedy: "stop the servers and workers on it first", cause: err}
	}
	return db.fail(ctx, err, nil)
}

// UnknownFields returns the names of the fields that the file has and Options.Fields lacks, in order. Calls leave their
// values alone, and don't return them.
func (db *DB) UnknownFields(ctx context.Context) (names []string, err error) {
	err = db.read(ctx, func(ctx context.Context, q querier) error {
		return sqlx.SelectContext(ctx, q, &names, `SELECT name FROM products_importer_settings WHERE name LIKE ? || '%'
			ORDER BY name`, fieldSetting)
	})
	for i := range names {
		names[i] = strings.TrimPrefix(names[i], fieldSetting)
	}
	return slices.DeleteFunc(names, func(name string) bool { return db.options.Fields.Find(name) != nil }), err
}
