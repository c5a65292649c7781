package postgres_test

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
	"github.com/products-importer/products-importer/products"
)

// writeFor writes a batch of 10 products with a checkpoint for the claim; then is called between that and the commit.
func writeFor(ctx context.Context, db *postgres.DB, claim *job.Claim, then func()) error {
	_, err := db.Products().WriteBatch(ctx, &products.Batch{Number: 1, Columns: described, Records: records(10, "p", "name"),
		BeforeCommit: func(ctx context.Context, _ *products.BatchResult) error {
			if err := db.Jobs().Checkpoint(ctx, claim, commit(1, 10)); err != nil {
				return err
			}
			then()
			return nil
		}})
	return err
}

func nothing() {}

func TestFencedBatchRollsBack(t *testing.T) {
	url := migrated(t)
	db, other := open(t, url, postgres.Options{}), open(t, url, postgres.Options{})
	first := claimed(t, db.Jobs(), time.Microsecond)
	second, err := other.Jobs().Claim(t.Context(), "second", time.Minute, 5)
	require.NoError(t, err)
	require.NotNil(t, second)
	require.ErrorIs(t, writeFor(t.Context(), db, first, nothing), job.ErrLeaseLost)
	require.Empty(t, content(t, url))
	require.NoError(t, writeFor(t.Context(), other, second, nothing))
	require.Len(t, content(t, url), 10)
}

// TestTakeoverWaitsForCommit: while a batch is committed nobody can take the job over or end it, but its worker's
// heartbeats and requests to cancel go on.
func TestTakeoverWaitsForCommit(t *testing.T) {
	url := migrated(t)
	db, other := open(t, url, postgres.Options{}), open(t, url, postgres.Options{})
	claim := claimed(t, db.Jobs(), time.Microsecond)
	require.NoError(t, writeFor(t.Context(), db, claim, func() {
		none, err := other.Jobs().Claim(t.Context(), "second", time.Minute, 5)
		require.NoError(t, err)
		require.Nil(t, none, "the batch is about to be committed")
		_, err = other.Jobs().Renew(t.Context(), claim, time.Minute, nil)
		require.NoError(t, err)
		asked, err := other.Jobs().Cancel(t.Context(), claim.Job.ID)
		require.NoError(t, err)
		require.False(t, asked.State.Final())
		_, err = other.Jobs().Renew(t.Context(), claim, time.Microsecond, nil)
		require.NoError(t, err)
	}))
	none, err := other.Jobs().Claim(t.Context(), "second", time.Minute, 5)
	require.NoError(t, err)
	require.Nil(t, none)
	ended, err := other.Jobs().Get(t.Context(), claim.Job.ID)
	require.NoError(t, err)
	require.Equal(t, job.Revoked, ended.State)
	require.EqualValues(t, 10, ended.Event.Created)
}

// TestCommitWaitsForTakeover: a checkpoint that comes while another worker is taking the job over waits for that.
func TestCommitWaitsForTakeover(t *testing.T) {
	url := migrated(t)
	db := open(t, url, postgres.Options{})
	claim := claimed(t, db.Jobs(), time.Minute)
	tx := newRivalOf(t, url, `SELECT FROM import_jobs FOR UPDATE; UPDATE import_jobs SET token = token + 1`).tx
	var batch sync.WaitGroup
	var written error
	batch.Go(func() { written = writeFor(t.Context(), db, claim, nothing) })
	require.Eventually(t, func() bool {
		return scan[int](t, url, `SELECT count(*) FROM pg_locks WHERE NOT granted`) == 1
	}, time.Minute, 10*time.Millisecond)
	require.NoError(t, tx.Commit())
	batch.Wait()
	require.ErrorIs(t, written, job.ErrLeaseLost)
	require.Empty(t, content(t, url))
}

// TestHungWorkerIsCutOff: a worker that hangs with its batch all but committed holds off the next one for so long and
// no longer, and can commit nothing when it comes back.
func TestHungWorkerIsCutOff(t *testing.T) {
	for _, c := range []struct {
		name  string
		hung  time.Duration // for a transaction that belongs to no job
		lease time.Duration // 0 for none
	}{
		{"without a lease", 300 * time.Millisecond, 0},
		{"a long lease", 300 * time.Millisecond, time.Hour},
		{"a short lease", time.Hour, time.Millisecond}, // it has a second all the same
	} {
		t.Run(c.name, func(t *testing.T) {
			url := migrated(t)
			db, other := open(t, url, postgres.Options{}), open(t, url, postgres.Options{})
			postgres.SetHung(db, c.hung)
			ctx := t.Context()
			if c.lease > 0 {
				ctx = driver.WithLease(ctx, c.lease)
			}
			first := claimed(t, db.Jobs(), time.Microsecond)
			hangs, back := make(chan struct{}), make(chan struct{})
			var hung sync.WaitGroup
			var err error
			hung.Go(func() {
				err = writeFor(ctx, db, first, sync.OnceFunc(func() { close(hangs); <-back }))
			})
			<-hangs
			second := takeOver(t, other)
			require.NoError(t, writeFor(t.Context(), other, second, nothing))
			close(back)
			hung.Wait()
			require.ErrorIs(t, err, job.ErrLeaseLost)
			require.Len(t, content(t, url), 10)
			done, err := other.Jobs().Checkpoints(t.Context(), second)
			require.NoError(t, err)
			require.Equal(t, map[int64]importer.Commit{1: commit(1, 10)}, done)
		})
	}
}

