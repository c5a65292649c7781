package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/adapters/outbox"
	"github.com/products-importer/products-importer/adapters/worker"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// workerVictim, an environment variable, makes this test binary a worker on the file that it names.
const workerVictim = "SQLITE_TEST_WORKER"

// workUntil does imports, with their events, until the context ends.
func workUntil(ctx context.Context, path string) (err error) {
	db, err := Open(ctx, path, Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	events, err := outbox.New(db.Webhooks())
	if err != nil {
		return err
	}
	db.Jobs().OnEnd(events.JobEnded)
	runner, err := job.NewRunner(db.Jobs(), db.Uploads(), db.Products(), job.RunnerOptions{Notifier: events.Import,
		Lease: time.Second})
	if err != nil {
		return err
	}
	w, err := worker.New(runner, worker.Options{Poll: 50 * time.Millisecond})
	if err != nil {
		return err
	}
	return w.Run(ctx)
}

// importOutcome is what an import leaves.
type importOutcome struct {
	counts progress.Counts
	table  []string            // the products
	told   map[string][]string // the SKUs that events of a type name
	events map[string]int      // by type
}

// imported does an import by workers that are killed, and returns what is left.
func imported(t *testing.T, mode products.Mode, kills int) importOutcome {
	path := filepath.Join(t.TempDir(), "products.db")
	db := openFile(t, path, Options{})
	_, err := db.Webhooks().CreateEndpoint(t.Context(), endpoint("https://example.invalid"))
	require.NoError(t, err)
	service, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{})
	require.NoError(t, err)
	submit := func(variant catalogtest.Variant, mode products.Mode) string {
		j, _, err := service.Submit(t.Context(), job.Request{Settings: job.Settings{Mode: mode, BatchRecords: 1_000}},
			catalogtest.NewReader(victimRecords/2, variant))
		require.NoError(t, err)
		return j.ID
	}
	work := func(id string, kills int) (j job.Job) {
		for left := kills; ; left-- {
			command := exec.CommandContext(t.Context(), os.Args[0])
			command.Env = append(os.Environ(), workerVictim+"="+path)
			require.NoError(t, command.Start())
			require.Eventually(t, func() bool {
				j, err = service.Get(t.Context(), id)
				require.NoError(t, err)
				return j.State.Final() || left > 0 && j.State == job.Progress
			}, time.Minute, 5*time.Millisecond)
			if !j.State.Final() {
				time.Sleep(time.Duration(20+rand.IntN(100)) * time.Millisecond)
			}
			require.NoError(t, command.Process.Kill())
			require.Error(t, command.Wait(), "it was killed")
			if j, err = service.Get(t.Context(), id); err != nil || j.State.Final() {
				require.NoError(t, err)
				require.LessOrEqual(t, left, 0, "it was killed so often")
				return j
			}
		}
	}
	work(submit(catalogtest.Base, products.Ignore), 0)
	id := submit(catalogtest.HalfNew, mode)
	j := work(id, kills)
	require.Equal(t, job.Success, j.State, j.Error)
	o := importOutcome{counts: j.Event.Counts, told: map[string][]string{}, events: map[string]int{}}
	require.NoError(t, db.readers.Select(&o.table,
		`SELECT sku_key || '|' || name || '|' || description || '|' || version FROM products ORDER BY sku_key`))
	var ids []int64
	require.NoError(t, db.readers.Select(&ids, `SELECT d.id FROM webhook_deliveries d
		JOIN webhook_events e ON e.id = d.event WHERE e.import_id = ? ORDER BY d.id`, id))
	for _, id := range ids {
		record, err := db.Webhooks().Delivery(t.Context(), id)
		require.NoError(t, err)
		e := record.Event
		o.events[e.Type]++
		if e.Numbered() {
			require.EqualValues(t, o.events[e.Type], e.Number, "numbers have no gap")
		}
		var data struct{ Products []struct{ SKU string } }
		require.NoError(t, json.Unmarshal(e.Data, &data))
		for _, p := range data.Products {
			o.told[e.Type] = append(o.told[e.Type], p.SKU)
		}
	}
	for _, skus := range o.told {
		slices.Sort(skus)
	}
	return o
}

// TestWorkersKilled kills workers in the middle of an import, in each mode: the table, the counts and what an endpoint is
// told are those of an import that nobody disturbed.
func TestWorkersKilled(t *testing.T) {
	kills := casetest.Times(5, 2)
	for _, mode := range []products.Mode{products.Ignore, products.Update} {
		t.Run(mode.String(), func(t *testing.T) {
			want := imported(t, mode, 0)
			require.NotEmpty(t, want.told)
			require.Equal(t, want, imported(t, mode, kills))
		})
	}
}
