package postgres_test

import (
	"context"
	"errors"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
	"github.com/products-importer/products-importer/adapters/outbox"
	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/worker"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

// serveAll serves the API until the context ends, does the imports, and delivers webhooks. Any number of processes may
// do so with one database.
func serveAll(ctx context.Context, databaseURL, password string, listener net.Listener,
	logger *slog.Logger) (err error) {
	db, err := postgres.Open(ctx, databaseURL, postgres.Options{MaxConns: 20, Logger: logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	// Every change of a product, by the API or by an import, goes into the outbox, in the transaction of the change.
	events, err := outbox.New(db.Webhooks())
	if err != nil {
		return err
	}
	db.Jobs().OnEnd(events.JobEnded)
	catalogue, err := products.NewNotifyingStore(db.Products(), db.InTx, events)
	if err != nil {
		return err
	}
	imports, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{KeyRule: db.Products().KeyRule()})
	if err != nil {
		return err
	}
	runner, err := job.NewRunner(db.Jobs(), db.Uploads(), db.Products(), job.RunnerOptions{Notifier: events.Import})
	if err != nil {
		return err
	}

	// What is in the outbox goes to the endpoints.
	sender, err := webhooks.NewSender(webhooks.SenderOptions{})
	if err != nil {
		return err
	}
	hooks, err := webhooks.NewService(db.Webhooks(), sender, webhooks.ServiceOptions{Logger: logger})
	if err != nil {
		return err
	}
	dispatcher, err := webhooks.NewDispatcher(db.Webhooks(), sender, webhooks.DispatcherOptions{Logger: logger})
	if err != nil {
		return err
	}
	w, err := worker.New(runner, worker.Options{
		Dispatcher: dispatcher, Logger: logger,
		JobPruner: imports, Retention: 30 * 24 * time.Hour, WebhookPruner: hooks,
	})
	if err != nil {
		return err
	}

	hash, err := basicauth.HashPassword(password)
	if err != nil {
		return err
	}
	users, err := basicauth.NewStaticUsers(map[string]string{"admin": hash})
	if err != nil {
		return err
	}
	api, err := httpapi.New(catalogue, imports, db.Jobs(), users, httpapi.Options{
		Logger: logger, Ping: db.Ping,
		Webhooks: httpapi.Webhooks{Service: hooks, Store: db.Webhooks()},
	})
	if err != nil {
		return err
	}
	server := httpapi.NewHTTPServer(api, logger)

	// All parts end with the context, or when one of them fails.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 3)
	for _, run := range []func() error{
		func() error { return w.Run(ctx) },
		func() error { return api.Run(ctx) },
		func() error { return server.Serve(listener) },
	} {
		go func() { defer cancel(); ended <- run() }()
	}
	<-ctx.Done()
	grace, end := context.WithTimeout(context.WithoutCancel(ctx), 8*time.Second)
	defer end()
	err = errors.Join(server.Shutdown(grace), server.Close())
	for range cap(ended) {
		if failure := <-ended; !errors.Is(failure, http.ErrServerClosed) {
			err = errors.Join(err, failure)
		}
	}
	return err
}

// A whole server: the API, imports and webhooks, in one process.
func Example() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	listener, err := net.Listen("tcp", "127.0.0.1:8080")
	if err != nil {
		log.Fatal(err)
	}
	err = serveAll(ctx, os.Getenv("DATABASE_URL"), os.Getenv("ADMIN_PASSWORD"), listener, slog.Default())
	if err != nil {
		log.Fatal(err)
	}
}
