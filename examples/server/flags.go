package main

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/products-importer/products-importer/examples/envflags"
	"github.com/products-importer/products-importer/examples/fieldflags"
	"github.com/products-importer/products-importer/examples/hookflags"
	"github.com/products-importer/products-importer/examples/lifecycle"
	"github.com/products-importer/products-importer/examples/logflags"
	"github.com/products-importer/products-importer/examples/storeflags"
	"github.com/products-importer/products-importer/examples/workflags"
)

// settings are what the command line and the environment say.
type settings struct {
	addr        string
	metricsAddr string // empty for none
	publicURL   string // empty where requests say it
	proxies     []netip.Prefix
	origins     []string
	maxUpload   int64
	database    storeflags.Settings
	user        string
	password    string // empty with a file of users alone
	madeUp      bool   // the password
	usersFile   string // empty for none
	anyAddress  bool
	work        workflags.Settings
	fields      fieldflags.Settings
	table       storeflags.ServedTable
	hooks       hookflags.Settings
	searchIndex bool
	lifecycle   lifecycle.Settings
	log         logflags.Settings
	named       func(flag string) string // what an error calls it
}

// What holds where nothing else is said.
const (
	defaultAddr     = "127.0.0.1:8080"
	defaultDatabase = "sqlite:products.db" // in the current folder
)

const serverUsage = `Usage: server [flags]
       server migrate|backup|copy|user|token|healthcheck [flags]

Serves the products importer over HTTP. migrate makes or updates the database's
schema, backup copies the SQLite file while it is in use, copy moves it up to
PostgreSQL, user writes a user into a file of users, token makes and withdraws
log-ins of programs, healthcheck asks the running server whether it is ready;
each explains itself with -h.

  server
      everything is in products.db, in the current folder
  server -database-url memory: -allow-private-webhooks
      for trying it: nothing is kept
  DATABASE_URL=postgres://localhost/shop server -workers 0
      workers run elsewhere
  DATABASE_URL=postgres://localhost/shop server -table shop.items -key code
      imports into a table of one's own; the importer's own tables stand beside it
  server -addr :8080 -users users.txt -public-url https://shop.example/catalog \
      -trusted-proxies 10.0.0.0/8
      behind a proxy
`

func newFlags(s *settings) *envflags.Set {
	flags := envflags.New("server", serverUsage)
	flags.Group("Where it is served")
	flags.Address(&s.addr, "addr", defaultAddr, false, "the `address` to serve")
	flags.Func("public-url", "the `URL` at which clients see the server, where it differs, for links", s.readPublicURL)
	flags.Func("trusted-proxies",
		"the `networks` of the proxies in front, such as 10.0.0.0/8,192.0.2.7, which are believed whose requests "+
			"they pass on, and which host and scheme those have asked for, in X-Forwarded-For, -Proto and -Host or in "+
			"Forwarded", s.readProxies)
	flags.Func("trusted-origins",
		"the `origins` of other web pages that may change things, such as https://shop.example,https://office.example",
		s.readOrigins)
	flags.SizeIn(&s.maxUpload, "max-upload", 4<<30, 1<<10, 1<<50,
		"how long an uploaded file may be, as it is sent and without its compression")
	flags.Group("Who may log in")
	flags.StringVar(&s.user, "admin-user", "admin", "the `name` of the user who has ADMIN_PASSWORD")
	flags.Secret("ADMIN_PASSWORD", "the password of that user; where there is none, and no file of users, one is made up "+
		"and printed", func(text string) error {
		s.password = text
		return nil
	})
	flags.StringVar(&s.usersFile, "users", "",
		"the `file` of those who log in, with their roles, as server user writes it; it is read again when it changes. "+
			"The user of ADMIN_PASSWORD can log in too, if there is one")
	flags.BoolVar(&s.anyAddress, "allow-made-up-password", false,
		"serve an address that others can reach even with a made-up password")
	flags.Group("The database")
	s.database.Add(flags, defaultDatabase)
	s.database.AddNoMigrate(flags)
	s.database.AddDistribute(flags)
	s.fields.Add(flags)
	s.table.Add(flags)
	flags.BoolVar(&s.searchIndex, "search-index", false,
		"first build the database's index that makes search fast, or bring it up to date; in SQLite imports take "+
			"longer while it exists")
	s.work.AddKept(flags)
	flags.Group("Imports and webhooks")
	s.work.Add(flags, ": workers run elsewhere, and deliver webhooks too, where nothing is said of -deliveries")
	s.hooks.Add(flags)
	flags.Group("For those who operate it")
	flags.Address(&s.metricsAddr, "metrics-addr", "", true,
		"another `address`, for /metrics alone, which wants no log-in there: one that only Prometheus can reach. Without "+
			"it /metrics is served with all else, to who logs in")
	s.lifecycle.AddWait(flags)
	s.lifecycle.AddDrain(flags)
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
	if err := s.table.Check(s.database.URL); err != nil {
		return err
	}
	if s.password == "" && s.usersFile == "" {
		s.password, s.madeUp = rand.Text(), true
	}
	if s.work.Workers == 0 && !flags.Given("deliveries") {
		s.work.Deliveries = 0
	}
	const alone = "needs a database, that workers elsewhere share: nobody else sees this memory"
	switch {
	case s.work.Workers == 0 && !s.database.URL.Stored():
		return errors.New(s.named("workers") + " 0 " + alone)
	case s.work.Deliveries == 0 && !s.database.URL.Stored():
		return errors.New(s.named("deliveries") + " 0 " + alone)
	case s.searchIndex && !s.database.URL.Stored():
		return errors.New(s.named("search-index") + " needs a database")
	case s.searchIndex && s.table.Name != "":
		return fmt.Errorf("%s is for products, and %s has none", s.named("search-index"), s.named("table"))
	case s.searchIndex && s.database.NoMigrate:
		return fmt.Errorf("%s leaves no room for %s: server migrate -search-index builds it", s.named("no-migrate"),
			s.named("search-index"))
	}
	host, _, _ := net.SplitHostPort(s.addr)
	if ip := net.ParseIP(host); s.madeUp && !s.anyAddress && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("%s %s can be reached by others: set ADMIN_PASSWORD, or say -allow-made-up-password",
			s.named("addr"), s.addr)
	}
	return nil
}

// readPublicURL reads a URL, or none.
func (s *settings) readPublicURL(text string) error {
	u, err := url.Parse(text)
	if text != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" ||
		u.Fragment != "" || u.User != nil) {
		return errors.New("is no such URL: want https://shop.example, with a path if need be")
	}
	s.publicURL = text
	return nil
}

// readOrigins reads a list of origins.
func (s *settings) readOrigins(text string) error {
	s.origins = nil
	if text == "" {
		return nil
	}
	for entry := range strings.SplitSeq(text, ",") {
		entry = strings.TrimSpace(entry)
		if http.NewCrossOriginProtection().AddTrustedOrigin(entry) != nil {
			return fmt.Errorf("%q is no origin: want one such as https://shop.example, without a path", entry)
		}
		s.origins = append(s.origins, entry)
	}
	return nil
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
func (s *settings) announce(w io.Writer, addr, metrics net.Addr) {
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
	fmt.Fprintf(w, "serving http://%s\nlog-in  %s\n", addr, login)
	if metrics != nil {
		fmt.Fprintf(w, "metrics http://%s/metrics\n", metrics)
	}
	fmt.Fprintf(w, "kept in %s\n", where)
}
