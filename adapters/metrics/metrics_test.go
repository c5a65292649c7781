package metrics_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/adapters/metrics"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/progress"
	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/receive"
)

var (
	_ httpapi.Meter = (*metrics.Metrics)(nil)
	_ job.Meter     = (*metrics.Metrics)(nil)
)

func open(t *testing.T, options metrics.Options) *metrics.Metrics {
	m, err := metrics.New(options)
	require.NoError(t, err)
	return m
}

// scrape returns the metrics as Prometheus gets them.
func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	require.Equal(t, 200, w.Code, w.Body)
	return w.Body.String()
}

// has makes sure that the lines are there.
func has(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		require.Contains(t, text, "\n"+line+"\n")
	}
}

func TestProcess(t *testing.T) {
	m := open(t, metrics.Options{Version: "v1.2.3", Commit: "abc"})
	text := scrape(t, m)
	require.Regexp(t, `\nimporter_build_info\{commit="abc",go_version="go[^"]+",version="v1.2.3"\} 1\n`, text)
	require.Contains(t, text, "\ngo_goroutines ")
	has(t, text, "importer_database_up 0") // nobody has said which one it is

	registry := prometheus.NewRegistry()
	own := open(t, metrics.Options{Registry: registry})
	require.NotContains(t, scrape(t, own), "go_goroutines", "a registry that is given has what its owner wants")
	_, err := metrics.New(metrics.Options{Registry: registry})
	require.ErrorContains(t, err, "Options.Registry")
}

func TestRequests(t *testing.T) {
	m := open(t, metrics.Options{})
	m.Answered("/products/{id}", "GET", 404, 3*time.Millisecond)
	m.Answered("/products/{id}", "BREW", 405, time.Second)
	m.Received(17)
	m.Streams(1)
	m.Streams(1)
	m.Streams(-1)
	has(t, scrape(t, m), `importer_http_requests_total{method="GET",route="/products/{id}",status="404"} 1`,
		`importer_http_requests_total{method="other",route="/products/{id}",status="405"} 1`,
		`importer_http_request_duration_seconds_bucket{route="/products/{id}",le="0.005"} 1`,
		`importer_http_request_duration_seconds_count{route="/products/{id}"} 2`, "importer_http_upload_bytes_total 17",
		"importer_http_streams 1")
}

func TestImports(t *testing.T) {
	m := open(t, metrics.Options{})
	has(t, scrape(t, m), `importer_imports_ended_total{state="failure"} 0`,
		`importer_import_retries_total{reason="database"} 0`, `importer_import_records_total{outcome="rejected"} 0`)
	began := time.Date(2026, time.November, 28, 12, 0, 0, 0, time.UTC)
	claim := &job.Claim{}
	m.Looked(nil, errors.New("away"))
	m.Looked(nil, nil)
	for range 5 {
		m.Looked(claim, nil)
	}
	m.Looked(&job.Claim{Vanished: "worker-1"}, nil)
	m.Committed(progress.Counts{Read: 12, Created: 5, Updated: 4, Unchanged: 1, Superseded: 1, Rejected: 1})
	m.Committed(progress.Counts{Read: 2, Skipped: 2})
	m.Left(job.Left{Job: job.Job{State: job.Success, StartedAt: began, FinishedAt: began.Add(7 * time.Second),
		Rejects: map[importer.Code]int64{"empty": 3, "too_long": 1}}})
	m.Left(job.Left{Job: job.Job{State: job.Failure, StartedAt: began, FinishedAt: began}})
	m.Left(job.Left{Job: job.Job{State: job.Pending}, Retry: job.RetryUpload})
	m.Left(job.Left{Job: job.Job{State: job.Pending}})
	m.Left(job.Left{Err: job.ErrLeaseLost})
	has(t, scrape(t, m), "importer_worker_outages_total 1", "importer_worker_claims_total 6",
		"importer_worker_running 1",
		`importer_import_records_total{outcome="created"} 5`, `importer_import_records_total{outcome="updated"} 4`,
		`importer_import_records_total{outcome="unchanged"} 1`, `importer_import_records_total{outcome="skipped"} 2`,
		`importer_import_records_total{outcome="superseded"} 1`, `importer_import_records_total{outcome="rejected"} 1`,
		`importer_import_records_total{outcome="deactivated"} 0`, `importer_import_records_total{outcome="deleted"} 0`,
		`importer_import_records_total{outcome="kept"} 0`,
		`importer_import_rejects_total{code="empty"} 3`, `importer_import_rejects_total{code="too_long"} 1`,
		`importer_imports_ended_total{state="success"} 1`, `importer_imports_ended_total{state="failure"} 1`,
		`importer_imports_ended_total{state="revoked"} 0`,
		`importer_import_duration_seconds_bucket{state="success",le="5"} 0`,
		`importer_import_duration_seconds_bucket{state="success",le="10"} 1`,
		`importer_import_retries_total{reason="upload"} 1`, `importer_import_retries_total{reason="vanished"} 1`,
		"importer_imports_given_back_total 1", "importer_imports_lost_total 1")
}

