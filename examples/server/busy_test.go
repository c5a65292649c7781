package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
)

// TestManySearches has 60 clients search 100,000 products without an index, all the time. Others don't suffer: reads,
// writes, log-ins, readiness and an upload with its import come through in time. A search is answered, or refused with a
// time to try again.
func TestManySearches(t *testing.T) {
	const bound = 20 * time.Second
	url := home.URL(t)
	c := start(t, "-database-url", url)
	raw, err := sql.Open("postgres", url)
	require.NoError(t, err)
	defer func() { require.NoError(t, raw.Close()) }()
	_, err = raw.ExecContext(t.Context(), `INSERT INTO products (id, version, sku_key, sku, name, description)
		SELECT nextval('product_ids'), 1, 'sku-' || n, 'sku-' || n, 'A product with a name of some length, number ' || n, '' FROM generate_series(1, 100000) AS n`)
	require.NoError(t, err)
	var id string
	require.NoError(t,
		raw.QueryRowContext(t.Context(), `SELECT id::text FROM products WHERE sku_key = 'sku-7'`).Scan(&id))

	ask := func(ctx context.Context, method, path, password, body string) (status int, retryAfter string,
		took time.Duration) {
		r, err := http.NewRequestWithContext(ctx, method, c.base+path, strings.NewReader(body))
		if err != nil {
			return 0, "", 0
		}
		r.SetBasicAuth("admin", password)
		if body != "" {
			r.Header.Set("Content-Type", map[bool]string{true: "application/json", false: "text/csv"}[body[0] == '{'])
		}
		began := time.Now()
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0, "", time.Since(began)
		}
		defer func() { _ = response.Body.Close() }()
		_, _ = io.Copy(io.Discard, response.Body)
		return response.StatusCode, response.Header.Get("Retry-After"), time.Since(began)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var mu sync.Mutex
	answers := map[int]int{}
	var searching sync.WaitGroup
	for client := range 60 {
		searching.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				status, retryAfter, _ := ask(ctx, "GET", fmt.Sprintf("/products/?search=nowhere-%d-%d", client, n),
					c.password, "")
				if status == 0 && ctx.Err() != nil {
					return
				}
				if status == http.StatusServiceUnavailable {
					assert.NotEmpty(t, retryAfter)
				}
				mu.Lock()
				answers[status]++
				mu.Unlock()
			}
		})
	}
	time.Sleep(time.Second) // until all are at it
	var others sync.WaitGroup
	for _, o := range []struct {
		method, path, password, body string
		status                       int
	}{
		{"GET", "/products/" + id, c.password, "", 200},
		{"GET", "/products/?sku=sku-7", c.password, "", 200},
		{"GET", "/products/?count=false", c.password, "", 200},
		{"GET", "/imports/", c.password, "", 200},
		{"GET", "/readyz", "", "", 200},
		{"GET", "/products/" + id, "wrong", "", 401}, // what hashes a password is no different
		{"PATCH", "/products/" + id, c.password, `{"name":"another"}`, 200},
		{"POST", "/upload_csv/", c.password, "name,sku\nLamp,l-1\n", 202},
	} {
		others.Go(func() {
			for range 3 {
				status, _, took := ask(t.Context(), o.method, o.path, o.password, o.body)
				assert.Equal(t, o.status, status, "%s %s", o.method, o.path)
				assert.Less(t, took, bound, "%s %s", o.method, o.path)
			}
		})
	}
	others.Wait()
	require.Eventually(t, func() bool {
		return strings.Contains(c.do("GET", "/imports/", "", nil, 200), `"SUCCESS"`)
	}, 30*time.Second, 50*time.Millisecond, "an import goes on")
	stop()
	searching.Wait()
	require.Positive(t, answers[200], "some searches are answered: %v", answers)
	require.Positive(t, answers[503], "and some are told to come back: %v", answers)
	require.Len(t, answers, 2, "%v", answers)
	t.Logf("searches: %v", answers)
}
