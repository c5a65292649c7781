package main

import (
	"context"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// answer is what a process says at a URL, and after how long; the status is 0 where it says nothing.
func answer(ctx context.Context, url string) (status int, took time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, 0
	}
	r.SetBasicAuth("admin", "secret")
	began := time.Now()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, time.Since(began)
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode, time.Since(began)
}

// TestFrozenDatabase freezes PostgreSQL, in the middle of an import: server and worker say so in time, whatever they
// are asked, go on by themselves when it does, with the import, and end in time when they are told to.
func TestFrozenDatabase(t *testing.T) {
	t.Parallel()
	const at = 20
	program := serverProgram(t)
	postgres := home.Own(t)
	s := newHookScene(t, postgres.URL())
	s.log = &casetest.Buffer{}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.log)
		}
	})
	close(s.ledger.release)
	server, serverURL := s.server(program)
	worker, printed := s.start(s.self, append(delivering, "-admin-addr", "127.0.0.1:0", "-lease", "1s")...)
	require.True(t, printed.Scan())
	_, workerURL, _ := strings.Cut(printed.Text(), ", ")
	// A program says where it is before it has begun to work, and is ready then.
	until := func(want int, urls ...string) {
		t.Helper()
		for _, url := range urls {
			require.Eventually(t, func() bool {
				status, _ := answer(t.Context(), url)
				return status == want
			}, time.Minute, 50*time.Millisecond, url)
		}
	}
	until(http.StatusOK, serverURL+"/readyz", workerURL+"/readyz")
	submit := func(variant catalogtest.Variant) (id string, open func()) {
		id = s.submit(variant, products.Update).ID
		open = s.gate(id, at+1, records/batchRecords)
		s.untilHeld(id, func(h holding) bool { return h.batches == at })
		s.untilWaits()
		return id, open
	}

	id, open := submit(catalogtest.Base)
	before := len(s.log.String())
	postgres.Freeze()
	// What the database last said about itself is used for a second.
	until(http.StatusServiceUnavailable, serverURL+"/readyz", workerURL+"/readyz")
	var asking sync.WaitGroup
	for _, c := range []struct {
		url    string
		status int
		within time.Duration
	}{
		{serverURL + "/livez", 200, 10 * time.Second},
		{workerURL + "/livez", 200, 10 * time.Second},
		{serverURL + "/readyz", 503, 15 * time.Second},
		{workerURL + "/readyz", 503, 15 * time.Second},
		{serverURL + "/products/1", 503, 40 * time.Second},
		{serverURL + "/products/", 503, 40 * time.Second},
		{serverURL + "/products/?search=x", 503, 40 * time.Second},
		{serverURL + "/imports/", 503, 40 * time.Second},
		{serverURL + "/imports/" + id, 503, 40 * time.Second},
		{serverURL + "/webhooks/", 503, 40 * time.Second},
		{serverURL + "/metrics", 200, 15 * time.Second},
		{workerURL + "/metrics", 200, 15 * time.Second},
	} { // in a third of the time or less, where the machine has nothing else to do
		asking.Go(func() {
			status, took := answer(t.Context(), c.url)
			assert.Equal(t, c.status, status, c.url)
			assert.Less(t, took, c.within, c.url)
		})
	}
	asking.Wait()
	// say waits until so many lines of the log do.
	say := func(text string, n int) {
		t.Helper()
		require.Eventually(t, func() bool { return strings.Count(s.log.String(), text) == n }, time.Minute,
			50*time.Millisecond, text)
	}
	say("the database can't be reached", 2)

	postgres.Thaw()
	open()
	until(http.StatusOK, serverURL+"/readyz", workerURL+"/readyz", serverURL+"/imports/"+id)
	ended := s.until(id, final)
	require.Equal(t, job.Success, ended.State, ended.Error)
	require.Zero(t, ended.Attempts, "an outage is no failed attempt")
	say("the database is there again", 2)
	lines := 0
	for line := range strings.Lines(s.log.String()[before:]) {
		require.NotContains(t, line, "vanished")
		if !strings.Contains(line, "msg=request ") {
			lines++
		}
	}
	require.LessOrEqual(t, lines, 8, "of server and worker, two for the outage and those of the import")
	_, count := s.table()
	require.Equal(t, ended.Event.Created, count, "nothing is written twice, or lost")

	_, _ = submit(catalogtest.HalfNew)
	postgres.Freeze()
	told := time.Now()
	var ending sync.WaitGroup
	for name, p := range map[string]*exec.Cmd{"server": server, "worker": worker} {
		require.NoError(t, p.Process.Signal(syscall.SIGTERM))
		ending.Go(func() {
			_ = p.Wait() // a worker says that it could not give its import back
			assert.Less(t, time.Since(told), 30*time.Second, name)
		})
	}
	ending.Wait()
	postgres.Thaw()
}
