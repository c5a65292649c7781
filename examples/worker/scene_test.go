package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/examples/programtest"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// What is imported: small batches, so that there are many moments between two of them.
const (
	records      = 10_000
	batchRecords = 100
	rejects      = records/1_000 - 1
)

// scene is a database with an upload service, and workers that are real processes.
type scene struct {
	log     *casetest.Buffer // gets what processes log, nil for errors alone, which the tests' log gets
	t       testing.TB
	url     string
	db      *postgres.DB
	raw     *sql.DB // the test's own connections
	service *job.Service
	races   string   // see programtest.Races
	env     []string // of processes, besides that of this one
	self    string   // the path of this program
}

// migrated returns the URL of a database of the test's own, with the tables in place.
func migrated(t testing.TB) (url string) {
	t.Helper()
	return home.URL(t)
}

// withBase returns the URL of a database of the test's own, into which Base was imported.
func withBase(t *testing.T) (url string) {
	t.Helper()
	return home.Copy(t, "with Base", func(url string) {
		db, err := postgres.Open(t.Context(), url, postgres.Options{})
		require.NoError(t, err)
		defer func() { require.NoError(t, db.Close()) }()
		_, err = importer.Run(t.Context(), importer.Bytes(catalogue(t, catalogtest.Base)), db.Products(),
			importer.Options{Mode: products.Update})
		require.NoError(t, err)
	})
}

func newScene(t testing.TB, url string) *scene {
	t.Helper()
	s := &scene{t: t, url: url, races: programtest.Races(t)}
	var err error
	s.self, err = os.Executable()
	require.NoError(t, err)
	s.db, err = postgres.Open(t.Context(), s.url, postgres.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.db.Close()) })
	s.raw, err = sql.Open("postgres", s.url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.raw.Close()) })
	s.service, err = job.NewService(s.db.Jobs(), s.db.Uploads(), job.ServiceOptions{})
	require.NoError(t, err)
	return s
}

// start starts a process with the program, whose connections are told from others' by their application_name, process,
// and returns the lines that it prints too. At the end of the test it is killed, if it still runs.
func (s *scene) start(program string, args ...string) (*exec.Cmd, *bufio.Scanner) {
	s.t.Helper()
	level := "error"
	if s.log != nil {
		level = "info"
	}
	p := exec.Command(program, append([]string{"-database-url", s.url, "-log-level", level}, args...)...)
	p.Env = append(os.Environ(), asProgram+"=1", "PGAPPNAME=process", "ADMIN_PASSWORD=secret", "ADMIN_USER=admin",
		"DRAIN=0", s.races)
	p.Env = append(p.Env, s.env...)
	p.Stderr = os.Stderr
	if s.log != nil {
		p.Stderr = s.log
	}
	stdout, err := p.StdoutPipe()
	require.NoError(s.t, err)
	require.NoError(s.t, p.Start())
	s.t.Cleanup(func() {
		if p.ProcessState == nil {
			_ = p.Process.Kill()
			_ = p.Wait()
		}
	})
	return p, bufio.NewScanner(stdout)
}

// worker starts a worker.
func (s *scene) worker(args ...string) *exec.Cmd {
	s.t.Helper()
	p, _ := s.start(s.self, append([]string{"-admin-addr", "", "-lease", "1s"}, args...)...)
	return p
}

func (s *scene) kill(p *exec.Cmd, signal syscall.Signal) {
	s.t.Helper()
	require.NoError(s.t, p.Process.Signal(signal))
	_ = p.Wait() // tells of the signal
}

// catalogue is a file with a record here and there that is rejected.
func catalogue(t testing.TB, variant catalogtest.Variant) []byte {
	t.Helper()
	file, err := io.ReadAll(catalogtest.NewReader(records, variant))
	require.NoError(t, err)
	lines := bytes.SplitAfter(file, []byte("\r\n"))
	for i := 1_000; i < records; i += 1_000 {
		lines[i] = fmt.Appendf(lines[i], ",nameless-%d,\r\n", i)
	}
	return bytes.Join(lines, nil)
}

// submit uploads a catalogue.
func (s *scene) submit(variant catalogtest.Variant, mode products.Mode) job.Job {
	s.t.Helper()
	j, _, err := s.service.Submit(s.t.Context(),
		job.Request{Settings: job.Settings{Mode: mode, BatchRecords: batchRecords, Changes: job.ChangesAll}},
		bytes.NewReader(catalogue(s.t, variant)))
	require.NoError(s.t, err)
	return j
}

