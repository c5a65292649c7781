package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/sqlite"
	"github.com/products-importer/products-importer/examples/envflags"
	"github.com/products-importer/products-importer/examples/fieldflags"
	"github.com/products-importer/products-importer/examples/hookflags"
	"github.com/products-importer/products-importer/examples/storeflags"
	"github.com/products-importer/products-importer/importer/job"
)

const copyUsage = `Usage: server copy -from sqlite:FILE -to postgres://user:password@host/name [flags]

Copies what a SQLite file has into a PostgreSQL database that has never had a product: products with their IDs,
versions, times, fields and attributes, the endpoints of webhooks with their secrets, and profiles. It reads back what
it wrote, compares counts and checksum, and commits only then. Servers and workers on the file have to be stopped. The
history of imports and of deliveries stays where it is.

  server copy -from sqlite:products.db -to postgres://user:password@host/name -fields fields.json

`

// moving is the command copy.
type moving struct {
	from, to        storeflags.URL
	schema          string // of the database copied to
	fields          fieldflags.Settings
	hooks           hookflags.Settings
	leaveDeliveries bool
}

func (m *moving) add(flags *envflags.Set) {
	flags.Func("from", "the `URL` of the file, sqlite:FILE", func(text string) (err error) {
		m.from, err = storeflags.ParseURL(text)
		return err
	})
	flags.Func("to",
		"the `URL` of the database, postgres://user:password@host/name; a password may also stand in PGPASSWORD",
		func(text string) (err error) {
			m.to, err = storeflags.ParseURL(text)
			return err
		})
	flags.Hide("from", "to")
	storeflags.AddSchema(flags, &m.schema)
	m.fields.Add(flags)
	m.hooks.AddKey(flags)
	flags.BoolVar(&m.leaveDeliveries, "leave-deliveries", false,
		"leave behind what webhooks haven't told yet: their receivers won't hear of it")
}

func (m *moving) check(arguments []string) error {
	switch {
	case len(arguments) > 0:
		return fmt.Errorf("there is nothing to do with %q", arguments[0])
	case m.from.Kind == storeflags.None || m.to.Kind == storeflags.None:
		return errors.New("name both databases: -from sqlite:FILE -to postgres://user:password@host/name")
	case m.from.Kind != storeflags.SQLite:
		return fmt.Errorf("-from is %v: this copies from sqlite:FILE alone", m.from)
	case m.to.Kind != storeflags.PostgreSQL:
		return errors.New("-to is no PostgreSQL database: this copies to postgres://user:password@host/name alone; " +
			"a SQLite file is copied by the command backup")
	}
	return nil
}

func (m *moving) run(ctx context.Context, stdout io.Writer) (err error) {
	if err := sqlite.CheckUnused(ctx, m.from.Location()); err != nil {
		return err
	}
	from, err := sqlite.Open(ctx, m.from.Location(), sqlite.Options{Sealer: m.hooks.Sealer, Fields: m.fields.Schema})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	rule := from.Products().KeyRule()
	to, err := postgres.Open(ctx, m.to.Location(), postgres.Options{KeyRule: &rule, Sealer: m.hooks.Sealer,
		Fields: m.fields.Schema, Schema: m.schema})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	var copied content
	// Nobody writes to the file meanwhile.
	err = from.InTx(ctx, func(ctx context.Context) error {
		if err := m.mayLeave(ctx, from); err != nil {
			return err
		}
		copied, err = copyContent(ctx, from, to)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "copied %s to PostgreSQL\n  products   %d\n  endpoints  %d of webhooks\n  profiles   %d\n"+
		"  tokens     %d of programs\n  checksum   %s on both sides\nThe file stays as it is: keep it as a backup.\n",
		m.from, copied.products, copied.endpoints, copied.profiles, copied.tokens, copied.checksum())
	return nil
}

// mayLeave returns an error where something would be lost.
func (m *moving) mayLeave(ctx context.Context, from *sqlite.DB) error {
	unknown, err := from.UnknownFields(ctx)
	if err != nil {
		return err
	}
	if len(unknown) > 0 {
		return fmt.Errorf("products have fields that -fields doesn't declare: %s: give the file that the server has",
			strings.Join(unknown, ", "))
	}
	_, unfinished, err := from.Jobs().List(ctx, job.Query{Limit: 1,
		States: []job.State{job.Pending, job.Started, job.Progress}})
	if err != nil {
		return err
	}
	if unfinished > 0 {
		return fmt.Errorf("imports haven't ended: %d: let the server finish them, or cancel them", unfinished)
	}
	waiting, err := from.Webhooks().Backlog(ctx)
	if err != nil {
		return err
	}
	if n := waiting.Due[0] + waiting.Due[1] + waiting.Later[0] + waiting.Later[1]; n > 0 && !m.leaveDeliveries {
		return fmt.Errorf("deliveries of webhooks haven't been made: %d: let the server make them, or say "+
			"-leave-deliveries", n)
	}
	return nil
}
