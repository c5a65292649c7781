package postgres_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// TestPlaces takes connections away: what is heavy says that the store is busy and nothing else does; and where all are
// taken that aren't kept, heartbeats come through still.
func TestPlaces(t *testing.T) {
	for _, conns := range []int{1, 2, 4, 10} {
		db := open(t, migrated(t), postgres.Options{MaxConns: conns})
		postgres.SetWaits(db, 20*time.Millisecond)
		for range 2 {
			_, err := db.Jobs().Create(t.Context(), job.Job{Upload: "u"})
			require.NoError(t, err)
		}
		claim, err := db.Jobs().Claim(t.Context(), "w", time.Minute, 3)
		require.NoError(t, err)
		busy := map[string]bool{}
		ask := func() {
			clear(busy)
			for _, c := range calls(claim) {
				err := c.do(t.Context(), db)
				if busy[c.name] = err != nil && strings.Contains(err.Error(), "no connection was free"); busy[c.name] {
					require.ErrorIs(t, err, products.ErrBusy)
					require.ErrorIs(t, err, products.ErrUnavailable)
				}
			}
		}
		ask()
		require.Empty(t, busyOnes(busy), "with %d connections", conns)
		leave := postgres.Hold(db, true)
		ask()
		require.Equal(t, []string{"search"}, busyOnes(busy), "with %d connections", conns)
		leave()
		if conns < 4 {
			continue
		}
		// Transactions are tried again for a while.
		leave = postgres.Hold(db, false)
		for _, name := range []string{"ping", "renew"} {
			for _, c := range calls(claim) {
				if c.name == name {
					require.NoError(t, c.do(t.Context(), db), name)
				}
			}
		}
		before := db.Pools()["connections"]
		_, err = db.Products().Get(t.Context(), 1)
		require.ErrorIs(t, err, products.ErrBusy)
		after := db.Pools()["connections"]
		require.Equal(t, conns, after.MaxOpenConnections)
		require.Greater(t, after.WaitCount, before.WaitCount, "that it waited is counted, and others of the DB may too")
		require.GreaterOrEqual(t, after.WaitDuration-before.WaitDuration, 20*time.Millisecond, "and for how long")
		leave()
		ask()
		require.Empty(t, busyOnes(busy), "with %d connections", conns)
	}
}

func busyOnes(busy map[string]bool) (names []string) {
	for name, is := range busy {
		if is {
			names = append(names, name)
		}
	}
	return names
}

// TestSlowSearch has a search wait for a lock for longer than it may take: it ends, in the server too.
func TestSlowSearch(t *testing.T) {
	url := migrated(t)
	db := open(t, url, postgres.Options{})
	postgres.SetHeavy(db, time.Second, 200*time.Millisecond)
	other, err := sql.Open("postgres", url)
	require.NoError(t, err)
	defer func() { require.NoError(t, other.Close()) }()
	tx, err := other.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = tx.ExecContext(t.Context(), `LOCK TABLE products`)
	require.NoError(t, err)
	_, err = db.Products().List(t.Context(), products.Query{Search: "x"})
	require.ErrorIs(t, err, products.ErrBusy)
	require.ErrorContains(t, err, "may take 200ms")
	require.Eventually(t, func() bool {
		return scan[int](t, url,
			`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%LIMIT%' AND wait_event_type = 'Lock'`) == 0
	}, time.Minute, 10*time.Millisecond, "the server goes on with it")
	require.NoError(t, tx.Rollback())
	postgres.SetHeavy(db, time.Second, time.Minute)
	_, err = db.Products().List(t.Context(), products.Query{Search: "x"})
	require.NoError(t, err)
}
