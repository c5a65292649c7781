//go:build !nopage

package page_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/httpapi/page"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/adapters/outbox"
	"github.com/products-importer/products-importer/adapters/worker"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

// shop is a whole server in memory, with its page, a worker, and webhooks to this machine. Somebody called ann is logged
// in, whoever asks.
type shop struct {
	t     testing.TB
	url   string
	db    *memory.DB
	jobs  *job.Service
	hooks *webhooks.Service
	// notifying are the products, whose changes webhooks are told of.
	notifying *products.NotifyingStore
	// work has the worker of an idle shop begin.
	work func()
}

// shopFields are fields of each type.
func shopFields(t testing.TB) *products.Schema {
	schema, err := products.NewSchema(
		products.Field{Name: "price", Type: products.Decimal, Scale: 2, Rules: "gte=0"},
		products.Field{Name: "stock", Type: products.Integer, Rules: "gte=0"},
		products.Field{Name: "brand", Type: products.Text, Rules: "max=100"},
		products.Field{Name: "currency", Type: products.Text, Rules: "oneof=EUR USD"},
		products.Field{Name: "tags", Type: products.List, Separator: "|"},
		products.Field{Name: "available_from", Type: products.Date},
		products.Field{Name: "fragile", Type: products.Boolean},
	)
	require.NoError(t, err)
	return schema
}

// openShop starts a shop. An idle one has no worker so far.
func openShop(t testing.TB, idle bool) *shop {
	t.Helper()
	db := memory.New(memory.Options{Fields: shopFields(t)})
	policy := webhooks.Policy{AllowHTTP: true, AllowAnyPort: true, AllowAddresses: webhooks.AllAddresses()}
	sender, err := webhooks.NewSender(webhooks.SenderOptions{Policy: policy})
	require.NoError(t, err)
	hooks, err := webhooks.NewService(db.Webhooks(), sender, webhooks.ServiceOptions{Policy: policy})
	require.NoError(t, err)
	dispatcher, err := webhooks.NewDispatcher(db.Webhooks(), sender, webhooks.DispatcherOptions{})
	require.NoError(t, err)
	events, err := outbox.New(db.Webhooks())
	require.NoError(t, err)
	db.Jobs().OnEnd(events.JobEnded)
	notifying, err := products.NewNotifyingStore(db.Products(), db.InTx, events)
	require.NoError(t, err)
	jobs, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{KeyRule: db.Products().KeyRule(),
		Fields: db.Products().Schema()})
	require.NoError(t, err)
	api, err := httpapi.New(notifying, jobs, db.Jobs(), nil, httpapi.Options{
		Authenticate: func(*http.Request) (string, error) { return "ann", nil },
		Webhooks:     httpapi.Webhooks{Service: hooks, Store: db.Webhooks(), Dispatcher: dispatcher},
	})
	require.NoError(t, err)
	runner, err := job.NewRunner(db.Jobs(), db.Uploads(), db.Products(), job.RunnerOptions{Notifier: events.Import})
	require.NoError(t, err)
	w, err := worker.New(runner, worker.Options{Dispatcher: dispatcher})
	require.NoError(t, err)
	files, err := page.New(page.Options{})
	require.NoError(t, err)

	server := httptest.NewServer(files.Beside(api))
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- api.Run(ctx) }()
	begin := make(chan struct{})
	work := sync.OnceFunc(func() { close(begin) })
	go func() {
		select {
		case <-begin:
			ended <- w.Run(ctx)
		case <-ctx.Done():
			ended <- nil
		}
	}()
	if !idle {
		work()
	}
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
		require.NoError(t, <-ended)
		server.CloseClientConnections()
		server.Close()
	})
	return &shop{t, server.URL + "/", db, jobs, hooks, notifying, work}
}

// add stores n products, SKU-001 and so on.
func (s *shop) add(n int) {
	s.t.Helper()
	for i := 1; i <= n; i++ {
		p := products.Product{SKU: fmt.Sprintf("SKU-%03d", i), Name: fmt.Sprintf("Lamp %d", i), Status: i%2 == 0}
		price, fault := s.db.Products().Schema().Find("price").Parse(fmt.Sprintf("%d.50", i))
		require.Nil(s.t, fault)
		p.Fields = map[string]products.Value{"price": s.db.Products().Schema().Find("price").Value(price)}
		_, err := s.db.Products().Create(s.t.Context(), p)
		require.NoError(s.t, err)
	}
}

// hookState waits until the only webhook has the state.
func (s *shop) hookState(want webhooks.EndpointState) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		all, _, err := s.db.Webhooks().ListEndpoints(s.t.Context(), 2, 0)
		return err == nil && len(all) == 1 && all[0].State == want
	}, waitTime, 5*time.Millisecond)
}

// submit makes an import of a file.
func (s *shop) submit(name, text string, settings job.Settings) string {
	s.t.Helper()
	j, _, err := s.jobs.Submit(s.t.Context(), job.Request{FileName: name, Settings: settings}, strings.NewReader(text))
	require.NoError(s.t, err)
	return j.ID
}
