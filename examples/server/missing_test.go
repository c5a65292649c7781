package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// activeCatalogue is a file of so many active products with the name.
func activeCatalogue(records int, name string) *strings.Reader {
	return alikeCatalogue(records, "name,status", name+",true")
}

// inStep is what an import leaves whose file lacks products: the job's counts, the catalogue, and of each product that
// changed what happened to it.
type inStep struct {
	counts  map[string]int
	lines   []string
	changes map[string][]string // the keys by kind, sorted
	kills   int
}

// keepsInStep imports a file that lacks most of the catalogue. The server is killed so often while it does away with
// what is missing.
func keepsInStep(t *testing.T, missing string, kills int) (s inStep) {
	const records = 40_000
	database := "sqlite:" + filepath.Join(t.TempDir(), "products.db")
	c := start(t, "-database-url", database)
	c.until(c.upload("", "text/csv", activeCatalogue(records, "before")), ended)
	id := c.upload("?mode=update&changes=all&max_missing=100%25&missing="+missing, "text/csv",
		activeCatalogue(records/8, "after"))
	for last := 0; s.kills < kills; s.kills++ {
		job := c.until(id, func(job map[string]any) bool { return ended(job) || count(job, "missing") > last })
		if ended(job) {
			break
		}
		last = count(job, "missing")
		kill(c.process)
		c = start(t, "-database-url", database)
		if s.kills == 0 { // others create a product, which was not missing
			c.post("/products/", `{"sku":"others","name":"others"}`, 201)
		}
	}
	job := c.until(id, ended)
	require.Equal(t, "SUCCESS", job["state"], job["error"])
	if s.kills == 0 {
		c.post("/products/", `{"sku":"others","name":"others"}`, 201)
	}
	s.counts, s.changes = map[string]int{}, map[string][]string{}
	for _, name := range []string{"read", "created", "updated", "unchanged", "skipped", "superseded", "rejected",
		"missing", "deactivated", "deleted", "kept"} {
		s.counts[name] = count(job, name)
	}
	for _, kind := range []string{"created", "updated", "deactivated", "deleted", "kept"} {
		for key := range c.changed(id, kind) {
			s.changes[kind] = append(s.changes[kind], key)
		}
		slices.Sort(s.changes[kind])
	}
	s.lines = c.lines()
	return s
}

// TestKilledMissing kills a server with a SQLite file while it deactivates or deletes what a file lacks, again and
// again: it is done once, and counts, catalogue and changes are those of an import that nobody disturbed. What others
// create meanwhile stays. It isn't parallel, as TestKilledUndo.
func TestKilledMissing(t *testing.T) {
	for missing, kind := range map[string]string{"deactivate": "deactivated", "delete": "deleted"} {
		t.Run(missing, func(t *testing.T) {
			want, got := keepsInStep(t, missing, 0), keepsInStep(t, missing, 2)
			require.NotZero(t, got.kills, "it was killed in the middle")
			require.Equal(t, 35_000, want.counts[kind])
			require.Equal(t, 35_000, want.counts["missing"])
			require.Len(t, want.changes[kind], 35_000)
			require.Len(t, want.changes["updated"], 5_000)
			want.kills = got.kills
			require.Equal(t, want, got)
		})
	}
}
