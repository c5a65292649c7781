package postgres_test

import (
	"context"
	"net"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/products"
)

// citusByProxy is a database on Citus, one of whose worker nodes the coordinator reaches by way of a proxy.
func citusByProxy(t *testing.T) (p *proxy, databaseURL string) {
	t.Helper()
	databaseURL = home.In(t, postgres.Citus())
	if conninfo := scan[string](t, databaseURL, `SHOW citus.node_conninfo`); conninfo != "sslmode=disable" {
		t.Skipf("the nodes of the cluster talk to each other by %s, which the test can't listen to", conninfo)
	}
	node := pgtest.CitusWorkers(t, databaseURL)[0]
	u, err := url.Parse(node)
	require.NoError(t, err)
	p, by := newProxy(t, node)
	to, err := url.Parse(by)
	require.NoError(t, err)
	host, port, err := net.SplitHostPort(to.Host)
	require.NoError(t, err)
	query(t, databaseURL, `SELECT citus_update_node(nodeid, '`+host+`', `+port+`) FROM pg_dist_node WHERE nodeport = `+u.Port())
	require.Eventually(t, func() bool { // the nodes are told, by such transactions too
		return scan[bool](t, databaseURL, `SELECT bool_and(metadatasynced) FROM pg_dist_node`)
	}, time.Minute, 20*time.Millisecond)
	return p, databaseURL
}

// fresh is a batch of new products, of which it notes what was created.
func fresh(created *[]products.Product) *products.Batch {
	return &products.Batch{Columns: described, Records: records(200, "r", "new"), ExpectNew: true,
		Changed: func(_ context.Context, c, _ []products.Product) error {
			*created = append(*created, c...)
			return nil
		}}
}

const nothingPrepared = `SELECT sum(result::int) FROM run_command_on_workers($$SELECT count(*) FROM pg_prepared_xacts
	WHERE database = current_database()$$)`

// TestCitusPrepared: a node is lost when it is told that what it has prepared is committed, and comes back at once. Who
// has written it sees it, a batch and a single product.
func TestCitusPrepared(t *testing.T) {
	t.Parallel()
	p, url := citusByProxy(t)
	store := open(t, url, postgres.Options{RetryFor: time.Minute}).Products()
	p.cutNext(atPrepared, false)
	var created []products.Product
	result, err := store.WriteBatch(t.Context(), fresh(&created))
	require.NoError(t, err)
	require.False(t, p.waits(atPrepared))
	require.Len(t, created, 200)
	require.NotContains(t, result.Outcomes, products.Skipped)
	require.Zero(t, scan[int](t, url, nothingPrepared))
	require.Equal(t, 200, scan[int](t, url, `SELECT count(*) FROM products`))

	p.cutNext(atPrepared, false)
	for i := 0; p.waits(atPrepared); i++ { // until one is on that node
		sku := "single-" + strconv.Itoa(i)
		made, err := store.Create(t.Context(), products.Product{SKU: sku, Name: "new"})
		require.NoError(t, err)
		found, err := store.Get(t.Context(), made.ID)
		require.NoError(t, err)
		require.Equal(t, sku, found.SKU)
	}
	require.Zero(t, scan[int](t, url, nothingPrepared))
}

// TestCitusPreparedUndone: such a node stays away, and who wrote to it gives up. Once it is back another process undoes
// all of what was written, though nobody has told the node yet that it was committed.
func TestCitusPreparedUndone(t *testing.T) {
	t.Parallel()
	p, url := citusByProxy(t)
	store := open(t, url, postgres.Options{RetryFor: time.Second}).Products()
	p.cutNext(atPrepared, true)
	var created []products.Product
	_, err := store.WriteBatch(t.Context(), fresh(&created))
	require.ErrorIs(t, err, products.ErrCommitUnknown)
	require.ErrorContains(t, err, "can't be reached")
	require.Len(t, created, 200)
	p.cutNext(0, false)
	p.comeBack()
	require.NotZero(t, scan[int](t, url, nothingPrepared))
	require.Less(t, scan[int](t, url, `SELECT count(*) FROM products`), 200)

	reverts := make([]products.Revert, len(created))
	for i, c := range created {
		reverts[i] = products.Revert{Key: c.SKU, ID: c.ID, Version: c.Version}
	}
	result, err := open(t, url, postgres.Options{}).Products().RevertBatch(t.Context(),
		&products.RevertBatch{Reverts: reverts})
	require.NoError(t, err)
	for _, outcome := range result.Outcomes {
		require.Equal(t, products.Deleted, outcome)
	}
	require.Zero(t, scan[int](t, url, `SELECT count(*) FROM products`))
}