// TestHungBatchIsCutOff: a worker that hangs in the middle of its batch, before the checkpoint, can't keep its job, but
// keys that the next one needs.
func TestHungBatchIsCutOff(t *testing.T) {
	url := migrated(t)
	db, other := open(t, url, postgres.Options{}), open(t, url, postgres.Options{})
	first := claimed(t, db.Jobs(), time.Microsecond)
	hangs, back := make(chan struct{}), make(chan struct{})
	var hung sync.WaitGroup
	var err error
	hung.Go(func() {
		once := sync.OnceFunc(func() { close(hangs); <-back })
		_, err = db.Products().WriteBatch(driver.WithLease(t.Context(), time.Millisecond),
			&products.Batch{Number: 1, Columns: described, Records: records(10, "p", "name"),
				BeforeCommit: func(ctx context.Context, _ *products.BatchResult) error {
					once()
					return db.Jobs().Checkpoint(ctx, first, commit(1, 10))
				}})
	})
	<-hangs
	second := takeOver(t, other)
	began := time.Now()
	require.NoError(t, writeFor(t.Context(), other, second, nothing))
	require.Less(t, time.Since(began), 30*time.Second)
	close(back)
	hung.Wait()
	require.ErrorIs(t, err, job.ErrLeaseLost)
	require.Len(t, content(t, url), 10)
}

// takeOver claims the job as soon as that is possible.
func takeOver(t *testing.T, db *postgres.DB) (claim *job.Claim) {
	t.Helper()
	require.Eventually(t, func() bool {
		var err error
		claim, err = db.Jobs().Claim(t.Context(), "second", time.Minute, 5)
		return err == nil && claim != nil
	}, time.Minute, 20*time.Millisecond)
	return claim
}

// TestHungCopyIsCutOff: a worker that hangs in the middle of a COPY holds keys that the next one needs, and no timeout
// of the server's ends that.
func TestHungCopyIsCutOff(t *testing.T) {
	for _, schema := range []string{"", awkward} {
		t.Run("in the schema "+schema, func(t *testing.T) { hungCopyIsCutOff(t, schema) })
	}
}

func hungCopyIsCutOff(t *testing.T, schema string) {
	t.Helper()
	url := within(t, migrated(t), schema)
	db := open(t, url, postgres.Options{Schema: schema})
	claimed(t, db.Jobs(), time.Microsecond)
	raw, err := sql.Open("postgres", url)
	require.NoError(t, err)
	defer raw.Close()
	tx, err := raw.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer tx.Rollback()
	table := `"products"`
	if schema != "" {
		table = pq.QuoteIdentifier(schema) + "." + table
	}
	copyIn, err := tx.PrepareContext(t.Context(), `COPY `+table+` ("id", "sku_key", "sku", "name") FROM STDIN`)
	require.NoError(t, err)
	defer func() { _ = copyIn.Close() }() // it has failed
	name := strings.Repeat("x", 70<<10)   // more than driver and server keep to themselves
	for i, r := range records(10, "p", "")[:3] {
		_, err = copyIn.ExecContext(t.Context(), i, r.SKU, r.SKU, name)
		require.NoError(t, err)
	}
	// It is taken for hung once it is older than the lease that ran out, by half of the new one.
	query(t, url, `UPDATE import_jobs SET lease_until = clock_timestamp()`)
	second, err := db.Jobs().Claim(t.Context(), "second", time.Microsecond, 5)
	require.NoError(t, err)
	require.NotNil(t, second)
	require.NoError(t, writeFor(t.Context(), db, second, nothing))
	require.Len(t, content(t, url), 10)
	_, err = copyIn.ExecContext(t.Context())
	require.Error(t, err, "its connection is gone")
}

type beforeCommitting = func(context.Context, *products.BatchResult) error

// hangs are the ways in which a worker can hang while it is sent rows that it has locked: each statement returns some
// megabytes, more than all on the way keep to themselves.
var hangs = []struct {
	name, at, prepare string
	write             func(ctx context.Context, db *postgres.DB, commit beforeCommitting) error
}{
	{"SELECT FOR UPDATE", " FOR UPDATE OF p",
		`UPDATE products SET description = repeat('x', 5000000) WHERE sku_key = 'p-0'`,
		func(ctx context.Context, db *postgres.DB, commit beforeCommitting) error {
			_, err := db.Products().WriteBatch(ctx, &products.Batch{Number: 1, Mode: products.Update, Columns: described,
				Records: records(10, "p", "new name"), BeforeCommit: commit})
			return err
		}},
	{"UPDATE RETURNING", " RETURNING x.i", `UPDATE products SET description = repeat('x', 1000000) WHERE sku_key IN ('p-0', 'p-1')`,
		func(ctx context.Context, db *postgres.DB, commit beforeCommitting) error {
			_, err := db.Products().WriteBatch(ctx, &products.Batch{Number: 1, Mode: products.Update, Columns: described,
				Records: records(10, "p", "new name"), BeforeCommit: commit,
				Differences: func() func(context.Context, []products.Difference) error {
					return func(context.Context, []products.Difference) error { return nil }
				}})
			return err
		}},
	{"DELETE RETURNING", "DELETE FROM",
		`UPDATE products SET description = repeat('x', 16000), id = substr(sku_key, 3)::bigint`,
		func(ctx context.Context, db *postgres.DB, commit beforeCommitting) error {
			batch := &products.RevertBatch{BeforeCommit: commit}
			for i := range 300 {
				batch.Reverts = append(batch.Reverts, products.Revert{Key: fmt.Sprintf("p-%d", i), ID: int64(i), Version: 1})
			}
			_, err := db.Products().RevertBatch(ctx, batch)
			return err
		}},
}

// TestHungReaderIsCutOff: a worker that hangs while it is sent the rows that it has locked.
func TestHungReaderIsCutOff(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("connections can't be made narrow")
	}
	for i, hang := range hangs {
		schema := []string{"", awkward}[i%2]
		t.Run(hang.name, func(t *testing.T) {
			direct := migrated(t)
			p, url := newProxy(t, direct)
			direct = within(t, direct, schema)
			o := postgres.Options{Schema: schema}
			other := open(t, direct, o)
			_, err := other.Products().WriteBatch(t.Context(), &products.Batch{Columns: described,
				Records: records(300, "p", "name")})
			require.NoError(t, err)
			query(t, direct, hang.prepare)
			p.narrow(hang.at)
			db := open(t, url, o)
			write := func(db *postgres.DB, claim *job.Claim) error {
				return hang.write(t.Context(), db, func(ctx context.Context, _ *products.BatchResult) error {
					return db.Jobs().Checkpoint(ctx, claim, commit(1, 10))
				})
			}
			first := claimed(t, db.Jobs(), time.Microsecond)
			silent := make(chan func(), 1)
			p.hung = func() {
				end := sync.OnceFunc(p.silence())
				t.Cleanup(end)
				silent <- end
			}
			p.cutNext(hungLock, false)
			ended := make(chan error, 1)
			go func() { ended <- write(db, first) }()
			var back func()
			select {
			case back = <-silent:
			case err := <-ended:
				require.Fail(t, "there is no such statement", err)
			}
			require.Eventually(t, func() bool {
				return scan[bool](t, direct, `SELECT EXISTS (SELECT FROM pg_stat_activity
					WHERE datname = current_database() AND wait_event = 'ClientWrite')`)
			}, time.Minute, 10*time.Millisecond)
			// It is taken for hung once it is older than the lease that ran out, by half of the new one.
			query(t, direct, `UPDATE import_jobs SET lease_until = clock_timestamp()`)
			second, err := other.Jobs().Claim(t.Context(), "second", time.Microsecond, 5)
			require.NoError(t, err)
			require.NotNil(t, second)
			require.NoError(t, write(other, second))
			back()
			require.ErrorIs(t, <-ended, job.ErrLeaseLost)
		})
	}
}

// TestClaimOfAWorkerThatStops: its claim is committed, but the worker hears nothing of it and is told to stop. The job
// is given back.
func TestClaimOfAWorkerThatStops(t *testing.T) {
	direct := migrated(t)
	p, url := newProxy(t, direct)
	db, other := open(t, url, postgres.Options{}), open(t, direct, postgres.Options{})
	created, err := other.Jobs().Create(t.Context(), job.Job{Upload: "u", Size: 100})
	require.NoError(t, err)
	for _, c := range []struct {
		when  cut
		token int64 // of the next claim
	}{{behindSuccess, 2}, {beforeCommit, 3}} {
		ctx, cancel := context.WithCancel(t.Context())
		p.hung = cancel
		p.cutNext(c.when, false)
		_, err = db.Jobs().Claim(ctx, "first", time.Hour, 5)
		require.Error(t, err)
		j, err := other.Jobs().Get(t.Context(), created.ID)
		require.NoError(t, err)
		require.Equal(t, job.Pending, j.State)
		require.Zero(t, j.Attempts)
		second, err := other.Jobs().Claim(t.Context(), "second", time.Hour, 5)
		require.NoError(t, err)
		require.NotNil(t, second)
		require.Equal(t, c.token, second.Token)
		_, err = other.Jobs().Release(t.Context(), second, false, "", 0)
		require.NoError(t, err)
	}
}
