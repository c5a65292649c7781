package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/adapters/worker"
	"github.com/products-importer/products-importer/importer/job"
)

// TestWaitsForTheDatabase starts a worker without its database: it says that it lives and isn't ready, and why.
func TestWaitsForTheDatabase(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	lines := make(chan string, 1_000)
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"-admin-addr", "127.0.0.1:0", "-database-url", "postgres://127.0.0.1:1/x"},
			func(string) string { return "" }, io.Discard, writer(func(p []byte) { lines <- string(p) }))
	}()
	base := ""
	for waits := false; !waits; {
		line := <-lines
		if at := regexp.MustCompile(`listening=(\S+)`).FindStringSubmatch(line); at != nil {
			base = "http://" + at[1]
		}
		waits = strings.Contains(line, "waiting for the database")
	}
	for path, want := range map[string]int{"/livez": 200, "/readyz": 503, "/metrics": 200} {
		response, err := http.Get(base + path)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Equal(t, want, response.StatusCode, path)
		require.Equal(t, want == 503, strings.Contains(string(body), "waiting for the database"), path)
		require.Equal(t, path == "/metrics", strings.Contains(string(body), "\nimporter_database_up 0\n"), path)
	}
	stop()
	require.Zero(t, <-ended, "it ends in good order")
}

// TestNotReadyWhileItStops: a worker that is told to stop says so while it comes to its end.
func TestNotReadyWhileItStops(t *testing.T) {
	db := memory.New(memory.Options{})
	runner, err := job.NewRunner(db.Jobs(), db.Uploads(), db.Products(), job.RunnerOptions{})
	require.NoError(t, err)
	w, err := worker.New(runner, worker.Options{})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	routes := adminRoutes(ctx, w, httpapi.NewHealth(func(context.Context) error { return nil }),
		http.NotFoundHandler())
	ready := func() *httptest.ResponseRecorder {
		r := httptest.NewRecorder()
		routes.ServeHTTP(r, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		return r
	}
	var working sync.WaitGroup
	defer working.Wait()
	working.Go(func() { _ = w.Run(ctx) })
	for ready().Code != 200 { // it begins
	}
	stop()
	require.Equal(t, 503, ready().Code)
	require.Contains(t, ready().Body.String(), "stopping")
}
