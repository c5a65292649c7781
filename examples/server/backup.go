package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/products-importer/products-importer/adapters/sqlite"
	"github.com/products-importer/products-importer/examples/envflags"
	"github.com/products-importer/products-importer/examples/storeflags"
)

const backupUsage = `Usage: server backup [flags] FILE

Copies everything in a SQLite file into a new FILE, as of one moment, while servers and workers go on. FILE is whole, or
not there: nothing is overwritten.

  server backup -database-url sqlite:products.db products-$(date +%F).db

`

// backup is the command backup.
type backup struct {
	database storeflags.Settings
	file     string
}

func (b *backup) add(flags *envflags.Set) {
	b.database.Add(flags, defaultDatabase)
}

func (b *backup) check(arguments []string) error {
	switch b.database.URL.Kind {
	case storeflags.SQLite:
	case storeflags.PostgreSQL:
		return errors.New("PostgreSQL has a program of its own for this: pg_dump --format=custom --file=FILE URL")
	default:
		return errors.New("memory has nothing that another process could copy: name a file, sqlite:FILE")
	}
	if len(arguments) != 1 {
		return fmt.Errorf("name one file to be written, behind the flags, not %d", len(arguments))
	}
	if b.file = arguments[0]; b.file == "" || strings.HasPrefix(b.file, "sqlite:") {
		return fmt.Errorf("%q is no path of a file to be written", b.file)
	}
	return nil
}

func (b *backup) run(ctx context.Context, stdout io.Writer) error {
	from := b.database.URL.Location()
	if err := sqlite.Backup(ctx, from, b.file); err != nil {
		return err
	}
	info, err := os.Stat(b.file)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "copied %s into %s, %d bytes\n", from, b.file, info.Size())
	return nil
}
