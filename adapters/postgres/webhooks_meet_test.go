package postgres_test

import (
	"context"
	"database/sql"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/webhooks"
)

// meeting lets transactions meet: each runs until it waits for a lock, that of a third connection, or that of one that
// has come before.
type meeting struct {
	t       *testing.T
	url     string
	db      *postgres.DB
	watch   *sql.Conn
	tx      *sql.Tx // that of the third connection, while it holds its lock
	waiting int
	running sync.WaitGroup
}

// newMeeting opens a store of webhooks whose transactions must do at once.
func newMeeting(t *testing.T) (*meeting, *postgres.Webhooks) {
	m := &meeting{t: t, url: migrated(t)}
	m.db = open(t, m.url, postgres.Options{RetryFor: -1})
	m.watch = admin(t, m.url)
	return m, m.db.Webhooks()
}

// hold locks a table in the way of those who change it, or of everybody, until release.
func (m *meeting) hold(table, mode string) {
	m.t.Helper()
	var err error
	m.tx, err = admin(m.t, m.url).BeginTx(m.t.Context(), nil)
	require.NoError(m.t, err)
	_, err = m.tx.ExecContext(m.t.Context(), `LOCK TABLE `+table+` IN `+mode+` MODE`)
	require.NoError(m.t, err)
}

const (
	writers  = "SHARE"
	everyone = "ACCESS EXCLUSIVE"
)

// come runs f, and returns once it waits for a lock.
func (m *meeting) come(f func() error) {
	m.t.Helper()
	m.waiting++
	ended := make(chan struct{})
	m.running.Go(func() {
		defer close(ended)
		if err := f(); err != nil {
			m.t.Error(err)
		}
	})
	giveUp := time.Now().Add(30 * time.Second)
	for waiting := 0; waiting < m.waiting; {
		select {
		case <-ended:
			require.FailNow(m.t, "it didn't wait")
		default:
		}
		require.True(m.t, time.Now().Before(giveUp), "%d of %d wait", waiting, m.waiting)
		require.NoError(m.t, m.watch.QueryRowContext(m.t.Context(), `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND backend_type = 'client backend' AND wait_event_type = 'Lock'`).Scan(
			&waiting))
	}
}

// finish comes, and stores how many of the results counted.
func (m *meeting) finish(results []webhooks.Result, counted *int) {
	m.t.Helper()
	m.come(func() (err error) {
		*counted, err = m.db.Webhooks().Finish(m.t.Context(), results)
		return err
	})
}

// claim comes, and stores what it gets.
func (m *meeting) claim(claims *[]webhooks.Claim) {
	m.t.Helper()
	m.come(func() (err error) {
		*claims, err = m.db.Webhooks().Claim(m.t.Context(), whole)
		return err
	})
}

// claimNothing claims, without waiting for those who wait, and gets nothing.
func (m *meeting) claimNothing() {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), 30*time.Second)
	defer cancel()
	claims, err := m.db.Webhooks().Claim(ctx, whole)
	require.NoError(m.t, err, "a claim waits for nobody")
	require.Empty(m.t, claims)
}

// release lets go, and returns once all have ended.
func (m *meeting) release() {
	m.t.Helper()
	require.NoError(m.t, m.tx.Commit())
	m.running.Wait()
	m.waiting = 0
}

// count counts rows.
func (m *meeting) count(from string) int {
	m.t.Helper()
	return scan[int](m.t, m.url, `SELECT count(*) FROM `+from)
}

// busy creates an endpoint that something was delivered to lately, so that no success has to be noted, and claims four
// deliveries. Leases are over at once.
func (m *meeting) busy() (e webhooks.Endpoint, claims []webhooks.Claim) {
	m.t.Helper()
	w := m.db.Webhooks()
	e = endpointAt("https://example.com")
	e.Concurrency = 1
	e, err := w.CreateEndpoint(m.t.Context(), e)
	require.NoError(m.t, err)
	for _, n := range []int{1, 4} {
		fill(m.t, w, n)
		claims, err = w.Claim(m.t.Context(), whole)
		require.NoError(m.t, err)
		require.Len(m.t, claims[0].Work, n)
		if n == 1 {
			_, err = w.Finish(m.t.Context(), delivered(claims))
			require.NoError(m.t, err)
		}
	}
	lose(m.t, m.url)
	return e, claims
}

// TestWebhooksFinishTogether: of two who store the results of one claim, one counts.
func TestWebhooksFinishTogether(t *testing.T) {
	// without and with health to note
	for _, state := range []webhooks.DeliveryState{webhooks.Delivered, webhooks.Failed} {
		t.Run(string(state), func(t *testing.T) {
			m, w := newMeeting(t)
			e, claims := m.busy()
			var results []webhooks.Result
			for i := range claims[0].Work {
				results = append(results, attempted(&claims[0], &claims[0].Work[i], state))
			}
			var first, second int
			m.hold("webhook_attempts", writers)
			m.finish(results, &first)
			m.finish(results, &second)
			m.release()
			require.Equal(t, 4, first)
			require.Zero(t, second)
			require.Equal(t, 5, m.count("webhook_attempts"))
			require.Equal(t, 4,
				m.count("webhook_deliveries WHERE attempts = 1 AND created_at > (SELECT min(created_at) FROM "+
					"webhook_deliveries)"))
			require.Zero(t, m.count("webhook_claims"))
			e, err := w.Endpoint(t.Context(), e.ID)
			require.NoError(t, err)
			require.Equal(t, map[webhooks.DeliveryState]int{webhooks.Delivered: 0, webhooks.Failed: 4}[state],
				e.Failures)
		})
	}
}

