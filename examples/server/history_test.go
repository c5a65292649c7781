package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHistoryOfAProduct: imports, edits and undos are in a product's history, with who made them, in both databases.
func TestHistoryOfAProduct(t *testing.T) {
	t.Parallel()
	for name, url := range databases {
		t.Run(name, func(t *testing.T) {
			c := start(t, "-database-url", url(t))
			imports := func(name string) string {
				answer := c.do("POST", "/upload_csv/?changes=all&mode=update", "text/csv",
					strings.NewReader("sku,name\na,"+name+"\n"), 202)
				var job struct {
					ID string `json:"task_id"`
				}
				require.NoError(t, json.Unmarshal([]byte(answer), &job))
				c.until(job.ID, ended)
				return job.ID
			}
			imports("A")
			c.do("PATCH", "/products/1", "application/json", strings.NewReader(`{"name":"B"}`), 200)
			second := imports("C")
			undo := c.post("/imports/"+second+"/undo", `{}`, 202)["task_id"].(string)
			c.until(undo, ended)
			c.do("PATCH", "/products/1", "application/json", strings.NewReader(`{"name":"D"}`), 200)
			var got []string
			for next := "/products/1/history?limit=2"; next != ""; {
				var page struct {
					Next    string
					Results []struct {
						ID      *int64
						User    string
						Version int64
						Import  *struct{ URL, Undo string }
						Fields  map[string]struct{ Before, After any }
					}
				}
				require.NoError(t, json.Unmarshal([]byte(c.do("GET", strings.TrimPrefix(next, c.base), "", nil, 200)), &page))
				for _, e := range page.Results {
					line := fmt.Sprintf("v%d %v>%v by %s", e.Version, e.Fields["name"].Before, e.Fields["name"].After, e.User)
					if e.Import != nil {
						c.do("GET", strings.TrimPrefix(e.Import.URL, c.base), "", nil, 200)
						line += map[string]string{"": " import", second: " undo of the second"}[e.Import.Undo]
					}
					got = append(got, line)
				}
				next = page.Next
			}
			require.Equal(t, []string{"v5 B>D by admin", "v4 C>B by admin undo of the second", "v3 B>C by admin import",
				"v2 A>B by admin", "v1 <nil>>A by admin import"}, got)
		})
	}
}
