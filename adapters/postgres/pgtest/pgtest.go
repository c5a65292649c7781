// Package pgtest gives tests databases of a real PostgreSQL. The server comes, in this order,
//
//   - from TEST_DATABASE_URL: a URL of one that runs, whose user may create databases;
//   - from dockertest: the image TEST_POSTGRES_IMAGE, else a pinned official one;
//   - from PostgreSQL's programs on this machine: initdb in a temporary folder.
//
// With none of them tests are skipped, or fail where CI=true is set. Tests on Citus use the cluster whose coordinator
// TEST_CITUS_URL names, and are skipped without it; the command in the folder citus starts one. Servers that are
// started here don't wait for the disk (fsync=off), unless there are benchmarks to be run. A package whose tests use it
// has
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
package pgtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"flag"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lib/pq"
)

// server is a running PostgreSQL.
type server struct {
	url   string // of a database from which others can be created
	from  string // where the server comes from, for people
	small string // the folder of options.small
	stop  func() // removes it

	// These are set for a server that was started here. The first returns when the server has ended; after the second
	// it may take a while to answer.
	crash, start, freeze, thaw func() error
}

// options are those of a server that is started here.
type options struct {
	own   bool  // it will be stopped and started again
	small int64 // bytes of a file system of its own, 0 for none
	citus bool  // it is a node of Citus
}

// settings are arguments of the program postgres.
func (o options) settings() []string {
	settings := []string{"-c", "max_connections=200"}
	if o.citus {
		// Each connection to the coordinator may need several to the workers, each database has a process of its own,
		// and wal_level is for moving shards.
		settings = []string{"-c", "max_connections=500", "-c", "max_worker_processes=100",
			"-c", "shared_preload_libraries=citus", "-c", "wal_level=logical",
			"-c", "citus.node_conninfo=sslmode=disable"} // a test listens to what nodes tell each other
	}
	if !benchmarks() {
		// A test that crashes the server doesn't crash the machine.
		settings = append(settings, "-c", "fsync=off", "-c", "full_page_writes=off")
	}
	return settings
}

// benchmarks reports whether there are benchmarks to be run.
func benchmarks() bool {
	f := flag.Lookup("test.bench")
	return f != nil && f.Value.String() != ""
}

// shared is the one server of a test process, started when the first test asks for a database.
var shared struct {
	once   sync.Once
	server *server
	admin  *sql.DB // makes and drops databases; opening a connection takes as long as either
	err    error
}

// Main runs the package's tests, removes the server, and exits.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run is Main for a package that has something else to remove: it returns the status with which to exit.
func Run(m *testing.M) (status int) {
	status = m.Run()
	if s := shared.server; s != nil {
		dropTemplates()
		_ = shared.admin.Close()
		s.stop()
	}
	return status
}

// URL returns the URL of an empty database, which nobody else uses and which goes when the test ends. It is safe for
// concurrent use.
func URL(t testing.TB) string {
	t.Helper()
	need(t)
	return create(t, "template1")
}

// need starts the shared server, or skips the test.
func need(t testing.TB) {
	t.Helper()
	shared.once.Do(func() {
		if shared.server, shared.err = start(); shared.err == nil {
			shared.admin, shared.err = sql.Open("postgres", shared.server.url)
		}
	})
	if shared.err != nil {
		giveUp(t, false, fmt.Errorf("no PostgreSQL: %w", shared.err))
	}
}

// create makes a database like another one, until the test ends. Copying its files takes a quarter of the time that it
// takes to write all of them to the log.
func create(t testing.TB, template string) (url string) {
	t.Helper()
	name := newName()
	execute(t, `CREATE DATABASE `+pq.QuoteIdentifier(name)+` TEMPLATE `+pq.QuoteIdentifier(template)+` STRATEGY file_copy`)
	t.Cleanup(func() { execute(t, drop(name)) })
	return withDatabase(shared.server.url, name)
}

func newName() string { return "test_" + strings.ToLower(rand.Text()[:16]) }

func drop(name string) string { return `DROP DATABASE ` + pq.QuoteIdentifier(name) + ` WITH (FORCE)` }

// withDatabase returns the URL or connection string with another database.
func withDatabase(serverURL, name string) string {
	u, err := url.Parse(serverURL)
	if err != nil || u.Scheme == "" {
		return serverURL + " dbname=" + name // the last one counts
	}
	u.Path, u.RawPath = "/"+name, ""
	return u.String()
}

func execute(t testing.TB, statement string) {
	t.Helper()
	if _, err := shared.admin.Exec(statement); err != nil {
		t.Fatalf("pgtest: %s: %v", statement, err)
	}
}

// run runs a statement over a connection of its own.
func run(url, statement string) error {
	db, err := sql.Open("postgres", url)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(statement)
	return err
}

// giveUp skips a test that can't be run. With CI=true the test fails instead, unless it is excused.
func giveUp(t testing.TB, excused bool, why error) {
	t.Helper()
	if os.Getenv("CI") == "true" && !excused {
		t.Fatalf("pgtest: %v", why)
	}
	t.Skipf("pgtest: not tested: %v", why)
}

// start finds a server for all tests, and says which one it took.
func start() (*server, error) {
	var s *server
	if given := os.Getenv("TEST_DATABASE_URL"); given != "" {
		s = &server{url: given, from: "TEST_DATABASE_URL", stop: func() {}}
	} else {
		var why error
		if s, why = find(options{}); s == nil {
			return nil, fmt.Errorf("TEST_DATABASE_URL is not set; %w", why)
		}
	}
	version, err := await(s.url, 5*time.Second)
	if err != nil {
		s.stop()
		return nil, fmt.Errorf("PostgreSQL from %s doesn't answer: %w", s.from, err)
	}
	fmt.Fprintf(os.Stderr, "pgtest: PostgreSQL %s from %s\n", version, s.from)
	return s, nil
}

// noDocker is why Docker gave no server the first time. It isn't tried again, since that may take long.
var noDocker struct {
	mu  sync.Mutex
	why error
}

// find starts a server, or says why there is none.
func find(o options) (*server, error) {
	noDocker.mu.Lock()
	docker := noDocker.why
	noDocker.mu.Unlock()
	if docker == nil {
		s, err := fromDocker(o)
		if err == nil {
			return s, nil
		}
		docker = err
		noDocker.mu.Lock()
		noDocker.why = err
		noDocker.mu.Unlock()
	}
	s, err := fromPrograms(o)
	if err == nil {
		return s, nil
	}
	return nil, fmt.Errorf("%w; %w", docker, err)
}

// await waits until the server answers and returns its version.
func await(serverURL string, most time.Duration) (version string, err error) {
	db, err := sql.Open("postgres", serverURL)
	if err != nil {
		return "", err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	for {
		if err = db.QueryRowContext(ctx, `SHOW server_version`).Scan(&version); err == nil {
			version, _, _ = strings.Cut(version, " ")
			return version, nil
		}
		select {
		case <-ctx.Done():
			return "", err
		case <-time.After(50 * time.Millisecond):
		}
	}
}
