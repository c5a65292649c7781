package main

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// TestKilledWorkers kills the worker that holds the import, again and again, each time at a random moment: while it
// checks the file, between batches, in the middle of one. Two are there all the time, and the other one takes over.
func TestKilledWorkers(t *testing.T) {
	t.Parallel()
	kills := casetest.Times(10, 3)
	for _, mode := range []products.Mode{products.Ignore, products.Update, products.Existing} {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			want := undisturbed(t, mode)
			s, id := prepared(t, mode)
			s.killWorkers(id, len(want.batches), kills, rand.New(rand.NewPCG(uint64(mode), 20)))
			requireSame(t, want, s.end(id))
		})
	}
}

// TestKilledWorkersPartitioned does so where the products are in 64 partitions, and asks for the same as in one table.
func TestKilledWorkersPartitioned(t *testing.T) {
	t.Parallel()
	home.OneTable(t, "all others move no products, and have them there already")
	want := undisturbed(t, products.Update)
	url := withBase(t)
	db, err := postgres.Open(t.Context(), url, postgres.Options{Distribution: postgres.HashPartitions(64)})
	require.NoError(t, err)
	require.NoError(t, db.Close())
	s, id := preparedIn(t, url, products.Update)
	s.killWorkers(id, len(want.batches), 3, rand.New(rand.NewPCG(64, 20)))
	requireSame(t, want, s.end(id))
	var unlike int
	require.NoError(t, s.raw.QueryRowContext(t.Context(), `SELECT count(*) FROM products AS p
		FULL JOIN product_keys AS k USING (id, sku_key) WHERE p.id IS NULL OR k.id IS NULL`).Scan(&unlike))
	require.Zero(t, unlike)
}

// killWorkers has two workers at a job of so many batches, and kills the one that holds it so often. After each kill it
// does what else is to be done.
//
// Gates divide the job into a stretch for each kill, which it can't leave before: so every kill hits it, however fast
// the machine is.
func (s *scene) killWorkers(id string, batches, kills int, rng *rand.Rand, also ...func()) {
	s.t.Helper()
	stretch := batches / (kills + 1)
	gates := make([]func(), kills)
	for i := range gates {
		gates[i] = s.gate(id, (i+1)*stretch+1, (i+2)*stretch)
	}
	workers := []*exec.Cmd{s.worker(), s.worker()}
	for i, open := range gates {
		// As soon as it is held, or once so much more is committed: at most all up to the gate.
		target := i*stretch + rng.IntN(stretch+1)
		held := s.untilHeld(id, func(h holding) bool { return h.batches >= target })
		n := slices.IndexFunc(workers, held.by)
		require.GreaterOrEqual(s.t, n, 0, held.worker)
		s.kill(workers[n], syscall.SIGKILL)
		open()
		workers[n] = s.worker()
		for _, do := range also {
			do()
		}
		next := s.untilHeld(id, func(h holding) bool { return h.worker != held.worker })
		require.Equal(s.t, fmt.Sprintf("the worker %s vanished", held.worker), next.lastFailure,
			"it held the job when it was killed")
	}
}

// TestStoppedWorker stops the worker with SIGTERM while it has a batch in hand: that is committed, the next worker goes
// on at once, and it is no failed attempt.
func TestStoppedWorker(t *testing.T) {
	t.Parallel()
	want := undisturbed(t, products.Ignore)
	s, id := prepared(t, products.Ignore)
	const at = 20
	open := s.gate(id, at+1, len(want.batches))
	first := s.worker("-lease", "1m")
	s.untilHeld(id, func(h holding) bool { return h.batches == at })
	s.untilWaits()
	second := s.worker()
	stopped := time.Now()
	require.NoError(t, first.Process.Signal(syscall.SIGTERM))
	open()
	held := s.untilHeld(id, func(h holding) bool { return h.by(second) })
	require.Less(t, time.Since(stopped), 30*time.Second, "the next one doesn't wait for the lease's end")
	require.Greater(t, held.batches, at, "what it had in hand was committed")
	require.NoError(t, first.Wait())
	got := s.end(id)
	require.Zero(t, got.job.Attempts)
	requireSame(t, want, got)
}

