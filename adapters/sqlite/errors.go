package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/products-importer/products-importer/products"
)

// FileError says why a file can't be used, and what to do.
type FileError struct {
	Path    string
	Problem string
	Remedy  string
	cause   error
}

func (e *FileError) Error() string {
	return fmt.Sprintf("sqlite: %s %s: %s", e.Path, e.Problem, e.Remedy)
}

func (e *FileError) Unwrap() error { return e.cause }

// trouble is what is said of one of SQLite's primary result codes.
type trouble struct {
	problem, remedy string
	passes          bool // the same call may succeed later
}

// https://www.sqlite.org/rescode.html
var troubles = map[int]trouble{
	sqlite3.SQLITE_FULL:   {"can't grow: the disk is full", "make room; nothing that was committed is lost", true},
	sqlite3.SQLITE_IOERR:  {"can't be read or written", "look after the disk", true},
	sqlite3.SQLITE_NOMEM:  {"can't be read: there is no memory left", "try again later", true},
	sqlite3.SQLITE_BUSY:   {"is held by another process", "try again later", true},
	sqlite3.SQLITE_LOCKED: {"is held by another process", "try again later", true},
	sqlite3.SQLITE_PROTOCOL: {"is locked in a way that never ends",
		"put it on a local disk, where processes can share memory", true},
	sqlite3.SQLITE_CANTOPEN: {"can't be opened, or the files that belong beside it can't",
		"let this user write to the file, its -wal and -shm, and the folder", true},
	sqlite3.SQLITE_READONLY: {"is read-only for this user",
		"let this user write to the file, its -wal and -shm, and the folder", true},
	sqlite3.SQLITE_PERM: {"is read-only for this user",
		"let this user write to the file, its -wal and -shm, and the folder", true},
	sqlite3.SQLITE_NOTADB: {"is no SQLite database, or a damaged one", "give another path, or a copy of it", false},
	sqlite3.SQLITE_CORRUPT: {"is damaged",
		`put a copy in its place, or save what can be saved with "sqlite3 FILE .recover"`, false},
}

// code returns SQLite's primary result code, 0 for an error that isn't its.
func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

// isBusy reports whether another process holds a lock.
func isBusy(err error) bool {
	c := code(err)
	return c == sqlite3.SQLITE_BUSY || c == sqlite3.SQLITE_LOCKED
}

// callbackError marks the error of a caller's function in a transaction, which is returned as it is.
type callbackError struct{ error }

func (e callbackError) Unwrap() error { return e.error }

// fail returns the error of a call: the context's where that has ended, notFound where a row is missing, else the
// driver's as one of package products, and others as they are. Every error that callers get passes through it; what
// passed before stays the same.
func (db *DB) fail(ctx context.Context, err, notFound error) error {
	if err == nil {
		return nil
	}
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	var foreign callbackError
	var done *FileError
	switch {
	case errors.As(err, &foreign):
		return foreign.error
	case errors.As(err, &done), errors.Is(err, products.ErrUnavailable):
		return err
	case notFound != nil && errors.Is(err, sql.ErrNoRows):
		return notFound
	}
	c := code(err)
	if known, found := troubles[c]; found {
		err = &FileError{Path: db.path, Problem: known.problem, Remedy: known.remedy, cause: err}
		switch {
		case isBusy(err):
			return fmt.Errorf("%w: %w", products.ErrBusy, err)
		case known.passes:
			return fmt.Errorf("%w: %w", products.ErrUnavailable, err)
		}
		return err
	}
	if c != 0 {
		return fmt.Errorf("sqlite: %s: %w", db.path, err)
	}
	return err
}
