package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/products-importer/products-importer/examples/fieldflags"
	"github.com/products-importer/products-importer/examples/hookflags"
	"github.com/products-importer/products-importer/examples/lifecycle"
	"github.com/products-importer/products-importer/examples/storeflags"
	"github.com/products-importer/products-importer/examples/version"
)

// defaultAdminAddr is for operators on this machine.
const defaultAdminAddr = "127.0.0.1:8081"

// settings are what the command line and the environment say.
type settings struct {
	database   storeflags.Settings
	adminAddr  string
	workers    int
	deliveries int
	fields     fieldflags.Settings
	hooks      hookflags.Settings
	lease      time.Duration
	maxWait    time.Duration
	retention  time.Duration
	lifecycle  lifecycle.Settings
	logLevel   slog.Level
	version    bool // is printed, and nothing done
}

func newFlags(s *settings) *flag.FlagSet {
	flags := flag.NewFlagSet("worker", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	s.database.Add(flags, "one of them is needed")
	flags.StringVar(&s.adminAddr, "admin-addr", "",
		"the `address` of /livez, /readyz and /metrics, which want no log-in, empty for none; without it that in "+
			"ADMIN_ADDR, and without that "+defaultAdminAddr)
	flags.IntVar(&s.workers, "workers", 1, "how many imports it does at the same time; 0 for none")
	flags.IntVar(&s.deliveries, "deliveries", 64, "how many webhooks it delivers at the same time; 0 for none")
	s.fields.Add(flags)
	s.hooks.Add(flags)
	flags.DurationVar(&s.lease, "lease", 15*time.Second,
		"how long an import waits for another worker when this one vanishes; up to twice as long where it hangs "+
			"inside a transaction")
	flags.DurationVar(&s.maxWait, "max-wait", time.Hour,
		"how long an import that doesn't get on waits in all for trouble of the database to pass: a full disk, no "+
			"connection left, statements that are cancelled")
	flags.DurationVar(&s.retention, "retention", 30*24*time.Hour,
		"how long imports that have ended are kept, with their files; 0 for ever")
	s.lifecycle.AddWait(flags)
	flags.TextVar(&s.logLevel, "log-level", slog.LevelInfo, "debug, info, warn or error")
	version.Add(flags, &s.version)
	return flags
}

// parseArgs returns the settings, or an error of one line.
func parseArgs(args []string, getenv func(string) string) (*settings, error) {
	s := &settings{}
	flags := newFlags(s)
	if err := flags.Parse(args); err != nil || s.version {
		return s, err
	}
	given := false // it may be given as empty
	flags.Visit(func(f *flag.Flag) { given = given || f.Name == "admin-addr" })
	if !given {
		s.adminAddr = cmp.Or(getenv("ADMIN_ADDR"), defaultAdminAddr)
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("there is nothing to do with %q", flags.Arg(0))
	}
	if err := cmp.Or(s.database.Read(getenv, ""), s.hooks.ReadKey(getenv), s.fields.Read(getenv),
		s.lifecycle.Read(flags, getenv)); err != nil {
		return nil, err
	}
	switch {
	case s.database.URL.Kind == storeflags.None:
		return nil, errors.New("name the database that the servers use, with -database-url or DATABASE_URL: " +
			"sqlite:FILE or postgres://user:password@host/name")
	case !s.database.URL.Stored():
		return nil, errors.New("a worker does what servers have taken in, and nobody else sees this memory: " +
			"name the servers' database, sqlite:FILE or postgres://user:password@host/name")
	case s.workers < 0 || s.workers > 1000:
		return nil, fmt.Errorf("-workers must be between 0 and 1000, not %d", s.workers)
	case s.deliveries < 0 || s.deliveries > 1000:
		return nil, fmt.Errorf("-deliveries must be between 0 and 1000, not %d", s.deliveries)
	case s.workers == 0 && s.deliveries == 0:
		return nil, errors.New("there is nothing to do with -workers 0 and -deliveries 0")
	case s.lease < time.Second:
		return nil, fmt.Errorf("-lease must be at least a second, not %v", s.lease)
	case s.maxWait < time.Second || s.maxWait > 30*24*time.Hour:
		return nil, fmt.Errorf("-max-wait must be between 1s and 720h, not %v", s.maxWait)
	case s.retention < 0:
		return nil, fmt.Errorf("-retention must not be negative, but is %v", s.retention)
	}
	return s, nil
}

// usage explains the program to w.
func usage(w io.Writer) {
	fmt.Fprint(w, `Usage: worker [flags]
       worker healthcheck [flags]

Does the imports that servers have taken in, and delivers webhooks. healthcheck asks the running worker whether it is
ready.

  worker -database-url sqlite:products.db -workers 2         beside a server on this machine
  DATABASE_URL=postgres://localhost/shop worker

`)
	flags := newFlags(&settings{})
	flags.SetOutput(w)
	flags.PrintDefaults()
}
