package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/products"
)

// TestAcknowledged crashes the server and cuts connections again and again while all kinds of writes go on, and then
// looks for each write that was acknowledged: none is missing, none is there twice. For as long as it takes, rather
// than for some seconds, say
//
//	TEST_CRASHES=24 TEST_WRITES=2000 go test -run TestAcknowledged -timeout 2h ./adapters/postgres
//
// for 24 crashes through which 2,000 writes of each kind are acknowledged.
func TestAcknowledged(t *testing.T) {
	t.Parallel()
	crashes, writes := number(t, "TEST_CRASHES", casetest.Times(5, 2)), number(t, "TEST_WRITES", casetest.Times(30, 12))
	server := forgetful(t)
	db := open(t, server.URL(), postgres.Options{MaxConns: 16, RetryFor: 5 * time.Minute})
	require.NoError(t, prepareWrites(t.Context(), db))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()

	kinds := make([]*acknowledged, len(allWrites))
	var running, disturbing sync.WaitGroup
	for i := range allWrites {
		kinds[i] = &acknowledged{write: allWrites[i], told: make(chan struct{}, 1)}
		running.Go(func() { kinds[i].run(ctx, db) })
	}
	disturbing.Go(func() { disturb(ctx, server.URL()) })
	for crash := range crashes {
		for _, k := range kinds {
			k.await(t, (crash+1)*writes/(crashes+1))
		}
		server.Crash()
		server.Start()
	}
	for _, k := range kinds {
		k.await(t, writes)
	}
	cancel()
	running.Wait()
	disturbing.Wait()

	for _, k := range kinds {
		wrong := 0
		for _, check := range k.checks {
			if err := check(t.Context(), db); err != nil {
				wrong++
				t.Errorf("%s: %v", k.name, err)
			}
		}
		t.Logf("%s: %d acknowledged, %d of them wrong; %d unknown, %d unavailable", k.name, len(k.checks), wrong,
			k.unknown, k.unavailable)
		require.NoError(t, k.failure, k.name)
	}
	require.Zero(t,
		scan[int](t, server.URL(),
			`SELECT count(*) FROM (SELECT FROM products GROUP BY id HAVING count(*) > 1) doubled`))
}

// number is a setting of the environment.
func number(t *testing.T, name string, otherwise int) int {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, name)
	return n
}

// acknowledged are the writes of a kind.
type acknowledged struct {
	write
	count atomic.Int64
	told  chan struct{} // has a value when count has grown, or nothing more comes

	// Of run, until it ends.
	checks               []checkOf
	unknown, unavailable int
	failure              error
}

// run makes writes, one after the other, until the context ends.
func (k *acknowledged) run(ctx context.Context, db *postgres.DB) {
	for n := 0; ctx.Err() == nil && k.failure == nil; n++ {
		check, err := k.do(ctx, db, n, func() {})
		switch {
		case err == nil:
			k.checks = append(k.checks, check)
			k.count.Add(1)
		case ctx.Err() != nil:
		case errors.Is(err, products.ErrCommitUnknown):
			k.unknown++
		case errors.Is(err, products.ErrUnavailable) || k.name == "upload" && errors.Is(err, postgres.ErrSwept):
			k.unavailable++
		default:
			k.failure = err
			k.count.Add(1 << 40)
		}
		select {
		case k.told <- struct{}{}:
		default:
		}
	}
}

// await waits until so many writes are acknowledged.
func (k *acknowledged) await(t *testing.T, writes int) {
	t.Helper()
	for k.count.Load() < int64(writes) {
		select {
		case <-k.told:
		case <-time.After(5 * time.Minute):
			require.Fail(t, "no write is acknowledged any more", k.name)
		}
	}
}

// disturb cuts connections, and uses up transactions' numbers that nobody makes sure of, until the context ends.
func disturb(ctx context.Context, url string) {
	db, err := sql.Open("postgres", url)
	if err != nil {
		return
	}
	defer func() { _ = db.Close() }()
	for n := 1; ctx.Err() == nil; n++ {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil { // the server is away
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
			continue
		}
		// While it lasts, others come and go; what it is given isn't on the disk.
		_, _ = tx.ExecContext(ctx, `SELECT pg_current_xact_id(), nextval('product_ids'), pg_sleep(0.05)`)
		_ = tx.Rollback()
		if n%20 == 0 {
			_, _ = db.ExecContext(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
				WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' ORDER BY random() LIMIT 4`)
		}
	}
}
