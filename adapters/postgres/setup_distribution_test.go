package postgres_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/products"
)

// unlikeKeys counts the products without a row of their own in product_keys, and the rows there without a product.
const unlikeKeys = `SELECT count(*) FROM products AS p FULL JOIN product_keys AS k USING (id, sku_key)
	WHERE p.id IS NULL OR k.id IS NULL`

// TestDistribute moves a catalogue with all that its table has into partitions, while another process uses it, and
// back.
func TestDistribute(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	old := migrationsOf(t, url)
	_, err := old.UpTo(t.Context(), 5)
	require.NoError(t, err)
	query(t, url, `INSERT INTO products (id, sku_key, sku, name) SELECT i, 'a-' || i, 'a-' || i, 'name of ' || i
		FROM generate_series(1, 3000) i; SELECT setval('product_ids', 3001)`)
	query(t, url, `CREATE ROLE reader_of_testdistribute`)
	t.Cleanup(func() {
		admin, err := sql.Open("postgres", url)
		require.NoError(t, err)
		defer admin.Close()
		_, err = admin.ExecContext(context.WithoutCancel(t.Context()),
			`DROP OWNED BY reader_of_testdistribute; DROP ROLE reader_of_testdistribute`)
		require.NoError(t, err)
	})
	schema := indexedFields(t)
	other := open(t, url, postgres.Options{Fields: schema})
	require.NoError(t, other.BuildIndexes(t.Context()))
	query(t, url, `GRANT SELECT ON products TO reader_of_testdistribute;
		ALTER TABLE products ADD CONSTRAINT short CHECK (length(name) < 1000), SET (autovacuum_enabled = off);
		CREATE TABLE seen (sku text);
		CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS '
			BEGIN INSERT INTO seen VALUES (NEW.sku); RETURN NEW; END';
		CREATE TRIGGER seen AFTER UPDATE ON products FOR EACH ROW EXECUTE FUNCTION see()`)
	shapes := `SELECT string_agg(x, E'\n' ORDER BY x) FROM (
		SELECT concat_ws(' ', attname, format_type(atttypid, atttypmod), attcollation, attnotnull) AS x
			FROM pg_attribute WHERE attrelid = 'products'::regclass AND attnum > 0 AND NOT attisdropped
		UNION ALL SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'products'::regclass
		UNION ALL SELECT regexp_replace(pg_get_indexdef(indexrelid), ' ON .*products USING ', ' ') FROM pg_index
			WHERE indrelid = 'products'::regclass AND indisvalid
				AND indexrelid <> coalesce(to_regclass('products_id'), 0)
		UNION ALL SELECT tgname FROM pg_trigger WHERE tgrelid = 'products'::regclass AND tgname = 'seen'
		UNION ALL SELECT a.privilege_type FROM pg_class, aclexplode(relacl) a WHERE oid = 'products'::regclass
			AND a.grantee = 'reader_of_testdistribute'::regrole) x`
	before, contents := scan[string](t, url, shapes), content(t, url)
	require.Contains(t, before, "products_by_price")

	db := open(t, url, postgres.Options{Distribution: postgres.HashPartitions(8)})
	require.Equal(t, before, scan[string](t, url, shapes))
	require.Equal(t, contents, content(t, url))
	require.Equal(t, 8, scan[int](t, url, `SELECT count(*) FROM pg_inherits WHERE inhparent = 'products'::regclass`))
	require.Equal(t, 8, scan[int](t, url, `SELECT count(*) FROM pg_index JOIN pg_class c ON c.oid = indexrelid
		WHERE relname ~ '^products_[0-7]_by_price$'`), "names as BuildIndexes has them")
	require.Equal(t, 8, scan[int](t, url,
		`SELECT count(*) FROM pg_class WHERE reloptions = '{autovacuum_enabled=off}'`))
	require.Zero(t, scan[int](t, url, unlikeKeys))
	for _, same := range []postgres.Distribution{{}, postgres.HashPartitions(8)} {
		again := open(t, url, postgres.Options{Distribution: same, NoMigrate: true})
		page, err := again.Products().List(t.Context(), products.Query{Limit: 3})
		require.NoError(t, err)
		require.Equal(t, []string{"a-1", "a-2", "a-3"}, skusOf(page))
	}
	_, err = postgres.Open(t.Context(), url, postgres.Options{Distribution: postgres.HashPartitions(64)})
	var refused *postgres.DistributionError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, postgres.HashPartitions(8), refused.Recorded)
	require.EqualError(t, err, "postgres: the products can't be distributed by hash:64: they are by hash:8; leave it "+
		"out, or bring them back into one table first, with the distribution none")

	// Who had the database open goes on, though it doesn't know yet.
	p, err := other.Products().Get(t.Context(), 7)
	require.NoError(t, err)
	require.Equal(t, "a-7", p.SKU)
	for i, store := range []*postgres.Products{other.Products(), db.Products()} {
		b := &products.Batch{Mode: products.Update, Columns: described,
			Records: records(500, "b", fmt.Sprintf("%p", store))}
		_, err = store.WriteBatch(t.Context(), b)
		require.NoError(t, err)
		created, err := store.Create(t.Context(), products.Product{SKU: fmt.Sprintf("c-%p", store), Name: "C"})
		require.NoError(t, err)
		sku := fmt.Sprintf("d-%p", store)
		renamed, err := store.Update(t.Context(), created.ID, 0, products.Patch{SKU: &sku})
		require.NoError(t, err)
		found, err := store.Get(t.Context(), created.ID)
		require.NoError(t, err)
		require.Equal(t, renamed, found)
		require.NoError(t, store.Delete(t.Context(), int64(1+i), 0))
		require.Zero(t, scan[int](t, url, unlikeKeys))
	}
	require.Equal(t, 1_000-500, scan[int](t, url, `SELECT count(*) FROM seen`))
	// So does who writes SQL.
	query(t, url, `UPDATE products SET id = 900000 + id WHERE sku_key < 'a-2';
		UPDATE products SET sku_key = 'e' || sku_key, sku = 'e' || sku WHERE sku_key < 'a-3'`)
	require.Zero(t, scan[int](t, url, unlikeKeys))

	contents = content(t, url)
	require.NoError(t, open(t, url, postgres.Options{Distribution: postgres.OneTable()}).Close())
	require.Equal(t, before, scan[string](t, url, shapes))
	require.Equal(t, contents, content(t, url))
	require.Zero(t, scan[int](t, url, `SELECT count(*) FROM product_keys`))
	require.Zero(t, scan[int](t, url, `SELECT count(*) FROM pg_proc WHERE proname ~ '^product'`))
	for _, store := range []*postgres.Products{other.Products(), db.Products()} {
		page, err := store.List(t.Context(), products.Query{Limit: 3, Status: new(bool), Order: "-id"})
		require.NoError(t, err)
		require.Len(t, page.Products, 3)
		p, err = store.Get(t.Context(), page.Products[0].ID)
		require.NoError(t, err)
		require.Equal(t, page.Products[0], p)
	}
}

