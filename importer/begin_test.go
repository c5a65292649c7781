package importer_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// TestBegin: what is refused at once is refused by an import too, for the same reason, and the file stays whole.
func TestBegin(t *testing.T) {
	for _, c := range realFiles(t) {
		t.Run(c.name, func(t *testing.T) {
			options := importer.CheckOptions{Options: c.options}
			b, refusal := importer.Begin(t.Context(), iotest.OneByteReader(strings.NewReader(c.text)), options)
			_, err := importer.Check(t.Context(), importer.Bytes(c.text), options)
			if refusal == nil {
				text, readError := io.ReadAll(b)
				require.NoError(t, readError)
				require.Equal(t, c.text, string(text))
				refusal = b.Refusal
			}
			if err == nil {
				require.NoError(t, refusal)
			} else {
				require.EqualError(t, refusal, err.Error())
			}
		})
	}
}

func TestBeginReadsLittle(t *testing.T) {
	n := 0
	counted := readerFunc(func(p []byte) (int, error) {
		for i := range p {
			p[i] = "sku,name\nK-7,Kettle\n"[n%20]
			n++
		}
		return len(p), nil
	})
	b, err := importer.Begin(t.Context(), counted, importer.CheckOptions{})
	require.NoError(t, err)
	require.NoError(t, b.Refusal)
	require.LessOrEqual(t, n, 1<<20)
	text, err := io.ReadAll(io.LimitReader(b, 4<<20))
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("sku,name\nK-7,Kettle\n", 4<<20/20+1)[:4<<20], string(text))

	// What only more of the file could tell is taken.
	b, err = importer.Begin(t.Context(), strings.NewReader(strings.Repeat("x", 3<<20)), importer.CheckOptions{})
	require.NoError(t, err)
	require.NoError(t, b.Refusal)
}

func TestBeginFails(t *testing.T) {
	gone := errors.New("gone")
	_, err := importer.Begin(t.Context(), io.MultiReader(strings.NewReader("sku,na"), iotest.ErrReader(gone)),
		importer.CheckOptions{})
	require.ErrorIs(t, err, gone)
	var bad *importer.OptionError
	_, err = importer.Begin(t.Context(), strings.NewReader("sku,name\n"),
		importer.CheckOptions{Options: importer.Options{Map: mapTo("nothing", "1")}})
	require.ErrorAs(t, err, &bad)
	_, err = importer.Begin(t.Context(), strings.NewReader(""), importer.CheckOptions{})
	require.ErrorContains(t, err, "it is empty")

	// With another mapping, or a schema that knows a column, it could be taken.
	b, err := importer.Begin(t.Context(), strings.NewReader("handle,name\nA,x\n"), importer.CheckOptions{})
	require.NoError(t, err)
	var header *importer.HeaderError
	require.ErrorAs(t, b.Refusal, &header)
	require.Equal(t, map[string]string{"sku": "handle"}, header.Suggestions)
	b, err = importer.Begin(t.Context(), strings.NewReader("handle,price\nA,1\n"), importer.CheckOptions{
		Options: importer.Options{Map: mapTo("sku", "handle"), Mode: products.Existing}, Schema: priced(t)})
	require.NoError(t, err)
	require.NoError(t, b.Refusal)
}
