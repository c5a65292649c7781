package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
)

// ticks is how much of the processors the server's process has used so far, in the kernel's units.
func (c *client) ticks() int {
	c.t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.process.Process.Pid))
	require.NoError(c.t, err)
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	user, err := strconv.Atoi(fields[11])
	require.NoError(c.t, err)
	system, err := strconv.Atoi(fields[12])
	require.NoError(c.t, err)
	return user + system
}

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

	before := maker.ticks()
	report := maker.do("GET", path, "", nil, 200)
	made := maker.ticks() - before
	require.Equal(t, records-skus+1, strings.Count(report, "\n"))
	for _, c := range []*client{maker, other} {
		before := c.ticks()
		var group sync.WaitGroup
		for range requests {
			group.Go(func() {
				if status, length, err := c.get("GET", path, ""); err != nil || status != 200 || length != len(report) {
					t.Error(status, length, err)
				}
			})
		}
		group.Wait()
		copied := c.ticks() - before
		t.Logf("making it took %d ticks, copying it %d times %d", made, requests, copied)
		require.Less(t, copied, requests*made/10, "a report that is kept isn't made again")
	}
}
