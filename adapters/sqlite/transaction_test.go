package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

func openFile(t testing.TB, path string, o Options) *DB {
	t.Helper()
	db, err := Open(t.Context(), path, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func openNew(t testing.TB) *DB {
	return openFile(t, Migrated(t), Options{})
}

// set writes something.
func set(ctx context.Context, db *DB, name string) error {
	return db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		_, err := t.ExecContext(ctx, `INSERT INTO products_importer_settings VALUES (?, '')`, name)
		return err
	})
}

// isSet reads it.
func isSet(t testing.TB, ctx context.Context, db *DB, name string) (found bool) {
	t.Helper()
	require.NoError(t, db.read(ctx, func(ctx context.Context, q querier) error {
		return sqlx.GetContext(ctx, q, &found, `SELECT count(*) FROM products_importer_settings WHERE name = ?`, name)
	}))
	return found
}

var errOwn = errors.New("an error of the caller")

func TestTransactions(t *testing.T) {
	ctx := t.Context()
	for _, c := range []struct {
		name string
		f    func(db *DB) error
		want error
		sets string
	}{
		{"commits", func(db *DB) error {
			return db.InTx(ctx, func(inner context.Context) error {
				if err := set(inner, db, "a"); err != nil {
					return err
				}
				require.False(t, isSet(t, ctx, db, "a"), "others see nothing of it before")
				require.True(t, isSet(t, inner, db, "a"))
				return nil
			})
		}, nil, "a"},
		{"rolls back", func(db *DB) error {
			return db.InTx(ctx, func(ctx context.Context) error { return errors.Join(set(ctx, db, "a"), errOwn) })
		}, errOwn, ""},
		{"takes back what a joined call did", func(db *DB) error {
			return db.InTx(ctx, func(ctx context.Context) error {
				if err := set(ctx, db, "a"); err != nil {
					return err
				}
				err := db.InTx(ctx, func(ctx context.Context) error {
					err := db.InTx(ctx, func(ctx context.Context) error { return set(ctx, db, "c") })
					return errors.Join(set(ctx, db, "b"), err, errOwn)
				})
				require.ErrorIs(t, err, errOwn)
				require.False(t, isSet(t, ctx, db, "b") || isSet(t, ctx, db, "c"))
				require.Error(t, set(ctx, db, "a"), "it is there")
				return set(ctx, db, "d")
			})
		}, nil, "ad"},
		{"rolls back where the context ends", func(db *DB) error {
			ctx, cancel := context.WithCancel(ctx)
			return db.InTx(ctx, func(ctx context.Context) error {
				err := set(ctx, db, "a")
				cancel()
				return err
			})
		}, context.Canceled, ""},
		{"ends", func(db *DB) error {
			var kept context.Context
			require.NoError(t, db.InTx(ctx, func(ctx context.Context) error { kept = ctx; return set(ctx, db, "a") }))
			require.ErrorIs(t, set(kept, db, "b"), errEnded)
			return db.read(kept, func(context.Context, querier) error { return nil })
		}, errEnded, "a"},
		{"interrupts", func(db *DB) error {
			ctx, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
			defer cancel()
			return db.InTx(ctx, func(ctx context.Context) error {
				err := set(ctx, db, "a")
				if err != nil {
					return err
				}
				return db.read(ctx, func(ctx context.Context, q querier) error {
					var n int
					return sqlx.GetContext(ctx, q, &n, `WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)
						SELECT count(*) FROM c`)
				})
			})
		}, context.DeadlineExceeded, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			db := openNew(t)
			require.ErrorIs(t, c.f(db), c.want)
			sets := ""
			for _, name := range []string{"a", "b", "c", "d"} {
				if isSet(t, ctx, db, name) {
					sets += name
				}
			}
			require.Equal(t, c.sets, sets)
			require.NoError(t, set(ctx, db, "e"), "and the next one can begin")
		})
	}
}

// TestTransactionPanics: a panic rolls back, and frees the file for others.
func TestTransactionPanics(t *testing.T) {
	db := openNew(t)
	require.PanicsWithValue(t, "no", func() {
		_ = db.InTx(t.Context(), func(ctx context.Context) error {
			return errors.Join(set(ctx, db, "a"), db.InTx(ctx, func(context.Context) error { panic("no") }))
		})
	})
	require.False(t, isSet(t, t.Context(), db, "a"))
	require.NoError(t, set(t.Context(), db, "a"))
}

// TestOnCommit: what waits for the commit is done after it, and not where it is taken back.
func TestOnCommit(t *testing.T) {
	db := openNew(t)
	var done []string
	note := func(what string) func() {
		return func() {
			require.True(t, isSet(t, t.Context(), db, "a"))
			done = append(done, what)
		}
	}
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
		db.onCommit(ctx, note("first"))
		require.Error(t, db.InTx(ctx, func(ctx context.Context) error {
			db.onCommit(ctx, note("taken back"))
			return errOwn
		}))
		db.onCommit(ctx, note("second"))
		return set(ctx, db, "a")
	}))
	require.Equal(t, []string{"first", "second"}, done)
	db.onCommit(t.Context(), note("at once"))
	require.Equal(t, []string{"first", "second", "at once"}, done)
	require.Error(t, db.InTx(t.Context(), func(ctx context.Context) error {
		db.onCommit(ctx, note("rolled back"))
		return errOwn
	}))
	require.Len(t, done, 3)
}

