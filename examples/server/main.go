// Command server is the importer over HTTP: uploads, live progress, products, webhooks.
//
//	go run ./examples/server                                    # everything in one file, products.db
//	go run ./examples/server -database-url memory:              # nothing is kept
//	go run ./examples/server -allow-private-webhooks            # with webhooks to this machine, see examples/receiver
//	DATABASE_URL=postgres://localhost/shop go run ./examples/server -workers 0   # workers run elsewhere
//	go run ./examples/server -fields fields.json                # products have prices, or what the file declares
//	go run ./examples/server -database-url postgres://localhost/shop -table shop.items -key code   # one's own table
//	go run ./examples/server -users users.txt                   # several people, each with a role
//	go run ./examples/server user -role editor -file users.txt ann   # makes such a file; asks for a password
//	go run ./examples/server token add ci -role importer        # a program's log-in
//	go run ./examples/server migrate                            # makes or updates the schema, and ends
//	go run ./examples/server backup products-copy.db            # of that file, while servers go on
//	go run ./examples/server copy -from sqlite:products.db -to postgres://localhost/shop   # once it is outgrown
//
// Any number of servers and of workers (examples/worker) may share a database. It listens at once, and /readyz says
// when the database is open; one that can't be reached is waited for. SIGINT and SIGTERM end it in good order: an
// import in hand commits its batches, and whoever comes next goes on with it; after SIGTERM requests are served for a
// while longer, until nobody sends it any.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"
	_ "time/tzdata" // for the zone of an import, wherever the program runs

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/worker"
	"github.com/products-importer/products-importer/examples/errorline"
	"github.com/products-importer/products-importer/examples/lifecycle"
	"github.com/products-importer/products-importer/examples/logflags"
	"github.com/products-importer/products-importer/examples/storeflags"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
)

func main() {
	ctx, stop := lifecycle.Signals(context.Background())
	status := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run is the program. It returns the exit status.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	if status, ran := runCommand(ctx, args, getenv, stdout, stderr); ran {
		return status
	}
	s := &settings{}
	flags := newFlags(s)
	if err := s.parse(flags, args, getenv); err != nil {
		return flags.Report(err, stdout, stderr)
	}
	if err := serve(ctx, s, stdout, s.log.Logger(stderr)); err != nil {
		return errorline.Fail(stderr, "server", err)
	}
	return errorline.Success
}

// shutdownTime is how long requests under way may take once no connections are taken any more. Streams end at once.
const shutdownTime = 8 * time.Second

// serve serves until the context ends.
func serve(ctx context.Context, s *settings, stdout io.Writer, logger *slog.Logger) (err error) {
	users, err := openUsers(s, logger)
	if err != nil {
		return err
	}
	front, err := lifecycle.Listen(s.addr, logger)
	if err != nil {
		return fmt.Errorf("%s: %w", s.named("addr"), err)
	}
	defer func() { err = errors.Join(err, front.Shutdown(shutdownTime)) }()
	meters, err := openMeters(s, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, meters.front.Shutdown(time.Second)) }()
	var db *storeflags.Stores
	err = s.lifecycle.Await(ctx, front, logger, func(ctx context.Context) (err error) {
		db, err = openStores(ctx, s, front, logger)
		return err
	})
	switch {
	case ctx.Err() != nil && db == nil:
		return nil
	case err != nil:
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	defer logflags.Watch(ctx, logger, db.Ping)()
	if err := s.work.KeepFeed(ctx, db.Webhooks, logger); err != nil {
		return err
	}
	hooks, err := newHooks(s, db, logger)
	if err != nil {
		return err
	}
	meters.watch(s, db, &hooks)
	options := job.ServiceOptions{KeyRule: db.Imports.KeyRule(), Fields: db.Imports.Schema(),
		Into: job.DestinationOf(db.Imports), KeepUploads: s.work.KeepUploads}
	if sizer, says := db.Imports.(importer.BatchSizer); says {
		options.BatchSize = sizer.BatchSize()
	}
	service, err := job.NewService(db.Jobs, db.Uploads, options)
	if err != nil {
		return err
	}
	var catalogue httpapi.Products
	if hooks.products != nil {
		catalogue = hooks.products
	}
	api, err := httpapi.New(catalogue, service, db.Jobs, users, httpapi.Options{
		Logger: logger, Ping: s.hooks.NewKeyCheck(ctx, hooks.service, logger).After(db.Ping), PublicURL: s.publicURL,
		TrustedProxies: s.proxies, TrustedOrigins: s.origins, MaxUploadBytes: s.maxUpload,
		Fields:   db.Imports.Schema(),
		Tokens:   db.Tokens,
		History:  db.History,
		Webhooks: httpapi.Webhooks{Service: hooks.service, Store: db.Webhooks},
		Meter:    meters,
		Metrics:  meters.Handler(),
	})
	if err != nil {
		return err
	}
	w, err := newWorker(s, db, service, &hooks, meters, logger)
	if err != nil {
		return err
	}
	handler, err := withPage(api)
	if err != nil {
		return err
	}

	// Everything ends when one of them fails.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var parts sync.WaitGroup
	start := func(run func(context.Context) error) {
		parts.Go(func() {
			if err := run(ctx); err != nil {
				cancel(err)
			}
		})
	}
	streams, endStreams := context.WithCancel(context.WithoutCancel(ctx))
	defer endStreams()
	start(func(context.Context) error { return api.Run(streams) })
	start(front.Run)
	start(meters.front.Run)
	start(func(ctx context.Context) error {
		<-ctx.Done()
		api.Drain()
		front.Drain(ctx, &s.lifecycle)
		endStreams()
		return front.Shutdown(shutdownTime)
	})
	if w != nil {
		start(w.Run)
	}
	front.Serve(handler)
	s.announce(stdout, front.Addr(), meters.front.Addr())
	parts.Wait()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// newWorker returns a worker for the imports and deliveries that this process is to make, nil for none.
func newWorker(s *settings, db *storeflags.Stores, service *job.Service, hooks *hooks, meter job.Meter,
	logger *slog.Logger) (*worker.Worker, error) {
	if s.work.Workers == 0 && hooks.dispatcher == nil {
		return nil, nil
	}
	var runner *job.Runner
	if s.work.Workers > 0 {
		var err error
		if runner, err = job.NewRunner(db.Jobs, db.Uploads, db.Imports, job.RunnerOptions{Lease: s.work.Lease,
			MaxWait: s.work.MaxWait, Notifier: s.table.Notifier(hooks.outbox.Import), Meter: meter}); err != nil {
			return nil, err
		}
	}
	return worker.New(runner, worker.Options{
		Concurrency: s.work.Workers, Dispatcher: hooks.dispatcher, Logger: logger,
		JobPruner: service, Retention: s.work.Retention, WebhookPruner: hooks.service,
		HistoryPruner: db.History, KeepHistory: s.work.KeepHistory,
	})
}
