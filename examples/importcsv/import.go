package main

import (
	"context"
	"errors"
	"io"
	"runtime/debug"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/importer"
)

// importFile opens what the settings name, imports and closes again.
func importFile(ctx context.Context, s *settings, getenv func(string) string, stdin io.Reader, stderr io.Writer) *outcome {
	out := &outcome{settings: s}
	out.err = out.run(ctx, getenv, stdin, stderr)
	out.cancelled = out.err != nil && ctx.Err() != nil
	return out
}

func (o *outcome) run(ctx context.Context, getenv func(string) string, stdin io.Reader, stderr io.Writer) (err error) {
	s, options := o.settings, o.settings.options
	source, closeSource, err := openSource(ctx, s, stdin)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeSource()) }()
	if s.databaseURL != "" {
		defer saveMemory(getenv, &options, source.Size())()
	}
	store, closeStore, err := openStore(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	options.OnReject = o.rejects.note
	closeReports, err := openReports(s, &options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeReports()) }()
	if !s.quiet && isTerminal(stderr) {
		options.Progress = newBar(stderr)
	}
	o.result, err = importer.Run(ctx, source, store, options)
	return err
}

// openSource opens the file. Standard input is kept in a temporary file, which close removes.
func openSource(ctx context.Context, s *settings, stdin io.Reader) (source importer.Source, close func() error, err error) {
	if s.file == "-" {
		in := untilDone(ctx, stdin)
		defer in.Close()
		spooled, err := importer.Spool(ctx, in, "")
		if err != nil {
			return nil, nil, err
		}
		return spooled, spooled.Close, nil
	}
	file, err := importer.OpenFile(s.file)
	if err != nil {
		return nil, nil, err
	}
	return file, func() error { return nil }, nil
}

// untilDone returns r as a stream that ends with the context, even while a Read of r blocks: a terminal or a pipe can't
// be interrupted. That Read is then left to the end of the program.
func untilDone(ctx context.Context, r io.Reader) *io.PipeReader {
	out, in := io.Pipe()
	go func() {
		_, err := io.Copy(in, r)
		in.CloseWithError(err)
	}()
	context.AfterFunc(ctx, func() { in.CloseWithError(context.Cause(ctx)) })
	return out
}

// openStore opens the database, or one in memory when none is named.
func openStore(ctx context.Context, s *settings) (store importer.Store, close func() error, err error) {
	if s.databaseURL == "" {
		return memory.New(memory.Options{}).Products(), func() error { return nil }, nil
	}
	db, err := postgres.Open(ctx, s.databaseURL, postgres.Options{})
	if err != nil {
		return nil, nil, err
	}
	return db.Products(), db.Close, nil
}

// largeFile is the size from which on memory is kept by smaller batches.
const largeFile = 128 << 20

// saveMemory keeps an import into a database below 64 MiB of memory, whatever the file's size. Most of what it holds are
// batches, which come and go: so they are bounded by what they weigh, and the collector runs often. In a large file
// the repeated SKUs that have to be kept in mind weigh too, so there batches are smaller, which costs some speed.
// GOGC and GOMEMLIMIT go before the collector's settings. The caller calls restore at the end.
func saveMemory(getenv func(string) string, options *importer.Options, size int64) (restore func()) {
	options.BatchBytes = 5 << 19
	if size > largeFile {
		options.BatchRecords = 10_000
	}
	if getenv("GOGC") != "" || getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	percent := debug.SetGCPercent(50)
	limit := debug.SetMemoryLimit(48 << 20)
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}
