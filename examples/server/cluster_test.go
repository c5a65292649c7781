package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/adapters/worker"
	"github.com/products-importer/products-importer/examples/programtest"
	"github.com/products-importer/products-importer/examples/storeflags"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// work is a worker as a process of its own, that is quick to be replaced.
func work() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	err := func() error {
		u, err := storeflags.ParseURL(os.Getenv("DATABASE_URL"))
		if err != nil {
			return err
		}
		db, err := storeflags.Open(ctx, u, storeflags.Options{})
		if err != nil {
			return err
		}
		defer func() { _ = db.Close() }()
		runner, err := job.NewRunner(db.Jobs, db.Uploads, db.Products, job.RunnerOptions{Lease: time.Second})
		if err != nil {
			return err
		}
		w, err := worker.New(runner, worker.Options{})
		if err != nil {
			return err
		}
		return w.Run(ctx)
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
}

// startWorker starts one.
func startWorker(t *testing.T, url string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	p := exec.Command(self)
	p.Env = append(os.Environ(), asProgram+"=worker", "DATABASE_URL="+url, programtest.Races(t))
	p.Stderr = os.Stderr
	require.NoError(t, p.Start())
	t.Cleanup(func() { kill(p) })
	return p
}

// table is a checksum over what the catalogue says.
func table(t *testing.T, db *sql.DB) (sum string) {
	t.Helper()
	require.NoError(t,
		db.QueryRowContext(t.Context(),
			`SELECT md5(string_agg(concat_ws('|', sku, name, description, version), ';' ORDER BY sku_key)) FROM products`).Scan(&sum))
	return sum
}

// sighting is what a client saw of an import.
type sighting struct {
	id       int64 // of the last event
	percent  float64
	terminal []string // events other than progress
	status   int      // of the last answer
	begun    func()   // called when a stream begins
}

// watch follows an import by its events, from where the sighting is, until the stream ends.
func (c *client) watch(id string, s *sighting) error {
	r, err := http.NewRequestWithContext(c.t.Context(), "GET", c.base+"/imports/"+id+"/events", nil)
	if err != nil {
		return err
	}
	r.SetBasicAuth("admin", c.password)
	if s.id > 0 {
		r.Header.Set("Last-Event-ID", strconv.FormatInt(s.id, 10))
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	s.status = response.StatusCode
	s.begun()
	first := true // which is the import as it is, seen before or not
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "event":
			if value != "progress" {
				s.terminal = append(s.terminal, value)
			}
		case "id":
			number, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return err
			}
			assert.True(c.t, number > s.id || first && number == s.id, "%d after %d", number, s.id)
			s.id, first = number, false
		case "data":
			var status struct{ Progression float64 }
			if err := json.Unmarshal([]byte(value), &status); err != nil {
				return err
			}
			assert.GreaterOrEqual(c.t, status.Progression, s.percent, "it never goes back")
			s.percent = status.Progression
		}
	}
	return nil
}

// TestCluster has two servers and two workers on one database. An import is taken in by the first server, and watched
// through both; the workers that hold it are killed, one after the other, and the first server too. The import ends as
// an undisturbed one, and every client sees its end exactly once.
func TestCluster(t *testing.T) {
	t.Parallel()
	const records = 60_000
	base, err := io.ReadAll(catalogtest.NewReader(records, catalogtest.Base))
	require.NoError(t, err)
	file, err := io.ReadAll(catalogtest.NewReader(records, catalogtest.HalfNew))
	require.NoError(t, err)
	// prepare returns a database with Base in it.
	prepare := func() (url string, raw *sql.DB, db *postgres.DB) {
		url = home.URL(t)
		db, err := postgres.Open(t.Context(), url, postgres.Options{})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		_, err = importer.Run(t.Context(), importer.Bytes(base), db.Products(), importer.Options{})
		require.NoError(t, err)
		raw, err = sql.Open("postgres", url)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, raw.Close()) })
		return url, raw, db
	}
	_, undisturbed, db := prepare()
	want, err := importer.Run(t.Context(), importer.Bytes(file), db.Products(), importer.Options{Mode: products.Update})
	require.NoError(t, err)
	require.GreaterOrEqual(t, want.Batches, int64(3))

	url, raw, _ := prepare()
	first, second := start(t, "-database-url", url, "-workers", "0"), start(t, "-database-url", url, "-workers", "0")
	id := first.upload("?mode=update", "text/csv", bytes.NewReader(file))

	// The first batch can be committed, and the next one only when its gate opens, as its checkpoint's place is taken.
	var gates []*sql.Tx
	for _, batches := range [][2]int{{2, 2}, {3, 100}} {
		gate, err := raw.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		_, err = gate.ExecContext(t.Context(),
			`INSERT INTO import_checkpoints (job_id, token, number, read, created, updated, unchanged, skipped, superseded, rejected, bytes)
			SELECT $1, 0, n, 0, 0, 0, 0, 0, 0, 0, 0 FROM generate_series($2::int, $3) AS n`, id, batches[0], batches[1])
		require.NoError(t, err)
		gates = append(gates, gate)
	}
	sightings := make([]sighting, 6)
	var watching, begun sync.WaitGroup
	for i := range sightings {
		begun.Add(1)
		sightings[i].begun = sync.OnceFunc(begun.Done)
		watching.Go(func() {
			s := &sightings[i]
			var until error
			if i%2 == 0 {
				until = first.watch(id, s) // that is killed
			}
			assert.NoError(t, errors.Join(until, second.watch(id, s)))
		})
	}
	begun.Wait()
	workers := []*exec.Cmd{startWorker(t, url), startWorker(t, url)}
	// holder waits until so many batches are committed, and returns the worker that holds the import.
	holder := func(batches int) (n int, name string) {
		for giveUp := time.Now().Add(3 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
			require.True(t, time.Now().Before(giveUp), "nobody goes on")
			var committed int
			require.NoError(t,
				raw.QueryRowContext(t.Context(),
					`SELECT worker, (SELECT count(*) FROM import_checkpoints WHERE job_id = id) FROM import_jobs`).Scan(
					&name, &committed))
			for n, p := range workers {
				if committed >= batches && p.ProcessState == nil &&
					strings.Contains(name, fmt.Sprintf("-%d-", p.Process.Pid)) {
					return n, name
				}
			}
		}
	}
	for i, gate := range gates {
		n, name := holder(i + 1)
		kill(workers[n])
		require.NoError(t, gate.Rollback())
		if i == 0 {
			kill(first.process)
		}
		workers[n] = startWorker(t, url)
		holder := func() (now, reason string) {
			require.NoError(t, raw.QueryRowContext(t.Context(), `SELECT worker, error FROM import_jobs`).Scan(&now,
				&reason))
			return now, reason
		}
		now, reason := holder()
		for ; now == name; now, reason = holder() {
			time.Sleep(5 * time.Millisecond)
		}
		require.Equal(t, fmt.Sprintf("the worker %s vanished", name), reason, "it held the import when it was killed")
	}
	watching.Wait()

	for _, s := range sightings {
		require.Equal(t, []string{"done"}, s.terminal)
		require.InDelta(t, 100, s.percent, 0)
		require.NoError(t, second.watch(id, &s))
		require.Equal(t, http.StatusNoContent, s.status, "there is nothing more to be seen")
	}
	var got struct {
		State string
		progress.Counts
	}
	require.NoError(t, json.Unmarshal([]byte(second.do("GET", "/imports/"+id, "", nil, 200)), &got))
	require.Equal(t, "SUCCESS", got.State)
	require.Equal(t, want.Counts, got.Counts)
	require.Equal(t, table(t, undisturbed), table(t, raw))
}
