package importer_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// TestWinners compares imports of random files with what reading them record by record into a map gives, whatever the
// number of writers, the size of batches, and the memory for repeated SKUs.
func TestWinners(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 60 {
		mode := products.Mode(round % 2)
		records, skus := 1+rng.IntN(2000), 1+rng.IntN(600)
		before, existing := randomFile(rng, skus/2+1, skus)
		text, file := randomFile(rng, records, skus)
		want, counts, lost := model(mode, existing, file)

		for _, o := range []importer.Options{
			{Writers: 1},
			{Writers: 4, BatchRecords: 7},
			{Writers: 3, BatchBytes: 200, Parsers: 3},
		} {
			o.Mode = mode
			store := memory.New(memory.Options{}).Products()
			_, _, err := doImport(t, store, before, importer.Options{})
			require.NoError(t, err)
			dry := o
			dry.DryRun = true
			foreseen, _, err := doImport(t, store, text, dry)
			require.NoError(t, err)
			got, _, err := doImport(t, store, text, o)
			require.NoError(t, err)
			require.Equal(t, counts, got.counts, "round %d, %+v", round, o)
			require.Equal(t, counts, foreseen.counts, "a dry run foresees the counts; round %d, %+v", round, o)
			require.Equal(t, sorted(lost), sorted(got.lost), "round %d, %+v", round, o)
			have := map[string]string{}
			for _, line := range catalogue(t, store) {
				sku, rest, _ := strings.Cut(line, "|")
				have[sku] = rest
			}
			require.Equal(t, want, have, "round %d, %+v", round, o)
		}
	}
}

// TestWinnersOfManyRepeatedSKUs does so for files that repeat more SKUs than may be kept in mind.
func TestWinnersOfManyRepeatedSKUs(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, mode := range []products.Mode{products.Ignore, products.Update} {
		text, file := randomFile(rng, 40_000, 9_000)
		want, counts, lost := model(mode, nil, file)
		store := memory.New(memory.Options{}).Products()
		got, _, err := doImport(t, store, text, importer.Options{Mode: mode, MaxDuplicates: 1024})
		require.NoError(t, err)
		require.Equal(t, counts, got.counts)
		require.Equal(t, lost, got.lost, "each is told once, in the file's order")
		require.Len(t, catalogue(t, store), len(want))
	}
}

type line struct{ sku, name string }

// randomFile makes a file of records over so many SKUs, some of them invalid.
func randomFile(rng *rand.Rand, records, skus int) (string, []line) {
	var b strings.Builder
	b.WriteString("sku,name\n")
	file := make([]line, records)
	for i := range file {
		file[i] = line{fmt.Sprintf("s%d", rng.IntN(skus)), fmt.Sprintf("n%d", rng.IntN(3))}
		if rng.IntN(20) == 0 {
			file[i].name = ""
		}
		fmt.Fprintf(&b, "%s,%s\n", file[i].sku, file[i].name)
	}
	return b.String(), file
}

// model imports the file into what the existing one leaves, in the plainest way.
func model(mode products.Mode, existing, file []line) (want map[string]string, counts progress.Counts, lost []string) {
	old := map[string]string{}
	for _, l := range existing {
		if _, have := old[l.sku]; !have && l.name != "" {
			old[l.sku] = l.name
		}
	}
	winner := map[string]int{}
	for i, l := range file {
		if _, have := winner[l.sku]; l.name != "" && (!have || mode == products.Update) {
			winner[l.sku] = i
		}
	}
	want = map[string]string{}
	for sku, name := range old {
		want[sku] = name + "||false"
	}
	for i, l := range file {
		counts.Read++
		was, exists := old[l.sku]
		switch {
		case l.name == "":
			counts.Rejected++
		case winner[l.sku] != i:
			counts.Superseded++
			lost = append(lost, fmt.Sprintf("%d->%d", i+2, winner[l.sku]+2))
		case !exists:
			counts.Created++
			want[l.sku] = l.name + "||false"
		case mode == products.Ignore:
			counts.Skipped++
		case was == l.name:
			counts.Unchanged++
		default:
			counts.Updated++
			want[l.sku] = l.name + "||false"
		}
	}
	return want, counts, lost
}

// TestBatchesDependOnNothingButTheFile holds what a resumed import relies on.
func TestBatchesDependOnNothingButTheFile(t *testing.T) {
	text, _ := randomFile(rand.New(rand.NewPCG(3, 4)), 3000, 900)
	var want map[int64][]string
	for _, o := range []importer.Options{{Writers: 1, Parsers: 1}, {Writers: 4, Parsers: 8}, {Writers: 2, Parsers: 2}} {
		got := map[int64][]string{}
		o.BatchRecords = 100
		store := &collectingStore{Store: memory.New(memory.Options{}).Products(), batches: got}
		_, _, err := doImport(t, store, text, o)
		require.NoError(t, err)
		if want == nil {
			want = got
		}
		require.Equal(t, want, got)
	}
	require.Greater(t, len(want), 5)
}

// collectingStore notes the SKUs of each batch.
type collectingStore struct {
	importer.Store
	mu      sync.Mutex
	batches map[int64][]string
}

func (s *collectingStore) WriteBatch(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
	s.mu.Lock()
	for _, r := range b.Records {
		s.batches[b.Number] = append(s.batches[b.Number], r.SKU)
	}
	s.mu.Unlock()
	return s.Store.WriteBatch(ctx, b)
}
