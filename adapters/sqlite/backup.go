package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/jmoiron/sqlx"
)

// Backup writes what the file at path has, as of one moment, into a new file, while others go on reading and writing.
// The new file is whole and on the disk when Backup returns, and else isn't there; what a killed process leaves behind
// ends in ".part". It has the same schema as the first one, which isn't migrated.
//
// An error that is fs.ErrExist where there is something at to already; *FileError where a file can't be used.
func Backup(ctx context.Context, path, to string) (err error) {
	if path, err = checkPath(path, "give the path of one that does"); err != nil {
		return err
	}
	if _, err := os.Lstat(to); err == nil {
		return existsError(to)
	}
	// One for reading refuses to write into other files too. As it is used here it writes to no other.
	db, err := openPool(path, forWriting)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var tables int
	if err := sqlx.GetContext(ctx, db, &tables,
		`SELECT count(*) FROM sqlite_schema WHERE name = 'products_importer_settings'`); err != nil {
		return (&DB{path: path}).fail(ctx, err, nil)
	}
	if tables == 0 {
		return &FileError{Path: path, Problem: "is a database of something else", Remedy: "give another path"}
	}
	part, err := os.CreateTemp(filepath.Dir(to), filepath.Base(to)+".*.part")
	if err != nil {
		return fmt.Errorf("sqlite: the copy can't be written: %w", err)
	}
	defer func() {
		_ = part.Close()
		_ = os.Remove(part.Name() + "-journal") // there is none but after trouble
		err = errors.Join(err, os.Remove(part.Name()))
	}()
	if _, err := db.ExecContext(ctx, `VACUUM INTO ?`, part.Name()); err != nil {
		return (&DB{path: to}).fail(ctx, err, nil)
	}
	return publish(part, to)
}

// publish makes the file, which is whole, available under another name, which nobody has, once it is on the disk.
func publish(part *os.File, to string) error {
	if err := part.Sync(); err != nil {
		return fmt.Errorf("sqlite: the copy can't be written: %w", err)
	}
	// Unlike renaming this never replaces anything.
	switch err := os.Link(part.Name(), to); {
	case errors.Is(err, fs.ErrExist):
		return existsError(to)
	case err != nil:
		return fmt.Errorf("sqlite: the copy can't get its name: %w", err)
	}
	folder, err := os.Open(filepath.Dir(to))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

func existsError(to string) error {
	return fmt.Errorf("sqlite: %s: %w: nothing is overwritten", to, fs.ErrExist)
}
