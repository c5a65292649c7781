package main

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/products-importer/products-importer/examples/envflags"
	"github.com/products-importer/products-importer/examples/fieldflags"
	"github.com/products-importer/products-importer/examples/hookflags"
	"github.com/products-importer/products-importer/examples/lifecycle"
	"github.com/products-importer/products-importer/examples/logflags"
	"github.com/products-importer/products-importer/examples/storeflags"
	"github.com/products-importer/products-importer/examples/workflags"
)

// defaultAdminAddr is for operators on this machine.
const defaultAdminAddr = "127.0.0.1:8081"

// settings are what the command line and the environment say.
type settings struct {
	database  storeflags.Settings
	adminAddr string
	work      workflags.Settings
	fields    fieldflags.Settings
	table     storeflags.ServedTable
	hooks     hookflags.Settings
	lifecycle lifecycle.Settings
	log       logflags.Settings
	named     func(flag string) string // what an error calls it
}

const workerUsage = `Usage: worker [flags]
       worker healthcheck [flags]

Does the imports that servers have taken in, and delivers webhooks. healthcheck
asks the running worker whether it is ready.

  worker -database-url sqlite:products.db -workers 2
      beside a server on this machine
  DATABASE_URL=postgres://localhost/shop worker
`

func newFlags(s *settings) *envflags.Set {
	flags := envflags.New("worker", workerUsage)
	flags.Group("The database, which is the servers'")
	s.database.Add(flags, "")
	s.database.AddNoMigrate(flags)
	s.database.AddDistribute(flags)
	s.fields.Add(flags)
	s.table.Add(flags)
	s.work.AddKept(flags)
	flags.Group("Imports and webhooks")
	s.work.Add(flags, "")
	s.hooks.Add(flags)
	flags.Group("For those who operate it")
	flags.Address(&s.adminAddr, "admin-addr", defaultAdminAddr, true,
		"the `address` of /livez, /readyz and /metrics, which want no log-in; empty for none")
	s.lifecycle.AddWait(flags)
	s.log.Add(flags)
	flags.FromEnv()
	return flags
}

// parse sets the settings, or returns an error of one line for flags.Report.
func (s *settings) parse(flags *envflags.Set, args []string, getenv func(string) string) error {
	s.named = flags.Named
	arguments, err := flags.Parse(args, getenv)
	if err := cmp.Or(err, envflags.None(arguments)); err != nil {
		return err
	}
	switch {
	case s.database.URL.Kind == storeflags.None:
		return errors.New("name the database that the servers use, with -database-url or DATABASE_URL: " +
			"sqlite:FILE or postgres://user:password@host/name")
	case !s.database.URL.Stored():
		return errors.New("a worker does what servers have taken in, and nobody else sees this memory: " +
			"name the servers' database, sqlite:FILE or postgres://user:password@host/name")
	case s.work.Workers == 0 && s.work.Deliveries == 0:
		return fmt.Errorf("there is nothing to do with %s 0 and %s 0", s.named("workers"), s.named("deliveries"))
	}
	return s.table.Check(s.database.URL)
}
