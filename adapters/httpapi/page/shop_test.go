//go:build !nopage

package page_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
	"github.com/products-importer/products-importer/adapters/httpapi/page"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/adapters/outbox"
	"github.com/products-importer/products-importer/adapters/worker"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

// shop is a whole server in memory, with its page, a worker, and webhooks to this machine. Somebody called ann is logged
// in, whoever asks, unless it has users.
type shop struct {
	maxUpload int64 // of the API, 0 for its default
	t         testing.TB
	url       string
	db        *memory.DB
	jobs      *job.Service
	// notifying are the products, whose changes webhooks are told of.
	notifying *products.NotifyingStore
	// table: the API has no products, as where imports go into a table of its owner's.
	table bool
	// users, where they aren't nil as the server starts, have to log in.
	users basicauth.Users
	// work has the worker of an idle shop begin.
	work func()
	// stop ends the server and its worker. What is kept stays.
	stop func()
	// hold is called with every batch of an import, before it is written, where it isn't nil as the server starts.
	hold func(ctx context.Context) error
}

// held is the products to which imports write, whose batches may be held.
type held struct {
	*memory.Products
	hold func(ctx context.Context) error
}

func (h held) WriteBatch(ctx context.Context, batch *products.Batch) (*products.BatchResult, error) {
	if err := h.hold(ctx); err != nil {
		return nil, err
	}
	return h.Products.WriteBatch(ctx, batch)
}

// shopFields are fields of each type.
func shopFields(t testing.TB) *products.Schema {
	schema, err := products.NewSchema(
		products.Field{Name: "price", Type: products.Decimal, Scale: 2, Rules: "gte=0"},
		products.Field{Name: "weight", Type: products.Decimal, Scale: 3},
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
	s := newShop(t)
	s.start("127.0.0.1:0", idle)
	return s
}

// newShop returns a shop whose server isn't started.
func newShop(t testing.TB) *shop {
	t.Helper()
	return &shop{t: t, db: memory.New(memory.Options{Fields: shopFields(t)})}
}

// start starts the server at an address, until the test ends or it is stopped.
func (s *shop) start(address string, idle bool) {
	t, db := s.t, s.db
	t.Helper()
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
	historian, err := products.NewHistorian(db.History(), db.Products().Schema(), events)
	require.NoError(t, err)
	s.notifying, err = products.NewNotifyingStore(db.Products(), db.InTx, historian)
	require.NoError(t, err)
	s.jobs, err = job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{KeyRule: db.Products().KeyRule(),
		Fields: db.Products().Schema()})
	require.NoError(t, err)
	options := httpapi.Options{MaxUploadBytes: s.maxUpload, History: db.History(),
		Webhooks: httpapi.Webhooks{Service: hooks, Store: db.Webhooks()}}
	if s.users == nil {
		options.Authenticate = func(*http.Request) (string, error) { return "ann", nil }
	}
	var shown httpapi.Products = s.notifying
	if s.table {
		shown, options.Fields = nil, db.Products().Schema()
	}
	api, err := httpapi.New(shown, s.jobs, db.Jobs(), s.users, options)
	require.NoError(t, err)
	var catalogue importer.Store = db.Products()
	if s.hold != nil {
		catalogue = held{db.Products(), s.hold}
	}
	runner, err := job.NewRunner(db.Jobs(), db.Uploads(), catalogue, job.RunnerOptions{Notifier: events.Import})
	require.NoError(t, err)
	w, err := worker.New(runner, worker.Options{Dispatcher: dispatcher})
	require.NoError(t, err)
	files, err := page.New(page.Options{})
	require.NoError(t, err)

	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	server := &http.Server{Handler: files.Beside(api), ReadHeaderTimeout: waitTime}
	s.url = "http://" + listener.Addr().String() + "/"
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 3)
	begin := make(chan struct{})
	s.work = sync.OnceFunc(func() { close(begin) })
	if !idle {
		s.work()
	}
	go func() { ended <- api.Run(ctx) }()
	go func() {
		select {
		case <-begin:
			ended <- w.Run(ctx)
		case <-ctx.Done():
			ended <- nil
		}
	}()
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			ended <- err
			return
		}
		ended <- nil
	}()
	s.stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(t, server.Close())
		for range cap(ended) {
			require.NoError(t, <-ended)
		}
	})
	t.Cleanup(s.stop)
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
