package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

// stores are where everything is kept.
type stores struct {
	products products.Store
	jobs     jobStore
	uploads  job.Uploads
	webhooks webhooks.Store
	inTx     products.InTx                   // over all of these but the uploads
	ping     func(ctx context.Context) error // asks whether the database answers; nil for memory
	close    func() error
}

// jobStore is a store of jobs that tells of their ends.
type jobStore interface {
	job.Store
	OnEnd(hook job.EndHook)
}

// openStores opens the database, or one in memory when none is named.
func openStores(ctx context.Context, s *settings, logger *slog.Logger) (*stores, error) {
	if s.databaseURL == "" {
		db := memory.New(memory.Options{})
		return &stores{db.Products(), db.Jobs(), db.Uploads(), db.Webhooks(), db.InTx, nil, func() error { return nil }}, nil
	}
	db, err := postgres.Open(ctx, s.databaseURL, postgres.Options{MaxConns: 20, Logger: logger, Sealer: s.hooks.Sealer})
	if err != nil {
		return nil, err
	}
	if s.searchIndex {
		if err := db.BuildSearchIndex(ctx); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return &stores{db.Products(), db.Jobs(), db.Uploads(), db.Webhooks(), db.InTx, db.Ping, db.Close}, nil
}
