package main

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// What the README says of connections to PostgreSQL.
const (
	serverConnections = 21
	workerConnections = 13
	perImport         = 4
	// restingConnections are those of a server or a worker that has nothing to do.
	restingConnections = 6
)

// named is the scene whose processes have the name in the database.
func (s *scene) named(name string) *scene {
	u, err := url.Parse(s.url)
	require.NoError(s.t, err)
	query := u.Query()
	query.Set("application_name", name)
	u.RawQuery = query.Encode()
	other := *s
	other.url = u.String()
	return &other
}

// connections counts those of the processes, by their names.
func (s *scene) connections() map[string]int {
	rows, err := s.raw.QueryContext(s.t.Context(), `SELECT application_name, count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND application_name IN ('server', 'worker') GROUP BY 1`)
	require.NoError(s.t, err)
	defer rows.Close()
	have := map[string]int{}
	for rows.Next() {
		var name string
		var n int
		require.NoError(s.t, rows.Scan(&name, &n))
		have[name] = n
	}
	require.NoError(s.t, rows.Err())
	return have
}

// TestConnections counts the connections of a server and a worker to PostgreSQL: while they have nothing to do, and
// while each has more to do than it can, imports, requests and streams.
func TestConnections(t *testing.T) {
	t.Parallel()
	const imports = 2 // at a time
	s := newScene(t, withBase(t))
	s.log = new(casetest.Buffer) // requests are refused that find no connection in time
	_, lines := s.named("server").start(serverProgram(t), "-addr", "127.0.0.1:0", "-workers", "0")
	at := ""
	for at == "" && lines.Scan() {
		at, _ = strings.CutPrefix(lines.Text(), "serving ")
	}
	require.NotEmpty(t, at)
	_, printed := s.named("worker").start(s.self, "-admin-addr", "", "-workers", "2")
	require.True(t, printed.Scan(), "the worker has begun")
	resting := s.connections()
	require.Contains(t, resting, "server")
	require.Contains(t, resting, "worker")
	for name, n := range resting {
		require.LessOrEqual(t, n, restingConnections, name)
	}

	ids := make([]string, 3)
	for i := range ids {
		ids[i] = s.submit([]catalogtest.Variant{catalogtest.HalfNew, catalogtest.Base}[i%2], products.Update).ID
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var asking sync.WaitGroup
	get := func(path string) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, at+path, nil)
		if assert.NoError(t, err) {
			request.SetBasicAuth("admin", "secret")
			if response, err := http.DefaultClient.Do(request); err == nil {
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
			}
		}
	}
	for range 8 {
		for _, id := range ids {
			asking.Go(func() { get("/imports/" + id + "/events") })
		}
		for _, path := range []string{"/products/?limit=1000", "/products/?search=a", "/products/export.csv", "/imports/"} {
			asking.Go(func() {
				for range 3 {
					get(path)
				}
			})
		}
	}
	most := map[string]int{}
	for done := 0; done < len(ids); time.Sleep(5 * time.Millisecond) {
		for name, n := range s.connections() {
			most[name] = max(most[name], n)
		}
		jobs, err := s.db.Jobs().GetMany(t.Context(), ids)
		require.NoError(t, err)
		done = 0
		for _, j := range jobs {
			if final(j) {
				require.Equal(t, job.Success, j.State, j.Error)
				done++
			}
		}
	}
	stop()
	asking.Wait()
	t.Logf("connections at rest: %v, at most: %v", resting, most)
	require.LessOrEqual(t, most["server"], serverConnections)
	require.LessOrEqual(t, most["worker"], workerConnections+(imports-1)*perImport)
	require.Greater(t, most["server"], resting["server"], "there was much to do")
	require.Greater(t, most["worker"], resting["worker"])
}
