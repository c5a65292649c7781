package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/adapters/worker"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/importer/job"
)

// fill writes a new table until the disk is full, or it has so many rows of about 1 KiB.
func fill(t *testing.T, db *sql.DB, table string, most int) {
	t.Helper()
	_, err := db.ExecContext(t.Context(), `CREATE TABLE `+table+` (a text)`)
	for n := 0; n < most && err == nil; n += 100 {
		_, err = db.ExecContext(t.Context(), `INSERT INTO `+table+
			` SELECT repeat('x', 1000) FROM generate_series(1, 100)`)
	}
	if err != nil {
		require.NotNil(t, pq.As(err, "53100"), "%v", err)
	}
}

// TestFullDisk: PostgreSQL's disk is full. An upload is refused, and nothing of it stays; an import that was taken in
// says what it waits for, and goes on once there is room.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	url := pgtest.Small(t, 32<<20)
	c := start(t, "-database-url", url, "-workers", "0")
	db, err := postgres.Open(t.Context(), url, postgres.Options{RetryFor: 50 * time.Millisecond})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	raw, err := sql.Open("postgres", url)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, raw.Close()) })
	service, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{})
	require.NoError(t, err)

	const records = 20_000
	file, err := io.ReadAll(catalogtest.NewReader(records, catalogtest.Base))
	require.NoError(t, err)
	taken, _, err := service.Submit(t.Context(), job.Request{Settings: job.Settings{BatchRecords: 500}},
		bytes.NewReader(file))
	require.NoError(t, err)

	fill(t, raw, "room", 2_000)
	fill(t, raw, "ballast", 1<<20)
	require.Contains(t, c.do("POST", "/upload_csv/", "text/csv", bytes.NewReader(append(file, file...)), 507),
		"no room")
	require.Contains(t, c.do("GET", "/imports/", "", nil, 200), `"count":1,`, "there is no job")
	keys, err := db.Uploads().Sweep(t.Context(), -time.Hour)
	require.NoError(t, err)
	require.Equal(t, []string{taken.Upload}, keys)
	var chunks int
	require.NoError(t, raw.QueryRowContext(t.Context(), `SELECT count(*) FROM import_upload_chunks WHERE upload <> $1`,
		taken.Upload).Scan(&chunks))
	require.Zero(t, chunks, "there are no orphan bytes")

	// So that the import gets a part of the way.
	_, err = raw.ExecContext(t.Context(), `DROP TABLE room`)
	require.NoError(t, err)
	runner, err := job.NewRunner(db.Jobs(), db.Uploads(), db.Products(), job.RunnerOptions{MaxAttempts: 1,
		Backoff: 50 * time.Millisecond, MaxBackoff: 50 * time.Millisecond})
	require.NoError(t, err)
	w, err := worker.New(runner, worker.Options{Poll: 50 * time.Millisecond})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var working sync.WaitGroup
	working.Go(func() { _ = w.Run(ctx) })
	defer working.Wait()
	defer cancel()
	type view struct {
		State, Error string
		Created      float64
		Attempts     int
		Waiting      *struct{ For string }
	}
	until := func(is func(view) bool) view {
		t.Helper()
		giveUp := time.Now().Add(time.Minute)
		for {
			var v view
			require.NoError(t, json.Unmarshal([]byte(c.do("GET", "/imports/"+taken.ID, "", nil, 200)), &v))
			if is(v) {
				return v
			}
			require.True(t, time.Now().Before(giveUp), "%+v", v)
			time.Sleep(5 * time.Millisecond)
		}
	}
	waits := until(func(v view) bool { return v.State == "PENDING" && v.Waiting != nil })
	require.Equal(t, waits.Error, waits.Waiting.For)
	require.Contains(t, waits.Error, "No space left on device")
	require.Positive(t, waits.Created)
	require.Less(t, waits.Created, float64(catalogtest.Distinct(records)))

	_, err = raw.ExecContext(t.Context(), `DROP TABLE ballast`)
	require.NoError(t, err)
	done := until(func(v view) bool { return v.State == "SUCCESS" || v.State == "FAILURE" })
	require.Equal(t, view{State: "SUCCESS", Created: float64(catalogtest.Distinct(records))}, done)
	require.InDelta(t, done.Created, c.count(""), 0)
}
