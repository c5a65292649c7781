package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

func TestNewNamesWhatIsWrong(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	users := newUsers(t)
	for _, test := range []struct {
		options httpapi.Options
		want    string
	}{
		{httpapi.Options{MaxUploadBytes: -1}, "MaxUploadBytes"}, {httpapi.Options{MaxFileBytes: -1}, "MaxFileBytes"},
		{httpapi.Options{MaxBodyBytes: 10}, "MaxBodyBytes"},
		{httpapi.Options{ProgressInterval: time.Millisecond}, "ProgressInterval"}, {httpapi.Options{MaxStreams: -1},
			"MaxStreams"},
		{httpapi.Options{PublicURL: "shop.example"}, "PublicURL"}, {httpapi.Options{PublicURL: "https://x/?a"},
			"PublicURL"}, {httpapi.Options{PublicURL: "%"}, "PublicURL"},
		{httpapi.Options{TrustedOrigins: []string{"shop"}}, "TrustedOrigins"},
		{httpapi.Options{Webhooks: httpapi.Webhooks{Store: silentStore{}}}, "Webhooks.Service"},
		{httpapi.Options{Webhooks: httpapi.Webhooks{Service: &webhooks.Service{}}}, "Webhooks.Store"},
	} {
		_, err := httpapi.New(f.store, f.board, f.board, users, test.options)
		require.ErrorContains(t, err, "Options."+test.want)
	}
	for want, create := range map[string]func() (*httpapi.API, error){
		"products": func() (*httpapi.API, error) {
			return httpapi.New(nil, f.board, f.board, users,
				httpapi.Options{})
		},
		"jobs":   func() (*httpapi.API, error) { return httpapi.New(f.store, nil, f.board, users, httpapi.Options{}) },
		"reader": func() (*httpapi.API, error) { return httpapi.New(f.store, f.board, nil, users, httpapi.Options{}) },
		"users": func() (*httpapi.API, error) {
			return httpapi.New(f.store, f.board, f.board, nil,
				httpapi.Options{})
		},
	} {
		_, err := create()
		require.ErrorContains(t, err, want)
	}
}

func TestSingleHandlers(t *testing.T) {
	f := newFixture(t, httpapi.Options{PublicURL: "https://shop.example/catalogue"})
	mux := http.NewServeMux()
	mux.Handle("/catalogue/products/{id}", f.api.Product())
	mux.Handle("/catalogue/products/{$}", f.api.Protect("/products/", f.api.Products()))
	p := f.add("A")[0]
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", fmt.Sprintf("/catalogue/products/%d", p.ID), nil))
	require.Equal(t, 200, w.Code, "bare")
	require.Empty(t, w.Header().Get("X-Request-Id"))
	w = httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/catalogue/products/", nil))
	problem(t, w, 401)

	own := f.api.Protect("own", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, httpapi.User(r.Context()))
	}))
	require.Equal(t, user, newRecorder(own, request("GET", "/own", "")).Body.String(), "a handler of the application's own")
	require.Empty(t, httpapi.User(t.Context()))
}

func TestHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, httpapi.Options{})
		require.JSONEq(t, `{"status":"ok"}`, f.call("GET", "/livez", "").Body.String())
		require.Equal(t, 200, f.call("GET", "/readyz", "").Code)
		f.board.err = fmt.Errorf("%w: secret", products.ErrUnavailable)
		require.Equal(t, 200, f.call("GET", "/readyz", "").Code, "an answer counts for a second")
		time.Sleep(time.Second)
		w := f.call("GET", "/readyz", "")
		problem(t, w, 503)
		require.NotContains(t, w.Body.String(), "secret")
		require.Equal(t, 200, f.call("GET", "/livez", "").Code)
		f.board.err = nil
		time.Sleep(time.Second)
		require.Equal(t, 200, f.call("GET", "/readyz", "").Code)

		g := newFixtureOver(t, broken{err: errors.New("secret")}, httpapi.Options{})
		problem(t, g.call("GET", "/readyz", ""), 503)
	})
}

