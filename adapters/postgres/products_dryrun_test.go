package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// family makes a file of records with variants, repeated SKUs and rejects.
func family(rng *rand.Rand, records, skus int) importer.Bytes {
	var b strings.Builder
	b.WriteString("slug,sku,name,description,status\n")
	for range records {
		name, status := "", []string{"", "yes", "no", "perhaps"}[rng.IntN(40)%4]
		if rng.IntN(3) == 0 {
			name = fmt.Sprintf("n%d", rng.IntN(3))
		}
		if status == "perhaps" && rng.IntN(5) > 0 {
			status = ""
		}
		fmt.Fprintf(&b, "g%d,s%d,%s,d%d,%s\n", rng.IntN(skus/3), rng.IntN(skus), name, rng.IntN(2), status)
	}
	return importer.Bytes(b.String())
}

// TestDryRunForesees: whatever is in the database and in the file, a dry run counts what the import does then, writes
// nothing, and both count what the store in memory does.
func TestDryRunForesees(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	db := open(t, url, postgres.Options{})
	rng := rand.New(rand.NewPCG(21, 22))
	for round := range 24 {
		_, err := db.Products().DeleteAll(t.Context())
		require.NoError(t, err)
		reference := memory.New(memory.Options{}).Products()
		records, skus := 50+rng.IntN(1_500), 30+rng.IntN(600)
		before := family(rng, records/3, skus)
		file := family(rng, records, skus)
		o := importer.Options{Mode: modes[round%2], BatchRecords: 1 + rng.IntN(200), Writers: 1 + rng.IntN(3)}
		for _, store := range []products.Store{db.Products(), reference} {
			_, err := importer.Run(t.Context(), before, store, importer.Options{})
			require.NoError(t, err)
		}
		stored := content(t, url)
		dry := o
		dry.DryRun = true
		foreseen, err := importer.Run(t.Context(), file, db.Products(), dry)
		require.NoError(t, err)
		require.Equal(t, stored, content(t, url), "a dry run writes nothing")
		result, err := importer.Run(t.Context(), file, db.Products(), o)
		require.NoError(t, err)
		want, err := importer.Run(t.Context(), file, reference, o)
		require.NoError(t, err)
		for _, r := range []*importer.Result{foreseen, want} {
			require.Equal(t, result.Counts, r.Counts, "round %d, %+v", round, o)
			require.Equal(t, result.Inherited, r.Inherited)
			require.Equal(t, result.Rejects, r.Rejects)
		}
		require.Positive(t, result.Inherited)
		requireSum(t, result.Counts)
		page, err := reference.List(t.Context(), products.Query{Limit: products.MaxLimit})
		require.NoError(t, err)
		var lines []string
		for _, p := range page.Products {
			lines = append(lines, line(p.SKU, p.Name, p.Description))
		}
		slices.Sort(lines)
		got := content(t, url)
		slices.Sort(got)
		require.Equal(t, lines, got)
	}
}