// TestWebhooksFinishLate lets a Finish whose lease is over meet a Claim: the deliveries are either finished or taken
// over.
func TestWebhooksFinishLate(t *testing.T) {
	t.Run("finished first", func(t *testing.T) {
		m, _ := newMeeting(t)
		_, late := m.busy()
		var counted int
		m.hold("webhook_attempts", writers)
		m.finish(delivered(late), &counted)
		m.claimNothing()
		m.release()
		require.Equal(t, 4, counted)
		m.claimNothing()
	})
	t.Run("claimed first", func(t *testing.T) {
		m, w := newMeeting(t)
		_, late := m.busy()
		var counted int
		var claims []webhooks.Claim
		m.hold("webhook_events", everyone) // which are read by whoever has the claims locked
		m.claim(&claims)
		m.finish(delivered(late), &counted)
		m.release()
		require.Zero(t, counted)
		require.Len(t, claims, 1)
		n, err := w.Finish(t.Context(), delivered(claims))
		require.NoError(t, err)
		require.Equal(t, 4, n)
		require.Equal(t, 5, m.count("webhook_attempts"))
		require.Zero(t, m.count("webhook_claims"))
	})
}

// TestWebhooksExpireTogether removes the last two deliveries of an event in two transactions, neither of which sees
// what the other one does: the event goes.
func TestWebhooksExpireTogether(t *testing.T) {
	m, w := newMeeting(t)
	listen(t, w)
	listen(t, w)
	fill(t, w, 1)
	claims, err := w.Claim(t.Context(), whole)
	require.NoError(t, err)
	_, err = w.Finish(t.Context(), delivered(claims))
	require.NoError(t, err)
	later := time.Now().Add(time.Hour)
	var removed [2]int
	m.hold("webhook_numbers", writers) // they come last
	for i := range removed {
		m.come(func() (err error) {
			removed[i], err = w.Prune(t.Context(), webhooks.PruneRequest{DeliveredBefore: later, OthersBefore: later, Limit: 1})
			return err
		})
	}
	m.release()
	require.Equal(t, [2]int{1, 1}, removed)
	require.Zero(t, scan[int](t, m.url, rowsOfWebhooks))
}

// TestWebhooksDeleteMeanwhile deletes an endpoint whose deliveries are just being claimed, or finished: nothing is
// left.
func TestWebhooksDeleteMeanwhile(t *testing.T) {
	gone := func(m *meeting, e webhooks.Endpoint) {
		m.come(func() error { return m.db.Webhooks().DeleteEndpoint(m.t.Context(), e.ID, 0) })
		m.release()
		m.claimNothing()
		later := time.Now().Add(time.Hour)
		n, err := m.db.Webhooks().Prune(m.t.Context(), webhooks.PruneRequest{DeliveredBefore: later, OthersBefore: later, Limit: 100})
		require.NoError(m.t, err)
		require.Equal(m.t, 5, n)
		require.Zero(m.t, scan[int](m.t, m.url, rowsOfWebhooks))
	}
	t.Run("claimed", func(t *testing.T) {
		m, w := newMeeting(t)
		e, _ := m.busy()
		var claims []webhooks.Claim
		m.hold("webhook_events", everyone)
		m.claim(&claims)
		gone(m, e)
		require.Len(t, claims, 1)
		n, err := w.Finish(t.Context(), delivered(claims))
		require.NoError(t, err)
		require.Zero(t, n)
		require.Zero(t, scan[int](t, m.url, rowsOfWebhooks))
	})
	t.Run("finished", func(t *testing.T) {
		m, _ := newMeeting(t)
		e, claims := m.busy()
		var counted int
		m.hold("webhook_attempts", writers)
		m.finish(delivered(claims), &counted)
		gone(m, e)
		require.Equal(t, 4, counted, "it came before")
	})
}

// TestWebhooksSwitchedOffMeanwhile switches an endpoint off whose deliveries are just being claimed: what is claimed
// stays so, the rest is skipped.
func TestWebhooksSwitchedOffMeanwhile(t *testing.T) {
	off := func(m *meeting, e webhooks.Endpoint) {
		m.come(func() error {
			_, err := m.db.Webhooks().UpdateEndpoint(m.t.Context(), e.ID, 0, func(e *webhooks.Endpoint) error {
				e.State = webhooks.Inactive
				return nil
			})
			return err
		})
	}
	t.Run("claimed first", func(t *testing.T) {
		m, w := newMeeting(t)
		e := listen(t, w)
		fill(t, w, 10)
		var claims []webhooks.Claim
		m.hold("webhook_events", everyone)
		m.come(func() (err error) {
			claims, err = w.Claim(t.Context(), webhooks.ClaimRequest{Worker: "w", Limit: 2, Depth: 2})
			return err
		})
		off(m, e)
		m.release()
		require.Equal(t, 4, m.count("webhook_deliveries WHERE state = 'pending'"))
		require.Equal(t, 6, m.count("webhook_deliveries WHERE state = 'skipped'"))
		n, err := w.Finish(t.Context(), delivered(claims))
		require.NoError(t, err)
		require.Equal(t, 4, n)
	})
	t.Run("switched off first", func(t *testing.T) {
		m, w := newMeeting(t)
		m.claimNothing() // the first claim looks at the clock, and may write
		e := listen(t, w)
		fill(t, w, 10)
		m.hold("webhook_claims", writers)
		off(m, e)
		m.claimNothing()
		m.release()
		m.claimNothing()
		require.Equal(t, 10, m.count("webhook_deliveries WHERE state = 'skipped'"))
		require.Zero(t, m.count("webhook_claims"))
	})
}