// TestHealthOfAHangingStore asks for a store that doesn't answer, whatever becomes of the context.
func TestHealthOfAHangingStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked int
		hangs := make(chan struct{})
		health := httpapi.NewHealth(func(context.Context) error {
			asked++
			<-hangs
			return nil
		})
		took := func(want time.Duration) {
			t.Helper()
			began := time.Now()
			require.ErrorContains(t, health.Check(t.Context()), "has not answered within 3s")
			require.Equal(t, want, time.Since(began))
		}
		var waiting sync.WaitGroup
		for range 10 {
			waiting.Go(func() { assert.Error(t, health.Check(t.Context())) })
		}
		took(3 * time.Second)
		waiting.Wait()
		took(0)
		time.Sleep(time.Hour)
		took(0)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.Error(t, health.Check(ctx))
		close(hangs)
		synctest.Wait()
		require.NoError(t, health.Check(t.Context()))
		require.Equal(t, 1, asked, "it is asked once for all")

		hangs = make(chan struct{})
		defer close(hangs)
		f := newFixture(t, httpapi.Options{Ping: func(context.Context) error { <-hangs; return nil }})
		began := time.Now()
		problem(t, f.call("GET", "/readyz", ""), 503)
		require.Equal(t, 3*time.Second, time.Since(began))
	})
}

// TestBusy: the answer for a store that has too much to do differs from that for one that can't be reached.
func TestBusy(t *testing.T) {
	f := newFixtureOver(t, broken{err: fmt.Errorf("%w: no connection was free within 1s", products.ErrBusy)},
		httpapi.Options{})
	w := f.call("GET", "/products/?search=x", "")
	p := problem(t, w, 503)
	require.Equal(t, "busy", p.Code)
	require.Contains(t, p.Detail, "no connection was free")
	require.Equal(t, "5", w.Header().Get("Retry-After"))
}

// tally is a Meter that keeps what it is told.
type tally struct {
	mu            sync.Mutex
	answers       map[string]int // by route, method and status
	bytes         int64
	open, streams int
}

func (m *tally) Answered(route, method string, status int, _ time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.answers[fmt.Sprintln(method, route, status)]++
}

func (m *tally) Received(bytes int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bytes += bytes
}

func (m *tally) Streams(change int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.open += change
	m.streams = max(m.streams, m.open)
}

func TestMeter(t *testing.T) {
	m := &tally{answers: map[string]int{}}
	f := newFixture(t, httpapi.Options{Meter: m})
	f.call("GET", "/products/1", "")
	f.call("BREW", "/products/1", "")
	f.call("GET", "/products/1/", "")
	f.call("GET", "/no/where", "")
	f.send(request("POST", "/upload_csv/", catalogue))
	f.board.put(job.Job{ID: id(1), State: job.Success})
	require.Equal(t, 200, f.call("GET", "/imports/"+id(1)+"/events", "").Code)
	require.Equal(t, map[string]int{
		"GET /products/{id} 404\n": 2, "BREW /products/{id} 405\n": 1, "GET other 404\n": 1,
		"POST /upload_csv/ 202\n": 1, "GET /imports/{id}/events 200\n": 1}, m.answers)
	require.EqualValues(t, len(catalogue), m.bytes)
	require.Equal(t, 1, m.streams)
	require.Zero(t, m.open)
}

// TestWithoutMetrics: there is no such route then, and the document says none.
func TestWithoutMetrics(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	require.Equal(t, 200, f.call("GET", "/metrics", "").Code)
	require.Contains(t, openAPI(t, f).paths(), "/metrics")
	f.options.Metrics = nil
	f.withUsers(newUsers(t))
	problem(t, f.call("GET", "/metrics", ""), 404)
	require.NotContains(t, openAPI(t, f).paths(), "/metrics")
	require.Nil(t, f.api.Metrics())
}

