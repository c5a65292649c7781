package postgres_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/products"
)

// forgetful is a server that loses in a crash all that no transaction waited for.
func forgetful(t *testing.T) *pgtest.Server {
	server := home.Own(t)
	query(t, server.URL(), `ALTER SYSTEM SET wal_writer_delay = '10s'`)
	query(t, server.URL(), `SELECT pg_reload_conf()`)
	return server
}

// TestCommitLostInCrash crashes the server in front of a COMMIT, whose transaction is lost together with its number:
// others get that, and are committed. Whatever is acknowledged afterwards is there, once. With TEST_THOROUGH=1 it is so
// with each kind of write, else with every third.
func TestCommitLostInCrash(t *testing.T) {
	t.Parallel()
	server := forgetful(t)
	query(t, server.URL(), `CREATE TABLE others (a int)`)
	p, url := newProxy(t, server.URL())
	db := open(t, url, postgres.Options{RetryFor: time.Minute})
	require.NoError(t, prepareWrites(t.Context(), db))
	p.hung = func() {
		p.leave()
		defer p.comeBack()
		server.Crash()
		server.Start()
		query(t, server.URL(), `DO $$ BEGIN FOR i IN 1..20 LOOP INSERT INTO others VALUES (i); COMMIT; END LOOP; END $$`)
	}
	for i, kind := range allWrites {
		if i%3 > 0 && !casetest.Thorough() {
			continue
		}
		t.Run(kind.name, func(t *testing.T) {
			check, err := kind.do(t.Context(), db, 0, func() { p.cutNext(beforeCommit, false) })
			require.NoError(t, err)
			require.NoError(t, check(t.Context(), db))
		})
	}
	t.Run("last chunk of an upload", func(t *testing.T) {
		for commits := range 3 {
			p.cutLater(commits, beforeCommit)
			key, file := fmt.Sprint("chunks-", commits), noise(mib+17)
			if _, err := db.Uploads().Put(t.Context(), key, bytes.NewReader(file)); err == nil {
				require.Equal(t, file, read(t, db.Uploads(), key, 0, -1))
			} else {
				// A chunk before, which nobody waited for, was lost in the crash.
				require.Positive(t, commits, err)
				require.ErrorContains(t, err, "lost while it was written")
			}
		}
	})
}

// TestReservationLostInCrash crashes the server behind a transaction that took IDs and rolled back: the server gives
// them to somebody else.
func TestReservationLostInCrash(t *testing.T) {
	t.Parallel()
	server := forgetful(t)
	db := open(t, server.URL(), postgres.Options{RetryFor: time.Minute})
	first := create(t, db, "a")
	ids := map[int64]bool{first.ID: true}
	for round := range 3 {
		// A new process has no IDs yet.
		before := open(t, server.URL(), postgres.Options{RetryFor: time.Minute})
		_, err := before.Products().Create(t.Context(), products.Product{SKU: "a", Name: "refused"})
		require.ErrorIs(t, err, products.ErrExists)
		server.Crash()
		server.Start()
		after := open(t, server.URL(), postgres.Options{RetryFor: time.Minute})
		for i := range 10 {
			for n, db := range []*postgres.DB{before, after} {
				p := create(t, db, fmt.Sprint(round, "-", i, "-", n))
				require.False(t, ids[p.ID], "ID %d was given before", p.ID)
				ids[p.ID] = true
			}
		}
	}
}

// TestSlots: a connection that writes has one row for all of its transactions, replaced now and then, and what a
// process left is removed in the end.
func TestSlots(t *testing.T) {
	url := migrated(t)
	db := open(t, url, postgres.Options{})
	slots := func() (n int) { return scan[int](t, url, `SELECT count(*) FROM products_importer_commits`) }
	require.Equal(t, 1, slots(), "Open records the key rule")
	for i := range 10 {
		create(t, db, fmt.Sprint("a-", i))
		_, err := db.Products().Create(t.Context(), products.Product{SKU: "a-0", Name: "refused"})
		require.ErrorIs(t, err, products.ErrExists)
	}
	require.Equal(t, 1, slots(), "what is refused uses no other")
	before := scan[string](t, url, `SELECT slot FROM products_importer_commits`)
	for i := range 1_001 {
		create(t, db, fmt.Sprint("b-", i))
	}
	require.Equal(t, 1, slots())
	require.NotEqual(t, before, scan[string](t, url, `SELECT slot FROM products_importer_commits`))

	_, err := db.Products().List(t.Context(), products.Query{})
	require.NoError(t, err)
	query(t, url, `UPDATE products_importer_commits SET written_at = now() - interval '6 days'`)
	open(t, url, postgres.Options{})
	require.Equal(t, 1, slots())
	query(t, url, `UPDATE products_importer_commits SET written_at = now() - interval '8 days'`)
	open(t, url, postgres.Options{})
	require.Zero(t, slots())
	create(t, db, "c")
	require.Equal(t, 1, slots(), "who still had it makes it again")
}

// TestReservationOfAnotherServer: a server takes over that never heard of the IDs that a process has, and gives them to
// others.
func TestReservationOfAnotherServer(t *testing.T) {
	t.Parallel()
	server := home.Own(t)
	db := open(t, server.URL(), postgres.Options{RetryFor: time.Minute})
	create(t, db, "lost")
	server.Crash()
	server.Start()
	query(t, server.URL(), `DELETE FROM products; ALTER SEQUENCE product_ids RESTART`)
	other := open(t, server.URL(), postgres.Options{})
	ids := map[int64]bool{}
	for i := range 10 {
		for n, db := range []*postgres.DB{other, db} {
			p := create(t, db, fmt.Sprint(i, "-", n))
			require.False(t, ids[p.ID], "ID %d was given before", p.ID)
			ids[p.ID] = true
		}
	}
}
