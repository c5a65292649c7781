package main

import (
	"cmp"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/products-importer/products-importer/examples/fieldflags"
	"github.com/products-importer/products-importer/examples/hookflags"
	"github.com/products-importer/products-importer/examples/lifecycle"
	"github.com/products-importer/products-importer/examples/storeflags"
	"github.com/products-importer/products-importer/examples/version"
)

// settings are what the command line and the environment say.
type settings struct {
	addr        string
	publicURL   string // empty where requests say it
	proxies     []netip.Prefix
	database    storeflags.Settings
	user        string
	password    string // empty with a file of users alone
	madeUp      bool   // the password
	usersFile   string // empty for none
	anyAddress  bool
	workers     int
	deliveries  int
	fields      fieldflags.Settings
	hooks       hookflags.Settings
	maxWait     time.Duration
	retention   time.Duration
	searchIndex bool
	lifecycle   lifecycle.Settings
	logLevel    slog.Level
	version     bool // is printed, and nothing done
}

// What holds where nothing else is said.
const (
	defaultAddr     = "127.0.0.1:8080"
	defaultDatabase = "sqlite:products.db"
)

func newFlags(s *settings) *flag.FlagSet {
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&s.addr, "addr", "",
		"the `address` to serve; without it that in ADDR, and without that "+defaultAddr)
	flags.StringVar(&s.publicURL, "public-url", "",
		"the `URL` at which clients see the server, where it differs, for links; without it that in PUBLIC_URL")
	flags.Func("trusted-proxies",
		"the `networks` of the proxies in front, such as 10.0.0.0/8,192.0.2.7, which are believed whose requests "+
			"they pass on, in X-Forwarded-For or Forwarded; without it those in TRUSTED_PROXIES", s.readProxies)
	s.database.Add(flags, "and without that "+defaultDatabase+" in the current folder")
	s.fields.Add(flags)
	flags.StringVar(&s.user, "admin-user", "",
		"the `name` to log in with; without it that in ADMIN_USER, or admin. The password is in ADMIN_PASSWORD; "+
			"without one, one is made up and printed")
	flags.StringVar(&s.usersFile, "users", "",
		"the `file` of those who log in, with their roles, as server user writes it; it is read again when it changes. "+
			"Without it that in USERS. The user of ADMIN_PASSWORD can log in too, if there is one")
	flags.IntVar(&s.workers, "workers", 1,
		"how many imports this process does at the same time; 0 when workers run elsewhere")
	flags.IntVar(&s.deliveries, "deliveries", 64,
		"how many webhooks this process delivers at the same time; 0 when workers elsewhere do, as they do with "+
			"-workers 0 where nothing else is said")
	s.hooks.Add(flags)
	flags.DurationVar(&s.maxWait, "max-wait", time.Hour,
		"how long an import that doesn't get on waits in all for trouble of the database to pass: a full disk, no "+
			"connection left, statements that are cancelled")
	flags.DurationVar(&s.retention, "retention", 30*24*time.Hour,
		"how long imports that have ended are kept, with their files; 0 for ever")
	flags.BoolVar(&s.searchIndex, "search-index", false,
		"first build the database's index that makes search fast; while it exists, imports take longer")
	s.lifecycle.AddWait(flags)
	s.lifecycle.AddDrain(flags)
	flags.BoolVar(&s.anyAddress, "allow-made-up-password", false,
		"serve an address that others can reach even with a made-up password")
	flags.TextVar(&s.logLevel, "log-level", slog.LevelInfo, "debug, info, warn or error")
	version.Add(flags, &s.version)
	return flags
}

