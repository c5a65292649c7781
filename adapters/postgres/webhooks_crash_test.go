package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/webhooks"
)

// TestWebhooksTerminated ends all connections between a claim and its finish.
func TestWebhooksTerminated(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	w := open(t, url, postgres.Options{RetryFor: time.Minute}).Webhooks()
	conn := admin(t, url)
	e := listen(t, w)
	const n = 50
	for i := range n {
		_, err := w.Append(t.Context(), []webhooks.Event{changed(i)})
		require.NoError(t, err)
		if i%10 == 0 {
			require.NoError(t, terminate(t.Context(), conn))
		}
	}
	claims, err := w.Claim(t.Context(), whole)
	require.NoError(t, err)
	results := delivered(claims)
	require.Len(t, results, n)
	require.NoError(t, terminate(t.Context(), conn))
	counted, err := w.Finish(t.Context(), results)
	require.NoError(t, err)
	require.Equal(t, n, counted)
	require.NoError(t, terminate(t.Context(), conn))
	list, err := w.ListDeliveries(t.Context(), webhooks.DeliveryQuery{EndpointID: e.ID,
		States: []webhooks.DeliveryState{webhooks.Delivered}})
	require.NoError(t, err)
	require.Len(t, list, n)
	require.Equal(t, n, scan[int](t, url, `SELECT count(*) FROM webhook_attempts`))
	require.Zero(t, scan[int](t, url, `SELECT count(*) FROM webhook_claims`))
}

// TestWebhooksCommitCut loses the connection around COMMIT: what comes of it is as if nothing had happened.
func TestWebhooksCommitCut(t *testing.T) {
	for _, c := range []struct {
		name string
		when cut
	}{{"not committed", beforeCommit}, {"committed", behindSuccess}, {"in the middle", behindCommit}} {
		t.Run(c.name, func(t *testing.T) {
			direct := migrated(t)
			p, url := newProxy(t, direct)
			w := open(t, url, postgres.Options{RetryFor: time.Minute}).Webhooks()
			listen(t, w)
			p.cutNext(c.when, false)
			events := numbered(webhooks.ProductCreated, 3)
			n, err := w.Append(t.Context(), events)
			require.NoError(t, err)
			require.Equal(t, 3, n)
			require.Equal(t, 3, scan[int](t, direct, `SELECT count(*) FROM webhook_events`))
			require.Equal(t, 3, scan[int](t, direct, `SELECT count(*) FROM webhook_deliveries`))
			numbers, err := w.Numbers(t.Context(), "import")
			require.NoError(t, err)
			require.Equal(t, map[string]int64{webhooks.ProductCreated: 3}, numbers)
			require.EqualValues(t, 3, events[2].Number)

			p.cutNext(c.when, false)
			claims, err := w.Claim(t.Context(), whole)
			require.NoError(t, err)
			results := delivered(claims)
			require.Len(t, results, 3)
			require.Equal(t, 3, scan[int](t, direct, `SELECT sum(cardinality(deliveries)) FROM webhook_claims`))

			p.cutNext(c.when, false)
			counted, err := w.Finish(t.Context(), results)
			require.NoError(t, err)
			require.Equal(t, 3, counted)
			require.Equal(t, 3, scan[int](t, direct, `SELECT count(*) FROM webhook_attempts`))
			require.Equal(t, 3,
				scan[int](t, direct,
					`SELECT count(*) FROM webhook_deliveries WHERE state = 'delivered' AND attempts = 1`))
		})
	}
}

// TestWebhooksNumbers appends to one import from many transactions at the same time, some of which fail, and in which
// the types come in this order or that: the numbers have no gap, and nobody waits for another one in a circle.
func TestWebhooksNumbers(t *testing.T) {
	url := migrated(t)
	db := open(t, url, postgres.Options{RetryFor: -1})
	w := db.Webhooks()
	listen(t, w)
	failed := errors.New("failed")
	types := []string{webhooks.ProductCreated, webhooks.ProductUpdated}
	const writers, each = 6, 10
	ended := make(chan error, writers)
	for writer := range writers {
		go func() {
			for i := range each {
				err := db.InTx(t.Context(), func(ctx context.Context) error {
					one, other := types[(writer+i)%2], types[(writer+i+1)%2]
					if _, err := w.Append(ctx, slices.Concat(numbered(one, 2), numbered(other, 2))); err != nil {
						return err
					}
					if i%3 == 2 {
						return failed
					}
					return nil
				})
				if err != nil && !errors.Is(err, failed) {
					ended <- err
					return
				}
			}
			ended <- nil
		}()
	}
	for range writers {
		require.NoError(t, <-ended)
	}
	const stored = writers * (each - each/3) * 2
	numbers, err := w.Numbers(t.Context(), "import")
	require.NoError(t, err)
	require.Equal(t, map[string]int64{types[0]: stored, types[1]: stored}, numbers)
	for _, eventType := range types {
		require.Equal(t, fmt.Sprint(stored, " 1 ", stored),
			scan[string](t, url, `SELECT concat_ws(' ', count(DISTINCT d.number), min(d.number), max(d.number))
			FROM webhook_deliveries d JOIN webhook_events e ON e.id = d.event WHERE e.type = '`+eventType+`'`))
	}
}
