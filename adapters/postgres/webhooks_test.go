package postgres_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/storetest"
)

// emptyWebhooks removes all that a store of webhooks keeps.
const emptyWebhooks = `TRUNCATE webhook_endpoints, webhook_events, webhook_numbers, webhook_deliveries, webhook_claims, webhook_attempts,
	webhook_feed, webhook_feed_keeping`

// rowsOfWebhooks counts all that a store of webhooks keeps beside endpoints.
const rowsOfWebhooks = `SELECT (SELECT count(*) FROM webhook_events) + (SELECT count(*) FROM webhook_numbers) +
	(SELECT count(*) FROM webhook_deliveries) + (SELECT count(*) FROM webhook_claims) + (SELECT count(*) FROM webhook_attempts) +
	(SELECT count(*) FROM webhook_feed)`

// whole is a claim request that takes whatever there is.
var whole = webhooks.ClaimRequest{Worker: "w", Limit: 100, Bulk: 100, Depth: 100}

// listen creates an endpoint for everything.
func listen(t testing.TB, w *postgres.Webhooks) webhooks.Endpoint {
	t.Helper()
	e, err := w.CreateEndpoint(t.Context(), endpointAt("https://example.com"))
	require.NoError(t, err)
	return e
}

// attempted is the result of an attempt.
func attempted(c *webhooks.Claim, work *webhooks.Work, state webhooks.DeliveryState) webhooks.Result {
	a := &webhooks.Attempt{Number: work.Delivery.Attempts + 1, Worker: "w", At: time.Now(), Duration: time.Millisecond,
		Status: 204}
	if state != webhooks.Delivered {
		a.Status, a.Failure = 503, webhooks.FailureStatus
	}
	return webhooks.Result{ClaimID: c.ID, DeliveryID: work.Delivery.ID, State: state, Attempt: a}
}

// delivered are the results of claims of which all went well.
func delivered(claims []webhooks.Claim) (results []webhooks.Result) {
	for i := range claims {
		for j := range claims[i].Work {
			results = append(results, attempted(&claims[i], &claims[i].Work[j], webhooks.Delivered))
		}
	}
	return results
}

// numbered makes n events of an import.
func numbered(eventType string, n int) []webhooks.Event {
	events := make([]webhooks.Event, n)
	for i := range events {
		events[i] = webhooks.Event{Type: eventType, ImportID: "import", Lane: webhooks.Bulk,
			Data: []byte(`{"products":[]}`)}
	}
	return events
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	runWebhooks(t, directly)
}

func runWebhooks(t *testing.T, w way) {
	t.Helper()
	url := w.make(t)
	db := w.open(t, url, postgres.Options{})
	storetest.Run(t, func(t *testing.T) storetest.Stores {
		query(t, w.side(url), emptyWebhooks)
		return storetest.Stores{Webhooks: db.Webhooks(), InTx: db.InTx, SetBack: func(ctx context.Context,
			d time.Duration) error {
			postgres.ForgetClock(db)
			return setBack(w.side(url), `WITH endpoints AS (
					UPDATE webhook_endpoints SET failing_since = failing_since + $1, last_success = last_success + $1, paused_until = paused_until + $1, spent = spent + $1
				), deliveries AS (
					UPDATE webhook_deliveries_pending SET not_before = not_before + $1, created_at = created_at + $1, last_attempt = last_attempt + $1
				), feed AS (
					UPDATE webhook_feed SET kept_at = kept_at + $1
				), ended AS (
					UPDATE webhook_deliveries_ended SET finished_at = finished_at + $1
				)
				UPDATE webhook_claims SET lease_until = lease_until + $1::interval`)(ctx, d)
		}}
	})
}

