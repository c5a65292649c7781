// Command server is the importer over HTTP: uploads, live progress, products.
//
//	go run ./examples/server                                    # in memory
//	DATABASE_URL=postgres://localhost/shop go run ./examples/server -workers 0   # workers run elsewhere
//
// Any number of servers and of workers (examples/worker) may share a database. SIGINT and SIGTERM end it in good order:
// an import in hand commits its batches, and whoever comes next goes on with it.
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

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/worker"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run is the program. It returns the exit status: 0 after a stop in good order, 1 for trouble, 2 for wrong usage.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	s, err := parseArgs(args, getenv)
	if errors.Is(err, flag.ErrHelp) {
		usage(stdout)
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "server: %v (server -h explains)\n", err)
		return 2
	}
	if err := serve(ctx, s, stdout, slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: s.logLevel}))); err != nil {
		fmt.Fprintf(stderr, "server: %v\n", err)
		return 1
	}
	return 0
}

// stores are where everything is kept.
type stores struct {
	products products.Store
	jobs     job.Store
	uploads  job.Uploads
	close    func() error
}

// openStores opens the database, or one in memory when none is named.
func openStores(ctx context.Context, s *settings, logger *slog.Logger) (*stores, error) {
	if s.databaseURL == "" {
		db := memory.New(memory.Options{})
		return &stores{db.Products(), db.Jobs(), db.Uploads(), func() error { return nil }}, nil
	}
	db, err := postgres.Open(ctx, s.databaseURL, postgres.Options{MaxConns: 20, Logger: logger})
	if err != nil {
		return nil, err
	}
	if s.searchIndex {
		if err := db.BuildSearchIndex(ctx); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return &stores{db.Products(), db.Jobs(), db.Uploads(), db.Close}, nil
}

// serve serves until the context ends.
func serve(ctx context.Context, s *settings, stdout io.Writer, logger *slog.Logger) (err error) {
	db, err := openStores(ctx, s, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.close()) }()
	service, err := job.NewService(db.jobs, db.uploads, job.ServiceOptions{KeyRule: db.products.KeyRule()})
	if err != nil {
		return err
	}
	hash, err := httpapi.HashPassword(s.password)
	if err != nil {
		return err
	}
	users, err := httpapi.NewStaticUsers(map[string]string{s.user: hash})
	if err != nil {
		return err
	}
	api, err := httpapi.New(db.products, service, db.jobs, users, httpapi.Options{Logger: logger})
	if err != nil {
		return err
	}
	runner, err := job.NewRunner(db.jobs, db.uploads, db.products, job.RunnerOptions{})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", s.addr)
	if err != nil {
		return err
	}
	server := httpapi.NewHTTPServer(api, logger)

	// Everything ends when one of them fails.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var parts sync.WaitGroup
	start := func(run func(context.Context) error) {
		parts.Go(func() {
			if err := run(ctx); err != nil && !errors.Is(err, http.ErrServerClosed) {
				cancel(err)
			}
		})
	}
	start(api.Run)
	start(func(context.Context) error { return server.Serve(listener) })
	start(func(ctx context.Context) error {
		<-ctx.Done()
		// The streams end by api.Run; what else is under way has this long.
		grace, end := context.WithTimeout(context.WithoutCancel(ctx), 8*time.Second)
		defer end()
		return errors.Join(server.Shutdown(grace), server.Close())
	})
	if s.workers > 0 {
		w, err := worker.New(runner, worker.Options{Concurrency: s.workers, Logger: logger, Housekeeper: service, Retention: s.retention})
		if err != nil {
			return err
		}
		start(w.Run)
	}
	s.announce(stdout, listener.Addr())
	parts.Wait()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}
