package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/products-importer/products-importer/examples/envflags"
	"github.com/products-importer/products-importer/examples/fieldflags"
	"github.com/products-importer/products-importer/examples/lifecycle"
	"github.com/products-importer/products-importer/examples/logflags"
	"github.com/products-importer/products-importer/examples/storeflags"
	"github.com/products-importer/products-importer/products"
)

const migrateUsage = `Usage: server migrate [flags]

Makes the database's schema, or brings it up to date, with the columns and
indexes of the fields, and ends. Servers, workers and imports do so themselves at
their start, unless they are started with -no-migrate, as by a user of the
database who owns nothing: examples/grants.sql has what such a user needs.

  server migrate -database-url postgres://owner:password@localhost/shop -fields fields.json
  server migrate -database-url postgres://owner:password@localhost/shop -distribute hash:64
      the products in 64 partitions
  server migrate -key-rule fold
      a new database, in which A-1 and a-1 are the same SKU
`

// migrate is the command migrate.
type migrate struct {
	stderr      io.Writer
	flags       *envflags.Set
	database    storeflags.Settings
	fields      fieldflags.Settings
	keyRule     products.KeyRule
	searchIndex bool
	lifecycle   lifecycle.Settings
	log         logflags.Settings
}

func (m *migrate) add(flags *envflags.Set) {
	m.flags = flags
	m.database.Add(flags, defaultDatabase)
	m.database.AddDistribute(flags)
	m.fields.Add(flags)
	flags.TextVar(&m.keyRule, "key-rule", products.ExactKeys,
		"the `rule` by which SKUs are the same in a new database: exact, or fold, which takes no notice of case; it "+
			"stays for ever")
	flags.BoolVar(&m.searchIndex, "search-index", false,
		"build the index that makes search fast, or bring it up to date; in SQLite imports take longer while it "+
			"exists")
	m.lifecycle.AddWait(flags)
	m.log.Add(flags)
	flags.FromEnv()
}

func (m *migrate) check(arguments []string) error {
	if err := envflags.None(arguments); err != nil {
		return err
	}
	if !m.database.URL.Stored() {
		return errors.New("memory has no schema: name a database")
	}
	return nil
}

func (m *migrate) run(ctx context.Context, stdout io.Writer) (err error) {
	logger := m.log.Logger(m.stderr)
	front, err := lifecycle.Listen("", logger)
	if err != nil {
		return err
	}
	options := storeflags.Options{Logger: logger, Fields: m.fields.Schema, Schema: m.database.Schema,
		Distribution: m.database.Distribution, Named: m.database.Named}
	if m.flags.Given("key-rule") {
		options.KeyRule = &m.keyRule
	}
	var db *storeflags.Stores
	if err := m.lifecycle.Await(ctx, front, logger, func(ctx context.Context) (err error) {
		db, err = storeflags.Open(ctx, m.database.URL, options)
		return err
	}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if db.BuildIndexes != nil {
		if err := db.BuildIndexes(ctx); err != nil {
			return fmt.Errorf("the indexes of fields: %w", err)
		}
	}
	if m.searchIndex {
		if err := db.BuildSearchIndex(ctx); err != nil {
			return fmt.Errorf("the index for searches: %w", err)
		}
	}
	fmt.Fprintf(stdout, "%s: the schema is up to date\n", m.database.URL)
	return nil
}
