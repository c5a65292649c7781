package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/adapters/outbox"
	"github.com/products-importer/products-importer/adapters/worker"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

// engine is a search engine with one index, as far as the program uses it.
type engine struct {
	mu       sync.Mutex
	versions map[string]int64 // of deleted documents too
	docs     map[string]map[string]any
}

func (e *engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var answer any = map[string]any{}
	switch r.URL.Path {
	case "/shop/_refresh":
	case "/shop/_bulk":
		var items []any
		for lines := json.NewDecoder(r.Body); lines.More(); {
			var line map[string]struct {
				ID          string `json:"_id"`
				Version     int64  `json:"version"`
				VersionType string `json:"version_type"`
			}
			if err := lines.Decode(&line); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			for name, a := range line {
				var doc map[string]any
				if name == "index" && lines.Decode(&doc) != nil || a.VersionType != "external_gte" {
					http.Error(w, "no document", http.StatusBadRequest)
					return
				}
				status := http.StatusOK
				switch _, there := e.docs[a.ID]; {
				case a.Version < e.versions[a.ID]:
					status = http.StatusConflict
				case name == "index":
					e.versions[a.ID], e.docs[a.ID] = a.Version, doc
				case !there:
					status = http.StatusNotFound
				default:
					e.versions[a.ID] = a.Version
					delete(e.docs, a.ID)
				}
				items = append(items, map[string]any{name: map[string]any{"status": status}})
			}
		}
		answer = map[string]any{"items": items}
	case "/shop/_delete_by_query":
		var q struct {
			Query struct {
				Range *struct{ Round struct{ Lt float64 } }
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		for id, doc := range e.docs {
			if q.Query.Range == nil || doc["round"].(float64) < q.Query.Range.Round.Lt {
				delete(e.docs, id)
			}
		}
	default:
		http.NotFound(w, r)
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// has tells whether the documents are the store's products, and says what isn't.
func (e *engine) has(t *testing.T, store products.Reader) (problem string) {
	t.Helper()
	page, err := store.List(t.Context(), products.Query{Limit: 1_000})
	require.NoError(t, err)
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range page.Products {
		p := &page.Products[i]
		doc := e.docs[fmt.Sprint(p.ID)]
		if doc == nil || doc["sku"] != p.SKU || doc["name"] != p.Name || doc["version"] != float64(p.Version) {
			return fmt.Sprintf("product %d is %s %q at %d, and its document is %v", p.ID, p.SKU, p.Name, p.Version, doc)
		}
	}
	if len(e.docs) != len(page.Products) {
		return fmt.Sprintf("%d documents of %d products", len(e.docs), len(page.Products))
	}
	return ""
}

// TestSearchFeed has a catalogue imported over, edited, undone and emptied while the program follows it, is stopped in
// between and misses a stretch: the documents are the products each time, and all of each import has arrived.
func TestSearchFeed(t *testing.T) {
	db := memory.New(memory.Options{})
	_, err := db.Webhooks().KeepFeed(t.Context(), time.Hour)
	require.NoError(t, err)
	events, err := outbox.New(db.Webhooks())
	require.NoError(t, err)
	db.Jobs().OnEnd(events.JobEnded)
	store, err := products.NewNotifyingStore(db.Products(), db.InTx, events)
	require.NoError(t, err)
	service, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{})
	require.NoError(t, err)
	sender, err := webhooks.NewSender(webhooks.SenderOptions{})
	require.NoError(t, err)
	hooks, err := webhooks.NewService(db.Webhooks(), sender, webhooks.ServiceOptions{})
	require.NoError(t, err)
	api, err := httpapi.New(store, service, db.Jobs(), nil, httpapi.Options{
		Webhooks: httpapi.Webhooks{Service: hooks, Store: db.Webhooks()},
		Authenticate: func(r *http.Request) (string, error) {
			user, password, _ := r.BasicAuth()
			if password != "secret" {
				return "", httpapi.Unauthorized(`Basic realm="x"`, "no")
			}
			return user, nil
		}})
	require.NoError(t, err)
	server := httptest.NewServer(api)
	defer server.Close()
	search := &engine{versions: map[string]int64{}, docs: map[string]map[string]any{}}
	index := httptest.NewServer(search)
	defer index.Close()
	runner, err := job.NewRunner(db.Jobs(), db.Uploads(), db.Products(), job.RunnerOptions{Notifier: events.Import})
	require.NoError(t, err)
	w, err := worker.New(runner, worker.Options{})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	working := make(chan error, 1)
	go func() { working <- w.Run(ctx) }()
	defer func() {
		stop()
		require.NoError(t, <-working)
	}()

	out := &casetest.Buffer{}
	file := filepath.Join(t.TempDir(), "state.json")
	follow := func() (leave func()) {
		f := &follower{server: server.URL, user: "ann", password: "secret", index: index.URL + "/shop", file: file, wait: 5,
			out: out}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- f.run(ctx) }()
		return func() {
			cancel()
			require.ErrorIs(t, <-ended, context.Canceled)
		}
	}
	until := func(what string) {
		t.Helper()
		deadline := time.Now().Add(30 * time.Second)
		for problem := ""; ; time.Sleep(5 * time.Millisecond) {
			if problem = search.has(t, store); problem == "" {
				return
			}
			require.True(t, time.Now().Before(deadline), "%s: %s\n%s", what, problem, out)
		}
	}
	ended := func(id string) {
		t.Helper()
		require.Eventually(t, func() bool { return strings.Contains(out.String(), id) }, 30*time.Second, 5*time.Millisecond,
			"%s", out)
	}
	imports := func(lines ...string) string {
		j, _, err := service.Submit(t.Context(), job.Request{Settings: job.Settings{Mode: products.Update,
			BatchRecords: 100, Changes: job.ChangesAll}},
			strings.NewReader("sku,name\n"+strings.Join(lines, "\n")+"\n"))
		require.NoError(t, err)
		return j.ID
	}
	lines := func(from, to int, name string) (all []string) {
		for i := from; i < to; i++ {
			all = append(all, fmt.Sprintf("s-%d,%s %d", i, name, i))
		}
		return all
	}
	add := func(sku string) products.Product {
		p, err := store.Create(t.Context(), products.Product{SKU: sku, Name: "By hand"})
		require.NoError(t, err)
		return p
	}

	add("early")
	leave := follow()
	until("what was there before is read")
	first := imports(lines(0, 300, "Lamp")...)
	ended(first)
	until("an import arrives")
	second := imports(lines(200, 500, "Desk")...)
	ended(second)
	gone := add("gone")
	require.NoError(t, store.Delete(t.Context(), gone.ID, 0))
	until("changes by hand arrive")
	leave()

	undo, _, err := service.Undo(t.Context(), second, job.UndoRequest{})
	require.NoError(t, err)
	leave = follow() // from where it was
	ended(undo.ID)
	until("an undo arrives, with its deletions")
	for _, id := range []string{first + ": 300", second + ": 300", undo.ID + ": 300"} {
		require.Contains(t, out.String(), id+" products, complete: true", "all of an import arrives")
	}
	_, err = store.DeleteAll(t.Context())
	require.NoError(t, err)
	add("late")
	until("that all were deleted arrives")
	add("stays")
	until("and what comes behind it")
	leave()

	_, err = db.Webhooks().KeepFeed(t.Context(), 0) // it misses something
	require.NoError(t, err)
	page, err := store.List(t.Context(), products.Query{Search: "late", Limit: 1})
	require.NoError(t, err)
	require.NoError(t, store.Delete(t.Context(), page.Products[0].ID, 0))
	add("missed")
	_, err = db.Webhooks().KeepFeed(t.Context(), time.Hour)
	require.NoError(t, err)
	leave = follow()
	until("where the feed doesn't reach back everything is read anew")
	require.Equal(t, 2, strings.Count(out.String(), "products read"))
	leave()
}