// TestWebhooksClockAskedLate: where the server hears late that it is asked for the time, as where this process or the
// server was frozen for some seconds, its clock wasn't set back.
func TestWebhooksClockAskedLate(t *testing.T) {
	t.Parallel()
	p, url := newProxy(t, migrated(t))
	var log bytes.Buffer
	db := open(t, url, postgres.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	look := func() {
		t.Helper()
		_, err := db.Webhooks().Claim(t.Context(), webhooks.ClaimRequest{Worker: "w", Limit: 1, Depth: 1})
		require.NoError(t, err)
	}
	for range 2 { // the first look ever, and another one
		postgres.ShiftClock(db, time.Minute, 0)
		time.AfterFunc(2*time.Second, p.silence())
		look()
	}
	postgres.ShiftClock(db, time.Minute, 0)
	look()
	require.NotContains(t, log.String(), "set back")
	postgres.ShiftClock(db, time.Minute, 3*time.Second)
	look()
	require.Contains(t, log.String(), "the database's clock was set back")
}

// TestWebhooksStoredOnce: an event is stored once for all endpoints, packed where that is worth it, and not at all
// where nobody listens.
func TestWebhooksStoredOnce(t *testing.T) {
	url := migrated(t)
	w := open(t, url, postgres.Options{}).Webhooks()
	data := []byte(`{"products":[` + strings.Repeat(`{"name":"Plain","sku":"`, 3_000) + `]}`)
	event := func() []webhooks.Event {
		return []webhooks.Event{{Type: webhooks.ProductCreated, ImportID: "import", Data: data}}
	}
	for _, events := range [][]string{{webhooks.ProductDeleted}, {"import.*"}} {
		e := endpointAt("https://example.com")
		e.Events = events
		_, err := w.CreateEndpoint(t.Context(), e)
		require.NoError(t, err)
	}
	n, err := w.Append(t.Context(), event())
	require.NoError(t, err)
	require.Zero(t, n)
	require.Zero(t, scan[int](t, url, rowsOfWebhooks), "nothing is written where nobody listens")

	for range 3 {
		listen(t, w)
	}
	n, err = w.Append(t.Context(), event())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, 1, scan[int](t, url, `SELECT count(*) FROM webhook_events WHERE packed`))
	require.Less(t, scan[int](t, url, `SELECT length(data) FROM webhook_events`), len(data)/10)
	claims, err := w.Claim(t.Context(), whole)
	require.NoError(t, err)
	require.Len(t, claims, 3)
	for _, c := range claims {
		require.True(t, bytes.Equal(data, c.Work[0].Event.Data))
		require.EqualValues(t, 1, c.Work[0].Event.Number)
	}
}

// TestWebhooksPlanned: what Append sets for the statements that insert many events holds for these alone, not for what
// follows in the transaction.
func TestWebhooksPlanned(t *testing.T) {
	url := migrated(t)
	w := open(t, url, postgres.Options{}).Webhooks()
	listen(t, w)
	query(t, url, `CREATE TABLE modes (relation text, mode text);
		CREATE FUNCTION note_mode() RETURNS trigger LANGUAGE plpgsql AS
			$$ BEGIN INSERT INTO modes VALUES (TG_TABLE_NAME, current_setting('plan_cache_mode')); RETURN NULL; END $$;
		CREATE TRIGGER note_mode AFTER INSERT ON webhook_events EXECUTE FUNCTION note_mode();
		CREATE TRIGGER note_mode AFTER INSERT ON webhook_deliveries EXECUTE FUNCTION note_mode()`)
	events := numbered(webhooks.ProductCreated, 3)
	for i := range events {
		random := make([]byte, 200_000)
		_, _ = rand.Read(random)
		events[i].Data = fmt.Appendf(nil, `{"random":"%x"}`, random) // can't be packed
	}
	_, err := w.Append(t.Context(), events)
	require.NoError(t, err)
	require.Equal(t, "webhook_deliveries auto, webhook_events force_generic_plan",
		scan[string](t, url,
			`SELECT string_agg(DISTINCT relation || ' ' || mode, ', ' ORDER BY relation || ' ' || mode) FROM modes`))
}

// TestWebhooksLookups: deliveries are looked up though the statistics say that nothing waits, as they do once all was
// delivered, until they are made anew.
func TestWebhooksLookups(t *testing.T) {
	t.Parallel()
	readWith := func(statistics string) int {
		url := migrated(t)
		db, err := postgres.Open(t.Context(), url, postgres.Options{})
		require.NoError(t, err)
		w := db.Webhooks()
		listen(t, w)
		_, err = w.Append(t.Context(), numbered(webhooks.ProductCreated, 2_000))
		require.NoError(t, err)
		query(t, url, statistics)
		claims, err := w.Claim(t.Context(), whole)
		require.NoError(t, err)
		n, err := w.Finish(t.Context(), delivered(claims))
		require.NoError(t, err)
		require.Greater(t, n, 100)
		require.NoError(t, db.Close()) // what a connection has read is counted once it ends
		return scan[int](t, url, `SELECT sum(idx_tup_fetch + seq_tup_read)::int FROM pg_stat_user_tables
			WHERE relname LIKE 'webhook%'`)
	}
	require.LessOrEqual(t, readWith(allButEmpty("webhook%")), readWith(`SELECT 1`)+100)
}

// TestWebhooksBacklog: what waits is counted as of one time, whatever the planner begins with.
func TestWebhooksBacklog(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	w := open(t, url, postgres.Options{}).Webhooks()
	listen(t, w)
	_, err := w.Append(t.Context(), numbered(webhooks.ProductCreated, 2_000))
	require.NoError(t, err)
	for _, statistics := range []string{`SELECT 1`, allButEmpty("webhook%"),
		`UPDATE pg_class SET relpages = 1000, reltuples = 100000 WHERE relname LIKE 'webhook_deliveries%'`} {
		query(t, url, statistics)
		b, err := w.Backlog(t.Context())
		require.NoError(t, err)
		require.Equal(t, scan[int64](t, url, `SELECT count(*) FROM webhook_deliveries_pending`), b.Due[0]+b.Due[1])
	}
}

