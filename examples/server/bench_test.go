package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/importer/job"
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

// watch connects to the events of a job, and returns a function that waits for the terminal one.
func watch(b *testing.B, c *client, id string) (await func()) {
	request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, c.base+"/imports/"+id+"/events", nil)
	require.NoError(b, err)
	request.SetBasicAuth("admin", c.password)
	connection, err := (&net.Dialer{}).DialContext(b.Context(), "tcp", request.URL.Host)
	require.NoError(b, err)
	require.NoError(b, request.Write(connection))
	lines := bufio.NewReaderSize(connection, 1<<10)
	line, err := lines.ReadString('\n')
	require.NoError(b, err)
	require.Contains(b, line, "200 OK")
	ended := make(chan bool, 1)
	go func() {
		defer func() { _ = connection.Close() }()
		for {
			line, err := lines.ReadSlice('\n')
			if bytes.HasPrefix(line, []byte("event: done")) || err != nil &&
				err != bufio.ErrBufferFull { //nolint:errorlint // never wrapped
				ended <- err == nil
				return
			}
		}
	}()
	return func() { require.True(b, <-ended, "the stream ends with the event done") }
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
		watch(b, c, upload(b, c, path))()
		uploaded += time.Since(began)
	}
	b.ReportMetric(uploaded.Seconds()/direct.Seconds(), "x-importcsv")
	b.ReportMetric(uploaded.Seconds()/float64(b.N), "s/upload")
	b.ReportMetric(0, "ns/op") // holds the yardstick too
}

// BenchmarkWatched imports a file of 500,000 records while so many clients of one server watch it, whose part of the
// work is in the figures too; x-alone is how many times as long it takes as without any, in the same run.
func BenchmarkWatched(b *testing.B) {
	path := catalogue(b)
	for _, clients := range []int{100, 5_000} {
		b.Run(fmt.Sprint(clients), func(b *testing.B) {
			var alone, watched time.Duration
			for range b.N {
				alone += importWatched(b, path, 0)
				watched += importWatched(b, path, clients)
			}
			b.ReportMetric(watched.Seconds()/alone.Seconds(), "x-alone")
			b.ReportMetric(watched.Seconds()/float64(b.N), "s/import")
			b.ReportMetric(0, "ns/op") // holds the yardstick too
		})
	}
}

// importWatched returns how long the import took.
func importWatched(b *testing.B, path string, clients int) time.Duration {
	url := pgtest.URL(b)
	c := start(b, "-database-url", url, "-workers", "0")
	id := upload(b, c, path)
	awaits := make([]func(), clients)
	var connecting sync.WaitGroup
	for part := range 50 {
		connecting.Go(func() {
			for i := part; i < clients; i += 50 {
				awaits[i] = watch(b, c, id)
			}
		})
	}
	connecting.Wait()

	db, err := postgres.Open(b.Context(), url, postgres.Options{})
	require.NoError(b, err)
	defer func() { require.NoError(b, db.Close()) }()
	runner, err := job.NewRunner(db.Jobs(), db.Uploads(), db.Products(), job.RunnerOptions{})
	require.NoError(b, err)
	claim, err := runner.Claim(b.Context(), "benchmark")
	require.NoError(b, err)
	began := time.Now()
	done, err := runner.Run(b.Context(), claim, nil)
	took := time.Since(began)
	require.NoError(b, err)
	require.Equal(b, job.Success, done.State)
	for _, await := range awaits {
		await()
	}
	return took
}
