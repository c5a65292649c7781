package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/products-importer/products-importer/adapters/outbox"
	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/examples/savememory"
	"github.com/products-importer/products-importer/examples/storeflags"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
	"github.com/products-importer/products-importer/products"
)

// importFile opens what the settings name, imports and closes again.
func importFile(ctx context.Context, s *settings, getenv func(string) string, stdin io.Reader,
	stderr io.Writer) *outcome {
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
	into, err := s.openStore(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, into.close()) }()
	store := into.store
	if table, is := store.(*postgres.Table); is && !s.quiet {
		tellLeftOut(table, stderr)
	}
	if s.database.URL.Stored() {
		if sizer, says := store.(importer.BatchSizer); says {
			options.BatchBytes = sizer.BatchSize().BatchBytes / 4
		} else {
			boundBatches(&options, source.Size())
		}
		defer savememory.Within(memoryLimit, getenv)()
	}
	options.OnReject = o.rejects.note
	reports, err := openReports(s, &options)
	if err != nil {
		return err
	}
	defer func() { o.partial = reports.keepPartial() }()
	if !s.quiet && isTerminal(stderr) {
		options.Progress = newBar(stderr, columnsOf(stderr))
	}
	switch {
	case into.own != nil:
		o.result, err = o.importOwn(ctx, into.own, source, options, reports)
	case into.events != nil:
		o.result, err = o.importTold(ctx, into, source, options)
	default:
		o.result, err = importer.Run(ctx, source, store, options)
	}
	if err != nil {
		return err
	}
	if table, is := store.(*postgres.Table); is && options.DryRun && !s.quiet {
		tellTriggers(table, o.result, stderr)
	}
	return reports.finish()
}

// opened is what is imported into.
type opened struct {
	store  importer.Store
	own    *job.Own       // where the import is to be kept, or undone; else nil
	events *outbox.Outbox // tells those who listen to the database; nil for one that nobody else has, or a table
	inTx   products.InTx
	close  func() error
}

// openStore opens what is imported into.
func (s *settings) openStore(ctx context.Context) (*opened, error) {
	if s.table.Name != "" {
		table, closeTable, err := s.openTable(ctx)
		if err != nil {
			return nil, err
		}
		return &opened{store: table, close: closeTable}, nil
	}
	db, err := storeflags.Open(ctx, s.database.URL, storeflags.Options{Fields: s.fields.Schema,
		Schema: s.database.Schema, Distribution: s.database.Distribution, NoMigrate: s.database.NoMigrate,
		Logger: s.log, Named: s.database.Named})
	if err != nil {
		return nil, err
	}
	into := &opened{store: db.Products, inTx: db.InTx, close: db.Close}
	if s.database.URL.Stored() {
		if into.events, err = outbox.New(db.Webhooks); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	if s.changes != "" || s.undo != "" {
		if into.own, err = s.newOwn(db, into.events); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return into, nil
}

// endTimeout bounds telling of an import's end.
const endTimeout = 2 * time.Second

// importTold imports, and tells those who listen to the database what is imported, as of a job.
func (o *outcome) importTold(ctx context.Context, into *opened, source importer.Source,
	options importer.Options) (*importer.Result, error) {
	now := time.Now()
	j := job.Job{ID: driver.NewID(now), State: job.Success, FileName: o.fileName(), User: userName(),
		Settings: asked(&options), CreatedAt: now, StartedAt: now}
	options.Notifier = into.events.Import(j)
	result, err := importer.Run(ctx, source, into.store, options)
	j.FinishedAt, j.Event.Counts = time.Now(), result.Counts
	switch {
	case err != nil && ctx.Err() != nil:
		j.State = job.Revoked
	case err != nil:
		j.State, j.Error = job.Failure, err.Error()
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	told := into.inTx(late, func(ctx context.Context) error { return into.events.JobEnded(ctx, j) })
	if err == nil && told != nil {
		err = fmt.Errorf("all is imported, but its end can't be told to who listens: %w", told)
	}
	return result, err
}

// openSource opens the file. Standard input is kept in a temporary file, which close removes.
func openSource(ctx context.Context, s *settings,
	stdin io.Reader) (source importer.Source, close func() error, err error) {
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

// largeFile is the size from which on memory is kept by smaller batches.
const largeFile = 128 << 20

// boundBatches bounds batches, most of what an import holds, by what they weigh. In a large file the repeated SKUs that
// have to be kept in mind weigh too, so there batches are smaller, which costs some speed.
func boundBatches(options *importer.Options, size int64) {
	options.BatchBytes = 5 << 19
	if size > largeFile {
		options.BatchRecords = 10_000
	}
}

// memoryLimit is what the collector keeps an import's memory within, if that can be. All that the program has stays
// below 64 MiB then for an import into PostgreSQL, whatever the file's size, and below 80 MiB for one of half a million
// records into a file of SQLite's.
const memoryLimit = 48 << 20