// TestHungWorker halts a worker inside of a transaction, with its batch all but committed, for longer than its lease:
// another one takes over soon after that, and the hung one, when it wakes, can commit nothing.
func TestHungWorker(t *testing.T) {
	t.Parallel()
	want := undisturbed(t, products.Update)
	s, id := prepared(t, products.Update)
	const at = 20
	open := s.gate(id, at+1, len(want.batches))
	hung := s.worker()
	s.untilHeld(id, func(h holding) bool { return h.batches == at })
	s.untilWaits()
	halt(t, hung)
	halted := time.Now()
	open()
	second := s.worker()
	s.untilHeld(id, func(h holding) bool { return h.by(second) })
	require.Less(t, time.Since(halted), 30*time.Second,
		"the lease is a second, and so is what the server waits for a transaction's client")
	got := s.end(id)
	requireSame(t, want, got)
	resume(t, hung)
	s.kill(hung, syscall.SIGTERM)
	again := s.end(id)
	requireSame(t, want, again)
	require.Equal(t, got.job, again.job, "the job stays as it ended")
}

// TestCancelledImport cancels while a batch is in hand that can't be committed: the import ends soon all the same, and what was committed is stated.
func TestCancelledImport(t *testing.T) {
	t.Parallel()
	s := newScene(t, migrated(t))
	id := s.submit(catalogtest.Base, products.Ignore).ID
	const at = 20
	open := s.gate(id, at+1, records/batchRecords)
	s.worker("-lease", "1m")
	s.untilHeld(id, func(h holding) bool { return h.batches == at })
	s.untilWaits()
	asked := time.Now()
	_, err := s.service.Cancel(t.Context(), id)
	require.NoError(t, err)
	got := s.until(id, final)
	require.Less(t, time.Since(asked), 15*time.Second, "the next heartbeat is later")
	require.Equal(t, job.Revoked, got.State)
	require.EqualValues(t, at*batchRecords, got.Event.Created)
	sum, count := s.table()
	require.Equal(t, got.Event.Created, count, "what was committed is stated")
	require.Len(t, s.checkpoints(id), at)
	open()
	// The worker has gone on to other work, and comes back to this one no more.
	s.end(s.submit(catalogtest.Base, products.Ignore).ID)
	again, err := s.db.Jobs().Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, got, again)
	require.NotEmpty(t, sum)
}

// TestConnectionsTerminated ends all connections of the worker, several times, as an administrator does.
func TestConnectionsTerminated(t *testing.T) {
	t.Parallel()
	want := undisturbed(t, products.Update)
	s, id := prepared(t, products.Update)
	const times = 5
	stretch := len(want.batches) / (times + 1)
	gates := make([]func(), times)
	for i := range gates {
		gates[i] = s.gate(id, (i+1)*stretch+1, (i+2)*stretch)
	}
	s.worker()
	for i, open := range gates {
		s.untilHeld(id, func(h holding) bool { return h.batches >= (i+1)*stretch })
		var n int
		require.NoError(t, s.raw.QueryRowContext(t.Context(),
			`SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'process'`).Scan(&n))
		require.Positive(t, n)
		open()
	}
	requireSame(t, want, s.end(id))
}

// TestServerCrash crashes PostgreSQL in the middle of an import, while a batch is being written, and starts it again.
func TestServerCrash(t *testing.T) {
	t.Parallel()
	want := undisturbed(t, products.Update)
	server := home.Own(t)
	s := newScene(t, server.URL())
	var got outcome
	for _, variant := range []catalogtest.Variant{catalogtest.Base, catalogtest.HalfNew} {
		id := s.submit(variant, products.Update).ID
		const at = 20
		s.gate(id, at+1, records/batchRecords)
		p := s.worker()
		s.untilHeld(id, func(h holding) bool { return h.batches == at })
		s.untilWaits()
		server.Crash()
		server.Start() // the gate is gone
		got = s.end(id)
		s.kill(p, syscall.SIGTERM)
	}
	requireSame(t, want, got)
}
