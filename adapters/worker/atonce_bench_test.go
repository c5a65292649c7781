package worker_test

import (
	"context"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/adapters/worker"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// atOnce is how many imports BenchmarkAtOnce has done.
const atOnce = 8

// BenchmarkAtOnce has one worker do 8 imports of 500,000 new products, one after the other and all at once. x-alone is
// how many times as long all at once take. s-pause is the longest time that one of those stood still, from its claim to
// its end, and x-pause that as a share of the time of all, which says little with -short: then an import has three
// batches.
func BenchmarkAtOnce(b *testing.B) {
	var alone, together, pause time.Duration
	for b.Loop() {
		took, _ := importMany(b, 1)
		alone += took
		took, longest := importMany(b, atOnce)
		together += took
		pause = max(pause, longest)
	}
	b.ReportMetric(together.Seconds()/alone.Seconds(), "x-alone")
	b.ReportMetric(together.Seconds()/float64(b.N), "s/all")
	b.ReportMetric(pause.Seconds(), "s-pause")
	b.ReportMetric(pause.Seconds()/(together.Seconds()/float64(b.N)), "x-pause")
	b.ReportMetric(0, "ns/op") // holds the yardstick too
}

// manyFile gives the file of the import with the number, whose products no other one has, in no order.
type manyFile struct {
	number, records, next int
	rest                  []byte
}

func (f *manyFile) Read(p []byte) (int, error) {
	for len(f.rest) < len(p) && f.next <= f.records {
		if f.next == 0 {
			f.rest = append(f.rest, "sku,name,description\n"...)
		} else {
			f.rest = fmt.Appendf(f.rest, "%d-%016x,Product %d,"+
				"\"What there is to say of it, in a sentence of usual length or two\"\n",
				f.number, uint64(f.next)*0x9e3779b97f4a7c15, f.next)
		}
		f.next++
	}
	if len(f.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, f.rest)
	f.rest = append(f.rest[:0], f.rest[n:]...)
	return n, nil
}

// importMany has a worker with so many places do the imports, and returns how long it took, and the longest time for
// which one that it had claimed stood still.
func importMany(b *testing.B, places int) (took, pause time.Duration) {
	url := pgtest.URL(b)
	db, err := postgres.Open(b.Context(), url, postgres.Options{MaxConns: 4*places + 8})
	require.NoError(b, err)
	defer func() { require.NoError(b, db.Close()) }()
	looks, err := postgres.Open(b.Context(), url, postgres.Options{}) // with connections of its own
	require.NoError(b, err)
	defer func() { require.NoError(b, looks.Close()) }()
	service, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{})
	require.NoError(b, err)
	ids := make([]string, atOnce)
	for i := range ids {
		j, _, err := service.Submit(b.Context(), job.Request{Settings: job.Settings{Mode: products.Update}},
			&manyFile{number: i, records: catalogtest.BenchRecords()})
		require.NoError(b, err)
		ids[i] = j.ID
	}
	runner, err := job.NewRunner(db.Jobs(), db.Uploads(), db.Products(), job.RunnerOptions{})
	require.NoError(b, err)
	w, err := worker.New(runner, worker.Options{Concurrency: places})
	require.NoError(b, err)

	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	var running sync.WaitGroup
	began := time.Now()
	running.Go(func() { require.NoError(b, w.Run(ctx)) })
	moved := map[string]movement{}
	for done := 0; done < atOnce; time.Sleep(20 * time.Millisecond) {
		jobs, err := looks.Jobs().GetMany(b.Context(), ids)
		require.NoError(b, err)
		done = 0
		for _, j := range jobs {
			if j.State == job.Pending {
				continue
			}
			before, now := moved[j.ID], movement{j.State, j.Event.Checked + j.Event.Bytes, time.Now()}
			if before.state != now.state || before.far != now.far {
				if before.state != "" {
					pause = max(pause, now.at.Sub(before.at))
				}
				moved[j.ID] = now
			}
			if j.State.Final() {
				require.Equal(b, job.Success, j.State, j.Error)
				done++
			}
		}
	}
	took = time.Since(began)
	stop()
	running.Wait()
	return took, pause
}

// movement is how far an import was when it moved last.
type movement struct {
	state job.State
	far   int64
	at    time.Time
}