// parseArgs returns the settings, or an error of one line.
func parseArgs(args []string, getenv func(string) string) (*settings, error) {
	s := &settings{}
	flags := newFlags(s)
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if s.version {
		return s, nil
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("there is nothing to do with %q", flags.Arg(0))
	}
	// Not the flags' default values, which the usage would show, passwords and all.
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if !given["addr"] {
		s.addr = cmp.Or(getenv("ADDR"), defaultAddr)
	}
	if !given["admin-user"] {
		if s.user = getenv("ADMIN_USER"); s.user == "" {
			s.user = "admin"
		}
	}
	if !given["users"] {
		s.usersFile = getenv("USERS")
	}
	if s.password = getenv("ADMIN_PASSWORD"); s.password == "" && s.usersFile == "" {
		s.password, s.madeUp = rand.Text(), true
	}
	if err := cmp.Or(s.database.Read(getenv, defaultDatabase), s.hooks.ReadKey(getenv),
		s.fields.Read(getenv), s.lifecycle.Read(flags, getenv)); err != nil {
		return nil, err
	}
	if !given["trusted-proxies"] {
		if err := s.readProxies(getenv("TRUSTED_PROXIES")); err != nil {
			return nil, fmt.Errorf("TRUSTED_PROXIES: %w", err)
		}
	}
	if !given["public-url"] {
		s.publicURL = getenv("PUBLIC_URL")
	}
	if u, err := url.Parse(s.publicURL); s.publicURL != "" && (err != nil || u.Scheme != "http" &&
		u.Scheme != "https" || u.Host == "") {
		return nil, fmt.Errorf("-public-url %q is no URL: want https://shop.example, with a path if need be",
			s.publicURL)
	}
	if s.workers == 0 && !given["deliveries"] {
		s.deliveries = 0
	}
	switch {
	case s.workers < 0 || s.workers > 1000:
		return nil, fmt.Errorf("-workers must be between 0 and 1000, not %d", s.workers)
	case s.maxWait < time.Second || s.maxWait > 30*24*time.Hour:
		return nil, fmt.Errorf("-max-wait must be between 1s and 720h, not %v", s.maxWait)
	case s.workers == 0 && !s.database.URL.Stored():
		return nil, errors.New(
			"-workers 0 needs a database, that workers elsewhere share: nobody else sees this memory")
	case s.deliveries < 0 || s.deliveries > 1000:
		return nil, fmt.Errorf("-deliveries must be between 0 and 1000, not %d", s.deliveries)
	case s.deliveries == 0 && !s.database.URL.Stored():
		return nil, errors.New(
			"-deliveries 0 needs a database, that workers elsewhere share: nobody else sees this memory")
	case s.searchIndex && !s.database.URL.Stored():
		return nil, errors.New("-search-index needs a database")
	case s.retention < 0:
		return nil, fmt.Errorf("-retention must not be negative, but is %v", s.retention)
	}
	host, _, err := net.SplitHostPort(s.addr)
	if err != nil {
		return nil, fmt.Errorf("-addr %q is no address: want host:port", s.addr)
	}
	if ip := net.ParseIP(host); s.madeUp && !s.anyAddress && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("-addr %s can be reached by others: set ADMIN_PASSWORD, or say -allow-made-up-password",
			s.addr)
	}
	return s, nil
}

// readProxies reads a list of networks and addresses.
func (s *settings) readProxies(text string) error {
	s.proxies = nil
	if text == "" {
		return nil
	}
	for entry := range strings.SplitSeq(text, ",") {
		entry = strings.TrimSpace(entry)
		network, err := netip.ParsePrefix(entry)
		if address, single := netip.ParseAddr(entry); single == nil && address.Zone() == "" {
			address = address.Unmap()
			network, err = netip.PrefixFrom(address, address.BitLen()), nil
		}
		switch {
		case err != nil:
			return fmt.Errorf("%q is no network: want one such as 10.0.0.0/8, or an address", entry)
		case network.Bits() == 0:
			return fmt.Errorf("%q is everybody, who could say to be anybody", entry)
		}
		s.proxies = append(s.proxies, network)
	}
	return nil
}

// announce says where the server is and how to log in.
func (s *settings) announce(w io.Writer, addr net.Addr) {
	where := s.database.URL.String()
	if !s.database.URL.Stored() {
		where = "memory: it is gone when the server ends (DATABASE_URL names a database)"
	}
	var login string
	switch {
	case s.madeUp:
		login = s.user + ":" + s.password
	case s.password == "":
		login = "as the users in " + s.usersFile
	default:
		login = s.user + ", with the password in ADMIN_PASSWORD"
		if s.usersFile != "" {
			login += ", and the users in " + s.usersFile
		}
	}
	fmt.Fprintf(w, "serving http://%s\nlog-in  %s\nkept in %s\n", addr, login, where)
}

// usage explains the program to w.
func usage(w io.Writer) {
	fmt.Fprint(w, `Usage: server [flags]
       server backup|copy|user|token|healthcheck [flags]

Serves the products importer over HTTP. backup copies the SQLite file while it is in use, copy moves it up to
PostgreSQL, user writes a user into a file of users, token makes and withdraws log-ins of programs, healthcheck asks the
running server whether it is ready; each explains itself with -h.

  server                                                     everything is in products.db, in the current folder
  server -database-url memory: -allow-private-webhooks       for trying it: nothing is kept
  DATABASE_URL=postgres://localhost/shop server -workers 0   workers run elsewhere

`)
	flags := newFlags(&settings{})
	flags.SetOutput(w)
	flags.PrintDefaults()
}
