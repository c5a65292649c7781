package main

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/receive"
)

// TestEvents: a database whose changes somebody follows tells of what the program does to it, to the last event, by
// which a receiver knows that nothing is missing; one that nobody follows keeps no event.
func TestEvents(t *testing.T) {
	for name, url := range databases {
		t.Run(name, func(t *testing.T) {
			database := url(t)
			db := openDatabase(t, database)
			defer func() { require.NoError(t, db.Close()) }()
			run := func(status int, args ...string) session {
				t.Helper()
				s := importcsv(t, nil, "", append([]string{"-database-url", database}, args...)...)
				require.Equal(t, status, s.status, s.stderr)
				return s
			}
			from := webhooks.Cursor{}
			tally := receive.NewTally(webhooks.ProductCreated, webhooks.ProductUpdated, webhooks.ProductDeleted)
			// told returns the types of the events since the last call, the last of which ends an import of which all
			// has come.
			told := func() (types []string) {
				t.Helper()
				page, err := db.Webhooks.ReadFeed(t.Context(), webhooks.FeedQuery{After: from, Limit: 100})
				require.NoError(t, err)
				from = page.Next
				for i, e := range page.Events {
					types = append(types, e.Type)
					var m receive.Message
					require.NoError(t, json.Unmarshal(e.AppendBody(nil), &m))
					status, err := tally.Add(&m)
					require.NoError(t, err)
					require.Equal(t, i == len(page.Events)-1, status.Complete, e.Type)
				}
				return types
			}
			file := write(t, "all.csv", "sku,name\na,A\nb,B\nc,C\n")
			run(0, file)
			_, err := db.Webhooks.KeepFeed(t.Context(), time.Hour)
			require.NoError(t, err)
			_ = told()
			less := write(t, "less.csv", "sku,name\na,A2\nd,D\n")
			report := filepath.Join(t.TempDir(), "changes.csv")
			run(0, "-mode", "update", "-dry-run", less)
			require.Empty(t, told())
			run(0, "-mode", "update", "-missing", "delete", "-max-missing", "2", less)
			require.Equal(t, []string{webhooks.ProductCreated, webhooks.ProductUpdated, webhooks.ProductDeleted,
				webhooks.ImportCompleted}, told())
			run(0, "-changes", report, write(t, "more.csv", "sku,name\ne,E\n"))
			require.Equal(t, []string{webhooks.ProductCreated, webhooks.ImportCompleted}, told())
			jobs, _, err := db.Jobs.List(t.Context(), job.Query{Limit: 1})
			require.NoError(t, err)
			run(0, "-undo", jobs[0].ID)
			require.Equal(t, []string{webhooks.ProductDeleted, webhooks.ImportCompleted}, told())
			run(1, "-missing", "delete", write(t, "other.csv", "sku,name\nx,X\n"))
			require.Equal(t, []string{webhooks.ImportFailed}, told())
		})
	}
}
