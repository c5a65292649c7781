// Command worker does the imports that servers have taken in, any number of workers beside any number of servers on one
// database:
//
//	DATABASE_URL=postgres://localhost/shop go run ./examples/worker
//
// SIGINT and SIGTERM end it in good order: the batches in hand are committed, and the next worker goes on at once.
package main

import (
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
	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/worker"
	"github.com/products-importer/products-importer/importer/job"
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
	lease       time.Duration
	retention   time.Duration
	logLevel    slog.Level
}

func newFlags(s *settings) *flag.FlagSet {
	flags := flag.NewFlagSet("worker", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&s.databaseURL, "database-url", "", "the PostgreSQL `URL`; without it that in DATABASE_URL")
	flags.StringVar(&s.adminAddr, "admin-addr", "127.0.0.1:8081", "the `address` of /livez, /readyz and /metrics, which want no log-in; empty for none")
	flags.IntVar(&s.workers, "workers", 1, "how many imports it does at the same time")
	flags.DurationVar(&s.lease, "lease", 15*time.Second, "how long an import waits for another worker when this one vanishes; up to twice as long where it hangs inside a transaction")
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
		fmt.Fprint(stdout, "Usage: worker [flags]\n\nDoes the imports that servers have taken in.\n\n")
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return 0
	}
	if s.databaseURL == "" {
		s.databaseURL = getenv("DATABASE_URL")
	}
	switch {
	case err != nil:
	case flags.NArg() > 0:
		err = fmt.Errorf("there is nothing to do with %q", flags.Arg(0))
	case s.databaseURL == "":
		err = errors.New("name the database, with -database-url or DATABASE_URL")
	case s.workers < 1 || s.workers > 1000:
		err = fmt.Errorf("-workers must be between 1 and 1000, not %d", s.workers)
	case s.lease < time.Second:
		err = fmt.Errorf("-lease must be at least a second, not %v", s.lease)
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
	db, err := postgres.Open(ctx, s.databaseURL, postgres.Options{MaxConns: 4*s.workers + 4, Logger: logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	service, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{})
	if err != nil {
		return err
	}
	runner, err := job.NewRunner(db.Jobs(), db.Uploads(), db.Products(), job.RunnerOptions{Lease: s.lease})
	if err != nil {
		return err
	}
	w, err := worker.New(runner, worker.Options{Concurrency: s.workers, Logger: logger, Housekeeper: service, Retention: s.retention})
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
		server := httpapi.NewHTTPServer(adminRoutes(w), logger)
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

// adminRoutes are for whoever operates the worker.
func adminRoutes(w *worker.Worker) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(statsCollector{w})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprintln(rw, "ok") })
	mux.HandleFunc("GET /readyz", func(rw http.ResponseWriter, _ *http.Request) {
		if err := w.Healthy(); err != nil {
			http.Error(rw, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(rw, "ok")
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return mux
}
