package worker_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/outbox"
	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/adapters/worker"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// Of the imports that BenchmarkQueue has done.
const (
	queueWorkers = 2
	queueRecords = 50 // of each
)

// queueImports is how many imports wait: few with -short, for who wants to know that the benchmark runs.
func queueImports() int {
	if testing.Short() {
		return 50
	}
	return 1_000
}

// BenchmarkQueue has two workers, each with a pool of its own as in a process of its own and with a place for one
// import, do 1,000 imports of 50 records that wait. An import writes three times, whatever it does besides: it is
// claimed, its records are committed, it ends. x-floor is how many times as long it takes as that: as many of the
// smallest transactions that do the same, by as many connections, in the same run.
func BenchmarkQueue(b *testing.B) {
	var floor, queued time.Duration
	n := queueImports()
	for b.Loop() {
		floor += queueFloor(b, n)
		queued += queue(b, n)
	}
	b.ReportMetric(queued.Seconds()/floor.Seconds(), "x-floor")
	b.ReportMetric(float64(n*b.N)/queued.Seconds(), "imports/s")
	b.ReportMetric(0, "ns/op") // holds the yardstick too
}

// queueFile is the file of an import, whose products no other one has.
func queueFile(n int) string {
	var file strings.Builder
	file.WriteString("sku,name,description\n")
	for i := range queueRecords {
		fmt.Fprintf(&file, "sku-%d-%d,Product %d,What there is to say of it in a sentence or two.\n", n, i, i)
	}
	return file.String()
}

// queue returns how long the workers took for so many imports.
func queue(b *testing.B, n int) time.Duration {
	url := pgtest.URL(b)
	var workers []*worker.Worker
	var db *postgres.DB
	for i := range queueWorkers {
		var err error
		db, err = postgres.Open(b.Context(), url, postgres.Options{MaxConns: 12})
		require.NoError(b, err)
		defer func(db *postgres.DB) { require.NoError(b, db.Close()) }(db)
		events, err := outbox.New(db.Webhooks())
		require.NoError(b, err)
		jobs := db.Jobs()
		jobs.OnEnd(events.JobEnded)
		runner, err := job.NewRunner(jobs, db.Uploads(), db.Products(), job.RunnerOptions{Notifier: events.Import})
		require.NoError(b, err)
		w, err := worker.New(runner, worker.Options{Name: fmt.Sprint("worker-", i)})
		require.NoError(b, err)
		workers = append(workers, w)
	}
	service, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{})
	require.NoError(b, err)
	for i := range n {
		_, _, err := service.Submit(b.Context(), job.Request{FileName: "stock.csv",
			Settings: job.Settings{Mode: products.Update}}, strings.NewReader(queueFile(i)))
		require.NoError(b, err)
	}

	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	var running sync.WaitGroup
	began := time.Now()
	for _, w := range workers {
		running.Go(func() { require.NoError(b, w.Run(ctx)) })
	}
	for done := int64(0); done < int64(n); time.Sleep(time.Millisecond) {
		done = 0
		for _, w := range workers {
			s := w.Stats()
			require.Zero(b, s.Failure+s.Retried+s.Lost)
			done += s.Success
		}
	}
	took := time.Since(began)
	stop()
	running.Wait()
	var read int64
	require.NoError(b, queueSQL(b, url).QueryRow(`SELECT count(*) FROM products`).Scan(&read))
	require.EqualValues(b, n*queueRecords, read)
	return took
}

func queueSQL(b *testing.B, url string) *sql.DB {
	db, err := sql.Open("postgres", url)
	require.NoError(b, err)
	b.Cleanup(func() { _ = db.Close() })
	return db
}

// queueFloor returns how long the smallest transactions take.
func queueFloor(b *testing.B, n int) time.Duration {
	db := queueSQL(b, pgtest.URL(b))
	for _, statement := range []string{
		`CREATE TABLE floor_jobs (id bigint PRIMARY KEY, state text NOT NULL) WITH (fillfactor = 50)`,
		`CREATE TABLE floor_products (key text COLLATE "C" PRIMARY KEY, id bigint NOT NULL, name text NOT NULL,
			description text NOT NULL)`,
		`CREATE INDEX floor_ids ON floor_products (id)`,
		fmt.Sprintf(`INSERT INTO floor_jobs SELECT n, 'PENDING' FROM generate_series(0, %d) n`, n-1),
	} {
		_, err := db.ExecContext(b.Context(), statement)
		require.NoError(b, err)
	}
	do := func(statement string, args ...any) {
		_, err := db.ExecContext(b.Context(), statement, args...)
		require.NoError(b, err)
	}
	var running sync.WaitGroup
	began := time.Now()
	for w := range queueWorkers {
		running.Go(func() {
			for i := w; i < n; i += queueWorkers {
				do(`UPDATE floor_jobs SET state = 'STARTED' WHERE id = $1`, i)
				keys, texts := make([]string, queueRecords), make([]string, queueRecords)
				for k := range queueRecords {
					keys[k] = fmt.Sprintf("sku-%d-%d", i, k)
					texts[k] = "What there is to say of it in a sentence or two."
				}
				do(`INSERT INTO floor_products SELECT key, $3::bigint * 1000 + n, key, text
					FROM unnest($1::text[], $2::text[]) WITH ORDINALITY x(key, text, n)`,
					pq.Array(keys), pq.Array(texts), i)
				do(`UPDATE floor_jobs SET state = 'SUCCESS' WHERE id = $1`, i)
			}
		})
	}
	running.Wait()
	return time.Since(began)
}