// until waits until the job is as it should be.
func (s *scene) until(id string, is func(job.Job) bool) job.Job {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	for {
		j, err := s.db.Jobs().Get(ctx, id)
		require.NoError(s.t, err)
		if is(j) {
			return j
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func final(j job.Job) bool { return j.State.Final() }

// holding is who works on a job, and how much of it is committed.
type holding struct {
	worker      string // its name; empty for nobody
	batches     int
	lastFailure string
}

// by tells whether the process is the worker.
func (h holding) by(p *exec.Cmd) bool {
	return p.ProcessState == nil && strings.Contains(h.worker, fmt.Sprintf("-%d-", p.Process.Pid))
}

// untilHeld waits until somebody holds the job in the way that is asked for.
func (s *scene) untilHeld(id string, is func(holding) bool) holding {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	for {
		var h holding
		var ended bool
		require.NoError(s.t,
			s.raw.QueryRowContext(ctx,
				`SELECT worker, error, finished_at IS NOT NULL, (SELECT count(*) FROM import_checkpoints WHERE job_id = id)
			FROM import_jobs WHERE id = $1`, id).Scan(&h.worker, &h.lastFailure, &ended, &h.batches))
		require.False(s.t, ended, "the import has ended: %s", h.lastFailure)
		if h.worker != "" && is(h) {
			return h
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// untilWaits waits until a worker's batch waits at a gate: all of it is written.
func (s *scene) untilWaits() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	for waits := false; !waits; {
		require.NoError(s.t, s.raw.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'process' AND wait_event_type = 'Lock')`).Scan(
			&waits))
		if !waits {
			time.Sleep(2 * time.Millisecond)
		}
	}
}

// gate keeps the job's batches from that number to that one from being committed until it is opened: it has their
// places among the checkpoints, in a transaction of its own. A batch that comes to it is written, and waits for its
// checkpoint.
func (s *scene) gate(id string, from, to int) (open func()) {
	s.t.Helper()
	tx, err := s.raw.BeginTx(s.t.Context(), nil)
	require.NoError(s.t, err)
	_, err = tx.ExecContext(s.t.Context(),
		`INSERT INTO import_checkpoints (job_id, token, number, read, created, updated, unchanged, skipped, superseded, rejected, bytes)
		SELECT $1, 0, n, 0, 0, 0, 0, 0, 0, 0, 0 FROM generate_series($2::int, $3) AS n`, id, from, to)
	require.NoError(s.t, err)
	return func() {
		s.t.Helper()
		require.NoError(s.t, tx.Rollback())
	}
}

// table is a checksum over what the catalogue says, and how many products it has.
func (s *scene) table() (sum string, count int64) {
	s.t.Helper()
	err := s.raw.QueryRowContext(s.t.Context(),
		`SELECT coalesce(md5(string_agg(concat_ws('|', sku, name, description, version), ';' ORDER BY sku_key)), ''), count(*) FROM products`).Scan(&sum, &count)
	require.NoError(s.t, err)
	return sum, count
}

// checkpoints are what the job's batches committed, by their numbers less one.
func (s *scene) checkpoints(id string) (all []importer.Commit) {
	s.t.Helper()
	rows, err := s.raw.QueryContext(s.t.Context(),
		`SELECT number, read, created, updated, unchanged, skipped, superseded, rejected, bytes
		FROM import_checkpoints WHERE job_id = $1 ORDER BY number`, id)
	require.NoError(s.t, err)
	defer rows.Close()
	for rows.Next() {
		var b importer.Commit
		c := &b.Counts
		require.NoError(s.t, rows.Scan(&b.Batch, &c.Read, &c.Created, &c.Updated, &c.Unchanged, &c.Skipped,
			&c.Superseded, &c.Rejected, &b.Bytes))
		all = append(all, b)
	}
	require.NoError(s.t, rows.Err())
	return all
}

// outcome is what remains of an import.
type outcome struct {
	job     job.Job
	batches []importer.Commit
	table   string
	skipped string // the file of it, where it is kept
}

// end waits for the end of the job, which is to be a success.
func (s *scene) end(id string) outcome {
	s.t.Helper()
	j := s.until(id, final)
	require.Equal(s.t, job.Success, j.State, j.Error)
	sum, _ := s.table()
	var skipped bytes.Buffer
	if j.Settings.Mode == products.Existing {
		require.NoError(s.t, s.service.Skipped(s.t.Context(), id, &skipped))
		require.Equal(s.t, int(j.Event.Skipped)+1, strings.Count(skipped.String(), "\n"), "each skipped record is named")
	}
	return outcome{j, s.checkpoints(id), sum, skipped.String()}
}

// prepared is a scene with Base imported, and HalfNew submitted to be imported over it in the mode. Nobody works.
func prepared(t *testing.T, mode products.Mode) (s *scene, id string) {
	t.Helper()
	return preparedIn(t, withBase(t), mode)
}

// preparedIn is prepared in a database that has Base.
func preparedIn(t *testing.T, url string, mode products.Mode) (s *scene, id string) {
	t.Helper()
	s = newScene(t, url)
	return s, s.submit(catalogtest.HalfNew, mode).ID
}

// undisturbed is what becomes of a prepared import that nothing happens to. It is found out once for each mode.
func undisturbed(t *testing.T, mode products.Mode) outcome {
	t.Helper()
	c := calm[mode]
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known {
		return c.outcome
	}
	s, id := prepared(t, mode)
	p := s.worker()
	o := s.end(id)
	s.kill(p, syscall.SIGTERM)
	require.EqualValues(t, rejects, o.job.Event.Rejected)
	c.outcome, c.known = o, true
	return o
}

// calm has the undisturbed imports, by their mode.
var calm = map[products.Mode]*calmImport{products.Ignore: {}, products.Update: {}, products.Existing: {}}

// calmImport is an undisturbed import, which one test makes while the others that want it wait.
type calmImport struct {
	mu      sync.Mutex
	known   bool
	outcome outcome
}

// requireSame compares an import with an undisturbed one.
func requireSame(t *testing.T, want, got outcome) {
	t.Helper()
	require.Equal(t, want.job.Event.Counts, got.job.Event.Counts, "the counts are those of an undisturbed run")
	require.Equal(t, want.job.Rejects, got.job.Rejects)
	require.Equal(t, want.batches, got.batches, "each batch counts once, as in an undisturbed run")
	require.Equal(t, want.table, got.table, "and so is the table")
	require.Equal(t, want.skipped, got.skipped, "and what was skipped")
}
