package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/examples/programtest"
)

// peak is the most memory that the server's process had so far, in MiB.
func (c *client) peak() int {
	c.t.Helper()
	mib := programtest.Peak(c.t, c.process.Process.Pid)
	require.NotZero(c.t, mib, "it runs")
	return int(mib)
}

// get reads a response to its end, and returns its status and length. Busy is an answer too.
func (c *client) get(method, path, body string) (status, length int, err error) {
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.base+path, strings.NewReader(body))
	if err != nil {
		return 0, 0, err
	}
	r.SetBasicAuth("admin", c.password)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = response.Body.Close() }()
	n, err := io.Copy(io.Discard, response.Body)
	return response.StatusCode, int(n), err
}

// TestGiants: requests of the worst kinds, over products that are as large as they may be, stay within a stated memory
// together, and are all answered.
func TestGiants(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("memory is read from /proc")
	}
	const n, each = 24, 3
	most := 128 // MiB
	if raceDetector {
		most *= 4 // its shadow of the memory
	}
	url := home.URL(t)
	c := start(t, "-database-url", url)
	raw, err := sql.Open("postgres", url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, raw.Close()) })
	_, err = raw.ExecContext(t.Context(), fmt.Sprintf(`INSERT INTO products (id, sku_key, sku, name, attributes)
		SELECT nextval('product_ids'), 'giant-' || i, 'giant-' || i, 'before', x.attributes
		FROM generate_series(1, %d) AS i, LATERAL (SELECT jsonb_object_agg('a' || k, repeat(md5(i || ' ' || k), 2040)) AS attributes
		FROM generate_series(0, 15) AS k) AS x`, n))
	require.NoError(t, err)
	before := c.peak()
	var first struct{ Results []struct{ ID int64 } }
	require.NoError(t, json.Unmarshal([]byte(c.do("GET", "/products/?limit=5", "", nil, 200)), &first))

	var requests sync.WaitGroup
	var whole atomic.Int64
	for i := range each {
		for _, q := range []struct {
			method, path, body string
			length             int
		}{
			{"GET", "/products/?limit=1000", "", n << 20},
			{"GET", "/products/?limit=1000&ordering=-sku", "", n << 20},
			{"GET", "/products/export.csv?attributes=a0,a1,a2,a3,a4,a5,a6,a7,a8,a9,a10,a11,a12,a13,a14,a15", "",
				n << 20},
			{"PATCH", fmt.Sprint("/products/", first.Results[i].ID), `{"attributes":{"a0":"` +
				strings.Repeat("y", 65_000) + `"}}`, 1 << 20},
			{"GET", fmt.Sprint("/products/", first.Results[i].ID), "", 1 << 20},
		} {
			requests.Go(func() {
				status, length, err := c.get(q.method, q.path, q.body)
				if status == http.StatusServiceUnavailable {
					return
				}
				if err != nil {
					t.Errorf("%s %s: %v", q.method, q.path, err)
				}
				assert.Equal(t, 200, status, q.path)
				assert.Greater(t, length, q.length*9/10, q.path)
				whole.Add(1)
			})
		}
	}
	requests.Wait()
	t.Logf("%d MiB at first, %d at most; %d of %d whole", before, c.peak(), whole.Load(), each*5)
	require.Less(t, c.peak(), most)
	require.Greater(t, whole.Load(), int64(each), "most are answered in full, the others are told to come again")

	// A product can't be made larger by patching it again and again.
	for i := range 30 {
		status, _, err := c.get("PATCH", fmt.Sprint("/products/", first.Results[0].ID),
			fmt.Sprintf(`{"attributes":{"more %d":"%s"}}`, i, strings.Repeat("y", 60_000)))
		require.NoError(t, err)
		require.Equal(t, http.StatusUnprocessableEntity, status)
	}
	var file bytes.Buffer
	file.WriteString("sku,name\n")
	for i := range n {
		fmt.Fprintf(&file, "giant-%d,after\n", i+1)
	}
	_, counts := c.importFile("?mode=update", &file)
	require.EqualValues(t, n, counts["updated"])
	require.Less(t, c.peak(), most)
}
