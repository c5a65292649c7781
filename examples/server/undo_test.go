package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// namedCatalogue is a file of so many products with the name.
func namedCatalogue(records int, name string) *strings.Reader {
	return alikeCatalogue(records, "name", name)
}

// alikeCatalogue is a file of so many products that have the same in all columns but the SKU.
func alikeCatalogue(records int, columns, values string) *strings.Reader {
	var b strings.Builder
	b.WriteString("sku," + columns + "\n")
	for i := range records {
		fmt.Fprintf(&b, "s-%06d,%s\n", i, values)
	}
	return strings.NewReader(b.String())
}

// submitted submits a file of which the changes are kept, and returns the job's ID.
func (c *client) submitted(records int, name string) string {
	c.t.Helper()
	return c.upload("?changes=all&mode=update", "text/csv", namedCatalogue(records, name))
}

// count is one of a job's counts, of which some are left out where they are 0.
func count(job map[string]any, name string) int {
	n, _ := job[name].(float64)
	return int(n)
}

// changed are the keys of the products that a job changed, each of which comes once, of one kind unless that is empty.
func (c *client) changed(id, kind string) map[string]bool {
	c.t.Helper()
	query := ""
	if kind != "" {
		query = "?kind=" + kind
	}
	keys, last := map[string]bool{}, ""
	rows := strings.Split(c.do("GET", "/imports/"+id+"/changes.csv"+query, "", nil, 200), "\n")
	for _, row := range rows[1:] {
		if key, _, is := strings.Cut(row, ","); is && key != last {
			require.False(c.t, keys[key], "%s comes twice", key)
			keys[key], last = true, key
		}
	}
	return keys
}

// TestKilledUndo kills a server with a SQLite file in the middle of an undo, again and again: everything is taken back
// once, but for what was edited, and the counts are those of an undisturbed undo. It isn't parallel: beside others
// the undo may have ended before a kill hits it.
func TestKilledUndo(t *testing.T) {
	const records = 150_000
	database := "sqlite:" + filepath.Join(t.TempDir(), "products.db")
	c := start(t, "-database-url", database)
	c.until(c.submitted(records/2, "before"), ended)
	before := c.lines()
	second := c.submitted(records, "after")
	c.until(second, ended)
	c.do("PATCH", "/products/1", "application/json", strings.NewReader(`{"description":"by hand"}`), 200)
	c.do("PATCH", fmt.Sprint("/products/", records), "application/json", strings.NewReader(`{"description":"by hand"}`), 200)
	undo := c.post("/imports/"+second+"/undo", `{}`, 202)["task_id"].(string)
	var done float64
	for kills := 0; kills < 3; kills++ {
		job := c.until(undo, func(job map[string]any) bool { return ended(job) || job["read"].(float64) > done })
		if ended(job) {
			break
		}
		done = job["read"].(float64)
		kill(c.process)
		c = start(t, "-database-url", database)
	}
	require.NotZero(t, done, "it was killed in the middle")
	job := c.until(undo, ended)
	require.Equal(t, "SUCCESS", job["state"], job["error"])
	for name, want := range map[string]int{"read": records, "updated": records/2 - 1, "deleted": records/2 - 1, "kept": 2,
		"created": 0, "unchanged": 0} {
		require.Equal(t, want, count(job, name), name)
	}
	after := c.lines()
	require.Len(t, after, len(before)+1)
	byHand := 0
	for _, line := range after {
		if strings.Contains(line, "by hand") {
			byHand++
			require.Contains(t, line, "after")
		}
	}
	require.Equal(t, 2, byHand, "an edit is never lost")
	require.Len(t, c.changed(undo, ""), records)
}

// edits changes a product by hand, and reports whether it was there.
func (c *client) edits(id int) bool {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), "PATCH", fmt.Sprint(c.base, "/products/", id),
		strings.NewReader(`{"description":"by hand"}`))
	require.NoError(c.t, err)
	r.SetBasicAuth("admin", c.password)
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	require.NoError(c.t, err)
	defer func() { _ = response.Body.Close() }()
	require.Contains(c.t, []int{200, 404}, response.StatusCode)
	return response.StatusCode == 200
}

// TestImportsBesideAnUndo: two imports, an undo and edits meet over the same products. The counts of each are those of
// what it says that it changed, and no edit is lost.
func TestImportsBesideAnUndo(t *testing.T) {
	t.Parallel()
	for name, url := range databases {
		t.Run(name, func(t *testing.T) {
			const records, edits = 8_000, 60
			c := start(t, "-database-url", url(t), "-workers", "3")
			first := c.submitted(records, "first")
			c.until(first, ended)
			var edited []int
			var jobs []string
			for i := range edits {
				if i == 5 {
					jobs = []string{c.post("/imports/"+first+"/undo", `{}`, 202)["task_id"].(string),
						c.submitted(records, "second"), c.submitted(records, "third")}
				}
				id := 1 + i*records/edits
				if c.edits(id) {
					edited = append(edited, id)
				}
				time.Sleep(5 * time.Millisecond)
			}
			for _, id := range jobs {
				job := c.until(id, ended)
				require.Equal(t, "SUCCESS", job["state"], job["error"])
				require.Equal(t, records, count(job, "read"))
				for _, kind := range []string{"created", "updated", "deleted", "kept"} {
					require.Len(t, c.changed(id, kind), count(job, kind), "%s of %s", kind, id)
				}
			}
			require.NotEmpty(t, edited)
			for _, id := range edited {
				require.Contains(t, c.do("GET", fmt.Sprint("/products/", id), "", nil, 200), "by hand", "an edit is never lost")
			}
			require.Len(t, c.lines(), records+1, "each product is there once")
		})
	}
}
