package postgres_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/products"
)

// BenchmarkSingleReads gets a product, and a page of 20, one after the other and by all processors, with contexts that
// can end, as requests have.
func BenchmarkSingleReads(b *testing.B) {
	db := open(b, migrated(b), postgres.Options{MaxConns: 20})
	_, err := db.Products().WriteBatch(b.Context(), &products.Batch{Columns: described, Records: records(1_000, "sku", "Plain name")})
	require.NoError(b, err)
	page, err := db.Products().List(b.Context(), products.Query{Limit: 1})
	require.NoError(b, err)
	id := page.Products[0].ID
	for name, read := range map[string]func(ctx context.Context) error{
		"get": func(ctx context.Context) error {
			_, err := db.Products().Get(ctx, id)
			return err
		},
		"list": func(ctx context.Context) error {
			_, err := db.Products().List(ctx, products.Query{Limit: 20, SkipCount: true})
			return err
		},
	} {
		b.Run(name+"/one", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				require.NoError(b, read(b.Context()))
			}
		})
		b.Run(name+"/many", func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(8)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := read(b.Context()); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
