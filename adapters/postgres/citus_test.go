package postgres_test

import (
	"context"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// distribute distributes products by the key, on Citus.
func distribute(t testing.TB, url string) {
	t.Helper()
	db, err := postgres.Open(t.Context(), url, postgres.Options{Distribution: postgres.Citus()})
	require.NoError(t, err)
	require.NoError(t, db.Close())
	require.Equal(t, pgtest.CitusShards, scan[int](t, url, `SELECT count(*) FROM pg_dist_shard`))
}

// overCitus opens databases on Citus in which the products are distributed.
func overCitus(t *testing.T) way {
	t.Helper()
	pgtest.NeedCitus(t)
	w := distributed(postgres.Citus())
	w.fields = indexedFields(t)
	return w
}

func TestCitusProducts(t *testing.T) {
	t.Parallel()
	runProducts(t, overCitus(t))
}

func TestCitusBatches(t *testing.T) {
	t.Parallel()
	runBatches(t, overCitus(t))
}

// TestCitusShards: keys are looked for on the shards that have them.
func TestCitusShards(t *testing.T) {
	t.Parallel()
	url := home.In(t, postgres.Citus())
	for i := range 100 {
		key := "key-" + strconv.Itoa(i*i*i)
		require.Equal(t, scan[int32](t, url, `SELECT hashtext('`+key+`')`), postgres.HashText(key), key)
	}
}

// TestCitusWorker: a worker node isn't where the tables are, and nothing is left on it.
func TestCitusWorker(t *testing.T) {
	t.Parallel()
	for _, url := range pgtest.CitusWorkers(t, home.In(t, postgres.Citus())) {
		_, err := postgres.Open(t.Context(), url, postgres.Options{})
		var unfit *postgres.UnfitError
		require.ErrorAs(t, err, &unfit)
		require.Equal(t, "citus_worker", unfit.Kind)
		require.ErrorContains(t, err, "connect to the coordinator, which is ")
		require.Zero(t, scan[int](t, url, `SELECT count(*) FROM pg_class WHERE relname LIKE 'import%'`))
	}
}

// TestCitusImport imports what is new, the same again, and what is half new and half changed.
func TestCitusImport(t *testing.T) {
	t.Parallel()
	base, half := catalogue(t, catalogtest.Base), catalogue(t, catalogtest.HalfNew)
	distinct, shared := int64(catalogtest.Distinct(importRecords)), int64(catalogtest.Shared(importRecords))
	superseded := importRecords - distinct
	for _, mode := range modes {
		url := home.In(t, postgres.Citus())
		o := importer.Options{Mode: mode, Writers: 2}
		require.Equal(t, progress.Counts{Read: importRecords, Created: distinct, Superseded: superseded},
			run(t, url, base, o).Counts)
		require.Equal(t, winners(t, base, mode), content(t, url))
		again := progress.Counts{Read: importRecords, Skipped: distinct, Superseded: superseded}
		changed := progress.Counts{Read: importRecords, Created: distinct - shared, Skipped: shared,
			Superseded: superseded}
		if mode == products.Update {
			again.Skipped, again.Unchanged = 0, distinct
			changed.Skipped, changed.Updated = 0, shared
		}
		require.Equal(t, again, run(t, url, base, o).Counts)
		require.Equal(t, winners(t, base, mode), content(t, url))
		o.DryRun = true
		require.Equal(t, changed, run(t, url, half, o).Counts)
		require.Equal(t, winners(t, base, mode), content(t, url))
		o.DryRun = false
		require.Equal(t, changed, run(t, url, half, o).Counts)
		require.Equal(t, 2*distinct-shared, scan[int64](t, url, `SELECT count(DISTINCT id) FROM products`))
	}
}

// TestCitusCommitCut loses the connection to the coordinator around COMMIT: a batch that was committed isn't written
// again, though all that it wrote is on other nodes.
func TestCitusCommitCut(t *testing.T) {
	t.Parallel()
	p, url := newProxy(t, home.In(t, postgres.Citus()))
	db := open(t, url, postgres.Options{RetryFor: time.Minute})
	for when, transacted := range map[cut]int{beforeCommit: 2, behindSuccess: 1} {
		for _, mode := range modes {
			query(t, url, `TRUNCATE products`)
			batch := prepareHalf(t, db, 200, mode)
			calls := 0
			batch.BeforeCommit = func(context.Context, *products.BatchResult) error { calls++; return nil }
			p.cutNext(when, false)
			result, err := db.Products().WriteBatch(t.Context(), batch)
			require.NoError(t, err)
			require.Equal(t, transacted, calls)
			checkHalf(t, url, batch, result)
		}
	}
}

// TestCitusDistribute moves a catalogue to the nodes and back, and takes over one that was distributed by hand.
func TestCitusDistribute(t *testing.T) {
	t.Parallel()
	url := pgtest.CitusURL(t)
	require.NoError(t, open(t, url, postgres.Options{}).Close())
	query(t, url, `INSERT INTO products (id, sku_key, sku, name) SELECT i, i, i, i FROM generate_series(1, 1000) i`)
	contents := content(t, url)
	of := func(d postgres.Distribution) *postgres.DB {
		db := open(t, url, postgres.Options{Distribution: d})
		p, err := db.Products().Get(t.Context(), 7)
		require.NoError(t, err)
		require.Equal(t, "7", p.SKU)
		require.Equal(t, contents, content(t, url))
		return db
	}
	const shards = `SELECT count(*) FROM pg_dist_shard`
	of(postgres.Citus())
	require.Equal(t, pgtest.CitusShards, scan[int](t, url, shards))
	of(postgres.Distribution{})
	_, err := postgres.Open(t.Context(), url, postgres.Options{Distribution: postgres.HashPartitions(8)})
	require.ErrorContains(t, err, "they are by citus")
	of(postgres.OneTable())
	require.Zero(t, scan[int](t, url, shards))
	query(t, url, `SELECT create_distributed_table('products', 'sku_key')`)
	_, err = postgres.Open(t.Context(), url, postgres.Options{Distribution: postgres.HashPartitions(8)})
	require.ErrorContains(t, err, "distributed by Citus already, by hand")
	of(postgres.Citus())
	require.Equal(t, "citus", scan[string](t, url,
		`SELECT value FROM products_importer_settings WHERE name = 'distribution'`))
}

// TestCitusObstacles: what a distributed table can't have is named, and nothing is distributed.
func TestCitusObstacles(t *testing.T) {
	t.Parallel()
	url := pgtest.CitusURL(t)
	require.NoError(t, open(t, url, postgres.Options{}).Close())
	query(t, url, `CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`)
	for name, statements := range map[string][2]string{
		"the trigger noted": {`CREATE TRIGGER noted AFTER INSERT ON products FOR EACH ROW EXECUTE FUNCTION f()`,
			`DROP TRIGGER noted ON products`},
		"the unique index by_name": {`CREATE UNIQUE INDEX by_name ON products (name)`, `DROP INDEX by_name`},
		"the foreign key parts_sku_fkey of parts": {`CREATE TABLE parts (sku text COLLATE "C" REFERENCES products)`,
			`DROP TABLE parts`},
	} {
		query(t, url, statements[0])
		_, err := postgres.Open(t.Context(), url, postgres.Options{Distribution: postgres.Citus()})
		var refused *postgres.DistributionError
		require.ErrorAs(t, err, &refused)
		require.Contains(t, refused.Problem, name)
		query(t, url, statements[1])
	}
	query(t, url, `CREATE UNIQUE INDEX by_both ON products (sku_key, name)`) // may stay
	open(t, url, postgres.Options{Distribution: postgres.Citus()})
}

// TestCitusWithoutWorkers: a coordinator without workers has all shards itself, and that is said.
func TestCitusWithoutWorkers(t *testing.T) {
	t.Parallel()
	const message = "all shards of the products are on the coordinator"
	said := func(url string) string {
		var log strings.Builder
		open(t, url, postgres.Options{Distribution: postgres.Citus(), Logger: slog.New(slog.NewTextHandler(&log, nil))})
		return log.String()
	}
	url := pgtest.CitusURL(t)
	query(t, url, `SELECT citus_remove_node(nodename, nodeport) FROM pg_dist_node ORDER BY groupid DESC`)
	require.Contains(t, said(url), message)
	require.Equal(t, pgtest.CitusShards, scan[int](t, url, `SELECT count(*) FROM pg_dist_placement WHERE groupid = 0`))
	require.NotContains(t, said(pgtest.CitusURL(t)), message)
}

// TestCitusLists: pages by ID are whole and in order where many rows are asked of each shard, whether the IDs of
// products are close to each other or far apart.
func TestCitusLists(t *testing.T) {
	t.Parallel()
	url := home.In(t, postgres.Citus())
	query(t, url, `INSERT INTO products (id, sku_key, sku, name) SELECT CASE WHEN i <= 1000 THEN i ELSE i * i END, i, i,
		'Lamp' FROM generate_series(1, 2000) i`)
	query(t, url, `UPDATE products SET id = 500 WHERE sku_key IN ('499', '501')`) // broken data
	store := open(t, url, postgres.Options{}).Products()
	for _, order := range []string{"id", "-id"} {
		want := scan[string](t, url, `SELECT string_agg(sku, ' ' ORDER BY id, sku_key) FROM products`)
		if order == "-id" {
			want = scan[string](t, url, `SELECT string_agg(sku, ' ' ORDER BY id DESC, sku_key DESC) FROM products`)
		}
		skus := strings.Fields(want)
		for _, q := range []products.Query{{Limit: 150}, {Limit: 150, MaxBytes: products.MaxBytes}, {Limit: 120, Offset: 40}} {
			q.Order, q.SkipCount = order, true
			found := slices.Clone(skus[:q.Offset])
			for {
				page, err := store.List(t.Context(), q)
				require.NoError(t, err)
				found = append(found, skusOf(page)...)
				if q.Cursor, q.Offset = page.Next, 0; page.Next == "" {
					break
				}
			}
			require.Equal(t, skus, found, "%+v", q)
		}
	}
}

// TestCitusEstimatedCount: Citus plans for the same number of rows of every table, but each shard's node knows better.
func TestCitusEstimatedCount(t *testing.T) {
	t.Parallel()
	testEstimatedCount(t, home.In(t, postgres.Citus()))
}
