package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/receive"
)

// told is an event as a receiver knows it.
type told struct {
	eventType, importID string
	number              int64
}

// ledger is a receiver that takes its time. It asks the official verifier about everything, and writes down what it
// gets.
type ledger struct {
	url     string
	secret  receive.Secret
	tally   *receive.Tally
	began   chan string   // the IDs of requests, while there is room
	release chan struct{} // closed when requests are to be answered

	mu       sync.Mutex
	bad      error
	requests int
	bodies   map[string]string // by ID
	events   map[string]told
	skus     map[string][]string   // by SKU: the events that tell of it, as type and import
	imported *receive.ImportStatus // as it was last
}

func newLedger(t *testing.T) *ledger {
	t.Helper()
	l := &ledger{secret: receive.NewSecret(), tally: receive.NewTally(), began: make(chan string, 100),
		release: make(chan struct{}), bodies: map[string]string{}, events: map[string]told{},
		skus: map[string][]string{}}
	official, err := standardwebhooks.NewWebhook(l.secret.Reveal())
	require.NoError(t, err)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the sender was killed
		}
		err = official.Verify(body, r.Header)
		select {
		case l.began <- r.Header.Get(receive.HeaderID):
		default:
		}
		<-l.release
		time.Sleep(5 * time.Millisecond) // during which the sender may be killed
		l.mu.Lock()
		defer l.mu.Unlock()
		if err == nil {
			err = l.take(body)
		}
		if err != nil && l.bad == nil {
			l.bad = err
		}
	}))
	t.Cleanup(server.Close)
	l.url = server.URL
	return l
}

func (l *ledger) take(body []byte) error {
	l.requests++
	var m receive.Message
	if err := json.Unmarshal(body, &m); err != nil {
		return err
	}
	if before, again := l.bodies[m.ID]; again {
		if before != string(body) {
			return fmt.Errorf("%s came with another body: %s", m.ID, body)
		}
		return nil
	}
	l.bodies[m.ID] = string(body)
	var data struct {
		ImportID string `json:"import_id"`
		Number   int64
		Products []struct{ SKU string }
	}
	if err := json.Unmarshal(m.Data, &data); err != nil {
		return err
	}
	l.events[m.ID] = told{m.Type, data.ImportID, data.Number}
	for _, p := range data.Products {
		l.skus[p.SKU] = append(l.skus[p.SKU], m.Type+" "+data.ImportID)
	}
	imported, err := l.tally.Add(&m)
	if imported != nil {
		l.imported = imported
	}
	return err
}

// hookScene is a scene with a receiver that is told everything.
type hookScene struct {
	*scene
	ledger *ledger
}

func newHookScene(t *testing.T, url string) *hookScene {
	t.Helper()
	s := &hookScene{scene: newScene(t, url), ledger: newLedger(t)}
	_, err := s.db.Webhooks().CreateEndpoint(t.Context(), webhooks.Endpoint{URL: s.ledger.url, Events: []string{"*"},
		Concurrency: 16, Timeout: 15 * time.Second,
		Credentials: webhooks.Credentials{Secrets: []webhooks.LiveSecret{{Secret: s.ledger.secret}}}})
	require.NoError(t, err)
	return s
}

// delivering are the arguments of a program that delivers to the ledger.
var delivering = []string{"-allow-private-webhooks", "-deliveries", "8"}

// hookWorker starts a worker, which imports and delivers.
func (s *hookScene) hookWorker(args ...string) *exec.Cmd {
	s.t.Helper()
	return s.worker(append(args, delivering...)...)
}

// server starts a server, which delivers, and returns where it is.
func (s *hookScene) server(program string) (p *exec.Cmd, url string) {
	s.t.Helper()
	p, lines := s.start(program, append(delivering, "-addr", "127.0.0.1:0", "-workers", "0")...)
	for lines.Scan() {
		if url, ok := strings.CutPrefix(lines.Text(), "serving "); ok {
			return p, url
		}
	}
	require.FailNow(s.t, "the server did not say where it is")
	return nil, ""
}

// vanish kills a process, and ends its hold.
func (s *hookScene) vanish(p *exec.Cmd) {
	s.t.Helper()
	s.kill(p, syscall.SIGKILL)
	s.expire(p)
}

