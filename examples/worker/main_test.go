package main

import (
	"bytes"
	"context"
	"database/sql"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// asProgram is set in the environment of a process that is to be the program, and not its tests.
const asProgram = "WORKER_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	pgtest.Main(m)
}

func TestUsage(t *testing.T) {
	none := func(string) string { return "" }
	for _, c := range []struct {
		args   []string
		status int
		says   string
	}{
		{nil, 2, "name the database"},
		{[]string{"-nonsense"}, 2, "-nonsense"},
		{[]string{"-database-url", "postgres://127.0.0.1:1/x", "surplus"}, 2, "surplus"},
		{[]string{"-database-url", "postgres://127.0.0.1:1/x", "-workers", "-1"}, 2, "-workers"},
		{[]string{"-database-url", "postgres://127.0.0.1:1/x", "-deliveries", "1001"}, 2, "-deliveries"},
		{[]string{"-database-url", "postgres://127.0.0.1:1/x", "-workers", "0", "-deliveries", "0"}, 2, "nothing to do"},
		{[]string{"-database-url", "postgres://127.0.0.1:1/x", "-lease", "1ms"}, 2, "-lease"},
		{[]string{"-database-url", "postgres://u:hunter2@127.0.0.1:1/x"}, 1, "can't connect"},
		{[]string{"-h"}, 0, "-database-url"},
	} {
		var stdout, stderr bytes.Buffer
		require.Equal(t, c.status, run(t.Context(), c.args, none, &stdout, &stderr), c.args)
		require.Contains(t, stdout.String()+stderr.String(), c.says)
		require.NotContains(t, stderr.String(), "hunter2")
		if c.status > 0 {
			require.Equal(t, 1, strings.Count(stderr.String(), "\n"), "one line")
		}
	}
}

// scene is a database with an upload service, and workers that are real processes.
type scene struct {
	t       *testing.T
	url     string
	db      *postgres.DB
	service *job.Service
}

func newScene(t *testing.T) *scene {
	s := &scene{t: t, url: pgtest.URL(t)}
	var err error
	s.db, err = postgres.Open(t.Context(), s.url, postgres.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.db.Close()) })
	s.service, err = job.NewService(s.db.Jobs(), s.db.Uploads(), job.ServiceOptions{})
	require.NoError(t, err)
	return s
}

// worker starts a process. At the end of the test it is killed, if it still runs.
func (s *scene) worker() *exec.Cmd {
	s.t.Helper()
	self, err := os.Executable()
	require.NoError(s.t, err)
	p := exec.Command(self, "-database-url", s.url, "-admin-addr", "", "-lease", "1s", "-log-level", "warn")
	p.Env = append(os.Environ(), asProgram+"=1")
	p.Stderr = os.Stderr
	require.NoError(s.t, p.Start())
	s.t.Cleanup(func() {
		if p.ProcessState == nil {
			_ = p.Process.Kill()
			_ = p.Wait()
		}
	})
	return p
}

func (s *scene) kill(p *exec.Cmd, signal syscall.Signal) {
	require.NoError(s.t, p.Process.Signal(signal))
	_ = p.Wait() // tells of the signal
}

// submit uploads a catalogue, in small batches, so that there is a middle to be hit.
func (s *scene) submit(variant catalogtest.Variant, records int, mode products.Mode) job.Job {
	j, _, err := s.service.Submit(s.t.Context(), job.Request{Settings: job.Settings{Mode: mode, BatchRecords: 1_000}},
		catalogtest.NewReader(records, variant))
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
		time.Sleep(5 * time.Millisecond)
	}
}

func final(j job.Job) bool { return j.State.Final() }

// table is a checksum over what the catalogue says, and how many products it has.
func (s *scene) table() (sum string, count int64) {
	db, err := sql.Open("postgres", s.url)
	require.NoError(s.t, err)
	defer db.Close()
	err = db.QueryRowContext(s.t.Context(), `SELECT coalesce(md5(string_agg(sku || name || description || version, '' ORDER BY sku_key)), ''), count(*) FROM products`).Scan(&sum, &count)
	require.NoError(s.t, err)
	return sum, count
}

const records = 40_000

// undisturbed imports Base, and HalfNew over it in the mode.
func undisturbed(t *testing.T, mode products.Mode) (job.Job, string) {
	s := newScene(t)
	s.worker()
	s.until(s.submit(catalogtest.Base, records, mode).ID, final)
	j := s.until(s.submit(catalogtest.HalfNew, records, mode).ID, final)
	require.Equal(t, job.Success, j.State, j.Error)
	sum, _ := s.table()
	return j, sum
}

