package pgtest

import (
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
)

// CitusShards is how many shards a table gets that is distributed in a database of CitusURL or Citus.URL.
const CitusShards = 8

// CitusURL returns the URL of an empty database of the Citus cluster whose coordinator TEST_CITUS_URL names: the
// extension is in it on all nodes, and the nodes know each other. Nobody else uses it, and it goes when the test ends.
// Without TEST_CITUS_URL the test is skipped. The user must be allowed to create databases and the extension on all
// nodes, which are reached under the names that the coordinator has for them. It is safe for concurrent use.
func CitusURL(t testing.TB) string {
	t.Helper()
	return createCitus(t, NeedCitus(t))
}

// NeedCitus returns TEST_CITUS_URL, or skips the test where there is none: for tests whose subtests use CitusURL.
func NeedCitus(t testing.TB) (coordinator string) {
	t.Helper()
	if coordinator = os.Getenv("TEST_CITUS_URL"); coordinator == "" {
		giveUp(t, true, errors.New("TEST_CITUS_URL names no coordinator of Citus"))
	}
	return coordinator
}

// CitusWorkers returns the URLs of a database of CitusURL or Citus.URL on the worker nodes.
func CitusWorkers(t testing.TB, databaseURL string) (urls []string) {
	t.Helper()
	nodes, err := nodesOf(databaseURL)
	if err != nil {
		t.Fatalf("pgtest: the nodes of Citus: %v", err)
	}
	for _, n := range nodes[1:] {
		urls = append(urls, n.url)
	}
	return urls
}

// createCitus makes a database on all nodes of a cluster, until the test ends.
func createCitus(t testing.TB, coordinator string) string {
	t.Helper()
	nodes, err := nodesOf(coordinator)
	if err != nil {
		t.Fatalf("pgtest: the nodes of Citus: %v", err)
	}
	name := newName()
	t.Cleanup(func() {
		for _, n := range nodes { // the coordinator first: it has connections to the others
			err := run(n.url, drop(name))
			for range 3 { // another node came back to it meanwhile
				if pq.As(err, pqerror.Code("55006")) == nil {
					break
				}
				err = run(n.url, drop(name))
			}
			if err != nil {
				t.Errorf("pgtest: %v", err)
			}
		}
	})
	settings := `ALTER DATABASE ` + name + ` SET citus.shard_count = ` + strconv.Itoa(CitusShards) + `;`
	for i := len(nodes) - 1; i >= 0; i-- {
		n := nodes[i]
		if err := run(n.url, `CREATE DATABASE `+name); err != nil {
			t.Fatalf("pgtest: %s:%d: %v", n.host, n.port, err)
		}
		if err := run(withDatabase(n.url, name), `CREATE EXTENSION citus`); err != nil {
			t.Fatalf("pgtest: %s:%d: %v", n.host, n.port, err)
		}
	}
	of := withDatabase(nodes[0].url, name)
	if err := join(t, of, settings+joinNodes(nodes)); err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	return of
}

// join runs the statements that make a cluster, which can be run again. Each sends the roles to the nodes, which all
// databases share: where two do so at once a node refuses one of them ("tuple concurrently updated"), of which the
// coordinator says that its connection failed.
func join(t testing.TB, of, statements string) error {
	connector, err := pq.NewConnector(of)
	if err != nil {
		return err
	}
	for range 3 {
		var said []string
		db := sql.OpenDB(pq.ConnectorWithNoticeHandler(connector, func(n *pq.Error) { said = append(said, n.Message) }))
		_, err = db.Exec(statements)
		_ = db.Close()
		if e := pq.As(err); e == nil || e.Code != "XX000" && e.Code.Class() != "08" {
			return err
		}
		t.Logf("pgtest: making a cluster of the nodes: %v %q", err, said)
	}
	return err
}

// citusNode is a node of a cluster, the coordinator or a worker.
type citusNode struct {
	host string
	port int
	url  string
}

// joinNodes are the statements that make a cluster of the nodes, the first of which is the coordinator.
func joinNodes(nodes []citusNode) (statements string) {
	for i, n := range nodes {
		call := "citus_add_node"
		if i == 0 {
			call = "citus_set_coordinator_host"
		}
		statements += fmt.Sprintf("SELECT %s(%s, %d);", call, pq.QuoteLiteral(n.host), n.port)
	}
	return statements
}