func skusOf(page products.Page) (skus []string) {
	for _, p := range page.Products {
		skus = append(skus, p.SKU)
	}
	return skus
}

// TestDistributeInSchema: all of it in a schema, with a field that is added later and is seen over connections that
// have planned without it.
func TestDistributeInSchema(t *testing.T) {
	url := pgtest.URL(t)
	o := postgres.Options{Schema: "the shop", Distribution: postgres.HashPartitions(2), MaxConns: 1}
	db := open(t, url, o)
	a, err := db.Products().Create(t.Context(), products.Product{SKU: "a", Name: "A"})
	require.NoError(t, err)
	for range 10 {
		_, err = db.Products().Get(t.Context(), a.ID)
		require.NoError(t, err)
	}
	o.Fields = indexedFields(t)
	more := open(t, url, o)
	require.NoError(t, more.BuildIndexes(t.Context()))
	b, err := more.Products().Create(t.Context(), products.Product{SKU: "b", Name: "B"})
	require.NoError(t, err)
	for _, store := range []*postgres.Products{db.Products(), more.Products()} {
		found, err := store.Get(t.Context(), b.ID)
		require.NoError(t, err)
		require.Equal(t, "B", found.Name)
		page, err := store.List(t.Context(), products.Query{Limit: 10})
		require.NoError(t, err)
		require.Equal(t, []string{"a", "b"}, skusOf(page))
	}
	n, err := more.Products().DeleteAll(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 2, n)
	require.Zero(t, scan[int](t, url, `SELECT count(*) FROM "the shop".product_keys`))
}

