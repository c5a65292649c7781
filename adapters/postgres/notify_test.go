package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/importer/job"
)

// TestWake: jobs that become ready are told to this process and to others, and others aren't told of each.
func TestWake(t *testing.T) {
	url := migrated(t)
	db, other := open(t, url, postgres.Options{}), open(t, url, postgres.Options{})
	own, far := db.Jobs().Wake(t.Context()), other.Jobs().Wake(t.Context())
	require.Eventually(t, func() bool {
		return scan[int](t, url,
			`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`) == 2
	}, time.Minute, 20*time.Millisecond)

	wake := func(ready func()) {
		t.Helper()
		for _, c := range []<-chan struct{}{own, far} { // what came before
			select {
			case <-c:
			default:
			}
		}
		ready()
		for _, c := range []<-chan struct{}{own, far} {
			select {
			case <-c:
			case <-time.After(time.Minute):
				require.Fail(t, "not woken")
			}
		}
	}
	wake(func() {
		_, err := db.Jobs().Create(t.Context(), job.Job{})
		require.NoError(t, err)
	})
	claim, err := other.Jobs().Claim(t.Context(), "w", time.Minute, 1)
	require.NoError(t, err)
	wake(func() {
		_, err := db.Jobs().Release(t.Context(), claim, false, "", 0)
		require.NoError(t, err)
	})
	// The listener's connection is lost.
	query(t, url,
		`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`)
	require.Eventually(t, func() bool {
		return scan[int](t, url,
			`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`) == 2
	}, time.Minute, 20*time.Millisecond)
	wake(func() {
		_, err := db.Jobs().Create(t.Context(), job.Job{})
		require.NoError(t, err)
	})
}

// TestWakeAndClose: closing ends what listens, whether there is a server or not.
func TestWakeAndClose(t *testing.T) {
	db := open(t, migrated(t), postgres.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	require.NotNil(t, db.Jobs().Wake(ctx))
	cancel()
	_, err := db.Jobs().Create(t.Context(), job.Job{})
	require.NoError(t, err)
	require.NoError(t, db.Close())
	require.Nil(t, db.Jobs().Wake(t.Context()))
}