// TestKilledWorkers kills workers at random moments, ten times a mode; another one goes on. A kill may hit a process that
// doesn't hold the import, or not yet.
func TestKilledWorkers(t *testing.T) {
	for _, mode := range []products.Mode{products.Ignore, products.Update} {
		t.Run(mode.String(), func(t *testing.T) {
			want, sum := undisturbed(t, mode)
			s := newScene(t)
			first := s.worker()
			s.until(s.submit(catalogtest.Base, records, mode).ID, final)
			s.kill(first, syscall.SIGKILL)

			rng := rand.New(rand.NewPCG(uint64(mode), 20))
			j := s.submit(catalogtest.HalfNew, records, mode)
			kills := 10
			if testing.Short() {
				kills = 3
			}
			for i := range kills {
				p := s.worker()
				// At a moment that is random, but later each time: behind so much of the way.
				behind := want.Event.Bytes * int64(i) / int64(kills)
				s.until(j.ID, func(j job.Job) bool { return final(j) || j.State == job.Progress && j.Event.Bytes >= behind })
				time.Sleep(time.Duration(rng.IntN(100)) * time.Millisecond)
				s.kill(p, syscall.SIGKILL)
			}
			s.worker()
			got := s.until(j.ID, final)
			require.Equal(t, job.Success, got.State, got.Error)
			require.Equal(t, want.Event.Counts, got.Event.Counts, "the counts are those of an undisturbed run")
			require.Equal(t, want.Rejects, got.Rejects)
			have, _ := s.table()
			require.Equal(t, sum, have, "and so is the table")
		})
	}
}

// TestStoppedWorker stops the worker with SIGTERM: the next one goes on at once, and it is no failed attempt.
func TestStoppedWorker(t *testing.T) {
	s := newScene(t)
	p := s.worker()
	j := s.submit(catalogtest.Base, records, products.Ignore)
	s.until(j.ID, func(j job.Job) bool { return j.Event.Created > 0 })
	s.worker()
	started := time.Now()
	s.kill(p, syscall.SIGTERM)
	require.Equal(t, 0, p.ProcessState.ExitCode())
	require.Less(t, time.Since(started), 10*time.Second)
	got := s.until(j.ID, final)
	require.Equal(t, job.Success, got.State, got.Error)
	require.Zero(t, got.Attempts)
	require.EqualValues(t, catalogtest.Distinct(records), got.Event.Created)
}

// TestHungWorker halts a worker for longer than its lease: another one takes over, and the hung one, when it wakes, can
// commit nothing.
func TestHungWorker(t *testing.T) {
	s := newScene(t)
	p := s.worker()
	j := s.submit(catalogtest.Base, 2*records, products.Ignore)
	s.until(j.ID, func(j job.Job) bool { return j.Event.Created > 0 })
	require.NoError(t, p.Process.Signal(syscall.SIGSTOP))
	s.worker()
	got := s.until(j.ID, final)
	require.NoError(t, p.Process.Signal(syscall.SIGCONT))
	require.Equal(t, job.Success, got.State, got.Error)
	want, count := s.table()
	require.EqualValues(t, catalogtest.Distinct(2*records), count)
	s.kill(p, syscall.SIGTERM)
	have, _ := s.table()
	require.Equal(t, want, have)
	again, err := s.db.Jobs().Get(t.Context(), j.ID)
	require.NoError(t, err)
	require.Equal(t, got, again, "the job stays as it ended")
}

// TestCancelledImport cancels in the middle: what was committed is stated.
func TestCancelledImport(t *testing.T) {
	s := newScene(t)
	s.worker()
	j := s.submit(catalogtest.Base, 5*records, products.Ignore)
	s.until(j.ID, func(j job.Job) bool { return j.Event.Created > 0 })
	_, err := s.service.Cancel(t.Context(), j.ID)
	require.NoError(t, err)
	got := s.until(j.ID, final)
	require.Equal(t, job.Revoked, got.State)
	_, count := s.table()
	require.Equal(t, count, got.Event.Created)
	require.Less(t, count, int64(catalogtest.Distinct(5*records)))
}

// TestConnectionsTerminated ends all connections, several times, as an administrator or a restart does.
func TestConnectionsTerminated(t *testing.T) {
	s := newScene(t)
	s.worker()
	j := s.submit(catalogtest.Base, records, products.Update)
	admin, err := sql.Open("postgres", s.url)
	require.NoError(t, err)
	defer admin.Close()
	for i := range 5 {
		s.until(j.ID, func(j job.Job) bool { return final(j) || j.Event.Created > int64(i*records/8) })
		_, err := admin.ExecContext(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		require.NoError(t, err)
	}
	got := s.until(j.ID, final)
	require.Equal(t, job.Success, got.State, got.Error)
	require.EqualValues(t, catalogtest.Distinct(records), got.Event.Created)
	_, count := s.table()
	require.Equal(t, got.Event.Created, count)
}