// TestWebhooksSealed: with a key secrets can't be read in the database, and an endpoint whose key is lost holds nobody
// up.
func TestWebhooksSealed(t *testing.T) {
	url := migrated(t)
	sealer, err := webhooks.NewSealer(bytes.Repeat([]byte("k"), 32))
	require.NoError(t, err)
	sealed := open(t, url, postgres.Options{Sealer: sealer}).Webhooks()
	e := endpointAt("https://example.com")
	e.Token = "the-token"
	e, err = sealed.CreateEndpoint(t.Context(), e)
	require.NoError(t, err)
	require.Zero(t, scan[int](t, url, `SELECT position('the-token'::bytea IN private) FROM webhook_endpoints`))

	var log bytes.Buffer
	w := open(t, url, postgres.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}).Webhooks()
	readable := listen(t, w)
	_, err = w.Append(t.Context(), []webhooks.Event{changed(1)})
	require.NoError(t, err)
	claims, err := w.Claim(t.Context(), whole)
	require.NoError(t, err)
	require.Len(t, claims, 1)
	require.Equal(t, readable.ID, claims[0].Endpoint.ID)
	got, err := w.Endpoint(t.Context(), e.ID)
	require.NoError(t, err)
	require.Equal(t, webhooks.Credentials{Unreadable: true}, got.Credentials)
	require.Equal(t, e.URL, got.URL, "the rest can be read")
	all, n, err := w.ListEndpoints(t.Context(), 10, 0)
	require.NoError(t, err)
	require.EqualValues(t, 2, n)
	require.Equal(t, []bool{true, false}, []bool{all[0].Unreadable, all[1].Unreadable})
	_, err = w.UpdateEndpoint(t.Context(), e.ID, 0, func(e *webhooks.Endpoint) error { e.Pause(); return nil })
	require.ErrorIs(t, err, webhooks.ErrUnreadable)
	require.ErrorContains(t, err, "no key")
	_, err = w.Claim(t.Context(), whole)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(log.String(), "can't deliver to an endpoint"), "the log says so once")

	claims, err = sealed.Claim(t.Context(), whole)
	require.NoError(t, err)
	require.Len(t, claims, 1)
	require.Equal(t, "the-token", string(claims[0].Endpoint.Token))
	require.NoError(t, w.DeleteEndpoint(t.Context(), e.ID, 0), "it can be deleted by whoever doesn't have the key")
}

// TestWebhooksText: what PostgreSQL can't keep in text is replaced.
func TestWebhooksText(t *testing.T) {
	w := open(t, migrated(t), postgres.Options{}).Webhooks()
	e := endpointAt("https://example.com/\x00")
	e.ClientName, e.Events = "a\x00b\xff", []string{"*", "\x00"}
	stored, err := w.CreateEndpoint(t.Context(), e)
	require.NoError(t, err)
	require.Equal(t, "a\uFFFDb\uFFFD", stored.ClientName)
	got, err := w.Endpoint(t.Context(), stored.ID)
	require.NoError(t, err)
	require.Equal(t, stored, got)
	_, err = w.Append(t.Context(), []webhooks.Event{{Type: "a\x00", Data: []byte(`{}`)}})
	require.ErrorContains(t, err, "type")
	_, err = w.Append(t.Context(), []webhooks.Event{changed(1)})
	require.NoError(t, err)
	claims, err := w.Claim(t.Context(), webhooks.ClaimRequest{Worker: "\x00", Limit: 1, Depth: 1})
	require.NoError(t, err)
	r := attempted(&claims[0], &claims[0].Work[0], webhooks.Failed)
	r.Attempt.Error, r.Attempt.Worker, r.Attempt.Response = "x\x00", "\xff", []byte("\x00\xff")
	n, err := w.Finish(t.Context(), []webhooks.Result{r})
	require.NoError(t, err)
	require.Equal(t, 1, n)
	record, err := w.Delivery(t.Context(), r.DeliveryID)
	require.NoError(t, err)
	require.Equal(t, "x\uFFFD", record.Attempts[0].Error)
	require.Equal(t, []byte("\x00\xff"), record.Attempts[0].Response)
	for _, q := range []webhooks.DeliveryQuery{{EventType: "\x00"}, {ImportID: "\xff"}, {EventID: "\x00"},
		{States: []webhooks.DeliveryState{"'"}}} {
		list, err := w.ListDeliveries(t.Context(), q)
		require.NoError(t, err, "%+v", q)
		require.Empty(t, list, "%+v", q)
	}
}

