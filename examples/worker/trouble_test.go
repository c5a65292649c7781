package main

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/url"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/worker"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// quick runs a worker in this process that has little patience with a transaction, so that trouble comes up to the
// import, pauses for milliseconds, and bears no failed attempt. Its connections are called process. It ends with the
// test.
func (s *scene) quick(databaseURL string) {
	s.t.Helper()
	u, err := url.Parse(databaseURL)
	require.NoError(s.t, err)
	q := u.Query()
	q.Set("application_name", "process")
	u.RawQuery = q.Encode()
	db, err := postgres.Open(s.t.Context(), u.String(), postgres.Options{RetryFor: 50 * time.Millisecond,
		NoMigrate: true, MaxConns: 6})
	require.NoError(s.t, err)
	s.t.Cleanup(func() { require.NoError(s.t, db.Close()) })
	runner, err := job.NewRunner(db.Jobs(), db.Uploads(), db.Products(), job.RunnerOptions{
		MaxAttempts: 1, Lease: time.Second, Backoff: 10 * time.Millisecond, MaxBackoff: 100 * time.Millisecond,
	})
	require.NoError(s.t, err)
	w, err := worker.New(runner, worker.Options{Poll: 10 * time.Millisecond})
	require.NoError(s.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var working sync.WaitGroup
	working.Go(func() { _ = w.Run(ctx) })
	s.t.Cleanup(func() { cancel(); working.Wait() })
}

// count runs a statement that counts.
func (s *scene) count(statement string, args ...any) (n int) {
	s.t.Helper()
	require.NoError(s.t, s.raw.QueryRowContext(s.t.Context(), statement, args...).Scan(&n))
	return n
}

// TestStatementsCancelled cancels whatever the worker has PostgreSQL do, again and again, as an administrator or a
// statement_timeout does. A gate keeps the import from ending before that.
func TestStatementsCancelled(t *testing.T) {
	t.Parallel()
	want := undisturbed(t, products.Update)
	s, id := prepared(t, products.Update)
	const times = 40
	waited := false
	open := s.gate(id, len(want.batches), len(want.batches))
	s.quick(s.url)
	for n := 0; n < times; {
		n += s.count(`SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'process' AND state = 'active'`)
		j, err := s.db.Jobs().Get(t.Context(), id)
		require.NoError(t, err)
		require.False(t, j.State.Final(), "after %d: %s", n, j.Error)
		waited = waited || j.Waiting()
	}
	open()
	got := s.end(id)
	require.True(t, waited, "it came up to the import")
	require.Zero(t, got.job.Attempts, "it is no failed attempt")
	requireSame(t, want, got)
}

// TestConnectionsKilled ends all connections of the worker 0.4 s after 0.4 s, which leaves little time to try in peace.
// Gates keep the import from ending before that.
func TestConnectionsKilled(t *testing.T) {
	t.Parallel()
	kills, each := casetest.Times(40, 8), 4
	want := undisturbed(t, products.Update)
	s, id := prepared(t, products.Update)
	stretch := len(want.batches) / (kills/each + 1)
	gates := make([]func(), kills/each)
	for i := range gates {
		gates[i] = s.gate(id, (i+1)*stretch+1, (i+2)*stretch)
	}
	s.quick(s.url)
	s.untilHeld(id, func(holding) bool { return true })
	ticks := time.NewTicker(400 * time.Millisecond)
	defer ticks.Stop()
	killed := 0
	for i := range kills {
		<-ticks.C
		killed += s.count(`SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'process'`)
		if i%each == each-1 {
			gates[i/each]()
		}
	}
	require.Greater(t, killed, kills, "there was something to kill each time")
	got := s.end(id)
	require.Zero(t, got.job.Attempts, "it is no failed attempt")
	requireSame(t, want, got)
}

// TestConnectionsUsedUp uses up the connections that the worker's role may have, several times for longer than a lease.
func TestConnectionsUsedUp(t *testing.T) {
	t.Parallel()
	const most = 12
	want := undisturbed(t, products.Update)
	s, id := prepared(t, products.Update)
	role := fmt.Sprintf("limited_%d", rand.Uint64())
	execute := func(statement string) {
		t.Helper()
		_, err := s.raw.ExecContext(context.WithoutCancel(t.Context()), statement)
		require.NoError(t, err)
	}
	execute(fmt.Sprintf(`CREATE ROLE %s LOGIN PASSWORD 'secret' CONNECTION LIMIT %d`, role, most))
	t.Cleanup(func() { execute(`DROP OWNED BY ` + role); execute(`DROP ROLE ` + role) })
	execute(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ` + role)
	execute(`GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ` + role)
	u, err := url.Parse(s.url)
	require.NoError(t, err)
	u.User = url.UserPassword(role, "secret")
	limited, err := sql.Open("postgres", u.String())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, limited.Close()) })

	const times = 3
	stretch := len(want.batches) / (times + 1)
	gates := make([]func(), times)
	for i := range gates {
		gates[i] = s.gate(id, (i+1)*stretch+1, (i+2)*stretch)
	}
	s.quick(u.String())
	for i, open := range gates {
		s.untilHeld(id, func(h holding) bool { return h.batches >= (i+1)*stretch })
		var taken []*sql.Conn
		for deadline := time.Now().Add(time.Minute); len(taken) < most; {
			require.True(t, time.Now().Before(deadline), "%d connections were to be had", len(taken))
			s.count(`SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = $1 AND application_name = 'process'`, role)
			if conn, err := limited.Conn(t.Context()); err == nil {
				taken = append(taken, conn)
			}
		}
		time.Sleep(1500 * time.Millisecond)
		for _, conn := range taken {
			require.NoError(t, conn.Raw(func(any) error { return nil }))
			_ = conn.Close()
		}
		limited.SetMaxIdleConns(0)
		open()
	}
	got := s.end(id)
	require.Zero(t, got.job.Attempts, "it is no failed attempt, and nobody vanished")
	requireSame(t, want, got)
}

// TestClockSetBack moves what is stored of a job an hour into the future, as if the database's clock had been set back:
// while it waits, while a worker has it, and once that was killed.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	want := undisturbed(t, products.Update)
	s, id := prepared(t, products.Update)
	setBack := func() {
		t.Helper()
		require.Equal(t, 1,
			s.count(`WITH moved AS (UPDATE import_jobs SET created_at = created_at + interval '1 hour', started_at = started_at + interval '1 hour',
				not_before = not_before + interval '1 hour', lease_until = lease_until + interval '1 hour' WHERE id = $1 RETURNING id)
			SELECT count(*) FROM moved`, id))
	}
	setBack()
	const at = 20
	open := s.gate(id, at+1, len(want.batches))
	first := s.worker()
	s.untilHeld(id, func(h holding) bool { return h.batches == at })
	setBack()
	time.Sleep(1500 * time.Millisecond) // its lease is a second
	require.True(t, s.untilHeld(id, func(holding) bool { return true }).by(first), "who is there keeps the job")
	s.kill(first, syscall.SIGKILL)
	setBack()
	open()
	killed := time.Now()
	second := s.worker()
	got := s.end(id)
	require.Less(t, time.Since(killed), time.Minute)
	requireSame(t, want, got)

	s.kill(second, syscall.SIGTERM)
	id = s.submit(catalogtest.Base, products.Ignore).ID
	_, err := s.db.Jobs().Claim(t.Context(), "vanished", time.Minute, 5)
	require.NoError(t, err)
	setBack()
	j, err := s.db.Jobs().Cancel(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, job.Revoked, j.State, "a cancel takes effect though the worker is gone")
}