// TestDistributeFinds: products are found by ID in any number of partitions, by an older version's function too, which
// is made anew at the start.
func TestDistributeFinds(t *testing.T) {
	url := migrated(t)
	o := postgres.Options{Distribution: postgres.HashPartitions(7)}
	db := open(t, url, o)
	query(t, url, `INSERT INTO products (id, sku_key, sku, name) SELECT i, 'é' || i, i, i FROM generate_series(1, 1000) i;
		INSERT INTO product_keys (id, sku_key) VALUES (1001, 'is gone')`)
	const source = `SELECT prosrc FROM pg_proc WHERE proname = 'products_of_keys'`
	newest := scan[string](t, url, source)
	query(t, url, `CREATE OR REPLACE FUNCTION products_of_keys(keys text[]) RETURNS SETOF products LANGUAGE plpgsql
		STABLE STRICT AS 'BEGIN RETURN QUERY SELECT * FROM products WHERE sku_key = ANY (keys); END'`)
	all := listed(t, db, products.Query{Limit: 1000})
	require.Len(t, all.Products, 1000)
	o.NoMigrate = true
	require.NoError(t, open(t, url, o).Close())
	require.NotEqual(t, newest, scan[string](t, url, source))
	o.NoMigrate = false
	require.NoError(t, open(t, url, o).Close())
	require.Equal(t, newest, scan[string](t, url, source))
	require.Equal(t, all, listed(t, db, products.Query{Limit: 1000}))
	_, err := db.Products().Get(t.Context(), 1001)
	require.ErrorIs(t, err, products.ErrNotFound)
}

// TestDistributeRefused: what depends on the table stays, and the table is as it was.
func TestDistributeRefused(t *testing.T) {
	url := home.In(t, postgres.OneTable())
	require.NoError(t, open(t, url, postgres.Options{}).Close())
	o := postgres.Options{Distribution: postgres.HashPartitions(8)}
	for made, problem := range map[string]string{
		`VIEW seen AS SELECT sku FROM products`:                          "there is the view seen",
		`UNIQUE INDEX twice ON products (name)`:                          "there is the unique index twice",
		`TABLE orders (sku text COLLATE "C" REFERENCES products)`:        "there is the foreign key orders_sku_fkey",
		`PUBLICATION followed FOR TABLE products`:                        "there is the publication followed",
		`POLICY mine ON products FOR SELECT USING (name <> 'of others')`: "there is the row security policy mine",
	} {
		query(t, url, `CREATE `+made)
		_, err := postgres.Open(t.Context(), url, o)
		var refused *postgres.DistributionError
		require.ErrorAs(t, err, &refused, made)
		require.ErrorContains(t, err, problem)
		name := strings.Fields(made)
		drop := name[0] + " " + name[1]
		switch name[0] {
		case "UNIQUE":
			drop = "INDEX twice"
		case "POLICY":
			drop += " ON products"
		}
		query(t, url, `DROP `+drop)
	}
	query(t, url, `ALTER TABLE products RENAME TO plain;
		CREATE TABLE products (LIKE plain INCLUDING DEFAULTS, PRIMARY KEY (sku_key)) PARTITION BY HASH (sku_key)`)
	_, err := postgres.Open(t.Context(), url, o)
	require.ErrorContains(t, err, "their table is partitioned already, by hand")
	_, err = postgres.Open(t.Context(), url, postgres.Options{Distribution: postgres.Citus()})
	require.ErrorContains(t, err, "their table is partitioned already, by hand")
	query(t, url, `DROP TABLE products; ALTER TABLE plain RENAME TO products`)
	_, err = postgres.Open(t.Context(), url, postgres.Options{Distribution: postgres.Citus()})
	require.ErrorContains(t, err, "the database doesn't have the extension citus")
	o.NoMigrate = true
	_, err = postgres.Open(t.Context(), url, o)
	require.ErrorContains(t, err, "move them first, as the tables' owner")
	require.Equal(t, "r", scan[string](t, url, `SELECT relkind::text FROM pg_class WHERE oid = 'products'::regclass`))
	_, err = postgres.Open(t.Context(), url, postgres.Options{Distribution: postgres.HashPartitions(1)})
	require.ErrorContains(t, err, "want 2 to 256 partitions")
}

