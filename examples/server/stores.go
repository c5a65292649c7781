package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/products-importer/products-importer/examples/lifecycle"
	"github.com/products-importer/products-importer/examples/storeflags"
)

// openStores opens the database, with the index for searches where it is asked for. The front says what takes long.
func openStores(ctx context.Context, s *settings, front *lifecycle.Front,
	logger *slog.Logger) (*storeflags.Stores, error) {
	db, err := storeflags.Open(ctx, s.database.URL, storeflags.Options{MaxConns: 20, Logger: logger,
		Sealer: s.hooks.Sealer, Fields: s.fields.Schema, Schema: s.database.Schema, Table: s.table.Options,
		Distribution: s.database.Distribution, NoMigrate: s.database.NoMigrate, Named: s.named})
	if err != nil || !s.searchIndex {
		return db, err
	}
	front.Starting("building the index for searches")
	if err := db.BuildSearchIndex(ctx); err != nil { // flags refuse it for memory, which has none
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}
