package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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

const benchRecords = 500_000

// catalogue writes the file that the benchmarks import, and returns its path.
func catalogue(b *testing.B) string {
	path := filepath.Join(b.TempDir(), "catalogue.csv")
	file, err := os.Create(path)
	require.NoError(b, err)
	require.NoError(b, catalogtest.Write(file, benchRecords))
	require.NoError(b, file.Close())
	return path
}

// startProgram starts a server with a database, as a process of its own, and returns its address.
func startProgram(b *testing.B, url string, args ...string) string {
	self, err := os.Executable()
	require.NoError(b, err)
	program := exec.Command(self, append([]string{"-addr", "127.0.0.1:0", "-log-level", "error"}, args...)...)
	program.Env = append(os.Environ(), asProgram+"=server", "DATABASE_URL="+url, "ADMIN_PASSWORD=secret", "ADMIN_USER=admin")
	program.Stderr = os.Stderr
	stdout, err := program.StdoutPipe()
	require.NoError(b, err)
	require.NoError(b, program.Start())
	b.Cleanup(func() {
		_ = program.Process.Signal(os.Interrupt)
		_ = program.Wait()
	})
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if address, ok := strings.CutPrefix(lines.Text(), "serving http://"); ok {
			go func() { _, _ = io.Copy(io.Discard, stdout) }()
			return address
		}
	}
	require.FailNow(b, "the server did not say where it is")
	return ""
}

// upload uploads the file as a browser does, and returns the job's ID.
func upload(b *testing.B, address, path string) string {
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
	request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "http://"+address+"/upload_csv/", r)
	require.NoError(b, err)
	request.Header.Set("Content-Type", form.FormDataContentType())
	request.SetBasicAuth("admin", "secret")
	response, err := http.DefaultClient.Do(request)
	require.NoError(b, err)
	defer func() { _ = response.Body.Close() }()
	require.Equal(b, http.StatusAccepted, response.StatusCode)
	var accepted struct {
		TaskID string `json:"task_id"`
	}
	require.NoError(b, json.NewDecoder(response.Body).Decode(&accepted))
	return accepted.TaskID
}

// watch connects to the events of a job, and returns a function that waits for the terminal one.
func watch(b *testing.B, address, id string) (await func()) {
	c, err := (&net.Dialer{}).DialContext(b.Context(), "tcp", address)
	require.NoError(b, err)
	request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "http://"+address+"/imports/"+id+"/events", nil)
	require.NoError(b, err)
	request.SetBasicAuth("admin", "secret")
	require.NoError(b, request.Write(c))
	lines := bufio.NewReaderSize(c, 1<<10)
	line, err := lines.ReadString('\n')
	require.NoError(b, err)
	require.Contains(b, line, "200 OK")
	ended := make(chan bool, 1)
	go func() {
		defer func() { _ = c.Close() }()
		for {
			line, err := lines.ReadSlice('\n')
			if bytes.HasPrefix(line, []byte("event: done")) || err != nil && err != bufio.ErrBufferFull { //nolint:errorlint // never wrapped
				ended <- err == nil
				return
			}
		}
	}()
	return func() { require.True(b, <-ended, "the stream ends with the event done") }
}

// BenchmarkUpload is the whole way of a file of 500,000 records through a server that keeps everything in PostgreSQL, from
// the first byte of the upload to the event that tells of its success. x-importcsv is how many times as long that takes as
// importing the same file from the disk does, as importcsv does it, in the same run.
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

		address := startProgram(b, pgtest.URL(b))
		began = time.Now()
		watch(b, address, upload(b, address, path))()
		uploaded += time.Since(began)
	}
	b.ReportMetric(uploaded.Seconds()/direct.Seconds(), "x-importcsv")
	b.ReportMetric(uploaded.Seconds()/float64(b.N), "s/upload")
	b.ReportMetric(0, "ns/op") // holds the yardstick too
}

// BenchmarkWatched imports a file of 500,000 records while so many clients of one server watch it, whose part of the work
// is in the figures too; x-alone is how many times as long it takes as without any, in the same run.
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
	address := startProgram(b, url, "-workers", "0")
	id := upload(b, address, path)
	awaits := make([]func(), clients)
	var connecting sync.WaitGroup
	for part := range 50 {
		connecting.Go(func() {
			for i := part; i < clients; i += 50 {
				awaits[i] = watch(b, address, id)
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