// TestDistributeKilled: what is killed in the middle leaves one table, and the next one begins at once, before the lease
// of the lock ends.
func TestDistributeKilled(t *testing.T) {
	t.Parallel()
	direct := home.In(t, postgres.OneTable())
	require.NoError(t, open(t, direct, postgres.Options{}).Close())
	query(t, direct, `INSERT INTO products (id, sku_key, sku, name) SELECT i, i, i, i FROM generate_series(1, 1000) i;
		CREATE FUNCTION slowly(text) RETURNS boolean LANGUAGE sql AS 'SELECT pg_sleep(0.1) IS NOT NULL';
		ALTER TABLE products ADD CONSTRAINT slow CHECK (slowly(name)) NOT VALID`)
	p, url := newProxy(t, direct)
	o := postgres.Options{Distribution: postgres.HashPartitions(8)}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		db, err := postgres.Open(ctx, url, o)
		if err == nil {
			err = db.Close()
		}
		ended <- err
	}()
	require.Eventually(t, func() bool {
		return scan[bool](t, direct, `SELECT EXISTS (SELECT FROM pg_stat_activity
			WHERE datname = current_database() AND query LIKE 'INSERT INTO public."products_distributed"%')`)
	}, time.Minute, 10*time.Millisecond)
	lease := scan[time.Time](t, direct, `SELECT max(lease_expires_at) FROM products_importer_migrations_lock`)
	p.leave()
	query(t, direct, `ALTER TABLE products DROP CONSTRAINT slow`) // waits for the server to notice
	require.Equal(t, "r", scan[string](t, direct, `SELECT relkind::text FROM pg_class WHERE oid = 'products'::regclass`))
	open(t, direct, o)
	require.True(t, scan[time.Time](t, direct, `SELECT clock_timestamp()`).Before(lease))
	require.Equal(t, 1000, scan[int](t, direct, `SELECT count(*) FROM products`))
	require.Zero(t, scan[int](t, direct, unlikeKeys))
	cancel()
	require.Error(t, <-ended)
}

// TestReadAfterDeadlock: a read that the server ends to resolve a deadlock with who alters tables is begun again.
func TestReadAfterDeadlock(t *testing.T) {
	url := home.In(t, postgres.HashPartitions(8))
	db := open(t, url, postgres.Options{})
	_, err := db.Products().Create(t.Context(), products.Product{SKU: "a", Name: "A"})
	require.NoError(t, err)
	// Who looks for a deadlock first is the one that is ended.
	admin := newRivalOf(t, url, `SET LOCAL deadlock_timeout = '1min'; LOCK TABLE products_7`).tx
	ended := make(chan error, 1)
	go func() {
		_, err := db.Products().List(t.Context(), products.Query{Order: "name"})
		ended <- err
	}()
	require.Eventually(t, func() bool {
		return scan[bool](t, url, `SELECT EXISTS (SELECT FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock')`)
	}, time.Minute, time.Millisecond)
	_, err = admin.ExecContext(t.Context(), `LOCK TABLE products_0`)
	require.NoError(t, err)
	require.NoError(t, admin.Commit())
	require.NoError(t, <-ended)
}