func TestSources(t *testing.T) {
	db := memory.New(memory.Options{})
	m := open(t, metrics.Options{})
	secret := receive.NewSecret()
	endpoint := webhooks.Endpoint{URL: "https://shop.example/", Events: []string{"*"}, Concurrency: 1,
		Timeout: time.Second, Credentials: webhooks.Credentials{Secrets: []webhooks.LiveSecret{{Secret: secret}}}}
	_, err := db.Webhooks().CreateEndpoint(t.Context(), endpoint)
	require.NoError(t, err)
	_, err = db.Webhooks().Append(t.Context(), []webhooks.Event{{Type: webhooks.ProductCreated, Data: []byte(`{}`)}})
	require.NoError(t, err)
	for range 3 {
		_, err := db.Jobs().Create(t.Context(), job.Job{})
		require.NoError(t, err)
	}
	_, err = db.Jobs().Claim(t.Context(), "w", time.Hour, 1)
	require.NoError(t, err)
	sender, err := webhooks.NewSender(webhooks.SenderOptions{})
	require.NoError(t, err)
	dispatcher, err := webhooks.NewDispatcher(db.Webhooks(), sender, webhooks.DispatcherOptions{})
	require.NoError(t, err)
	m.Watch(metrics.Sources{Jobs: db.Jobs(), Webhooks: db.Webhooks(), Dispatcher: dispatcher, Slots: 2,
		Pools: func() map[string]sql.DBStats {
			return map[string]sql.DBStats{"writer": {MaxOpenConnections: 3, InUse: 2, Idle: 1, WaitCount: 5,
				WaitDuration: 1500 * time.Millisecond}}
		}})
	text := scrape(t, m)
	has(t, text, "importer_database_up 1", "importer_imports_waiting 2", "importer_imports_running 1",
		"importer_imports_later 0", "importer_imports_troubled 0", "importer_imports_oldest_trouble_seconds 0",
		"importer_worker_slots 2",
		`importer_database_connections{pool="writer",state="in_use"} 2`,
		`importer_database_connections{pool="writer",state="idle"} 1`,
		`importer_database_connections_limit{pool="writer"} 3`,
		`importer_database_connection_waits_total{pool="writer"} 5`,
		`importer_database_connection_wait_seconds_total{pool="writer"} 1.5`,
		`importer_webhook_deliveries_due{lane="urgent"} 1`, `importer_webhook_deliveries_due{lane="bulk"} 0`,
		`importer_webhook_deliveries_later{lane="urgent"} 0`, `importer_webhook_oldest_due_seconds{lane="bulk"} 0`,
		`importer_webhook_endpoints{state="active"} 1`, `importer_webhook_endpoints{state="disabled"} 0`,
		`importer_webhook_endpoints{state="failing"} 0`, "importer_webhook_in_flight 0", "importer_webhook_claims_total 0",
		`importer_webhook_attempts_total{outcome="delivered"} 0`,
		`importer_webhook_attempt_duration_seconds_bucket{le="30"} 0`,
		`importer_webhook_delivery_duration_seconds_count{lane="bulk"} 0`, "importer_webhook_given_back_total 0",
		"importer_webhook_lost_total 0", "importer_webhook_overdue_attempts_total 0",
		"importer_webhook_hanging_attempts 0", "importer_webhook_outages_total 0")
	require.Contains(t, text, "\nimporter_imports_oldest_waiting_seconds ")
	lint(t, text)
}

// lint has Prometheus' own tool look at the metrics, where there is one.
func lint(t *testing.T, text string) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is missing: install Prometheus for it to look at the metrics")
	}
	check := exec.CommandContext(t.Context(), promtool, "check", "metrics")
	check.Stdin = strings.NewReader(text)
	said, err := check.CombinedOutput()
	require.NoError(t, err, string(said))
	require.Empty(t, bytes.TrimSpace(said))
}

// silent is a store that says nothing until the context ends, or longer.
type silent struct {
	asked atomic.Int64
	hangs atomic.Bool
	until chan struct{} // it hangs for so long
}

func (s *silent) Backlog(ctx context.Context) (job.Backlog, error) {
	s.asked.Add(1)
	<-ctx.Done()
	if s.hangs.Load() {
		<-s.until
	}
	return job.Backlog{}, ctx.Err()
}

// TestOutage scrapes while the store says nothing: the answer comes in time, and says so.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := open(t, metrics.Options{Registry: prometheus.NewRegistry()}), &silent{until: make(chan struct{})}
		m.Watch(metrics.Sources{Jobs: s, Slots: 1})
		began := time.Now()
		text := scrape(t, m)
		require.LessOrEqual(t, time.Since(began), 3*time.Second)
		has(t, text, "importer_database_up 0", "importer_worker_slots 1")
		require.NotContains(t, text, "importer_imports_waiting", "nobody knows what waits")
		require.EqualValues(t, 1, s.asked.Load())

		// One that hangs isn't asked again before it has returned, and is down at once.
		synctest.Wait()
		s.hangs.Store(true)
		time.Sleep(2 * time.Second)
		scrape(t, m)
		began = time.Now()
		for range 10 {
			has(t, scrape(t, m), "importer_database_up 0")
		}
		require.Zero(t, time.Since(began))
		require.EqualValues(t, 2, s.asked.Load())
		close(s.until)
		synctest.Wait()
		time.Sleep(2 * time.Second)
		scrape(t, m)
		require.EqualValues(t, 3, s.asked.Load())
	})
}

// TestAskedOnce: many who scrape at the same time are no more work for the store.
func TestAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, s := open(t, metrics.Options{Registry: prometheus.NewRegistry()}), &counted{}
		m.Watch(metrics.Sources{Jobs: s})
		for range 10 {
			has(t, scrape(t, m), "importer_imports_waiting 7")
		}
		require.Equal(t, 1, s.asked)
		time.Sleep(2 * time.Second)
		scrape(t, m)
		require.Equal(t, 2, s.asked)
	})
}

type counted struct{ asked int }

func (c *counted) Backlog(context.Context) (job.Backlog, error) {
	c.asked++
	return job.Backlog{Waiting: 7}, nil
}
