// Command worker does the imports that servers have taken in and delivers webhooks, any number of workers beside any
// number of servers on one database:
//
//	DATABASE_URL=postgres://localhost/shop go run ./examples/worker
//	DATABASE_URL=sqlite:products.db go run ./examples/worker                       # on the server's machine
//	DATABASE_URL=postgres://localhost/shop go run ./examples/worker -workers 0     # deliveries only
//	DATABASE_URL=postgres://localhost/shop go run ./examples/worker -deliveries 0  # imports only
//
// It listens at once, and /readyz says when the database is open; one that can't be reached is waited for. SIGINT and
// SIGTERM end it in good order: the batches in hand are committed, deliveries under way come to their end, and the next
// worker goes on at once.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"
	_ "time/tzdata" // for the zone of an import, wherever the program runs

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/metrics"
	"github.com/products-importer/products-importer/adapters/outbox"
	"github.com/products-importer/products-importer/adapters/worker"
	"github.com/products-importer/products-importer/examples/errorline"
	"github.com/products-importer/products-importer/examples/healthcheck"
	"github.com/products-importer/products-importer/examples/lifecycle"
	"github.com/products-importer/products-importer/examples/logflags"
	"github.com/products-importer/products-importer/examples/savememory"
	"github.com/products-importer/products-importer/examples/storeflags"
	"github.com/products-importer/products-importer/examples/version"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/webhooks"
)

func main() {
	ctx, stop := lifecycle.Signals(context.Background())
	status := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run is the program. It returns the exit status.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	if len(args) > 0 && args[0] == "healthcheck" {
		return healthcheck.Command{Program: "worker", Flag: "admin-addr", Addr: defaultAdminAddr}.Run(ctx,
			args[1:], getenv, stdout, stderr)
	}
	s := &settings{}
	flags := newFlags(s)
	if err := s.parse(flags, args, getenv); err != nil {
		return flags.Report(err, stdout, stderr)
	}
	defer savememory.Within(memoryLimit, getenv)()
	if err := work(ctx, s, stdout, s.log.Logger(stderr)); err != nil {
		return errorline.Fail(stderr, "worker", err)
	}
	return errorline.Success
}

// memoryLimit is what the collector keeps an import's memory within, if that can be: running more often, it saves about
// a quarter of it.
const memoryLimit = 72 << 20

// work works until the context ends.
func work(ctx context.Context, s *settings, stdout io.Writer, logger *slog.Logger) (err error) {
	front, err := lifecycle.Listen(s.adminAddr, logger)
	if err != nil {
		return fmt.Errorf("%s: %w", s.named("admin-addr"), err)
	}
	defer func() { err = errors.Join(err, front.Shutdown(time.Second)) }()
	var build metrics.Options
	build.Version, build.Commit = version.Build()
	meters, err := metrics.New(build)
	if err != nil {
		return err
	}
	front.ServeMetrics(meters.Handler())
	var db *storeflags.Stores
	err = s.lifecycle.Await(ctx, front, logger, func(ctx context.Context) (err error) {
		db, err = storeflags.Open(ctx, s.database.URL, storeflags.Options{MaxConns: 4*s.work.Workers + 8,
			Logger: logger, Sealer: s.hooks.Sealer, Fields: s.fields.Schema, Schema: s.database.Schema,
			Table: s.table.Options, Distribution: s.database.Distribution, NoMigrate: s.database.NoMigrate,
			Named: s.named})
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
	service, err := job.NewService(db.Jobs, db.Uploads, job.ServiceOptions{KeepUploads: s.work.KeepUploads})
	if err != nil {
		return err
	}
	deliveries, dispatcher, err := newDispatcher(s, db, logger)
	if err != nil {
		return err
	}
	meters.Watch(metrics.Sources{Jobs: db.Jobs, Webhooks: db.Webhooks, Dispatcher: dispatcher, Pools: db.Pools,
		Slots: s.work.Workers})
	runner, err := newRunner(s, db, meters)
	if err != nil {
		return err
	}
	w, err := worker.New(runner, worker.Options{
		Concurrency: s.work.Workers, Dispatcher: dispatcher, Logger: logger,
		JobPruner: service, Retention: s.work.Retention, WebhookPruner: deliveries,
		HistoryPruner: db.History, KeepHistory: s.work.KeepHistory,
	})
	if err != nil {
		return err
	}
	front.Serve(adminRoutes(ctx, w, httpapi.NewHealth(s.hooks.NewKeyCheck(ctx, deliveries, logger).After(db.Ping)),
		meters.Handler()))
	where := "no admin address"
	if addr := front.Addr(); addr != nil {
		where = "http://" + addr.String()
	}
	var admin sync.WaitGroup
	defer admin.Wait()
	ended, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	admin.Go(func() {
		if err := front.Run(ended); err != nil { // the work goes on
			logger.Error("the admin address can't be served any more", "error", err)
		}
	})
	fmt.Fprintf(stdout, "worker %s on %s, %s\n", w.Name(), s.database.URL, where)
	return w.Run(ctx)
}

// newRunner returns what does the imports, nil for nothing. What they change, and how they end, become events of
// webhooks.
func newRunner(s *settings, db *storeflags.Stores, meter job.Meter) (*job.Runner, error) {
	if s.work.Workers == 0 {
		return nil, nil
	}
	events, err := outbox.New(db.Webhooks)
	if err != nil {
		return nil, err
	}
	db.Jobs.OnEnd(events.JobEnded)
	return job.NewRunner(db.Jobs, db.Uploads, db.Imports, job.RunnerOptions{Lease: s.work.Lease,
		MaxWait: s.work.MaxWait, Notifier: s.table.Notifier(events.Import), Meter: meter})
}

// newDispatcher returns the service, which prunes deliveries, and the dispatcher that sends them, nil where this worker
// sends none.
func newDispatcher(s *settings, db *storeflags.Stores,
	logger *slog.Logger) (*webhooks.Service, *webhooks.Dispatcher, error) {
	s.hooks.Warn(logger, true)
	policy := s.hooks.Policy()
	sender, err := webhooks.NewSender(webhooks.SenderOptions{Policy: policy})
	if err != nil {
		return nil, nil, err
	}
	service, err := webhooks.NewService(db.Webhooks, sender, webhooks.ServiceOptions{Policy: policy,
		KeepDelivered: s.work.KeepDelivered, KeepOthers: s.work.KeepFailed})
	if err != nil || s.work.Deliveries == 0 {
		return service, nil, err
	}
	dispatcher, err := webhooks.NewDispatcher(db.Webhooks, sender,
		webhooks.DispatcherOptions{Concurrency: s.work.Deliveries, Logger: logger})
	return service, dispatcher, err
}

// adminRoutes are for whoever operates the worker, which stops when the context ends.
func adminRoutes(ctx context.Context, w *worker.Worker, database *httpapi.Health,
	metrics http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprintln(rw, "ok") })
	mux.HandleFunc("GET /readyz", func(rw http.ResponseWriter, r *http.Request) {
		// A worker that has its hands full doesn't look for work, and may not know that the database is gone.
		err := cmp.Or(w.Healthy(), database.Check(r.Context()))
		if ctx.Err() != nil {
			err = errors.New("the worker is stopping")
		}
		if err != nil {
			http.Error(rw, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(rw, "ok")
	})
	mux.Handle("GET /metrics", metrics)
	return mux
}