// expire ends a process's hold on deliveries, as a quarter of a minute would.
func (s *hookScene) expire(p *exec.Cmd) {
	s.t.Helper()
	_, err := s.raw.ExecContext(s.t.Context(),
		`UPDATE webhook_claims SET lease_until = clock_timestamp() WHERE worker LIKE '%-' || $1 || '-%'`, p.Process.Pid)
	require.NoError(s.t, err)
}

// create creates products at the server until that is gone, and returns the SKUs of those that it said to have created.
// It calls enough once there are so many, or at its end.
func create(ctx context.Context, url, prefix string, many int, enough func()) (created []string) {
	defer enough()
	for i := 0; ; i++ {
		if i == many {
			enough()
		}
		sku := fmt.Sprintf("%s-%d", prefix, i)
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/products/",
			strings.NewReader(`{"name":"x","sku":"`+sku+`"}`))
		if err != nil {
			return created
		}
		r.SetBasicAuth("admin", "secret")
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			return created
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusCreated {
			return created
		}
		created = append(created, sku)
	}
}

// untilDelivered waits until nothing is left to be delivered.
func (s *hookScene) untilDelivered() {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		b, err := s.db.Webhooks().Backlog(s.t.Context())
		return err == nil && b.Due == [2]int64{} && b.Later == [2]int64{}
	}, time.Minute, 20*time.Millisecond)
}

// tell appends events, and returns once their deliveries are under way.
func (s *hookScene) tell(n int) {
	s.t.Helper()
	events := make([]webhooks.Event, n)
	for i := range events {
		events[i] = webhooks.Event{Type: webhooks.ProductsDeletedAll, Data: []byte(`{"count":1}`)}
	}
	_, err := s.db.Webhooks().Append(s.t.Context(), events)
	require.NoError(s.t, err)
	late := time.After(time.Minute)
	for range n {
		select {
		case <-s.ledger.began:
		case <-late:
			require.FailNow(s.t, "deliveries stand still")
		}
	}
}

// requireDelivered makes sure that each of n events was delivered at the first attempt that counts, by the process, and
// returns how many were made.
func (s *hookScene) requireDelivered(n int, p *exec.Cmd) (made int) {
	s.t.Helper()
	deliveries, err := s.db.Webhooks().ListDeliveries(s.t.Context(), webhooks.DeliveryQuery{})
	require.NoError(s.t, err)
	require.Len(s.t, deliveries, n)
	for _, d := range deliveries {
		r, err := s.db.Webhooks().Delivery(s.t.Context(), d.ID)
		require.NoError(s.t, err)
		require.Len(s.t, r.Attempts, 1)
		require.Contains(s.t, r.Attempts[0].Worker, fmt.Sprintf("-%d-", p.Process.Pid))
	}
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	require.NoError(s.t, s.ledger.bad)
	require.Equal(s.t, s.committed(), s.ledger.events)
	return s.ledger.requests
}

// TestHungWithWebhooks halts a worker while its requests are under way, for longer than it holds the deliveries:
// another one makes them, and what the hung one finds out when it wakes counts for nothing.
func TestHungWithWebhooks(t *testing.T) {
	t.Parallel()
	s := newHookScene(t, migrated(t))
	hung := s.hookWorker("-workers", "0")
	const n = 4
	s.tell(n)
	halt(t, hung)
	s.expire(hung)
	close(s.ledger.release)
	second := s.hookWorker("-workers", "0")
	s.untilDelivered()
	resume(t, hung)
	s.kill(hung, syscall.SIGTERM)
	require.Zero(t, hung.ProcessState.ExitCode())
	s.kill(second, syscall.SIGTERM)
	require.Equal(t, 2*n, s.requireDelivered(n, second))
}

// TestVanishedWithWebhooks kills a worker while its requests are under way: another one makes them within a quarter of
// a minute, though they might have taken half a minute each.
func TestVanishedWithWebhooks(t *testing.T) {
	t.Parallel()
	s := newHookScene(t, migrated(t))
	_, err := s.raw.ExecContext(t.Context(), `UPDATE webhook_endpoints SET timeout = $1`, webhooks.MaxTimeout)
	require.NoError(t, err)
	first, second := s.hookWorker("-workers", "0"), (*exec.Cmd)(nil)
	const n = 4
	s.tell(n)
	s.kill(first, syscall.SIGKILL)
	killed := time.Now()
	second = s.hookWorker("-workers", "0")
	close(s.ledger.release)
	s.untilDelivered()
	require.Less(t, time.Since(killed), 28*time.Second)
	s.kill(second, syscall.SIGTERM)
	require.LessOrEqual(t, s.requireDelivered(n, second), 2*n)
}

