package storeflags

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/sqlite"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

// Options are the settings of what Open opens. The zero value works.
type Options struct {
	// Fields say which fields products have, nil for those of products.Standard.
	Fields *products.Schema
	// Schema is the PostgreSQL schema that all tables are in, empty for where the search_path leads.
	Schema string
	// Distribution is what the products are distributed over in PostgreSQL, the zero value for what is recorded there.
	Distribution postgres.Distribution
	// Table is the table of one's own that jobs import into, nil for the products.
	Table *postgres.TableOptions
	// NoMigrate leaves the schema alone: one that doesn't fit is an error.
	NoMigrate bool
	// KeyRule says which SKUs are the same, nil for what is on record, or products.ExactKeys.
	KeyRule *products.KeyRule
	// Sealer encrypts the secrets of webhooks' endpoints where they are stored; nil stores them readable.
	Sealer *webhooks.Sealer
	// MaxConns is the most connections to PostgreSQL at a time, 0 for 10.
	MaxConns int
	// Logger gets what the database has to tell; nil for none.
	Logger *slog.Logger
	// Named is what an error calls a flag, as envflags.Set.Named says; nil for the flag's name.
	Named func(flag string) string
}

// Stores are where everything is kept. They are safe for concurrent use.
type Stores struct {
	Products products.Store
	// Imports is what jobs import into: Products, or the table of Options.
	Imports  importer.Store
	Jobs     Jobs
	Uploads  job.Uploads
	Webhooks webhooks.Store
	Tokens   basicauth.TokenStore
	History  products.History
	// InTx runs a function in a transaction over all of these but Uploads.
	InTx products.InTx
	// Ping asks whether the database answers. It is nil for memory.
	Ping func(ctx context.Context) error
	// BuildSearchIndex builds the index that makes searches fast, and BuildIndexes those of fields, which are begun in
	// the background where the schema isn't left alone. They are nil where there are none.
	BuildSearchIndex, BuildIndexes func(ctx context.Context) error
	// Pools says what the connections to the database do, by the names of their pools. It is nil for memory.
	Pools func() map[string]sql.DBStats
	// Close closes the database.
	Close func() error
}

// Jobs is a store of jobs that calls a hook at their ends.
type Jobs interface {
	job.Store
	OnEnd(hook driver.EndHook)
}

// Open opens what the URL names, and makes or updates its schema where that isn't left alone. The caller closes it.
func Open(ctx context.Context, u URL, o Options) (*Stores, error) {
	if o.Named == nil {
		o.Named = func(flag string) string { return "-" + flag }
	}
	db, err := open(ctx, u, o)
	var file *sqlite.FileError
	if errors.As(err, &file) {
		return nil, fmt.Errorf("%s: %w", o.Named("database-url"), err)
	}
	var one *postgres.MissingFieldsError
	var other *sqlite.MissingFieldsError
	var distribution *postgres.DistributionError
	if errors.As(err, &distribution) {
		return nil, fmt.Errorf("%s: %w", o.Named("distribute"), err)
	}
	if behind(err) || errors.As(err, &one) || errors.As(err, &other) {
		return nil, fmt.Errorf("%w, by the command server migrate", err)
	}
	return db, err
}

// behind reports whether the schema is one of an earlier version.
func behind(err error) bool {
	var one *postgres.SchemaError
	var other *sqlite.SchemaError
	return errors.As(err, &one) && one.Database < one.Code || errors.As(err, &other) && other.Database < other.Code
}

func open(ctx context.Context, u URL, o Options) (*Stores, error) {
	if err := checkKind(o.Schema, o.Distribution, u.Kind, o.Named); err != nil {
		return nil, err
	}
	switch u.Kind {
	case Memory:
		rule := products.ExactKeys
		if o.KeyRule != nil {
			rule = *o.KeyRule
		}
		db := memory.New(memory.Options{Fields: o.Fields, KeyRule: rule})
		return &Stores{Products: db.Products(), Imports: db.Products(), Jobs: db.Jobs(), Uploads: db.Uploads(),
			Webhooks: db.Webhooks(), Tokens: db.Tokens(), History: db.History(), InTx: db.InTx,
			Close: func() error { return nil }}, nil
	case SQLite:
		db, err := sqlite.Open(ctx, u.text, sqlite.Options{Logger: o.Logger, Sealer: o.Sealer, Fields: o.Fields,
			NoMigrate: o.NoMigrate, KeyRule: o.KeyRule})
		if err != nil {
			return nil, err
		}
		return &Stores{Products: db.Products(), Imports: db.Products(), Jobs: db.Jobs(), Uploads: db.Uploads(),
			Webhooks: db.Webhooks(), Tokens: db.Tokens(), History: db.History(), InTx: db.InTx, Ping: db.Ping,
			BuildSearchIndex: db.BuildSearchIndex,
			Pools:            db.Pools, Close: db.Close}, nil
	case PostgreSQL:
		db, err := postgres.Open(ctx, u.text, postgres.Options{MaxConns: o.MaxConns, Logger: o.Logger, Sealer: o.Sealer,
			Fields: o.Fields, Schema: o.Schema, Distribution: o.Distribution, NoMigrate: o.NoMigrate,
			KeyRule: o.KeyRule})
		if err != nil {
			return nil, err
		}
		var imports importer.Store = db.Products()
		if o.Table != nil {
			if imports, err = db.OpenTable(ctx, *o.Table); err != nil {
				return nil, errors.Join(fmt.Errorf("%s: %w", o.Named("table"), err), db.Close())
			}
		}
		return &Stores{Products: db.Products(), Imports: imports, Jobs: db.Jobs(), Uploads: db.Uploads(),
			Webhooks: db.Webhooks(), Tokens: db.Tokens(), History: db.History(), InTx: db.InTx, Ping: db.Ping,
			BuildSearchIndex: db.BuildSearchIndex,
			BuildIndexes:     db.BuildIndexes, Pools: db.Pools, Close: db.Close}, nil
	}
	return nil, errors.New("no database is named: want " + Forms)
}