// TestDistributeWhileRead: who reads while the products are moved waits, and sees no error. Every reader is in the
// middle of a read when a move ends.
func TestDistributeWhileRead(t *testing.T) {
	t.Parallel()
	url := home.In(t, postgres.OneTable())
	db := open(t, url, postgres.Options{MaxConns: 40, HeavyReads: 20})
	postgres.SetSilence(db, time.Minute)
	postgres.SetHeavy(db, time.Minute, time.Minute)
	query(t, url, `INSERT INTO products (id, sku_key, sku, name)
		SELECT i, i, i, 'Lamp ' || i FROM generate_series(1, 500) i`)
	require.NoError(t, db.BuildSearchIndex(t.Context()))
	p := db.Products()
	get := func(ctx context.Context) error {
		_, err := p.Get(ctx, 7)
		return err
	}
	reads := []func(ctx context.Context) error{get,
		func(ctx context.Context) error { return db.InTx(ctx, get) },
		func(ctx context.Context) error {
			return p.EachKey(ctx, products.Query{}, func(products.KeyVersion) error { return nil })
		},
		func(ctx context.Context) error {
			_, err := p.AttributeNames(ctx, products.Query{}, 1)
			return err
		}}
	for _, q := range []products.Query{{SKU: "7"}, {CountUpTo: 10}, {MaxBytes: 100, SkipCount: true}, {Search: "lamp 7"},
		{Status: new(bool)}, {Order: "-name"}} {
		q.Limit = 5
		reads = append(reads, func(ctx context.Context) error {
			_, err := p.List(ctx, q)
			return err
		})
	}
	stop, ended := make(chan struct{}), make(chan error, len(reads))
	for _, read := range reads {
		go func() {
			for {
				select {
				case <-stop:
					ended <- nil
					return
				default:
				}
				if err := read(t.Context()); err != nil {
					ended <- err
					return
				}
			}
		}()
	}
	admin, err := sql.Open("postgres", url)
	require.NoError(t, err)
	defer func() { require.NoError(t, admin.Close()) }()
	for _, to := range []postgres.Distribution{postgres.HashPartitions(8), postgres.OneTable()} {
		// What writes to product_keys waits, such as a move that has all of the products already.
		hold, err := admin.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		_, err = hold.ExecContext(t.Context(), `LOCK TABLE product_keys IN SHARE MODE`)
		require.NoError(t, err)
		moved := make(chan error, 1)
		go func() {
			mover, err := postgres.Open(t.Context(), url, postgres.Options{Distribution: to})
			if err == nil {
				err = mover.Close()
			}
			moved <- err
		}()
		require.Eventually(t, func() bool {
			return len(ended) > 0 || scan[int](t, url, `SELECT count(*) FROM pg_stat_activity
				WHERE datname = current_database() AND wait_event_type = 'Lock'`) > len(reads)
		}, time.Minute, 10*time.Millisecond)
		require.NoError(t, hold.Rollback())
		require.NoError(t, <-moved)
		postgres.ForgetDistribution(db) // so that it reads the partitions
	}
	close(stop)
	for range reads {
		require.NoError(t, <-ended)
	}
}

// TestDistributeSearchIndex: the index for searches goes along, and is built no second time.
func TestDistributeSearchIndex(t *testing.T) {
	url := home.In(t, postgres.OneTable())
	db := open(t, url, postgres.Options{})
	importFile(t, db, 0, 6_000)
	require.NoError(t, db.BuildSearchIndex(t.Context()))
	lamp := products.Query{Search: "LAMP", Limit: 5}
	before, indexes := listed(t, db, lamp), scan[string](t, url, searchIndexes)
	require.NotEmpty(t, before.Products)
	for _, to := range []postgres.Distribution{postgres.HashPartitions(4), postgres.OneTable()} {
		moved := open(t, url, postgres.Options{Distribution: to})
		require.Equal(t, before, listed(t, moved, lamp))
		requireIndexesUsed(t, url, moved, lamp)
		there := scan[string](t, url, searchIndexes)
		require.NoError(t, moved.BuildSearchIndex(t.Context()))
		require.Equal(t, there, scan[string](t, url, searchIndexes), "there is nothing to build")
	}
	require.Equal(t, indexes, scan[string](t, url, searchIndexes))
}

func listed(t *testing.T, db *postgres.DB, q products.Query) products.Page {
	t.Helper()
	page, err := db.Products().List(t.Context(), q)
	require.NoError(t, err)
	return page
}