// TestWritersQueue: writers get their turn in the order in which they came, and none waits for longer than it wants.
func TestWritersQueue(t *testing.T) {
	db := openNew(t)
	hold := make(chan struct{})
	held := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		_ = db.InTx(t.Context(), func(context.Context) error { close(held); <-hold; return nil })
	})
	<-held
	var order []int
	for i := range 20 {
		arrived := make(chan struct{})
		all.Go(func() {
			close(arrived)
			err := db.inTx(t.Context(), func(context.Context, *transaction) error {
				order = append(order, i)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
		<-arrived
		time.Sleep(time.Millisecond) // it waits now
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, set(ctx, db, "x"), context.DeadlineExceeded)
	close(hold)
	all.Wait()
	for i, who := range order {
		require.Equal(t, i, who)
	}
	require.Len(t, order, 20)
}

// TestProcesses: two processes write to one file side by side, long transactions and short ones, and both get on.
func TestProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "products.db")
	long, short := openFile(t, path, Options{}), openFile(t, path, Options{})
	ctx, end := context.WithCancel(t.Context())
	var importing sync.WaitGroup
	importing.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			err := long.inTx(t.Context(), func(ctx context.Context, t *transaction) error {
				_, err := t.ExecContext(ctx, `INSERT INTO products_importer_settings VALUES (?, '')`,
					fmt.Sprint("long", i))
				time.Sleep(2 * longTransaction)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
	slowest := time.Duration(0)
	for i := range 10 {
		began := time.Now()
		require.NoError(t, set(t.Context(), short, fmt.Sprint("short", i)))
		slowest = max(slowest, time.Since(began))
	}
	end()
	importing.Wait()
	t.Logf("the slowest of 10 waited for %v", slowest)
	require.Less(t, slowest, 20*longTransaction, "nobody is kept out")
}

// TestBusy: a process that writes for too long is an answer of package products, and the end of the context is its own.
func TestBusy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "products.db")
	one, other := openFile(t, path, Options{}), openFile(t, path, Options{WaitFor: 50 * time.Millisecond})
	require.NoError(t, one.InTx(t.Context(), func(ctx context.Context) error {
		require.NoError(t, set(ctx, one, "a"))
		err := set(t.Context(), other, "b")
		require.ErrorIs(t, err, products.ErrBusy)
		require.EqualError(t, err, "products: store unavailable: busy: another process has been writing to "+path+
			" for longer than 50ms")
		other.options.WaitFor = time.Minute
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		require.ErrorIs(t, set(ctx, other, "b"), context.DeadlineExceeded)
		require.False(t, isSet(t, t.Context(), other, "a"), "readers wait for nobody")
		return nil
	}))
	require.NoError(t, set(t.Context(), other, "b"))
}

// TestFull: a disk without room is trouble that passes, and costs what was being written alone.
func TestFull(t *testing.T) {
	db := openNew(t)
	require.NoError(t, set(t.Context(), db, "a"))
	var pages int
	require.NoError(t, db.writer.Get(&pages, `PRAGMA page_count`))
	_, err := db.writer.Exec(fmt.Sprintf(`PRAGMA max_page_count = %d`, pages))
	require.NoError(t, err)
	err = db.InTx(t.Context(), func(ctx context.Context) error {
		for i := range 1000 {
			if err := set(ctx, db, fmt.Sprintf("%0500d", i)); err != nil {
				return err
			}
		}
		return nil
	})
	require.ErrorIs(t, err, products.ErrUnavailable)
	require.EqualError(t, err, "products: store unavailable: sqlite: "+db.path+
		" can't grow: the disk is full: make room; nothing that was committed is lost")
	require.True(t, isSet(t, t.Context(), db, "a"))
	_, err = db.writer.Exec(`PRAGMA max_page_count = 1000000`)
	require.NoError(t, err)
	require.NoError(t, set(t.Context(), db, "b"))
}

// TestSettings: every connection has what the promises rest on.
func TestSettings(t *testing.T) {
	db := openNew(t)
	for name, want := range map[string]string{"synchronous": "2", "foreign_keys": "1", "journal_mode": "wal"} {
		for _, pool := range []*sqlx.DB{db.writer, db.readers} {
			var have string
			require.NoError(t, pool.Get(&have, `PRAGMA `+name))
			require.Equal(t, want, have, name)
		}
	}
	_, err := db.readers.Exec(`DELETE FROM products`)
	require.ErrorContains(t, err, "readonly", "who reads can't write")
}

// TestPools: transactions that wait for their turn are counted.
func TestPools(t *testing.T) {
	db := openNew(t)
	inside, leave := make(chan struct{}), make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		ended <- db.InTx(t.Context(), func(context.Context) error {
			close(inside)
			<-leave
			return nil
		})
	}()
	<-inside
	held := db.Pools()
	require.Equal(t, 1, held["writer"].InUse)
	require.Equal(t, 1, held["writer"].MaxOpenConnections)
	require.Equal(t, db.options.MaxReaders+2, held["readers"].MaxOpenConnections)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, db.InTx(ctx, func(context.Context) error { return nil }), context.DeadlineExceeded)
	close(leave)
	require.NoError(t, <-ended)
	waited := db.Pools()["writer"]
	require.Equal(t, held["writer"].WaitCount+1, waited.WaitCount)
	require.Positive(t, waited.WaitDuration-held["writer"].WaitDuration)
}