// nodesOf returns the nodes of a coordinator, itself the first, which is reached as it was named.
func nodesOf(coordinator string) (nodes []citusNode, err error) {
	u, err := url.Parse(coordinator)
	if err != nil || u.Scheme == "" {
		return nil, errors.New("TEST_CITUS_URL is no URL")
	}
	db, err := sql.Open("postgres", coordinator)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, err := db.Query(`SELECT groupid, nodename, nodeport FROM pg_dist_node WHERE noderole = 'primary'
		ORDER BY groupid`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var n citusNode
		var group int
		if err := rows.Scan(&group, &n.host, &n.port); err != nil {
			return nil, err
		}
		n.url = coordinator
		if group != 0 {
			of := *u
			of.Host = net.JoinHostPort(n.host, strconv.Itoa(n.port))
			n.url = of.String()
		} else if len(nodes) > 0 {
			return nil, errors.New("there are several coordinators")
		}
		nodes = append(nodes, n)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if len(nodes) < 2 {
		return nil, errors.New("there must be a coordinator, set by citus_set_coordinator_host, and workers")
	}
	return nodes, nil
}

// Citus is a cluster of a test's own.
type Citus struct {
	t           testing.TB
	Coordinator *Server
	Workers     []*Server
}

// OwnCitus starts a coordinator and two workers that nobody else uses; they go when the test ends. The test is skipped
// without TEST_CITUS_URL, as all of Citus, though it is PostgreSQL's programs on this machine that are started, and
// where they have no Citus.
func OwnCitus(t testing.TB) *Citus {
	t.Helper()
	NeedCitus(t)
	servers, err := startCitus()
	if err != nil {
		giveUp(t, true, fmt.Errorf("no Citus of the test's own: %w", err))
	}
	c := &Citus{t: t}
	for i, s := range servers {
		t.Cleanup(s.stop)
		if i == 0 {
			c.Coordinator = &Server{t, s}
		} else {
			c.Workers = append(c.Workers, &Server{t, s})
		}
	}
	return c
}

// URL returns the URL of an empty database as CitusURL has them.
func (c *Citus) URL() string {
	c.t.Helper()
	return createCitus(c.t, c.Coordinator.url)
}

// RunCitus starts a coordinator and two workers from PostgreSQL's programs on this machine, which must have Citus, in
// temporary folders. It returns the coordinator's URL, for TEST_CITUS_URL, and what ends and removes all of them. They
// end with this process, too.
func RunCitus() (url string, stop func(), err error) {
	servers, err := startCitus()
	if err != nil {
		return "", nil, err
	}
	return servers[0].url, func() {
		for _, s := range servers {
			s.stop()
		}
	}, nil
}

// startCitus starts the servers of a cluster, the coordinator first, side by side.
func startCitus() (servers []*server, err error) {
	const workers = 2
	servers = make([]*server, 1+workers)
	errs := make([]error, len(servers))
	var started sync.WaitGroup
	for i := range servers {
		started.Go(func() { servers[i], errs[i] = fromPrograms(options{own: true, citus: true}) })
	}
	started.Wait()
	stop := func(err error) ([]*server, error) {
		for _, s := range servers {
			if s != nil {
				s.stop()
			}
		}
		return nil, err
	}
	if err := errors.Join(errs...); err != nil {
		return stop(err)
	}
	nodes := make([]citusNode, len(servers))
	for i, s := range servers {
		u, err := url.Parse(s.url)
		if err != nil {
			return stop(err)
		}
		nodes[i] = citusNode{host: u.Hostname(), url: s.url}
		if nodes[i].port, err = strconv.Atoi(u.Port()); err != nil {
			return stop(err)
		}
		if _, err := await(s.url, time.Minute); err != nil {
			return stop(err)
		}
		if err := run(s.url, `CREATE EXTENSION citus`); err != nil {
			return stop(err)
		}
	}
	if err := run(servers[0].url, joinNodes(nodes)); err != nil {
		return stop(err)
	}
	return servers, nil
}
