package postgres_test

import (
	"context"
	"errors"
	"iter"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/products"
)

// everyField has one field of each type.
func everyField(t *testing.T) *products.Schema {
	t.Helper()
	fields, err := products.NewSchema(products.Field{Name: "price", Type: products.Decimal, Scale: 2},
		products.Field{Name: "stock", Type: products.Integer}, products.Field{Name: "brand", Type: products.Text},
		products.Field{Name: "fragile", Type: products.Boolean}, products.Field{Name: "since", Type: products.Date},
		products.Field{Name: "seen_at", Type: products.Timestamp}, products.Field{Name: "tags", Type: products.List})
	require.NoError(t, err)
	return fields
}

// originals are products as another store may have them, with what COPY's text format has to escape.
func originals(t *testing.T, fields *products.Schema) []products.Product {
	t.Helper()
	store := memory.New(memory.Options{Fields: fields}).Products()
	full := products.Product{Name: "tab\t\\N \"quoted\"\r\n", SKU: `a\1`, Description: "\\.\nÜ 🎉", Status: true,
		Fields: map[string]products.Value{}, Attributes: map[string]string{"Größe\t": "{\"x\\"}}
	for name, text := range map[string]string{"price": "-12.50", "stock": "9223372036854775807", "brand": "\\",
		"fragile": "true", "since": "2026-11-28", "seen_at": "2026-11-28T10:11:12.123456Z"} {
		full.Set(fields.Find(name), text)
	}
	full.Fields["tags"] = products.ListValue("a,b", `"`, `\`, "NULL")
	for _, p := range []products.Product{{Name: "first", SKU: "a-0"}, full, {Name: "last", SKU: "A-0"}} {
		_, err := store.Create(t.Context(), p)
		require.NoError(t, err)
	}
	all := list(t, store)
	_, err := store.Update(t.Context(), all[2].ID, 0, products.Patch{Status: new(true)})
	require.NoError(t, err)
	all = list(t, store)
	all[2].ID = math.MaxInt32 + 7
	all[2].CreatedAt = all[2].CreatedAt.Add(-1000 * time.Hour)
	return all
}

func list(t *testing.T, store products.Reader) []products.Product {
	t.Helper()
	page, err := store.List(t.Context(), products.Query{Limit: products.MaxLimit})
	require.NoError(t, err)
	return page.Products
}

// each returns the products, and then the error, if there is one.
func each(all []products.Product, last error) iter.Seq2[products.Product, error] {
	return func(yield func(products.Product, error) bool) {
		for _, p := range all {
			if !yield(p, nil) {
				return
			}
		}
		if last != nil {
			yield(products.Product{}, last)
		}
	}
}

func TestRestore(t *testing.T) {
	fields := everyField(t)
	all := originals(t, fields)
	db, err := postgres.Open(t.Context(), migrated(t), postgres.Options{Fields: fields})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	store := db.Products()

	broken := errors.New("the source broke")
	_, err = store.Restore(t.Context(), each(all, broken))
	require.ErrorIs(t, err, broken)
	_, err = store.Restore(t.Context(), each(append(all, all[0]), nil))
	require.Error(t, err, "a key twice")
	err = db.InTx(t.Context(), func(ctx context.Context) error {
		n, err := store.Restore(ctx, each(all, nil))
		require.NoError(t, err)
		require.EqualValues(t, len(all), n)
		return broken
	})
	require.ErrorIs(t, err, broken)
	require.Empty(t, list(t, store), "what failed leaves nothing, not even numbers that are used")

	n, err := store.Restore(t.Context(), each(all, nil))
	require.NoError(t, err)
	require.EqualValues(t, len(all), n)
	require.Equal(t, all, list(t, store))

	created, err := store.Create(t.Context(), products.Product{Name: "new", SKU: "new"})
	require.NoError(t, err)
	require.Greater(t, created.ID, all[2].ID)
	_, err = store.Restore(t.Context(), each(nil, nil))
	require.ErrorIs(t, err, postgres.ErrUsed)
	_, err = store.DeleteAll(t.Context())
	require.NoError(t, err)
	_, err = store.Restore(t.Context(), each(all, nil))
	require.ErrorIs(t, err, postgres.ErrUsed, "the IDs of products that are gone aren't given again")
}

// Who creates a product meanwhile waits, and gets an ID that none of them has.
func TestRestoreWhileOthersCreate(t *testing.T) {
	all := originals(t, everyField(t))
	url := migrated(t)
	db, err := postgres.Open(t.Context(), url, postgres.Options{Fields: everyField(t)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	created := make(chan error, 1)
	var other products.Product
	n, err := db.Products().Restore(t.Context(), func(yield func(products.Product, error) bool) {
		go func() {
			var err error
			other, err = db.Products().Create(t.Context(), products.Product{Name: "other", SKU: "other"})
			created <- err
		}()
		for !scan[bool](t, url, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
			AND wait_event_type = 'Lock')`) {
			require.Empty(t, created, "it waits")
		}
		each(all, nil)(yield)
	})
	require.NoError(t, err)
	require.EqualValues(t, len(all), n)
	require.NoError(t, <-created)
	require.Greater(t, other.ID, all[2].ID)
}
