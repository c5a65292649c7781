package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/examples/programtest"
	"github.com/products-importer/products-importer/importer/job"
)

// BenchmarkWatched imports a file of 500,000 records, by a worker, while so many clients watch it on a server, and
// likewise without them, in turn; server and worker are processes of their own. ms-end is the time from the first
// client that gets the end to the last one, the longest of all rounds; until then no client closes its connection, which
// elsewhere takes the processor of other machines. x-alone, and x-alone-cpu of the worker's processor, are what the
// import takes with the clients for what it takes without; cpu-s-server is the server's processor time.
func BenchmarkWatched(b *testing.B) {
	path := catalogue(b)
	for _, clients := range []int{200, 5_000, 10_000} {
		b.Run(fmt.Sprint(clients), func(b *testing.B) {
			if most := openFiles(); most < clients+200 {
				b.Skipf("a process may open %d files here, and %d clients need more", most, clients)
			}
			if testing.Short() && clients > 200 {
				b.Skip("-short: it measures the same with fewer")
			}
			var alone, watched crowded
			for range b.N {
				alone.add(importCrowded(b, path, 0))
				watched.add(importCrowded(b, path, clients))
			}
			b.ReportMetric(float64(watched.end.Milliseconds()), "ms-end")
			b.ReportMetric(watched.took.Seconds()/alone.took.Seconds(), "x-alone")
			b.ReportMetric(watched.worker.Seconds()/alone.worker.Seconds(), "x-alone-cpu")
			b.ReportMetric(watched.server.Seconds()/float64(b.N), "cpu-s-server")
			b.ReportMetric(0, "ns/op") // holds the yardstick too
		})
	}
}

// crowded is what an import took: in all, and of the processors; and how long its end was under way to the clients.
type crowded struct{ took, worker, server, end time.Duration }

func (c *crowded) add(more crowded) {
	c.took += more.took
	c.worker += more.worker
	c.server += more.server
	c.end = max(c.end, more.end)
}

// openFiles is how many files a process may open, 0 where the system doesn't say.
func openFiles() int {
	limits, _ := os.ReadFile("/proc/self/limits")
	match := regexp.MustCompile(`(?m)^Max open files +(\d+)`).FindSubmatch(limits)
	if match == nil {
		return 0
	}
	n, _ := strconv.Atoi(string(match[1]))
	return n
}

func importCrowded(b *testing.B, path string, clients int) (c crowded) {
	url := pgtest.URL(b)
	server := start(b, "-database-url", url, "-workers", "0")
	id := upload(b, server, path)
	ends, ended := make(chan time.Time, clients), make(chan struct{})
	var connecting sync.WaitGroup
	for part := range 50 {
		connecting.Go(func() {
			for i := part; i < clients; i += 50 {
				watch(b, server, id, ends, ended)
			}
		})
	}
	connecting.Wait()

	before := programtest.Processor(b, server.process.Process.Pid)
	self, err := os.Executable()
	require.NoError(b, err)
	worker := exec.Command(self)
	worker.Env = append(os.Environ(), asProgram+"=worker", "DATABASE_URL="+url)
	worker.Stderr = os.Stderr
	require.NoError(b, worker.Start())
	defer kill(worker)
	var first, last time.Time
	for range clients {
		at := <-ends
		require.False(b, at.IsZero(), "each stream ends with the event done")
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	c.end = last.Sub(first)
	close(ended)
	db, err := postgres.Open(b.Context(), url, postgres.Options{})
	require.NoError(b, err)
	defer func() { require.NoError(b, db.Close()) }()
	j := job.Job{}
	for ; !j.State.Final(); time.Sleep(50 * time.Millisecond) {
		j, err = db.Jobs().Get(b.Context(), id)
		require.NoError(b, err)
	}
	require.Equal(b, job.Success, j.State, j.Error)
	c.took = j.FinishedAt.Sub(j.StartedAt)
	c.server = programtest.Processor(b, server.process.Process.Pid) - before
	require.NoError(b, worker.Process.Signal(syscall.SIGTERM))
	_ = worker.Wait()
	c.worker = worker.ProcessState.UserTime() + worker.ProcessState.SystemTime()
	return c
}

// watch connects to the events of a job until ended, and sends when the last one has come; no time for a stream that
// breaks off.
func watch(b *testing.B, c *client, id string, ends chan<- time.Time, ended <-chan struct{}) {
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
	go func() {
		defer func() { _ = connection.Close() }()
		for {
			line, err := lines.ReadSlice('\n')
			if bytes.HasPrefix(line, []byte("event: done")) {
				ends <- time.Now()
				<-ended
				return
			}
			if err != nil && err != bufio.ErrBufferFull { //nolint:errorlint // never wrapped
				ends <- time.Time{}
				return
			}
		}
	}()
}
