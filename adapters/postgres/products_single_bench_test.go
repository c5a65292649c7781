package postgres_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/products"
)

// BenchmarkSingle creates, changes and deletes products one by one. median-µs is the middle of the times.
func BenchmarkSingle(b *testing.B) {
	store := open(b, migrated(b), postgres.Options{}).Products()
	create := func(b *testing.B, i int) products.Product {
		p, err := store.Create(b.Context(), products.Product{Name: "name", SKU: fmt.Sprint(b.Name(), b.N, "-", i)})
		require.NoError(b, err)
		return p
	}
	for _, c := range []struct {
		name   string
		do     func(b *testing.B, i int, p products.Product)
		exists bool
	}{
		{"create", func(b *testing.B, i int, _ products.Product) { create(b, i) }, false},
		{"update", func(b *testing.B, i int, p products.Product) {
			name := fmt.Sprint("name ", i)
			_, err := store.Update(b.Context(), p.ID, 0, products.Patch{Name: &name})
			require.NoError(b, err)
		}, true},
		{"delete", func(b *testing.B, _ int, p products.Product) {
			require.NoError(b, store.Delete(b.Context(), p.ID, 0))
		}, true},
	} {
		b.Run(c.name, func(b *testing.B) {
			var took []time.Duration
			for i := range b.N {
				var p products.Product
				if c.exists {
					b.StopTimer()
					p = create(b, i)
					b.StartTimer()
				}
				began := time.Now()
				c.do(b, i, p)
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1000, "median-µs")
		})
	}
}