// TestWebhooksWake: deliveries are told to this process and to others, once what they tell of is committed.
func TestWebhooksWake(t *testing.T) {
	url := migrated(t)
	db, other := open(t, url, postgres.Options{}), open(t, url, postgres.Options{})
	w := db.Webhooks()
	own, far, jobs := w.Wake(t.Context()), other.Webhooks().Wake(t.Context()), other.Jobs().Wake(t.Context())
	require.Eventually(t, func() bool {
		return scan[int](t, url,
			`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%webhooks%'`) == 2
	}, time.Minute, 20*time.Millisecond)
	e := listen(t, w)
	woken := func(what string, f func()) {
		t.Helper()
		f()
		for _, c := range []<-chan struct{}{own, far} {
			select {
			case <-c:
			case <-time.After(time.Minute):
				require.Fail(t, "not woken", what)
			}
		}
	}
	woken("Append", func() {
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context) error {
			_, err := w.Append(ctx, []webhooks.Event{changed(1)})
			require.Empty(t, own, "nobody could see it yet")
			return err
		}))
	})
	claims, err := w.Claim(t.Context(), whole)
	require.NoError(t, err)
	_, err = w.Finish(t.Context(), delivered(claims))
	require.NoError(t, err)
	id := claims[0].Work[0].Delivery.ID
	woken("Resend", func() {
		_, err := w.Resend(t.Context(), id)
		require.NoError(t, err)
	})
	claims, err = w.Claim(t.Context(), whole)
	require.NoError(t, err)
	_, err = w.Finish(t.Context(), delivered(claims))
	require.NoError(t, err)
	woken("Replay", func() {
		n, _, err := w.Replay(t.Context(), webhooks.ReplayStep{EndpointID: e.ID,
			States: []webhooks.DeliveryState{webhooks.Delivered}, Limit: 10})
		require.NoError(t, err)
		require.Equal(t, 1, n)
	})
	woken("UpdateEndpoint", func() {
		for _, state := range []webhooks.EndpointState{webhooks.Paused, webhooks.Active} {
			_, err := w.UpdateEndpoint(t.Context(), e.ID, 0,
				func(e *webhooks.Endpoint) error { e.State = state; return nil })
			require.NoError(t, err)
		}
	})
	require.Empty(t, jobs, "those who wait for jobs sleep on")
}

// TestListDeliveriesOfMany lists what has so many events that they aren't looked up one by one, and what has few beside
// it.
func TestListDeliveriesOfMany(t *testing.T) {
	t.Parallel()
	w := open(t, migrated(t), postgres.Options{}).Webhooks()
	listen(t, w)
	tell := func(n int, eventType, importID string) (oldest string) {
		events := make([]webhooks.Event, n)
		for i := range events {
			events[i] = webhooks.Event{Type: eventType, ImportID: importID, Data: []byte(`{}`)}
		}
		_, err := w.Append(t.Context(), events)
		require.NoError(t, err)
		return events[0].ID
	}
	oldest := tell(10_001, webhooks.ProductCreated, "many")
	tell(3, webhooks.ProductUpdated, "many")
	tell(2, webhooks.ProductUpdated, "few")
	for _, c := range []struct {
		query webhooks.DeliveryQuery
		want  int
	}{
		{webhooks.DeliveryQuery{EventType: webhooks.ProductCreated}, 1_000},
		{webhooks.DeliveryQuery{EventType: webhooks.ProductUpdated}, 5},
		{webhooks.DeliveryQuery{ImportID: "many"}, 1_000},
		{webhooks.DeliveryQuery{ImportID: "few"}, 2},
		{webhooks.DeliveryQuery{ImportID: "many", EventType: webhooks.ProductUpdated}, 3},
		{webhooks.DeliveryQuery{ImportID: "few", EventType: webhooks.ProductUpdated}, 2},
		{webhooks.DeliveryQuery{ImportID: "few", EventType: webhooks.ProductCreated}, 0},
		{webhooks.DeliveryQuery{ImportID: "many", EventID: oldest}, 1},
		{webhooks.DeliveryQuery{EventType: webhooks.ProductUpdated, EventID: oldest}, 0},
	} {
		c.query.Limit = 1_000
		list, err := w.ListDeliveries(t.Context(), c.query)
		require.NoError(t, err)
		require.Len(t, list, c.want, c.query)
		for i, d := range list {
			require.True(t, i == 0 || d.ID < list[i-1].ID, "newest first: %+v", c.query)
			require.Contains(t, []string{"", d.ImportID}, c.query.ImportID)
			require.Contains(t, []string{"", d.EventType}, c.query.EventType)
		}
	}
}