// TestTerminatedWithWebhooks ends all connections of a worker while requests are under way: what came of them is stored
// all the same, and nothing is sent twice.
func TestTerminatedWithWebhooks(t *testing.T) {
	t.Parallel()
	s := newHookScene(t, migrated(t))
	p := s.hookWorker("-workers", "0")
	const n = 4
	s.tell(n)
	var ended int
	require.NoError(t, s.raw.QueryRowContext(t.Context(),
		`SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity 
		WHERE datname = current_database() AND application_name = 'process'`).Scan(&ended))
	require.Positive(t, ended)
	close(s.ledger.release)
	s.untilDelivered()
	s.kill(p, syscall.SIGTERM)
	require.Zero(t, p.ProcessState.ExitCode())
	require.Equal(t, n, s.requireDelivered(n, p))
}

// TestServerCrashWithWebhooks crashes PostgreSQL while requests are under way, which are answered while it is gone, and
// starts it again. It may have forgotten who had the deliveries, and then they are made again.
func TestServerCrashWithWebhooks(t *testing.T) {
	t.Parallel()
	server := home.Own(t)
	s := newHookScene(t, server.URL())
	p := s.hookWorker("-workers", "0")
	const n = 4
	s.tell(n)
	server.Crash()
	close(s.ledger.release)
	server.Start()
	s.untilDelivered()
	s.kill(p, syscall.SIGTERM)
	require.Zero(t, p.ProcessState.ExitCode())
	made := s.requireDelivered(n, p)
	require.GreaterOrEqual(t, made, n)
	require.LessOrEqual(t, made, 2*n)
}

// TestKilledWithWebhooks kills, again and again, the worker that holds the import, and the server at which products are
// created, both of which deliver. What is delivered in the end is what was committed, each event under an ID of its own
// and with the same body however often it came; no product of the import is told of twice; and the receiver can tell
// that it has everything.
func TestKilledWithWebhooks(t *testing.T) {
	t.Parallel()
	kills := casetest.Times(6, 2)
	const records, batch = 20_000, 200
	s := newHookScene(t, migrated(t))
	close(s.ledger.release)
	base, err := io.ReadAll(catalogtest.NewReader(records, catalogtest.Base))
	require.NoError(t, err)
	_, err = importer.Run(t.Context(), importer.Bytes(base), s.db.Products(), importer.Options{})
	require.NoError(t, err)
	// All that takes its time comes before the import.
	program := serverProgram(t)
	server, url := s.server(program)
	j, _, err := s.service.Submit(t.Context(),
		job.Request{Settings: job.Settings{Mode: products.Update, BatchRecords: batch}},
		catalogtest.NewReader(records, catalogtest.HalfNew))
	require.NoError(t, err)

	rng := rand.New(rand.NewPCG(5, 8))
	workers := []*exec.Cmd{s.hookWorker(), s.hookWorker()}
	var acknowledged []string
	for round := range kills {
		held := s.untilHeld(j.ID, func(h holding) bool {
			return h.batches >= (round+1)*records/batch/(kills+2) && slices.ContainsFunc(workers, h.by)
		})
		holder := slices.IndexFunc(workers, held.by)
		s.vanish(workers[holder])
		at, err := s.db.Jobs().Get(t.Context(), j.ID)
		require.NoError(t, err)
		require.False(t, at.State.Final(), "the kill hit the import")

		created, enough := make(chan []string, 1), make(chan struct{})
		go func() {
			created <- create(t.Context(), url, fmt.Sprintf("single-%d", round), 10+rng.IntN(20),
				sync.OnceFunc(func() { close(enough) }))
		}()
		<-enough
		s.vanish(server)
		some := <-created
		require.NotEmpty(t, some)
		acknowledged = append(acknowledged, some...)
		workers[holder] = s.hookWorker()
		server, url = s.server(program)
	}
	got := s.until(j.ID, final)
	require.Equal(t, job.Success, got.State, got.Error)
	require.EqualValues(t, catalogtest.Shared(records), got.Event.Updated)
	require.EqualValues(t, catalogtest.Distinct(records)-catalogtest.Shared(records), got.Event.Created)
	s.untilDelivered()
	for _, p := range append(workers, server) {
		s.kill(p, syscall.SIGTERM)
	}

	l := s.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	require.NoError(t, l.bad)
	require.Equal(t, s.committed(), l.events, "what was delivered is what was committed")
	require.True(t, l.imported.Complete, l.imported.Missing)
	require.EqualValues(t, catalogtest.Distinct(records), l.imported.Products)
	for _, sku := range acknowledged {
		require.Equal(t, []string{"product.created "}, l.skus[sku], "what the server said to have created is told of")
	}
	singles := 0
	for sku, events := range l.skus {
		require.Len(t, events, 1, "%s is told of once", sku)
		if strings.HasPrefix(sku, "single-") {
			singles++
			continue
		}
		require.Contains(t, []string{"product.created " + j.ID, "product.updated " + j.ID}, events[0])
	}
	var stored int
	require.NoError(t, s.raw.QueryRowContext(t.Context(),
		`SELECT count(*) FROM products WHERE sku LIKE 'single-%'`).Scan(&stored))
	require.Equal(t, stored, singles, "what was not committed is not told of")
	t.Logf("%d requests for %d events; %d products created one by one, of which %d were acknowledged", l.requests,
		len(l.events), singles, len(acknowledged))
}

