package postgres_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/products"
)

func rule(r products.KeyRule) *products.KeyRule { return &r }

// migrations is how often a migration was recorded as applied.
func migrations(t *testing.T, url string) int {
	return scan[int](t, url, `SELECT count(*) FROM products_importer_migrations WHERE version_id > 0`)
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("migrations/*.sql")
	require.NoError(t, err)
	all := len(files)
	// Numbers may be left out.
	newest, err := strconv.Atoi(filepath.Base(files[all-1])[:5])
	require.NoError(t, err)
	t.Run("fresh, then again", func(t *testing.T) {
		url := pgtest.URL(t)
		p := create(t, open(t, url, postgres.Options{}), "a")
		require.Equal(t, all, migrations(t, url))
		got, err := open(t, url, postgres.Options{NoMigrate: true}).Products().Get(t.Context(), p.ID)
		require.NoError(t, err)
		require.Equal(t, p, got, "opening again leaves the data alone")
		open(t, url, postgres.Options{})
		require.Equal(t, all, migrations(t, url))
	})
	t.Run("by several at the same time", func(t *testing.T) {
		url := pgtest.URL(t)
		var opening sync.WaitGroup
		dbs, errs := make([]*postgres.DB, 6), make([]error, 6)
		for i := range dbs {
			// One connection each must do for the migration and its lock.
			opening.Go(func() { dbs[i], errs[i] = postgres.Open(t.Context(), url, postgres.Options{MaxConns: 1}) })
		}
		opening.Wait()
		for i, db := range dbs {
			require.NoError(t, errs[i])
			defer func() { _ = db.Close() }()
			create(t, db, string(rune('a'+i)))
		}
		require.Equal(t, all, migrations(t, url))
	})
	t.Run("a newer database is refused", func(t *testing.T) {
		url := pgtest.URL(t)
		open(t, url, postgres.Options{})
		query(t, url, `INSERT INTO products_importer_migrations (version_id, is_applied) VALUES (4711, true)`)
		for _, o := range []postgres.Options{{}, {NoMigrate: true}} {
			_, err := postgres.Open(t.Context(), url, o)
			var schema *postgres.SchemaError
			require.ErrorAs(t, err, &schema)
			require.EqualValues(t, 4711, schema.Database)
			require.EqualError(t, err,
				fmt.Sprintf(
					"postgres: the database has schema version 4711, newer than the %d that this program knows: "+
						"update the program", newest))
			require.NotErrorIs(t, err, products.ErrUnavailable)
		}
		require.Equal(t, all+1, migrations(t, url), "what is refused is left alone")
	})
	t.Run("NoMigrate", func(t *testing.T) {
		url := pgtest.URL(t)
		_, err := postgres.Open(t.Context(), url, postgres.Options{NoMigrate: true})
		var schema *postgres.SchemaError
		require.ErrorAs(t, err, &schema)
		require.EqualError(t, err,
			fmt.Sprintf("postgres: the database has schema version 0, but %d is needed: migrate it", newest))
		require.Zero(t, scan[int](t, url, `SELECT count(*) FROM pg_tables WHERE schemaname = 'public'`),
			"NoMigrate makes no table")
	})
	t.Run("a read-only server", func(t *testing.T) {
		url := pgtest.URL(t)
		query(t, url, `ALTER DATABASE `+scan[string](t, url, `SELECT current_database()`)+
			` SET default_transaction_read_only = on`)
		_, err := postgres.Open(t.Context(), url, postgres.Options{})
		require.ErrorIs(t, err, products.ErrUnavailable, "it may be a standby, soon to take over")
	})
}

func TestKeyRule(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		first, again *products.KeyRule
		want         products.KeyRule
		conflict     bool
	}{
		{name: "nil is exact, and nil again", want: products.ExactKeys},
		{name: "nil takes what is recorded", first: rule(products.FoldedKeys), want: products.FoldedKeys},
		{name: "the same again", first: rule(products.FoldedKeys), again: rule(products.FoldedKeys),
			want: products.FoldedKeys},
		{name: "the default is recorded too", again: rule(products.FoldedKeys), conflict: true},
		{name: "another one", first: rule(products.FoldedKeys), again: rule(products.ExactKeys), conflict: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := pgtest.URL(t)
			open(t, url, postgres.Options{KeyRule: c.first})
			if !c.conflict {
				require.Equal(t, c.want, open(t, url, postgres.Options{KeyRule: c.again}).Products().KeyRule())
				return
			}
			_, err := postgres.Open(t.Context(), url, postgres.Options{KeyRule: c.again})
			var conflict *postgres.KeyRuleError
			require.ErrorAs(t, err, &conflict)
			require.Equal(t, *c.again, conflict.Asked)
			require.NotEqual(t, conflict.Asked, conflict.Recorded)
			require.ErrorContains(t, err, `can't be changed to "`+c.again.String()+`"`)
		})
	}
}

// create stores a product with the SKU.
func create(t testing.TB, db *postgres.DB, sku string) products.Product {
	t.Helper()
	return createIn(t, t.Context(), db, sku)
}

func createIn(t testing.TB, ctx context.Context, db *postgres.DB, sku string) products.Product {
	t.Helper()
	p, err := db.Products().Create(ctx, products.Product{Name: "name of " + sku, SKU: sku})
	require.NoError(t, err)
	return p
}
