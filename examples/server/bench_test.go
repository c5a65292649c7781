package main

import (
	"io"
	"mime/multipart"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/catalogtest"
)

// catalogue writes the file that the benchmarks import, and returns its path.
func catalogue(b *testing.B) string {
	path := filepath.Join(b.TempDir(), "catalogue.csv")
	file, err := os.Create(path)
	require.NoError(b, err)
	require.NoError(b, catalogtest.Write(file, catalogtest.BenchRecords()))
	require.NoError(b, file.Close())
	return path
}

// upload uploads the file as a browser does, and returns the job's ID.
func upload(b *testing.B, c *client, path string) string {
	file, err := os.Open(path)
	require.NoError(b, err)
	defer func() { _ = file.Close() }()
	r, w := io.Pipe()
	form := multipart.NewWriter(w)
	go func() {
		part, err := form.CreateFormFile("file", filepath.Base(path))
		if err == nil {
			_, err = io.Copy(part, file)
		}
		if err == nil {
			err = form.Close()
		}
		_ = w.CloseWithError(err)
	}()
	return c.upload("", form.FormDataContentType(), r)
}

// BenchmarkUpload is the whole way of a file of 500,000 records through a server that keeps everything in PostgreSQL,
// from the first byte of the upload to the event of its success. x-importcsv is how many times as long that
// takes as importing the same file from the disk does, as importcsv does it, in the same run.
func BenchmarkUpload(b *testing.B) {
	path := catalogue(b)
	var direct, uploaded time.Duration
	for range b.N {
		url := pgtest.URL(b)
		began := time.Now()
		file, err := importer.OpenFile(path)
		require.NoError(b, err)
		db, err := postgres.Open(b.Context(), url, postgres.Options{})
		require.NoError(b, err)
		_, err = importer.Run(b.Context(), file, db.Products(), importer.Options{})
		require.NoError(b, err)
		require.NoError(b, db.Close())
		direct += time.Since(began)

		c := start(b, "-database-url", pgtest.URL(b))
		began = time.Now()
		ended := make(chan time.Time, 1)
		watch(b, c, upload(b, c, path), ended, b.Context().Done())
		require.False(b, (<-ended).IsZero(), "the stream ends with the event done")
		uploaded += time.Since(began)
	}
	b.ReportMetric(uploaded.Seconds()/direct.Seconds(), "x-importcsv")
	b.ReportMetric(uploaded.Seconds()/float64(b.N), "s/upload")
	b.ReportMetric(0, "ns/op") // holds the yardstick too
}
