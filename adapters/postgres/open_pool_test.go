package postgres_test

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// newPool returns a pool as an application has one, with at most so many connections, 0 for any number.
func newPool(t testing.TB, url string, most int) *sql.DB {
	t.Helper()
	pool, err := sql.Open("postgres", url)
	require.NoError(t, err)
	pool.SetMaxOpenConns(most)
	pool.SetMaxIdleConns(10) // by default most of a test's time would go into opening connections again and again
	t.Cleanup(func() { require.NoError(t, pool.Close()) })
	return pool
}

// openDB opens the database over the pool, and ends what it does at the end of the test.
func openDB(t testing.TB, pool *sql.DB, o postgres.Options) *postgres.DB {
	t.Helper()
	db, err := postgres.OpenDB(t.Context(), pool, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// overPool opens databases over pools that exist.
func overPool(most int) way {
	return way{open: func(t testing.TB, url string, o postgres.Options) *postgres.DB {
		return openDB(t, newPool(t, url, most), o)
	}, side: directly.side, make: home.URL}
}

// TestSmallPools: whatever the pool has, nothing waits for itself.
func TestSmallPools(t *testing.T) {
	t.Parallel()
	price := products.Field{Name: "price", Type: products.Decimal, Scale: 2, Index: true}
	schema, err := products.NewSchema(price)
	require.NoError(t, err)
	for _, most := range []int{1, 2, 3} {
		for _, settings := range []string{"", "&binary_parameters=yes"} {
			t.Run(fmt.Sprint(most, settings), func(t *testing.T) {
				url := home.Empty(t)
				pool := newPool(t, url+settings, most)
				db := openDB(t, pool, postgres.Options{Schema: "in a pool", Fields: schema,
					Distribution: home.Distribution(t)})
				service, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{Fields: schema})
				require.NoError(t, err)
				runner, err := job.NewRunner(db.Jobs(), db.Uploads(), db.Products(), job.RunnerOptions{Writers: 2})
				require.NoError(t, err)
				_, _, err = service.Submit(t.Context(), job.Request{Settings: job.Settings{Mode: products.Update,
					BatchRecords: 1}}, bytes.NewReader([]byte("sku,name,price\na,A,1.50\nb,B,\nc,C,-0.05\n")))
				require.NoError(t, err)
				claim, err := runner.Claim(t.Context(), "w")
				require.NoError(t, err)
				done, err := runner.Run(t.Context(), claim, nil)
				require.NoError(t, err)
				require.Equal(t, job.Success, done.State, done.Error)
				require.NoError(t, db.BuildIndexes(t.Context()))
				page, err := db.Products().List(t.Context(), products.Query{Order: "price"})
				require.NoError(t, err)
				require.EqualValues(t, 3, page.Count)
				require.Equal(t, "-0.05", scan[string](t, within(t, url, "in a pool"), `SELECT min(price) FROM products`))
				require.LessOrEqual(t, pool.Stats().OpenConnections, most)
			})
		}
	}
}

// TestPoolInUse: others may have all connections, for any time.
func TestPoolInUse(t *testing.T) {
	pool := newPool(t, migrated(t), 1)
	db := openDB(t, pool, postgres.Options{RetryFor: -1})
	postgres.SetWait(db, 100*time.Millisecond)
	held, err := pool.Conn(t.Context())
	require.NoError(t, err)
	_, err = db.Products().Create(t.Context(), products.Product{SKU: "a", Name: "A"})
	require.ErrorIs(t, err, products.ErrBusy)
	require.ErrorContains(t, err, "others use all 1 connections of the pool")
	_, err = db.Products().Get(t.Context(), 1)
	require.ErrorIs(t, err, products.ErrBusy)
	require.NoError(t, held.Close())
	create(t, db, "a")
	require.NoError(t, db.Close())
	require.NoError(t, pool.PingContext(t.Context()), "it is its owner's to close")
}

// TestPoolSearchPath: the tables are where the pool's connections look when it is opened, wherever one looks later.
func TestPoolSearchPath(t *testing.T) {
	url := home.Empty(t)
	query(t, url, `CREATE SCHEMA app; CREATE SCHEMA tenant; CREATE TABLE tenant.products (article text)`)
	pool := newPool(t, within(t, url, "app"), 1)
	db := openDB(t, pool, postgres.Options{Distribution: home.Distribution(t)})
	_, err := pool.ExecContext(t.Context(), `SET search_path TO tenant`)
	require.NoError(t, err)
	created := create(t, db, "a")
	result, err := importer.Run(t.Context(), importer.Bytes("sku,name\na,A\nb,B\n"), db.Products(),
		importer.Options{Mode: products.Update})
	require.NoError(t, err)
	require.EqualValues(t, 1, result.Updated)
	got, err := db.Products().Get(t.Context(), created.ID)
	require.NoError(t, err)
	require.Equal(t, "A", got.Name)
	require.Equal(t, []string{"a|A|", "b|B|"}, content(t, within(t, url, "app")))
	require.Zero(t, scan[int](t, url, `SELECT count(*) FROM tenant.products`))
}

// TestPoolLimits: a server that answers ends what takes too long, over connections that know no limits.
func TestPoolLimits(t *testing.T) {
	url := migrated(t)
	for _, settings := range []string{"", "&binary_parameters=yes"} {
		db := openDB(t, newPool(t, url+settings, 0), postgres.Options{RetryFor: -1})
		postgres.SetSilence(db, 200*time.Millisecond)
		conn := admin(t, url)
		_, err := conn.ExecContext(t.Context(), `BEGIN; LOCK TABLE products IN ACCESS EXCLUSIVE MODE`)
		require.NoError(t, err)
		_, err = db.Products().Get(t.Context(), 1)
		require.ErrorIs(t, err, products.ErrUnavailable)
		require.ErrorContains(t, err, "PostgreSQL did not answer within 200ms")
		_, err = db.Products().Create(t.Context(), products.Product{SKU: "a", Name: "A"})
		require.ErrorIs(t, err, products.ErrUnavailable)
		require.ErrorContains(t, err, "statement timeout")
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err = db.Products().Get(ctx, 1)
		cancel()
		require.ErrorIs(t, err, context.DeadlineExceeded)
		_, err = conn.ExecContext(t.Context(), `ROLLBACK`)
		require.NoError(t, err)
		postgres.SetSilence(db, time.Minute)
		create(t, db, "a"+settings)
		require.Zero(t, scan[int](t, url, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
			AND state LIKE 'idle in transaction%'`))
	}
}

// TestPoolLost: connections of the pool that were lost while nobody used them.
func TestPoolLost(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	pool := newPool(t, url, 0)
	pool.SetMaxIdleConns(30)
	db := openDB(t, pool, postgres.Options{MaxConns: 2, RetryFor: -1})
	created := create(t, db, "a")
	lose := func() {
		held := make([]*sql.Conn, 30)
		for i := range held {
			var err error
			held[i], err = pool.Conn(t.Context())
			require.NoError(t, err)
		}
		for _, c := range held {
			require.NoError(t, c.Close())
		}
		require.NoError(t, terminate(t.Context(), admin(t, url)))
	}
	lose()
	got, err := db.Products().Get(t.Context(), created.ID)
	require.NoError(t, err)
	require.Equal(t, created, got)
	lose()
	create(t, db, "b")
}

// wrapped is a driver's connection inside another one.
type wrapped struct{ driver.Conn }

type wrapping struct{ driver.Connector }

func (c wrapping) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	return wrapped{conn}, err
}

func TestNewPool(t *testing.T) {
	pool, err := postgres.NewPool(migrated(t), 3)
	require.NoError(t, err)
	defer func() { require.NoError(t, pool.Close()) }()
	create(t, openDB(t, pool, postgres.Options{}), "a")
	require.Equal(t, 3, pool.Stats().MaxOpenConnections)
	_, err = postgres.NewPool("postgres://x", 0)
	require.EqualError(t, err, "postgres: a pool needs one connection at least, not 0")
	_, err = postgres.NewPool("http://x", 1)
	require.ErrorContains(t, err, "postgres: bad database URL: ")
}

func TestOpenDBRefused(t *testing.T) {
	url := pgtest.URL(t)
	_, err := postgres.OpenDB(t.Context(), nil, postgres.Options{})
	require.EqualError(t, err, "postgres: OpenDB needs a pool of connections, not nil")
	_, err = postgres.OpenDB(t.Context(), newPool(t, url, 0), postgres.Options{MaxConns: -1})
	require.ErrorContains(t, err, "Options.MaxConns must be between 1 and 1000, not -1")

	other, err := sql.Open("sqlite", ":memory:")
	require.NoError(t, err)
	defer func() { require.NoError(t, other.Close()) }()
	_, err = postgres.OpenDB(t.Context(), other, postgres.Options{})
	require.EqualError(t, err, "postgres: OpenDB needs a pool of lib/pq's, and this one's driver is *sqlite.Driver: "+
		`give it one of NewPool or sql.Open("postgres", url)`)

	connector, err := pq.NewConnector(url)
	require.NoError(t, err)
	inside := sql.OpenDB(wrapping{connector})
	defer func() { require.NoError(t, inside.Close()) }()
	_, err = postgres.OpenDB(t.Context(), inside, postgres.Options{})
	require.ErrorContains(t, err, "this one's driver is postgres_test.wrapped: ")

	gone := newPool(t, url, 0)
	require.NoError(t, gone.Close())
	_, err = postgres.OpenDB(t.Context(), gone, postgres.Options{})
	require.ErrorContains(t, err, "sql: database is closed")
	away := newPool(t, "postgres://127.0.0.1:1/x?sslmode=disable", 0)
	_, err = postgres.OpenDB(t.Context(), away, postgres.Options{})
	require.ErrorIs(t, err, products.ErrUnavailable)
}
