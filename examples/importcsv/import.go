package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
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
	options.OnReject = o.noteReject
	if s.rejects != "" {
		var rejects *rejectsFile
		if rejects, err = openRejects(s, &options); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rejects.close()) }()
	}
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

// rejectsFile is where the rejected records go.
type rejectsFile struct {
	file   *os.File
	buffer *bufio.Writer
	writer *importer.RejectWriter
}

// openRejects creates the file and makes the options write to it. The file that is imported is not overwritten.
func openRejects(s *settings, options *importer.Options) (*rejectsFile, error) {
	if have, err := os.Stat(s.rejects); err == nil && s.file != "-" {
		if input, err := os.Stat(s.file); err == nil && os.SameFile(have, input) {
			return nil, fmt.Errorf("-rejects %s is the file that is imported: name another one", s.rejects)
		}
	}
	file, err := os.Create(s.rejects)
	if err != nil {
		return nil, fmt.Errorf("the file for rejects: %w", err)
	}
	buffer := bufio.NewWriter(file)
	f := &rejectsFile{file: file, buffer: buffer, writer: importer.NewRejectWriter(buffer)}
	options.OnHeader = f.writer.Header
	note := options.OnReject
	options.OnReject = func(r importer.Reject) error {
		return errors.Join(note(r), f.writer.Write(r))
	}
	return f, nil
}

func (f *rejectsFile) close() error {
	if err := errors.Join(f.writer.Flush(), f.buffer.Flush(), f.file.Close()); err != nil {
		return fmt.Errorf("the file for rejects: %w", err)
	}
	return nil
}
