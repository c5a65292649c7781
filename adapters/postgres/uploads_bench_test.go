package postgres_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/importer/catalogtest"
)

// BenchmarkUploads writes and reads a file of 500,000 records.
func BenchmarkUploads(b *testing.B) {
	var file bytes.Buffer
	require.NoError(b, catalogtest.Write(&file, catalogtest.BenchRecords()))
	data := file.Bytes()
	u := open(b, migrated(b), postgres.Options{}).Uploads()
	b.Run("put", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			_, err := u.Put(b.Context(), fmt.Sprint("a-", i), bytes.NewReader(data))
			require.NoError(b, err)
			require.NoError(b, u.Delete(b.Context(), fmt.Sprint("a-", i)))
		}
	})
	_, err := u.Put(b.Context(), "b", bytes.NewReader(data))
	require.NoError(b, err)
	b.Run("open", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		b.ReportAllocs()
		for b.Loop() {
			r, err := u.Open(b.Context(), "b", 0, -1)
			require.NoError(b, err)
			_, err = io.Copy(io.Discard, r)
			require.NoError(b, err)
			require.NoError(b, r.Close())
		}
	})
}