// committed are the events that the database has deliveries of.
func (s *hookScene) committed() map[string]told {
	s.t.Helper()
	all := map[string]told{}
	for q := (webhooks.DeliveryQuery{Limit: 1_000}); ; {
		deliveries, err := s.db.Webhooks().ListDeliveries(s.t.Context(), q)
		require.NoError(s.t, err)
		for _, d := range deliveries {
			require.Equal(s.t, webhooks.Delivered, d.State)
			all[d.EventID] = told{d.EventType, d.ImportID, d.Number}
			q.Before = d.ID
		}
		if len(deliveries) < q.Limit {
			return all
		}
	}
}

// switching is a receiver that answers 101, and says nothing then.
func switching(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		_, _ = io.Copy(io.Discard, conn)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestSwitchingProtocols has twenty endpoints that answer 101 take none of the worker's places from the one that works,
// and not hold up its end.
func TestSwitchingProtocols(t *testing.T) {
	t.Parallel()
	s := newHookScene(t, migrated(t))
	close(s.ledger.release)
	url := switching(t)
	for range 20 {
		_, err := s.db.Webhooks().CreateEndpoint(t.Context(), webhooks.Endpoint{URL: url, Events: []string{"*"},
			Concurrency: 16, Timeout: webhooks.MaxTimeout,
			Credentials: webhooks.Credentials{Secrets: []webhooks.LiveSecret{{Secret: s.ledger.secret}}}})
		require.NoError(t, err)
	}
	p := s.hookWorker("-workers", "0")
	for range 5 {
		s.tell(20)
	}
	began := time.Now()
	s.kill(p, syscall.SIGTERM)
	require.Zero(t, p.ProcessState.ExitCode())
	require.Less(t, time.Since(began), 25*time.Second)
	s.ledger.mu.Lock()
	defer s.ledger.mu.Unlock()
	require.NoError(t, s.ledger.bad)
}

// TestAdminAddress looks at what a worker that only delivers says of itself.
func TestAdminAddress(t *testing.T) {
	t.Parallel()
	s := newHookScene(t, migrated(t))
	close(s.ledger.release)
	_, lines := s.start(s.self, append(delivering, "-workers", "0", "-admin-addr", "127.0.0.1:0")...)
	require.True(t, lines.Scan())
	_, url, _ := strings.Cut(lines.Text(), ", ")
	get := func(path string) (status int, text string) {
		response, err := http.Get(url + path)
		require.NoError(t, err)
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		return response.StatusCode, string(body)
	}
	s.tell(3)
	require.Eventually(t, func() bool {
		_, text := get("/metrics")
		return strings.Contains(text, `importer_webhook_attempts_total{outcome="delivered"} 3`) &&
			strings.Contains(text, "importer_worker_running 0") &&
			strings.Contains(text, `importer_webhook_endpoints{state="active"} 1`)
	}, 30*time.Second, 10*time.Millisecond)
	for _, path := range []string{"/livez", "/readyz"} {
		status, _ := get(path)
		require.Equal(t, http.StatusOK, status)
	}
}
