package importer_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// counted is a source that counts the bytes that are read of it.
type countedSource struct {
	importer.Bytes
	read int64
}

func (c *countedSource) Open(ctx context.Context) (io.ReadCloser, error) {
	in, err := c.Bytes.Open(ctx)
	return struct {
		io.Reader
		io.Closer
	}{io.TeeReader(in, c), in}, err
}

func (c *countedSource) Write(p []byte) (int, error) {
	c.read += int64(len(p))
	return len(p), nil
}

// checkedOnce does a dry run, and returns what its check found, by way of bytes; nil where it told nothing.
func checkedOnce(t *testing.T, store importer.Store, text string, o importer.Options) (*importer.Checked, []byte) {
	t.Helper()
	o.DryRun = true
	var kept []byte
	o.OnChecked = func(c *importer.Checked) (err error) {
		kept, err = c.MarshalBinary()
		return err
	}
	_, err := importer.Run(t.Context(), importer.Bytes(text), store, o)
	require.NoError(t, err)
	if kept == nil {
		return nil, nil
	}
	found := new(importer.Checked)
	require.NoError(t, found.UnmarshalBinary(kept))
	return found, kept
}

// TestCheckedOnce imports random files with what the check of a dry run found, and without: it makes no difference.
func TestCheckedOnce(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	plain, _ := randomFile(rng, 6_000, 3_000)
	single, _ := randomFile(rng, 6_000, 1<<40)
	for name, text := range map[string]string{"repeated": plain, "hardly any": single,
		"variants": randomFamilies(rng, 3_000, 200).text,
		"hints":    "sku,name,price\n" + strings.Repeat("a,b,-\nc,,\n\n", 2_000)} {
		for _, o := range []importer.Options{{}, {Mode: products.Update}, {Mode: products.Update, MaxDuplicates: 1 << 10}} {
			t.Run(fmt.Sprint(name, " ", o.Mode, " ", o.MaxDuplicates), func(t *testing.T) {
				store := memory.New(memory.Options{}).Products()
				want, err := importer.Run(t.Context(), importer.Bytes(text), store, o)
				require.NoError(t, err)
				wanted := catalogue(t, store)

				store = memory.New(memory.Options{}).Products()
				found, _ := checkedOnce(t, store, text, o)
				require.NotNil(t, found)
				o.Checked = found
				told := map[importer.Code]int64{}
				o.OnReject = func(r importer.Reject) error { told[r.Code]++; return nil }
				o.OnChecked = func(*importer.Checked) error { t.Error("it is not checked again"); return nil }
				got, err := importer.Run(t.Context(), importer.Bytes(text), store, o)
				require.NoError(t, err)
				require.Empty(t, told)
				got.Elapsed = want.Elapsed
				require.Equal(t, want, got)
				require.Equal(t, sorted(wanted), sorted(catalogue(t, store)))
			})
		}
	}
}

// TestCheckedIsReadOnce: of a file that was checked earlier the beginning is read twice, the rest once.
func TestCheckedIsReadOnce(t *testing.T) {
	var text strings.Builder
	text.WriteString("sku,name,description\n")
	for i := range 2_000 {
		fmt.Fprintf(&text, "%d,n,%s\n", i, strings.Repeat("x", 2_000))
	}
	store := memory.New(memory.Options{}).Products()
	found, _ := checkedOnce(t, store, text.String(), importer.Options{})
	source := &countedSource{Bytes: importer.Bytes(text.String())}
	_, err := importer.Run(t.Context(), source, store, importer.Options{Checked: found})
	require.NoError(t, err)
	require.Greater(t, source.read, source.Size())
	require.Less(t, source.read, source.Size()*5/4)
}

// sorted sorts the lines. Two lists of thousands are compared so in no time, which ElementsMatch takes long for.
func sorted(lines []string) []string {
	slices.Sort(lines)
	return lines
}

func TestCheckedIsOfThisFile(t *testing.T) {
	text, _ := randomFile(rand.New(rand.NewPCG(23, 24)), 2_000, 1_000)
	store := memory.New(memory.Options{}).Products()
	found, kept := checkedOnce(t, store, text, importer.Options{})
	_, err := importer.Run(t.Context(), importer.Bytes(text+"more,n\n"), store, importer.Options{Checked: found})
	require.ErrorIs(t, err, importer.ErrSourceChanged)
	for _, o := range []importer.Options{{Mode: products.Update, Checked: found},
		{Checked: found, OnSuperseded: func(importer.Superseded) error { return nil }}} {
		_, err = importer.Run(t.Context(), importer.Bytes(text), store, o)
		var bad *importer.OptionError
		require.ErrorAs(t, err, &bad)
		require.Equal(t, "Checked", bad.Field)
	}
	for i := range kept {
		for _, damaged := range [][]byte{kept[:i], append(append(append([]byte{}, kept[:i]...), kept[i]^1), kept[i+1:]...)} {
			require.Error(t, new(importer.Checked).UnmarshalBinary(damaged))
		}
	}

	// A column's format that is found out behind the file's beginning isn't kept.
	schema, err := products.NewSchema(products.Field{Name: "price", Type: products.Decimal, Scale: 2})
	require.NoError(t, err)
	priced := memory.New(memory.Options{Fields: schema}).Products()
	late := "sku,name,price\n" + strings.Repeat("a,b,12\n", 60_000) + "c,d,\"1,50\"\n"
	found, _ = checkedOnce(t, priced, late, importer.Options{})
	require.Nil(t, found)
}
