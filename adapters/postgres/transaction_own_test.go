package postgres_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

var (
	_ sqlx.QueryerContext  = (*postgres.TxSQL)(nil)
	_ sqlx.ExecerContext   = (*postgres.TxSQL)(nil)
	_ sqlx.PreparerContext = (*postgres.TxSQL)(nil)
)

// audit writes a row into a table of the application's for every batch: how many products it changed.
type audit struct {
	then func(ctx context.Context, batch int64) error // called behind that, nil for nothing
}

const auditTable = `CREATE TABLE audit (batch bigint, changed bigint)`

func (a audit) NotifyBatch(ctx context.Context, c importer.Changes) error {
	tx, ok := postgres.Tx(ctx)
	if !ok {
		return errors.New("no transaction")
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO audit VALUES ($1, $2)`, c.Batch,
		len(c.Created)+len(c.Updated)); err != nil {
		return fmt.Errorf("the audit: %w", err)
	}
	if a.then == nil {
		return nil
	}
	return a.then(ctx, c.Batch)
}

// requireAudited checks that the rows are there of the batches that were committed, and of no others.
func requireAudited(t *testing.T, url string) {
	t.Helper()
	require.Equal(t, scan[int](t, url, `SELECT count(*) FROM products`),
		scan[int](t, url, `SELECT coalesce(sum(changed), 0) FROM audit`), "each product is in one row")
	require.Equal(t, scan[int](t, url, `SELECT count(*) FROM audit`),
		scan[int](t, url, `SELECT count(DISTINCT batch) FROM audit`), "no batch has two")
}

func TestTx(t *testing.T) {
	url := migrated(t)
	db := open(t, url, postgres.Options{RetryFor: time.Minute})
	query(t, url, auditTable)
	file := importer.Bytes("sku,name\na,A\nb,B\nc,C\n")
	run := func(then func(ctx context.Context, batch int64) error) (*importer.Result, error) {
		return importer.Run(t.Context(), file, db.Products(), importer.Options{BatchRecords: 1, Writers: 1,
			Notifier: audit{then}})
	}
	t.Run("a batch that fails", func(t *testing.T) {
		own := errors.New("own")
		_, err := run(func(_ context.Context, batch int64) error {
			if batch == 2 {
				return own
			}
			return nil
		})
		require.ErrorIs(t, err, own)
		require.Equal(t, []string{"a|A|"}, content(t, url))
		requireAudited(t, url)
	})
	t.Run("a statement that fails", func(t *testing.T) {
		_, err := run(func(ctx context.Context, _ int64) error {
			tx, _ := postgres.Tx(ctx)
			_, err := tx.ExecContext(ctx, `SELECT 1 / 0`)
			return err
		})
		require.ErrorContains(t, err, "division by zero")
		require.Equal(t, []string{"a|A|"}, content(t, url))
		requireAudited(t, url)
	})
	t.Run("behind a savepoint it may fail", func(t *testing.T) {
		_, err := run(func(ctx context.Context, _ int64) error {
			tx, _ := postgres.Tx(ctx)
			if _, err := tx.ExecContext(ctx, `SAVEPOINT own`); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `SELECT 1 / 0`); err == nil {
				return errors.New("it succeeds")
			}
			_, err := tx.ExecContext(ctx, `ROLLBACK TO SAVEPOINT own`)
			return err
		})
		require.NoError(t, err)
		require.Len(t, content(t, url), 3)
		requireAudited(t, url)
	})
	t.Run("run again", func(t *testing.T) {
		query(t, url, `TRUNCATE products, audit`)
		conn, calls := admin(t, url), 0
		_, err := run(func(ctx context.Context, _ int64) error {
			if calls++; calls > 2 {
				return nil
			}
			return terminate(context.WithoutCancel(ctx), conn)
		})
		require.NoError(t, err)
		require.Equal(t, 5, calls)
		require.Len(t, content(t, url), 3)
		requireAudited(t, url)
	})
	t.Run("a deadlock of its own statements is run again", func(t *testing.T) {
		query(t, url, `TRUNCATE products, audit`)
		calls := 0
		_, err := run(func(ctx context.Context, _ int64) error {
			if calls++; calls > 1 {
				return nil
			}
			tx, _ := postgres.Tx(ctx)
			_, err := tx.ExecContext(ctx, `DO $$ BEGIN RAISE deadlock_detected; END $$`)
			return fmt.Errorf("the audit: %w", err)
		})
		require.NoError(t, err)
		require.Equal(t, 4, calls)
		requireAudited(t, url)
	})
	t.Run("afterwards", func(t *testing.T) {
		var kept *postgres.TxSQL
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
			kept, _ = postgres.Tx(ctx)
			return nil
		}))
		_, err := kept.ExecContext(t.Context(), `SELECT 1`)
		require.ErrorIs(t, err, sql.ErrTxDone)
		_, ok := postgres.Tx(t.Context())
		require.False(t, ok)
	})
}

// TestTxReads: every method, in a transaction that only reads and writes tables of others, which is committed as any is.
func TestTxReads(t *testing.T) {
	url := migrated(t)
	db := open(t, url, postgres.Options{})
	query(t, url, auditTable)
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
		tx, ok := postgres.Tx(ctx)
		require.True(t, ok)
		copyAudit(t, ctx, tx)
		var n int
		require.NoError(t, tx.QueryRowContext(ctx, `SELECT count(*) FROM audit WHERE changed >= $1`, 0).Scan(&n))
		require.Equal(t, 3, n)
		var row struct{ Batch, Changed int }
		require.NoError(t, tx.QueryRowxContext(ctx, `SELECT * FROM audit WHERE batch = 2`).StructScan(&row))
		require.Equal(t, 20, row.Changed)
		require.NoError(t, tx.GetContext(ctx, &row, `SELECT * FROM audit WHERE batch = $1`, 1))
		require.Equal(t, 10, row.Changed)
		require.ErrorIs(t, tx.GetContext(ctx, &row, `SELECT * FROM audit WHERE batch = 9`), sql.ErrNoRows)
		var batches []int
		require.NoError(t, tx.SelectContext(ctx, &batches, `SELECT batch FROM audit ORDER BY batch`))
		require.Equal(t, []int{0, 1, 2}, batches)
		rows, err := tx.QueryxContext(ctx, `SELECT batch FROM audit ORDER BY batch`)
		require.NoError(t, err)
		defer rows.Close()
		require.True(t, rows.Next())
		values := map[string]any{}
		require.NoError(t, rows.MapScan(values))
		require.Equal(t, map[string]any{"batch": int64(0)}, values)
		require.NoError(t, rows.Err())
		return nil
	}))
	require.Equal(t, 3, scan[int](t, url, `SELECT count(*) FROM audit`))
}

// copyAudit copies three rows.
func copyAudit(t *testing.T, ctx context.Context, tx *postgres.TxSQL) {
	t.Helper()
	//nolint:staticcheck // deprecated is the builder, not COPY
	copying, err := tx.PrepareContext(ctx, pq.CopyIn("audit", "batch", "changed"))
	require.NoError(t, err)
	defer func() { require.NoError(t, copying.Close()) }()
	for i := range 3 {
		_, err := copying.ExecContext(ctx, i, 10*i)
		require.NoError(t, err)
	}
	_, err = copying.ExecContext(ctx)
	require.NoError(t, err)
}

// TestTxPlans: the application's statements are planned by the database's settings, not by those of a batch.
func TestTxPlans(t *testing.T) {
	db := open(t, migrated(t), postgres.Options{})
	set := "nobody asked"
	_, err := db.Products().WriteBatch(t.Context(), &products.Batch{Mode: products.Update, Columns: described,
		Records: records(10, "r", "name"), BeforeCommit: func(ctx context.Context, _ *products.BatchResult) error {
			tx, _ := postgres.Tx(ctx)
			return tx.QueryRowContext(ctx, `SELECT coalesce(string_agg(name, ' '), '') FROM pg_settings
				WHERE category LIKE 'Query Tuning%' AND setting <> reset_val`).Scan(&set)
		}})
	require.NoError(t, err)
	require.Empty(t, set)
}

// TestTxCrash: a server that crashes again and again in the middle of an import, and workers that take over. In the
// end the application's rows are those of an import that nothing disturbed.
func TestTxCrash(t *testing.T) {
	t.Parallel()
	const records, each = 2_000, 100
	server := home.Own(t)
	url := server.URL()
	db := open(t, url, postgres.Options{RetryFor: -1})
	query(t, url, auditTable)
	file, err := io.ReadAll(catalogtest.NewReader(records, catalogtest.Base))
	require.NoError(t, err)
	service, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{})
	require.NoError(t, err)
	_, _, err = service.Submit(t.Context(), job.Request{Settings: job.Settings{Mode: products.Update,
		BatchRecords: each}}, bytes.NewReader(file))
	require.NoError(t, err)
	crashes := 0
	runner, err := job.NewRunner(db.Jobs(), db.Uploads(), db.Products(), job.RunnerOptions{Writers: 1,
		Notifier: func(job.Job) importer.WebhookNotifier {
			return audit{func(_ context.Context, batch int64) error {
				if batch == 5*int64(crashes+1) && crashes < 3 {
					crashes++
					server.Crash()
					server.Start()
				}
				return nil
			}}
		}})
	require.NoError(t, err)
	var done job.Job
	require.Eventually(t, func() bool { // until the lease of the last worker, or its pause, has ended
		if claim, err := runner.Claim(t.Context(), "w"); claim != nil && err == nil {
			done, _ = runner.Run(t.Context(), claim, nil)
		}
		return done.State == job.Success
	}, 5*time.Minute, 20*time.Millisecond)
	require.Equal(t, 3, crashes)
	require.EqualValues(t, catalogtest.Distinct(records), done.Event.Created)
	require.Equal(t, done.Event.Created, scan[int64](t, url, `SELECT count(*) FROM products`))
	requireAudited(t, url)
}
