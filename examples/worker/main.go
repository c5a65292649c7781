// Command worker does the imports that servers have taken in and delivers webhooks, any number of workers beside any
// number of servers on one database:
//
//	DATABASE_URL=postgres://localhost/shop go run ./examples/worker
//	DATABASE_URL=postgres://localhost/shop go run ./examples/worker -workers 0     # deliveries only
//	DATABASE_URL=postgres://localhost/shop go run ./examples/worker -deliveries 0  # imports only
//
// SIGINT and SIGTERM end it in good order: the batches in hand are committed, deliveries under way come to their end, and
// the next worker goes on at once.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/outbox"
	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/worker"
	"github.com/products-importer/products-importer/examples/hookflags"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/webhooks"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

type settings struct {
	databaseURL string
	adminAddr   string
	workers     int
	deliveries  int
	hooks       hookflags.Settings
	lease       time.Duration
	maxWait     time.Duration
	retention   time.Duration
	logLevel    slog.Level
}

func newFlags(s *settings) *flag.FlagSet {
	flags := flag.NewFlagSet("worker", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&s.databaseURL, "database-url", "", "the PostgreSQL `URL`; without it that in DATABASE_URL")
	flags.StringVar(&s.adminAddr, "admin-addr", "127.0.0.1:8081", "the `address` of /livez, /readyz and /metrics, which want no log-in; empty for none")
	flags.IntVar(&s.workers, "workers", 1, "how many imports it does at the same time; 0 for none")
	flags.IntVar(&s.deliveries, "deliveries", 64, "how many webhooks it delivers at the same time; 0 for none")
	s.hooks.Add(flags)
	flags.DurationVar(&s.lease, "lease", 15*time.Second, "how long an import waits for another worker when this one vanishes; up to twice as long where it hangs inside a transaction")
	flags.DurationVar(&s.maxWait, "max-wait", time.Hour, "how long an import that doesn't get on waits in all for trouble of the database to pass: a full disk, no connection left, statements that are cancelled")
	flags.DurationVar(&s.retention, "retention", 30*24*time.Hour, "how long imports that have ended are kept, with their files; 0 for ever")
	flags.TextVar(&s.logLevel, "log-level", slog.LevelInfo, "debug, info, warn or error")
	return flags
}

// run is the program. It returns the exit status: 0 after a stop in good order, 1 for trouble, 2 for wrong usage.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	s := &settings{}
	flags := newFlags(s)
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, "Usage: worker [flags]\n\nDoes the imports that servers have taken in, and delivers webhooks.\n\n")
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return 0
	}
	if s.databaseURL == "" {
		s.databaseURL = getenv("DATABASE_URL")
	}
	if err == nil {
		err = s.hooks.ReadKey(getenv)
	}
	switch {
	case err != nil:
	case flags.NArg() > 0:
		err = fmt.Errorf("there is nothing to do with %q", flags.Arg(0))
	case s.databaseURL == "":
		err = errors.New("name the database, with -database-url or DATABASE_URL")
	case s.workers < 0 || s.workers > 1000:
		err = fmt.Errorf("-workers must be between 0 and 1000, not %d", s.workers)
	case s.deliveries < 0 || s.deliveries > 1000:
		err = fmt.Errorf("-deliveries must be between 0 and 1000, not %d", s.deliveries)
	case s.workers == 0 && s.deliveries == 0:
		err = errors.New("there is nothing to do with -workers 0 and -deliveries 0")
	case s.lease < time.Second:
		err = fmt.Errorf("-lease must be at least a second, not %v", s.lease)
	case s.maxWait < time.Second || s.maxWait > 30*24*time.Hour:
		err = fmt.Errorf("-max-wait must be between 1s and 720h, not %v", s.maxWait)
	case s.retention < 0:
		err = fmt.Errorf("-retention must not be negative, but is %v", s.retention)
	}
	if err != nil {
		fmt.Fprintf(stderr, "worker: %v (worker -h explains)\n", err)
		return 2
	}
	if err := work(ctx, s, stdout, slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: s.logLevel}))); err != nil {
		fmt.Fprintf(stderr, "worker: %v\n", err)
		return 1
	}
	return 0
}

