package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/webhooks"
)

// feedLocks counts what holds the feed back.
const feedLocks = `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
	AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`

// readFeed returns how many events stand behind the cursor, and where they end.
func readFeed(t *testing.T, w *postgres.Webhooks, after webhooks.Cursor) (n int, end webhooks.Cursor) {
	t.Helper()
	p, err := w.ReadFeed(t.Context(), webhooks.FeedQuery{After: after, Limit: webhooks.MaxFeedEvents})
	require.NoError(t, err)
	ends, err := w.FeedEnds(t.Context())
	require.NoError(t, err)
	require.Equal(t, p.Next, ends.Newest, "the end is where a reader comes to")
	return len(p.Events), p.Next
}

// TestFeedHeldBack: a transaction that appends holds readers back until it ends, however it does, and nobody else's
// does; it holds one lock, whatever it appends.
func TestFeedHeldBack(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	db := open(t, url, postgres.Options{})
	w := db.Webhooks()
	_, err := w.KeepFeed(t.Context(), webhooks.MinFeed)
	require.NoError(t, err)
	appendOne := func(ctx context.Context) {
		n, err := w.Append(ctx, numbered(webhooks.ProductCreated, 1))
		require.NoError(t, err)
		require.Equal(t, 1, n)
	}
	single := func() {
		n, err := w.Append(t.Context(), []webhooks.Event{{Type: webhooks.ProductDeleted, Data: []byte(`{}`)}})
		require.NoError(t, err)
		require.Equal(t, 1, n)
	}

	tx := newRivalOf(t, url, `CREATE TABLE somebody_elses (id int); SELECT pg_current_xact_id()`).tx
	single()
	n, at := readFeed(t, w, webhooks.Cursor{})
	require.Equal(t, 1, n, "a transaction that writes something else holds nothing back")

	refused := errors.New("refused")
	for _, end := range []error{nil, refused} {
		err := db.InTx(t.Context(), func(ctx context.Context) error {
			own, _ := postgres.Tx(ctx)
			_, err := own.ExecContext(ctx, `SAVEPOINT here`)
			require.NoError(t, err)
			appendOne(ctx)
			_, err = own.ExecContext(ctx, `ROLLBACK TO SAVEPOINT here`)
			require.NoError(t, err)
			require.Zero(t, scan[int](t, url, feedLocks), "what was rolled back holds nothing back")
			single()
			n, at = readFeed(t, w, at)
			require.Equal(t, 1, n)
			for range 300 {
				appendOne(ctx)
			}
			require.Equal(t, 1, scan[int](t, url, feedLocks), "a transaction has one lock, however much it appends")
			single()
			n, _ := readFeed(t, w, at)
			require.Zero(t, n, "a reader waits for the transaction that appends")
			return end
		})
		require.ErrorIs(t, err, end)
		want := 1
		if end == nil {
			want += 300
		}
		n, at = readFeed(t, w, at)
		require.Equal(t, want, n, "once it has ended a reader gets what was held back")
	}
	require.Zero(t, scan[int](t, url, feedLocks))
	require.NoError(t, tx.Commit())
}

// TestFeedAfterRestoreOfData: where the data was restored without the sequences, when the feed had nothing left, new
// events stand behind what readers have seen.
func TestFeedAfterRestoreOfData(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	appendOne := func(w *postgres.Webhooks) {
		_, err := w.Append(t.Context(), []webhooks.Event{{Type: webhooks.ProductDeleted, Data: []byte(`{}`)}})
		require.NoError(t, err)
	}
	before := open(t, url, postgres.Options{}).Webhooks()
	_, err := before.KeepFeed(t.Context(), time.Hour)
	require.NoError(t, err)
	for range 3 {
		appendOne(before)
	}
	n, end := readFeed(t, before, webhooks.Cursor{})
	require.Equal(t, 3, n)
	query(t, url, `UPDATE webhook_feed SET kept_at = kept_at - interval '2 hours'`)
	removed, err := before.Prune(t.Context(), webhooks.PruneRequest{Limit: 10})
	require.NoError(t, err)
	require.Equal(t, 3, removed)
	query(t, url, `ALTER SEQUENCE webhook_feed_ids RESTART`)

	after := open(t, url, postgres.Options{}).Webhooks()
	appendOne(after)
	n, _ = readFeed(t, after, end)
	require.Equal(t, 1, n)
}
