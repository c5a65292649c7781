package importer_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
)

func gzipped(t testing.TB, text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func zstandard(t testing.TB, text string) string {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b)
	require.NoError(t, err)
	_, err = io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

// zipped returns an archive of files that all hold the text.
func zipped(t testing.TB, text string, names ...string) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range names {
		f, err := w.Create(name)
		require.NoError(t, err)
		_, err = io.WriteString(f, text)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.String()
}

// A compressed file that turns out to be damaged, or too large, leaves no trace.
func TestDamagedCompression(t *testing.T) {
	long := "sku,name\n" + strings.Repeat("a,b\n", 50_000)
	whole := gzipped(t, long)
	for name, c := range map[string]struct {
		file, want string
		tooLarge   bool
	}{
		"cut off":       {whole[:len(whole)-1], "ends too early", false},
		"two CSV files": {zipped(t, long, "a.csv", "b.csv"), `several CSV files: "a.csv", "b.csv"`, false},
		"no CSV file":   {zipped(t, long, "a.json"), "without a CSV file", false},
		"twice":         {gzipped(t, whole), "compressed twice", false},
		"too large":     {zstandard(t, long), "limit of 100000 bytes", true},
	} {
		t.Run(name, func(t *testing.T) {
			store := &countingStore{Store: memory.New(memory.Options{}).Products()}
			o := importer.Options{}
			if c.tooLarge {
				o.MaxDecompressedBytes = 100_000
			}
			_, _, err := doImport(t, store, c.file, o)
			require.ErrorIs(t, err, importer.ErrInput)
			require.ErrorContains(t, err, "the file cannot be imported: ")
			require.ErrorContains(t, err, c.want)
			require.Equal(t, c.tooLarge, errors.Is(err, importer.ErrTooLarge))
			require.Zero(t, store.batches, "nothing is written")
		})
	}
}
