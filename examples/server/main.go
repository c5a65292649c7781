// Command server is the importer over HTTP: uploads, live progress, products, webhooks.
//
//	go run ./examples/server                                    # in memory
//	go run ./examples/server -allow-private-webhooks            # with webhooks to this machine, see examples/receiver
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
	"github.com/products-importer/products-importer/adapters/worker"
	"github.com/products-importer/products-importer/importer/job"
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

// serve serves until the context ends.
func serve(ctx context.Context, s *settings, stdout io.Writer, logger *slog.Logger) (err error) {
	db, err := openStores(ctx, s, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.close()) }()
	hooks, err := newHooks(s, db, logger)
	if err != nil {
		return err
	}
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
	api, err := httpapi.New(hooks.products, service, db.jobs, users, httpapi.Options{
		Logger: logger, Ping: db.ping, PublicURL: s.publicURL, ClientAddress: httpapi.TrustedProxies(s.proxies...),
		Webhooks: httpapi.Webhooks{Service: hooks.service, Store: db.webhooks, Dispatcher: hooks.dispatcher},
	})
	if err != nil {
		return err
	}
	w, err := newWorker(s, db, service, &hooks, logger)
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
	if w != nil {
		start(w.Run)
	}
	s.announce(stdout, listener.Addr())
	parts.Wait()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// newWorker returns a worker for the imports and deliveries that this process is to make, nil for none.
func newWorker(s *settings, db *stores, service *job.Service, hooks *hooks, logger *slog.Logger) (*worker.Worker, error) {
	if s.workers == 0 && hooks.dispatcher == nil {
		return nil, nil
	}
	var runner *job.Runner
	if s.workers > 0 {
		var err error
		if runner, err = job.NewRunner(db.jobs, db.uploads, db.products, job.RunnerOptions{MaxWait: s.maxWait, Notifier: hooks.outbox.Import}); err != nil {
			return nil, err
		}
	}
	return worker.New(runner, worker.Options{
		Concurrency: s.workers, Dispatcher: hooks.dispatcher, Logger: logger,
		Housekeeper: service, Retention: s.retention, WebhookKeeper: hooks.service,
	})
}