func FuzzRequests(f *testing.F) {
	for _, seed := range []struct{ method, path, query, body string }{
		{"GET", "/products/", "limit=1&cursor=", ""}, {"GET", "/products/", "ordering=-sku&offset=1&search=%25", ""},
		{"POST", "/products/", "", `{"name":"x","sku":"y","attributes":{"a":"b"}}`},
		{"PATCH", "/products/1", "", `{"attributes":{"a":null},"status":null}`},
		{"PUT", "/products/1/", "", `{"name":"\ud800","sku":"x"}`}, {"DELETE", "/products/1", "", ""},
		{"POST", "/status/", "", `{"task_id":"` + id(1) + `"}`}, {"GET", "/imports/", "state=SUCCESS&limit=5", ""},
		{"GET", "/products/export.csv", `attributes="a",b`, ""}, {"GET", "/template.csv", "", ""},
		{"POST", "/products/", "", `{"name":"x","sku":"y","fields":{"price":1.5e0,"tags":["a"],"stock":null}}`},
		{"PATCH", "/products/1", "", `{"fields":{"seen_at":"2026-11-28T10:00:00+01:00","fragile":true,"x":{}}}`},
		{"GET", "/products/", "price__gte=1&ordering=-price&cursor=", ""}, {"GET", "/products/", "tags__contains=a", ""},
		{"GET", "/products/export.csv", "price__isnull=1&brand=x&stock__lt=-1&attributes=none", ""},
		{"POST", "/upload_csv/", "set=brand=x&mode=existing&map=price=none", "sku\n1\n"},
		{"POST", "/upload_csv/", "map=a=b&priority=1", "name,sku\n"}, {"POST", "/upload_csv/", "", "\x1f\x8b\x08"},
		{"POST", "/upload_csv/", "", "\x28\xb5\x2f\xfd\x04"}, {"GET", "//products/..", "", ""},
		{"POST", "/webhooks/", "",
			`{"callback_url":"https://a.example/","events":["product.*"],"headers":{"x-a":"b"},"timeout":1.5,"token":"t","is_active":false}`},
		{"PATCH", "/webhooks/EP", "", `{"headers":{"x-a":null},"concurrency":1,"state":"active"}`},
		{"POST", "/webhooks/EP/rotate", "", `{"grace":1e9}`},
		{"POST", "/webhooks/EP/replay", "", `{"since":"2026-01-01T00:00:00Z","states":["skipped"]}`},
		{"GET", "/webhooks/EP/deliveries", "before=2&state=failed&event_id=evt_0", ""},
		{"GET", "/webhooks/deliveries/1/attempts", "", ""}, {"POST", "/webhooks/deliveries/1/resend", "", ""},
		{"POST", "/webhooks/EP/test", "", ""},
	} {
		f.Add(seed.method, seed.path, seed.query, seed.body, `W/"1"`)
	}
	f.Fuzz(func(t *testing.T, method, path, query, body, tag string) {
		r := request("GET", "/", body)
		r.Method, r.URL.Path, r.URL.RawQuery = method, "/"+strings.TrimPrefix(path, "/"), query
		r.Header.Set("If-Match", tag)
		r.Header.Set("Last-Event-ID", tag)
		if !strings.HasPrefix(r.URL.Path, "/upload_csv") {
			r.Header.Set("Content-Type", "application/json")
		}
		fix := newHookFixture(t, webhooks.SenderOptions{Transport: nowhere{}})
		hook := fix.create(`{"callback_url":"https://shop.example/"}`)
		fix.append(webhooks.Event{Type: webhooks.ProductCreated, Data: []byte(`{}`)})
		r.URL.Path = strings.ReplaceAll(r.URL.Path, "EP", hook.ID)
		fix.board.put(job.Job{ID: id(1), State: job.Success, Upload: "key"})
		fix.board.rejects = func(io.Writer) error { return nil }
		fix.add("A")
		w := fix.send(r)
		require.Less(t, w.Code, 500, "%s %s?%s %q: %s", method, path, query, body, w.Body)
		if w.Code >= 400 && method != "HEAD" {
			require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
		}
	})
}

// nowhere is a network without hosts.
type nowhere struct{}

func (nowhere) RoundTrip(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }

// TestDrain: a server that is to stop says that it isn't ready, and serves everything still.
func TestDrain(t *testing.T) {
	var log bytes.Buffer
	f := newFixture(t, httpapi.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.Equal(t, 200, f.call("GET", "/readyz", "").Code)
	f.api.Drain()
	f.api.Drain()
	require.Contains(t, problem(t, f.call("GET", "/readyz", ""), 503).Detail, "try again")
	require.Equal(t, 200, f.call("GET", "/livez", "").Code)
	require.Equal(t, 201, f.call("POST", "/products/", `{"name":"n","sku":"s"}`).Code)
	require.NotContains(t, log.String(), "ERROR", "that it stops is no trouble")
}