// work works until the context ends.
func work(ctx context.Context, s *settings, stdout io.Writer, logger *slog.Logger) (err error) {
	db, err := postgres.Open(ctx, s.databaseURL, postgres.Options{MaxConns: 4*s.workers + 8, Logger: logger, Sealer: s.hooks.Sealer})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	service, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{})
	if err != nil {
		return err
	}
	deliveries, dispatcher, err := newDispatcher(s, db, logger)
	if err != nil {
		return err
	}
	runner, err := newRunner(s, db)
	if err != nil {
		return err
	}
	w, err := worker.New(runner, worker.Options{
		Concurrency: s.workers, Dispatcher: dispatcher, Logger: logger,
		Housekeeper: service, Retention: s.retention, WebhookKeeper: deliveries,
	})
	if err != nil {
		return err
	}
	var admin sync.WaitGroup
	where := "no admin address"
	if s.adminAddr != "" {
		listener, err := net.Listen("tcp", s.adminAddr)
		if err != nil {
			return err
		}
		server := httpapi.NewHTTPServer(adminRoutes(w, httpapi.NewHealth(db.Ping), httpapi.NewWebhookCollector(db.Webhooks(), dispatcher)), logger)
		admin.Go(func() {
			if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				logger.Error("the admin address can't be served any more", "error", err)
			}
		})
		defer admin.Wait()
		defer func() { err = errors.Join(err, server.Close()) }()
		where = "http://" + listener.Addr().String()
	}
	fmt.Fprintf(stdout, "worker %s, %s\n", w.Name(), where)
	return w.Run(ctx)
}

// newRunner returns what does the imports, nil for nothing. What they change and how they end is told in webhooks.
func newRunner(s *settings, db *postgres.DB) (*job.Runner, error) {
	if s.workers == 0 {
		return nil, nil
	}
	tell, err := outbox.New(db.Webhooks())
	if err != nil {
		return nil, err
	}
	db.Jobs().OnEnd(tell.JobEnded)
	return job.NewRunner(db.Jobs(), db.Uploads(), db.Products(), job.RunnerOptions{Lease: s.lease, MaxWait: s.maxWait, Notifier: tell.Import})
}

// newDispatcher returns what delivers webhooks, nil for nothing, and what keeps their house.
func newDispatcher(s *settings, db *postgres.DB, logger *slog.Logger) (*webhooks.Service, *webhooks.Dispatcher, error) {
	s.hooks.Warn(logger, true)
	policy := s.hooks.Policy()
	sender, err := webhooks.NewSender(webhooks.SenderOptions{Policy: policy})
	if err != nil {
		return nil, nil, err
	}
	service, err := webhooks.NewService(db.Webhooks(), sender, webhooks.ServiceOptions{Policy: policy})
	if err != nil || s.deliveries == 0 {
		return service, nil, err
	}
	dispatcher, err := webhooks.NewDispatcher(db.Webhooks(), sender, webhooks.DispatcherOptions{Concurrency: s.deliveries, Logger: logger})
	return service, dispatcher, err
}

// adminRoutes are for whoever operates the worker.
func adminRoutes(w *worker.Worker, database *httpapi.Health, hooks prometheus.Collector) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(statsCollector{w}, hooks)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprintln(rw, "ok") })
	mux.HandleFunc("GET /readyz", func(rw http.ResponseWriter, r *http.Request) {
		// A worker that has its hands full doesn't look for work, and may not know that the database is gone.
		if err := cmp.Or(w.Healthy(), database.Check(r.Context())); err != nil {
			http.Error(rw, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(rw, "ok")
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return mux
}
