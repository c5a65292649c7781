package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/products"
)

// admin is a connection of its own to the database.
func admin(t *testing.T, url string) *sql.Conn {
	t.Helper()
	db, err := sql.Open("postgres", url)
	require.NoError(t, err)
	conn, err := db.Conn(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close(); db.Close() })
	return conn
}

// terminate ends every other connection to the database and waits until they have gone.
func terminate(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx,
		`SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	return err
}

// checkHalf checks what becomes of records(n) with the name "new" in a table that holds the first half with the name
// "old".
func checkHalf(t *testing.T, url string, batch *products.Batch, result *products.BatchResult) {
	t.Helper()
	n := int64(len(batch.Records))
	require.Equal(t, n/2, result.Count(products.Created))
	oldNames, other := n/2, products.Skipped
	if batch.Mode == products.Update {
		oldNames, other = 0, products.Updated
	}
	require.Equal(t, n/2, result.Count(other))
	require.Equal(t, n, scan[int64](t, url, `SELECT count(*) FROM products`))
	require.Equal(t, oldNames, scan[int64](t, url, `SELECT count(*) FROM products WHERE name = 'old' AND version = 1`))
	require.Equal(t, n/2, scan[int64](t, url, `SELECT count(*) FROM products WHERE version = 1 AND name = 'new'`))
	require.Equal(t, n, scan[int64](t, url, `SELECT count(DISTINCT id) FROM products`))
}

// prepareHalf stores the first half of n records, named "old", and returns the batch for checkHalf.
func prepareHalf(t *testing.T, db *postgres.DB, n int, mode products.Mode) *products.Batch {
	t.Helper()
	all := records(n, "r", "old")
	_, err := db.Products().WriteBatch(t.Context(), &products.Batch{Columns: described, Records: all[:n/2]})
	require.NoError(t, err)
	return &products.Batch{Mode: mode, Columns: described, Records: records(n, "r", "new")}
}

func TestTerminatedBeforeCommit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		mode      products.Mode
		expectNew bool
	}{
		{"ignore", products.Ignore, false},
		{"update", products.Update, false},
		{"ignore, expected new", products.Ignore, true},
		{"update, expected new", products.Update, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := migrated(t)
			db := open(t, url, postgres.Options{RetryFor: time.Minute})
			batch := prepareHalf(t, db, 2_000, c.mode)
			batch.ExpectNew = c.expectNew
			conn := admin(t, url)
			calls := 0
			batch.BeforeCommit = func(ctx context.Context, result *products.BatchResult) error {
				if calls++; calls > 2 {
					return nil
				}
				return terminate(context.WithoutCancel(ctx), conn)
			}
			result, err := db.Products().WriteBatch(t.Context(), batch)
			require.NoError(t, err)
			require.Equal(t, 3, calls)
			checkHalf(t, url, batch, result)
		})
	}
}

func TestTerminatedInCopy(t *testing.T) {
	t.Parallel()
	const times = 3
	url := migrated(t)
	db := open(t, url, postgres.Options{RetryFor: time.Minute})
	batch := prepareHalf(t, db, 50_000, products.Update)
	conn := admin(t, url)
	ctx, cancel := context.WithCancel(t.Context())
	killed := make(chan int, 1)
	go func() {
		n := 0
		for n < times && ctx.Err() == nil {
			var in int
			if err := conn.QueryRowContext(ctx,
				`SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_progress_copy
				WHERE datname = current_database() AND tuples_processed > 1000`).Scan(&in); err != nil {
				break
			}
			n += in
		}
		killed <- n
	}()
	result, err := db.Products().WriteBatch(t.Context(), batch)
	cancel()
	require.Equal(t, times, <-killed, "COPY was under way so often")
	require.NoError(t, err)
	checkHalf(t, url, batch, result)
}

// TestCopyCut loses the connection while the driver sends the rows of a COPY, which ends in this error or that one.
func TestCopyCut(t *testing.T) {
	t.Parallel()
	p, url := newProxy(t, migrated(t))
	db := open(t, url, postgres.Options{RetryFor: time.Minute})
	for range 5 {
		query(t, url, `TRUNCATE products`)
		batch := prepareHalf(t, db, 10_000, products.Ignore)
		p.cutNext(inCopy, false)
		result, err := db.Products().WriteBatch(t.Context(), batch)
		require.NoError(t, err)
		checkHalf(t, url, batch, result)
	}
}

// TestCommitCut loses the connection around COMMIT: the result is as if nothing had happened, and a batch that was
// committed isn't written again.
func TestCommitCut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		when       cut
		reset      bool
		conns      int
		transacted []int // how often the transaction may run
	}{
		{"not committed", beforeCommit, false, 0, []int{2}},
		{"not committed, a reset, one connection", beforeCommit, true, 1, []int{2}},
		{"committed", behindSuccess, false, 0, []int{1}},
		{"committed, a reset, one connection", behindSuccess, true, 1, []int{1}},
		{"in the middle", behindCommit, false, 0, []int{1, 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, url := newProxy(t, migrated(t))
			if c.reset {
				p.cutByReset()
			}
			db := open(t, url, postgres.Options{MaxConns: c.conns, RetryFor: time.Minute})
			for _, mode := range []products.Mode{products.Ignore, products.Update} {
				t.Run("WriteBatch, "+mode.String(), func(t *testing.T) {
					query(t, url, `TRUNCATE products`)
					batch := prepareHalf(t, db, 200, mode)
					calls := 0
					batch.BeforeCommit = func(context.Context, *products.BatchResult) error { calls++; return nil }
					p.cutNext(c.when, false)
					result, err := db.Products().WriteBatch(t.Context(), batch)
					require.NoError(t, err)
					require.Contains(t, c.transacted, calls)
					checkHalf(t, url, batch, result)
				})
			}
			t.Run("InTx", func(t *testing.T) {
				query(t, url, `TRUNCATE products`)
				calls := 0
				p.cutNext(c.when, false)
				require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
					calls++
					createIn(t, ctx, db, fmt.Sprint("call ", calls))
					return nil
				}))
				require.Contains(t, c.transacted, calls)
				require.Equal(t, []string{fmt.Sprintf("call %d|name of call %[1]d|", calls)}, content(t, url))
			})
		})
	}
}

func TestServerAway(t *testing.T) {
	t.Parallel()
	setUp := func(t *testing.T) (*proxy, string, *postgres.DB) {
		direct := migrated(t)
		p, url := newProxy(t, direct)
		return p, direct, open(t, url, postgres.Options{RetryFor: 100 * time.Millisecond})
	}
	t.Run("from COMMIT on", func(t *testing.T) {
		for _, c := range []struct {
			name   string
			when   cut
			stored int
		}{{"not committed", beforeCommit, 0}, {"committed", behindSuccess, 10}} {
			t.Run(c.name, func(t *testing.T) {
				p, url, db := setUp(t)
				p.cutNext(c.when, true)
				_, err := db.Products().WriteBatch(t.Context(), &products.Batch{Columns: described, Records: records(10, "r", "name")})
				require.ErrorIs(t, err, products.ErrCommitUnknown)
				require.Len(t, content(t, url), c.stored)
				p.comeBack()
				result, err := db.Products().WriteBatch(t.Context(), &products.Batch{Columns: described, Records: records(10, "r", "name")})
				require.NoError(t, err, "the store gets over it")
				require.EqualValues(t, 10-c.stored, result.Count(products.Created))
			})
		}
	})
	t.Run("before", func(t *testing.T) {
		p, url, db := setUp(t)
		_, err := db.Products().WriteBatch(t.Context(), &products.Batch{Columns: described, Records: records(10, "r", "name"),
			BeforeCommit: func(context.Context, *products.BatchResult) error {
				p.leave()
				return nil
			}})
		require.ErrorIs(t, err, products.ErrUnavailable)
		require.NotErrorIs(t, err, products.ErrCommitUnknown)
		_, err = db.Products().Get(t.Context(), 1)
		require.ErrorIs(t, err, products.ErrUnavailable)
		_, err = db.Products().List(t.Context(), products.Query{})
		require.ErrorIs(t, err, products.ErrUnavailable)
		require.Empty(t, content(t, url))
		p.comeBack()
		create(t, db, "again")
	})
	t.Run("the context ends meanwhile", func(t *testing.T) {
		p, url := newProxy(t, migrated(t))
		db := open(t, url, postgres.Options{RetryFor: time.Hour})
		ctx, cancel := context.WithCancel(t.Context())
		_, err := db.Products().WriteBatch(ctx, &products.Batch{Columns: described, Records: records(10, "r", "name"),
			BeforeCommit: func(context.Context, *products.BatchResult) error {
				p.leave()
				cancel()
				return nil
			}})
		require.ErrorIs(t, err, context.Canceled)
	})
}

// TestServerSilent ends contexts while no answer comes: a server that hangs, a network that lost its way to it.
func TestServerSilent(t *testing.T) {
	t.Parallel()
	p, url := newProxy(t, migrated(t))
	db := open(t, url, postgres.Options{RetryFor: 100 * time.Millisecond})
	write := func(ctx context.Context, before func()) error {
		ended := make(chan error, 1)
		go func() {
			_, err := db.Products().WriteBatch(ctx, &products.Batch{Columns: described, Records: records(10, "r", "name"),
				BeforeCommit: func(context.Context, *products.BatchResult) error {
					before()
					return nil
				}})
			ended <- err
		}()
		select {
		case err := <-ended:
			return err
		case <-time.After(30 * time.Second):
			return errors.New("it goes on")
		}
	}
	t.Run("in a statement", func(t *testing.T) {
		for range 5 { // what waits for the server then is a matter of timing: the next statement, or a ROLLBACK
			ctx, cancel := context.WithCancel(t.Context())
			ends := make(chan func(), 1)
			err := write(ctx, func() {
				ends <- p.silence()
				cancel()
			})
			(<-ends)()
			require.ErrorIs(t, err, context.Canceled)
		}
	})
	t.Run("in COMMIT", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		p.hung = cancel
		p.cutNext(hungCommit, false)
		require.ErrorIs(t, write(ctx, func() {}), products.ErrCommitUnknown)
	})
	require.NoError(t, write(t.Context(), func() {}), "the store gets over it")
}

// TestCommitSilent sends COMMIT to a server that says no more: who has set a deadline hears in time that it isn't known
// what became of it, however long others would be asked to wait.
func TestCommitSilent(t *testing.T) {
	for _, when := range []cut{hungCommit, behindSuccess} {
		p, url := newProxy(t, migrated(t))
		db := open(t, url, postgres.Options{RetryFor: time.Hour})
		create(t, db, "before") // so that a connection is open
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		held, end := make(chan struct{}), make(chan struct{})
		p.hung = func() {
			silent := p.silence()
			close(held)
			<-end
			silent()
		}
		p.cutNext(when, false)
		began := time.Now()
		_, err := db.Products().Create(ctx, products.Product{SKU: "a", Name: "n"})
		require.ErrorIs(t, err, products.ErrCommitUnknown)
		require.Less(t, time.Since(began), 10*time.Second)
		<-held
		close(end)
		want := 1
		if when == behindSuccess {
			want = 2
		}
		require.Len(t, content(t, url), want)
		_, err = db.Products().Get(t.Context(), 1)
		require.NoError(t, err, "the store gets over it")
	}
}

func TestInTx(t *testing.T) {
	url := migrated(t)
	db := open(t, url, postgres.Options{RetryFor: time.Minute})
	store := db.Products()
	own := errors.New("own")

	t.Run("what is in it is seen in it, and elsewhere once it is committed", func(t *testing.T) {
		var p products.Product
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
			p = createIn(t, ctx, db, "a")
			got, err := store.Get(ctx, p.ID)
			require.NoError(t, err)
			require.Equal(t, p, got)
			_, err = store.Get(t.Context(), p.ID)
			require.ErrorIs(t, err, products.ErrNotFound)
			return nil
		}))
		got, err := store.Get(t.Context(), p.ID)
		require.NoError(t, err)
		require.Equal(t, p, got)
	})
	t.Run("an error rolls back, in an inner one too", func(t *testing.T) {
		before := content(t, url)
		require.Equal(t, own, db.InTx(t.Context(), func(ctx context.Context) error {
			createIn(t, ctx, db, "b")
			return db.InTx(ctx, func(ctx context.Context) error {
				createIn(t, ctx, db, "c")
				return own
			})
		}))
		require.Equal(t, before, content(t, url))
	})
	t.Run("the outer decides", func(t *testing.T) {
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
			createIn(t, ctx, db, "d")
			require.Equal(t, own, db.InTx(ctx, func(context.Context) error { return own }))
			return nil
		}))
		require.True(t, slices.Contains(content(t, url), "d|name of d|"))
	})
	t.Run("a panic rolls back", func(t *testing.T) {
		before := content(t, url)
		require.PanicsWithValue(t, "own", func() {
			_ = db.InTx(t.Context(), func(ctx context.Context) error {
				createIn(t, ctx, db, "e")
				panic("own")
			})
		})
		require.Equal(t, before, content(t, url))
		require.NoError(t, db.InTx(t.Context(), func(context.Context) error { return nil }), "the connection is free")
	})
	t.Run("it is run again", func(t *testing.T) {
		conn := admin(t, url)
		calls := 0
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
			calls++
			_, err := store.Create(ctx, products.Product{Name: "again", SKU: fmt.Sprint("again-", calls)})
			if err != nil || calls > 2 {
				return err
			}
			if err := terminate(t.Context(), conn); err != nil {
				return err
			}
			_, err = store.Create(ctx, products.Product{Name: "again", SKU: "never"})
			return err
		}))
		require.Equal(t, 3, calls)
		require.Equal(t, 1, scan[int](t, url, `SELECT count(*) FROM products WHERE name = 'again' AND sku = 'again-3'`))
		require.Equal(t, 1, scan[int](t, url, `SELECT count(*) FROM products WHERE name = 'again'`))
	})
	t.Run("the context ends in it", func(t *testing.T) {
		before := content(t, url)
		ctx, cancel := context.WithCancel(t.Context())
		require.ErrorIs(t, db.InTx(ctx, func(inner context.Context) error {
			createIn(t, inner, db, "f")
			cancel()
			return nil
		}), context.Canceled)
		require.Equal(t, before, content(t, url))
	})
}
