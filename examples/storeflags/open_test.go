package storeflags_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/examples/storeflags"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// Whatever a URL names takes a product with a field of one's own, and has all its parts.
func TestOpen(t *testing.T) {
	fields, err := products.NewSchema(products.Field{Name: "stock", Type: products.Integer})
	require.NoError(t, err)
	for _, c := range []struct {
		name   string
		url    func(t *testing.T) string
		stored bool
	}{
		{"memory", func(*testing.T) string { return "memory:" }, false},
		{"SQLite", func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "a 100%25?#.db") }, true},
		{"PostgreSQL", func(t *testing.T) string { return pgtest.URL(t) }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			u, err := storeflags.ParseURL(c.url(t))
			require.NoError(t, err)
			o := storeflags.Options{Fields: fields}
			if u.Kind == storeflags.PostgreSQL {
				o.Schema = "The shop's"
			}
			db, err := storeflags.Open(t.Context(), u, o)
			require.NoError(t, err)
			defer func() { require.NoError(t, db.Close()) }()

			result, err := importer.Run(t.Context(), importer.Bytes("sku,name,stock\na-1,Lamp,7\n"), db.Products,
				importer.Options{})
			require.NoError(t, err)
			require.EqualValues(t, 1, result.Created)
			page, err := db.Products.List(t.Context(), products.Query{Limit: 1})
			require.NoError(t, err)
			require.Equal(t, "7", page.Products[0].Fields["stock"].String())

			_, count, err := db.Jobs.List(t.Context(), job.Query{Limit: 1})
			require.NoError(t, err)
			require.Zero(t, count)
			_, count, err = db.Webhooks.ListEndpoints(t.Context(), 1, 0)
			require.NoError(t, err)
			require.Zero(t, count)
			require.NoError(t, db.Uploads.Delete(t.Context(), "none"))
			require.Equal(t, c.stored, db.Ping != nil)
			require.Equal(t, u.Stored(), db.BuildSearchIndex != nil)
			if c.stored {
				require.NoError(t, db.Ping(t.Context()))
			}
		})
	}
	u, err := storeflags.ParseURL("sqlite:x.db")
	require.NoError(t, err)
	_, err = storeflags.Open(t.Context(), u, storeflags.Options{Schema: "shop"})
	require.EqualError(t, err, `-schema "shop" is for PostgreSQL alone, and the database is another one: leave it out`)
	for _, text := range []string{"memory:", "sqlite:" + filepath.Join(t.TempDir(), "none.db")} {
		u, err := storeflags.ParseURL(text)
		require.NoError(t, err)
		_, err = storeflags.Open(t.Context(), u, storeflags.Options{Distribution: postgres.HashPartitions(64)})
		require.EqualError(t, err,
			`-distribute "hash:64" is for PostgreSQL alone, and the database is another one: leave it out`)
	}
	_, err = storeflags.Open(t.Context(), storeflags.URL{}, storeflags.Options{})
	require.ErrorContains(t, err, "no database is named")
}
