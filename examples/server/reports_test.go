package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/examples/programtest"
)

// TestManyReports: what it costs to make a report of a large file is paid once, however many ask for it, from whichever
// server.
func TestManyReports(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("the use of processors is read from /proc")
	}
	const records, skus, requests = 200_000, 100_000, 40
	url := home.URL(t)
	maker, other := start(t, "-database-url", url), start(t, "-database-url", url)
	var text strings.Builder
	text.WriteString("sku,name\n")
	for i := range records {
		fmt.Fprintf(&text, "sku-%d,A product with a name\n", i%skus)
	}
	ended, counts := maker.importFile("?dry_run=true", strings.NewReader(text.String()))
	require.Equal(t, "SUCCESS", ended.State)
	require.InDelta(t, records-skus, counts["superseded"], 0, "%v", counts)
	path := fmt.Sprint("/imports/", counts["task_id"], "/superseded.csv")

	before := programtest.Processor(t, maker.process.Process.Pid)
	report := maker.do("GET", path, "", nil, 200)
	made := programtest.Processor(t, maker.process.Process.Pid) - before
	require.Equal(t, records-skus+1, strings.Count(report, "\n"))
	for _, c := range []*client{maker, other} {
		before := programtest.Processor(t, c.process.Process.Pid)
		var group sync.WaitGroup
		for range requests {
			group.Go(func() {
				if status, length, err := c.get("GET", path, ""); err != nil || status != 200 || length != len(report) {
					t.Error(status, length, err)
				}
			})
		}
		group.Wait()
		copied := programtest.Processor(t, c.process.Process.Pid) - before
		t.Logf("making it took %v, copying it %d times %v", made, requests, copied)
		require.Less(t, copied, requests*made/10, "a report that is kept isn't made again")
	}
}
