package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/catalogtest"
)

// post sends JSON, and returns the answer's.
func (c *client) post(path, body string, status int) (answer map[string]any) {
	c.t.Helper()
	require.NoError(c.t, json.Unmarshal([]byte(c.do("POST", path, "application/json", strings.NewReader(body), status)),
		&answer))
	return answer
}

// TestKilledInTwoSteps stores a file, tries it out and imports it, with servers that are killed after every step and in
// the middle of the import. Nothing is sent again, and nothing is lost.
func TestKilledInTwoSteps(t *testing.T) {
	t.Parallel()
	for name, url := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const records = 150_000
			database := url(t)
			c := start(t, "-database-url", database)
			restart := func() {
				kill(c.process)
				c = start(t, "-database-url", database)
			}
			var upload struct{ ID, SHA256, User string }
			require.NoError(t, json.Unmarshal([]byte(c.do("POST", "/uploads/", "text/csv",
				catalogtest.NewReader(records, catalogtest.Base), 201)), &upload))
			require.Equal(t, "admin", upload.User)
			restart()
			tried := c.post("/imports/", `{"upload":"`+upload.ID+`","dry_run":true,"mode":"update"}`, 202)["task_id"].(string)
			dry := c.until(tried, ended)
			require.Equal(t, "SUCCESS", dry["state"])
			require.Equal(t, "admin", dry["user"])
			c.do("PUT", "/profiles/mine", "application/json", strings.NewReader(
				`{"settings":{"mode":"update"},"upload":"`+upload.ID+`"}`), 200)
			restart()
			done := c.post("/imports/"+tried+"/rerun", `{"dry_run":false}`, 202)["task_id"].(string)
			c.until(done, func(job map[string]any) bool {
				require.False(t, ended(job), "it is in the middle")
				created, _ := job["created"].(float64)
				return created > 0
			})
			restart()
			imported := c.until(done, ended)
			require.Equal(t, "SUCCESS", imported["state"])
			for _, key := range []string{"read", "created", "updated", "unchanged", "skipped", "superseded", "rejected",
				"passed_over"} {
				require.Equal(t, dry[key], imported[key], key)
			}
			require.Equal(t, c.do("GET", "/imports/"+tried+"/rejects.csv", "", nil, 200),
				c.do("GET", "/imports/"+done+"/rejects.csv", "", nil, 200))
			var preview struct{ Profile struct{ Name string } }
			require.NoError(t, json.Unmarshal([]byte(c.do("GET", "/uploads/"+upload.ID+"/preview", "", nil, 200)), &preview))
			require.Equal(t, "mine", preview.Profile.Name)
			c.do("DELETE", "/uploads/"+upload.ID, "", nil, 204)
			c.do("GET", "/uploads/"+upload.ID, "", nil, 404)
			again := c.until(c.post("/imports/"+done+"/rerun", `{}`, 202)["task_id"].(string), ended)
			require.Equal(t, "SUCCESS", again["state"], "the imports have the file")
			require.EqualValues(t, 0, again["created"])
		})
	}
}
