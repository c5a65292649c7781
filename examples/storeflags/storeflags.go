// Package storeflags has the flags about where products are kept that the programs have in common, and opens what it
// names.
package storeflags

import (
	"fmt"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/examples/envflags"
)

// Settings are what the command line and the environment say.
type Settings struct {
	// URL is that of the flag, of DATABASE_URL or the fallback; the zero URL where there is none of them.
	URL URL
	// Schema is Options.Schema.
	Schema string
	// NoMigrate is Options.NoMigrate.
	NoMigrate bool
	// Distribution is Options.Distribution.
	Distribution postgres.Distribution
	fallback     string
	flags        *envflags.Set
}

// Add adds the flags -database-url and -schema. Where the first is empty the fallback counts, which may be empty too.
// No error about it shows a password. What is asked of a database that can't do it is wrong usage.
func (s *Settings) Add(flags *envflags.Set, fallback string) {
	s.fallback, s.flags = fallback, flags
	// The error is that of the current folder, which is told where the database is opened.
	_ = s.Set("")
	flags.Var(s, "database-url", "the `URL` of the database: "+Forms)
	flags.SecretFromEnv("database-url")
	AddSchema(flags, &s.Schema)
	flags.FromEnv("schema")
	flags.Check(func() error { return checkKind(s.Schema, s.Distribution, s.URL.Kind, s.Named) })
}

// Named is Options.Named.
func (s *Settings) Named(flag string) string { return s.flags.Named(flag) }

// AddSchema adds the flag -schema.
func AddSchema(flags *envflags.Set, schema *string) {
	flags.Func("schema", "keep all tables in the PostgreSQL schema of that `name`, beside those of others: "+
		"it is made where it is missing; empty leaves it to the search_path", func(name string) error {
		*schema = name
		return postgres.CheckSchema(name)
	})
}

// AddNoMigrate adds the flag -no-migrate.
func (s *Settings) AddNoMigrate(flags *envflags.Set) {
	flags.BoolVar(&s.NoMigrate, "no-migrate", false,
		"leave the database's schema as it is, which server migrate makes and updates: what doesn't fit is an error")
	flags.FromEnv("no-migrate")
}

// AddDistribute adds the flag -distribute.
func (s *Settings) AddDistribute(flags *envflags.Set) {
	flags.Func("distribute", "the `way` in which the products of a PostgreSQL database are distributed, which it "+
		"records: hash:64 and the like, in so many partitions by the hash of the SKU; citus, over the nodes of a "+
		"cluster; none, in one table. Products that are there are moved, and nobody reads or writes any meanwhile; "+
		"empty leaves it as it is",
		func(text string) error { return s.Distribution.UnmarshalText([]byte(text)) })
	flags.FromEnv("distribute")
}

// Set reads a URL.
func (s *Settings) Set(text string) (err error) {
	if text == "" {
		text = s.fallback
	}
	s.URL = URL{}
	if text != "" {
		s.URL, err = ParseURL(text)
	}
	return err
}

// String is the fallback, which the usage shows.
func (s *Settings) String() string { return s.fallback }

// checkKind returns an error for what is asked of a database that can't do it.
func checkKind(schema string, d postgres.Distribution, kind Kind, named func(flag string) string) error {
	if kind == None || kind == PostgreSQL {
		return nil
	}
	for _, flag := range []struct{ name, value string }{{"schema", schema}, {"distribute", d.String()}} {
		if flag.value != "" {
			return fmt.Errorf("%s %q is for PostgreSQL alone, and the database is another one: leave it out",
				named(flag.name), flag.value)
		}
	}
	return nil
}
