// Command importcsv imports one CSV file of products into a database, or into memory to see what it would give:
//
//	go run ./examples/importcsv -database-url sqlite:products.db -mode update catalog.csv
//	go run ./examples/importcsv -database-url postgres://localhost/shop -mode update catalog.csv
//
// FILE may be "-" for standard input. It ends with status 0 after an import, 1 when that failed or was cancelled, and 2
// for wrong usage, as all programs here do. SIGINT and SIGTERM cancel: what is committed stays, and is stated.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // for -zone, wherever the program runs

	"github.com/products-importer/products-importer/examples/errorline"
	"github.com/products-importer/products-importer/examples/logflags"
)

func main() { os.Exit(start()) }

// start runs the program in the process's surroundings and returns its exit status.
func start() int {
	// The signals stay caught until the end: timeout(1) sends each of them twice.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr)
}

// run is the program. When the context ends it stops within a second, with everything that it made cleared away.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout,
	stderr io.Writer) int {
	s := &settings{}
	flags := newFlags(s)
	if err := s.parse(flags, args, getenv); err != nil {
		return flags.Report(err, stdout, stderr)
	}
	var err error
	if s.table.describe {
		if err := s.describeTable(ctx, stdout, stderr); err != nil {
			return errorline.Fail(stderr, "importcsv", err)
		}
		return errorline.Success
	}
	s.log = slog.New(slog.DiscardHandler)
	if !s.quiet {
		s.log = logflags.Messages(stderr, "importcsv")
	}
	var out *outcome
	if s.undo != "" {
		out = undoImport(ctx, s)
	} else {
		out = importFile(ctx, s, getenv, stdin, stderr)
	}
	switch {
	case s.json:
		err = out.writeJSON(stdout)
	case !s.quiet:
		err = out.writeSummary(stdout)
	}
	if message := out.message(); message != "" {
		fmt.Fprintf(stderr, "importcsv: %s\n%s", message, out.advice())
	}
	if err != nil {
		fmt.Fprintf(stderr, "importcsv: the result can't be written: %v\n", err)
	}
	if out.err != nil || err != nil {
		return errorline.Failure
	}
	return errorline.Success
}
