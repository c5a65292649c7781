package postgres_test

import (
	"bytes"
	"database/sql"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// BenchmarkChanges imports 500,000 records as jobs, of new products and of products that exist and all of which change.
// x-none is how many times as long it takes with changes kept as without, in the same run, and x-undo how many times as
// long as such an import its undo takes.
func BenchmarkChanges(b *testing.B) {
	for _, changed := range []bool{false, true} {
		name := "new"
		if changed {
			name = "changed"
		}
		b.Run(name, func(b *testing.B) {
			before, err := io.ReadAll(catalogtest.NewReader(catalogtest.BenchRecords(), catalogtest.Base))
			require.NoError(b, err)
			file := before
			if changed {
				// Names begin records.
				file = bytes.TrimSuffix(bytes.ReplaceAll(before, []byte("\r\n"), []byte("\r\nX ")), []byte("X "))
			}
			url := migrated(b)
			db, err := postgres.Open(b.Context(), url, postgres.Options{})
			require.NoError(b, err)
			defer func() { require.NoError(b, db.Close()) }()
			admin, err := sql.Open("postgres", url)
			require.NoError(b, err)
			defer func() { require.NoError(b, admin.Close()) }()
			var took [2]time.Duration
			var undoing time.Duration
			for range b.N {
				for i, changes := range []string{job.ChangesNone, job.ChangesAll} {
					empty(b, admin)
					exec(b, admin, `TRUNCATE import_changes`)
					if changed {
						importOnce(b, url, nil, before, products.Update)
						exec(b, admin, `VACUUM ANALYZE products`)
						exec(b, admin, `CHECKPOINT`)
					}
					j := runJob(b, db, file, job.Settings{Mode: products.Update, Changes: changes})
					took[i] += j.Event.Elapsed
					if changes == job.ChangesAll {
						undoing += undoJob(b, db, j).Event.Elapsed
					}
				}
			}
			b.ReportMetric(took[1].Seconds()/took[0].Seconds(), "x-none")
			b.ReportMetric(undoing.Seconds()/took[1].Seconds(), "x-undo")
			b.ReportMetric(took[0].Seconds()/float64(b.N), "s/none")
			b.ReportMetric(took[1].Seconds()/float64(b.N), "s/all")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// runJob imports a file, which is in memory, as a job.
func runJob(b *testing.B, db *postgres.DB, file []byte, settings job.Settings) job.Job {
	uploads := memory.New(memory.Options{}).Uploads()
	service, err := job.NewService(db.Jobs(), uploads, job.ServiceOptions{})
	require.NoError(b, err)
	_, _, err = service.Submit(b.Context(), job.Request{Settings: settings}, bytes.NewReader(file))
	require.NoError(b, err)
	return nextJob(b, db, uploads)
}

// undoJob undoes a job whole.
func undoJob(b *testing.B, db *postgres.DB, of job.Job) job.Job {
	uploads := memory.New(memory.Options{}).Uploads()
	service, err := job.NewService(db.Jobs(), uploads, job.ServiceOptions{})
	require.NoError(b, err)
	_, _, err = service.Undo(b.Context(), of.ID, job.UndoRequest{})
	require.NoError(b, err)
	j := nextJob(b, db, uploads)
	require.Equal(b, of.Event.Created+of.Event.Updated, j.Event.Deleted+j.Event.Updated)
	return j
}

// nextJob works on the next job.
func nextJob(b *testing.B, db *postgres.DB, uploads job.Uploads) job.Job {
	runner, err := job.NewRunner(db.Jobs(), uploads, db.Products(), job.RunnerOptions{})
	require.NoError(b, err)
	claim, err := runner.Claim(b.Context(), "bench")
	require.NoError(b, err)
	j, err := runner.Run(b.Context(), claim, nil)
	require.NoError(b, err)
	require.Equal(b, job.Success, j.State, j.Error)
	return j
}
