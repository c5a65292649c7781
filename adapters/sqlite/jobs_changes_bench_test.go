package sqlite_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/sqlite"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// BenchmarkChanges imports 500,000 records as jobs, of new products and of products that exist and all of which change.
// x-none is how many times as long it takes with changes kept as without, in the same run, and x-undo how many times as
// long as such an import its undo takes.
func BenchmarkChanges(b *testing.B) {
	for _, variant := range []catalogtest.Variant{catalogtest.Base, catalogtest.Changed} {
		name := "new"
		if variant == catalogtest.Changed {
			name = "changed"
		}
		b.Run(name, func(b *testing.B) {
			before, file := catalogue(b, catalogtest.Base), catalogue(b, variant)
			var took [2]time.Duration
			var undoing time.Duration
			for range b.N {
				for i, changes := range []string{job.ChangesNone, job.ChangesAll} {
					path := filepath.Join(b.TempDir(), "products.db")
					if variant == catalogtest.Changed {
						importOnce(b, path, before, products.Update)
					}
					db, err := sqlite.Open(b.Context(), path, sqlite.Options{})
					require.NoError(b, err)
					service, err := job.NewService(db.Jobs(), db.Uploads(),
						job.ServiceOptions{BatchSize: db.Products().BatchSize()})
					require.NoError(b, err)
					runner, err := job.NewRunner(db.Jobs(), db.Uploads(), db.Products(), job.RunnerOptions{})
					require.NoError(b, err)
					work := func() job.Job {
						claim, err := runner.Claim(b.Context(), "bench")
						require.NoError(b, err)
						j, err := runner.Run(b.Context(), claim, nil)
						require.NoError(b, err)
						require.Equal(b, job.Success, j.State, j.Error)
						return j
					}
					_, _, err = service.Submit(b.Context(), job.Request{Settings: job.Settings{Mode: products.Update,
						Changes: changes}}, bytes.NewReader(file))
					require.NoError(b, err)
					j := work()
					took[i] += j.Event.Elapsed
					if changes == job.ChangesAll {
						_, _, err = service.Undo(b.Context(), j.ID, job.UndoRequest{})
						require.NoError(b, err)
						undone := work()
						require.Equal(b, j.Event.Created+j.Event.Updated, undone.Event.Deleted+undone.Event.Updated)
						undoing += undone.Event.Elapsed
					}
					require.NoError(b, db.Close())
					require.NoError(b, os.Remove(path))
				}
			}
			b.ReportMetric(took[1].Seconds()/took[0].Seconds(), "x-none")
			b.ReportMetric(undoing.Seconds()/took[1].Seconds(), "x-undo")
			b.ReportMetric(took[1].Seconds()/float64(b.N), "s/all")
			b.ReportMetric(undoing.Seconds()/float64(b.N), "s/undo")
			b.ReportMetric(0, "ns/op")
		})
	}
}
