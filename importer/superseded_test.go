package importer_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// TestCheckTellsWhatRunSupersedes: a check without a store names the records that an import finds superseded.
func TestCheckTellsWhatRunSupersedes(t *testing.T) {
	rng := rand.New(rand.NewPCG(17, 18))
	text, _ := randomFile(rng, 10_000, 4_000)
	for _, o := range []importer.Options{{}, {Mode: products.Update}, {MaxDuplicates: 1 << 10},
		{Mode: products.Update, MaxDuplicates: 1 << 10}} {
		for _, file := range []string{text, randomFamilies(rng, 2_000, 100).text} {
			want, result, err := doImport(t, memory.New(memory.Options{}).Products(), file, o)
			require.NoError(t, err)
			require.Positive(t, result.Superseded)
			var got []string
			rejects := 0
			o.OnSuperseded = func(s importer.Superseded) error {
				got = append(got, fmt.Sprintf("%d->%d", s.Line, s.Winner))
				return nil
			}
			o.OnReject = func(importer.Reject) error { rejects++; return nil }
			checked, err := importer.Check(t.Context(), importer.Bytes(file), importer.CheckOptions{Options: o})
			require.NoError(t, err)
			require.Equal(t, want.lost, got, "in the file's order")
			require.Len(t, want.rejects, rejects, "each reject is told once")
			require.Equal(t, result.Inherited, checked.Inherited)
			o.OnSuperseded, o.OnReject = nil, nil
		}
	}
}

func TestCheckKnowsTheKeyRule(t *testing.T) {
	for rule, want := range map[products.KeyRule]int{products.ExactKeys: 0, products.FoldedKeys: 1} {
		told := 0
		_, err := importer.Check(t.Context(), importer.Bytes("sku,name\na,1\nA,2\n"),
			importer.CheckOptions{KeyRule: rule, Options: importer.Options{
				OnSuperseded: func(importer.Superseded) error { told++; return nil }}})
		require.NoError(t, err)
		require.Equal(t, want, told)
	}
	full := errors.New("no space left")
	_, err := importer.Check(t.Context(), importer.Bytes("sku,name\na,1\na,2\n"),
		importer.CheckOptions{Options: importer.Options{
			OnSuperseded: func(importer.Superseded) error { return full }}})
	require.ErrorIs(t, err, full)
	_, err = importer.Check(t.Context(), importer.Bytes("sku,name\n"), importer.CheckOptions{KeyRule: 9})
	require.ErrorContains(t, err, "CheckOptions.KeyRule")
}

func TestSupersededWriter(t *testing.T) {
	var b bytes.Buffer
	w := importer.NewSupersededWriter(&b)
	require.NoError(t, w.Write(importer.Superseded{SKU: "=1,\"", Line: 812, Winner: 4990}))
	require.NoError(t, w.Write(importer.Superseded{SKU: "b", Line: 813, Winner: 1}))
	require.NoError(t, w.Flush())
	require.Equal(t, "sku,line,winner\n\"'=1,\"\"\",812,4990\nb,813,1\n", b.String())

	b.Reset()
	require.NoError(t, importer.NewSupersededWriter(&b).Flush())
	require.Equal(t, "sku,line,winner\n", b.String())

	require.ErrorIs(t, importer.NewSupersededWriter(brokenWriter{}).Flush(), errBroken)
}

var errBroken = errors.New("broken")

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }
