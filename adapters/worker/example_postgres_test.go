package worker_test

import (
	"context"
	"errors"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/products-importer/products-importer/adapters/outbox"
	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/worker"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/webhooks"
)

// importAndDeliver does imports and delivers webhooks until the context ends. Any number of processes may do so with
// one database.
func importAndDeliver(ctx context.Context, databaseURL string, logger *slog.Logger) (err error) {
	db, err := postgres.Open(ctx, databaseURL, postgres.Options{MaxConns: 16, Logger: logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	// What the imports change, and how they end, is written to the outbox, in the transactions of the imports.
	events, err := outbox.New(db.Webhooks())
	if err != nil {
		return err
	}
	db.Jobs().OnEnd(events.JobEnded)
	runner, err := job.NewRunner(db.Jobs(), db.Uploads(), db.Products(), job.RunnerOptions{Notifier: events.Import})
	if err != nil {
		return err
	}
	imports, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{})
	if err != nil {
		return err
	}

	// The dispatcher sends what is in the outbox.
	sender, err := webhooks.NewSender(webhooks.SenderOptions{})
	if err != nil {
		return err
	}
	deliveries, err := webhooks.NewService(db.Webhooks(), sender, webhooks.ServiceOptions{Logger: logger})
	if err != nil {
		return err
	}
	dispatcher, err := webhooks.NewDispatcher(db.Webhooks(), sender, webhooks.DispatcherOptions{Logger: logger})
	if err != nil {
		return err
	}

	w, err := worker.New(runner, worker.Options{
		Concurrency: 2, Dispatcher: dispatcher, Logger: logger,
		JobPruner: imports, Retention: 30 * 24 * time.Hour, WebhookPruner: deliveries,
	})
	if err != nil {
		return err
	}
	return w.Run(ctx)
}

// A worker with webhooks, on PostgreSQL.
func Example_postgres() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := importAndDeliver(ctx, os.Getenv("DATABASE_URL"), slog.Default()); err != nil {
		log.Fatal(err)
	}
}
