package job_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// world is everything that servers and workers share.
type world struct {
	t       *testing.T
	db      *memory.DB
	service *job.Service
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, db: memory.New(memory.Options{})}
	var err error
	w.service, err = job.NewService(w.db.Jobs(), w.db.Uploads(), job.ServiceOptions{})
	require.NoError(t, err)
	return w
}

// runner returns a worker's runner; the parts of it that are nil are the world's.
func (w *world) runner(jobs job.Store, uploads job.Uploads, store importer.Store,
	options job.RunnerOptions) *job.Runner {
	w.t.Helper()
	if jobs == nil {
		jobs = w.db.Jobs()
	}
	if uploads == nil {
		uploads = w.db.Uploads()
	}
	if store == nil {
		store = w.db.Products()
	}
	r, err := job.NewRunner(jobs, uploads, store, options)
	require.NoError(w.t, err)
	return r
}

// submit makes a job of a file, in batches of 20 records.
func (w *world) submit(text string, settings job.Settings) job.Job {
	w.t.Helper()
	settings.BatchRecords = 20
	j, created, err := w.service.Submit(w.t.Context(), job.Request{FileName: "catalogue.csv", Settings: settings},
		strings.NewReader(text))
	require.NoError(w.t, err)
	require.True(w.t, created)
	return j
}

// submitAnyhow makes a job that a service would refuse, by the beginning of its file.
func (w *world) submitAnyhow(text string, settings job.Settings) job.Job {
	w.t.Helper()
	upload, err := w.service.Upload(w.t.Context(), "catalogue.csv", "", strings.NewReader(text))
	require.NoError(w.t, err)
	settings.BatchRecords = 20
	j, err := w.db.Jobs().CreateFrom(w.t.Context(), job.Job{FileName: upload.FileName, Upload: upload.ID,
		Size: upload.Size, SHA256: upload.SHA256, Settings: settings})
	require.NoError(w.t, err)
	return j
}

// claim takes the next job, which must be there.
func (w *world) claim(r *job.Runner) *job.Claim {
	w.t.Helper()
	claim, err := r.Claim(w.t.Context(), "worker")
	require.NoError(w.t, err)
	require.NotNil(w.t, claim)
	return claim
}

// work does the next job to its end, or until it is given back.
func (w *world) work(r *job.Runner) job.Job {
	w.t.Helper()
	j, err := r.Run(w.t.Context(), w.claim(r), nil)
	require.NoError(w.t, err)
	return j
}

func (w *world) get(id string) job.Job {
	w.t.Helper()
	j, err := w.service.Get(w.t.Context(), id)
	require.NoError(w.t, err)
	return j
}

// rejects is the file of rejected records.
func (w *world) rejects(id string) string {
	w.t.Helper()
	var b bytes.Buffer
	require.NoError(w.t, w.service.Rejects(w.t.Context(), id, &b))
	return b.String()
}

// table is what is stored, by SKU, without what depends on the clock and on the order of batches.
func (w *world) table() map[string]products.Product {
	w.t.Helper()
	page, err := w.db.Products().List(w.t.Context(), products.Query{Limit: products.MaxLimit})
	require.NoError(w.t, err)
	require.Empty(w.t, page.Next)
	all := map[string]products.Product{}
	for _, p := range page.Products {
		p.ID, p.CreatedAt, p.UpdatedAt = 0, time.Time{}, time.Time{}
		all[p.SKU] = p
	}
	return all
}

// catalogue makes a file of n records: of their SKUs some repeat, some records are rejected.
func catalogue(seed uint64, n int) string {
	rng := rand.New(rand.NewPCG(seed, 1))
	var b strings.Builder
	b.WriteString("sku,name,description,status\n")
	for i := range n {
		name := fmt.Sprint("name ", i)
		if rng.IntN(20) == 0 {
			name = ""
		}
		fmt.Fprintf(&b, "sku-%d,%s,\"text\nof %d\",%v\n", rng.IntN(n*2/3), name, rng.IntN(3), rng.IntN(2) == 0)
	}
	return b.String()
}

// variants makes a file of n records, most of which inherit from another one; some find none.
func variants(seed uint64, n int) string {
	rng := rand.New(rand.NewPCG(seed, 2))
	var b strings.Builder
	b.WriteString("slug,sku,name,description,status\n")
	for i := range n {
		name := ""
		if rng.IntN(4) == 0 {
			name = fmt.Sprint("name ", i)
		}
		fmt.Fprintf(&b, "g%d,sku-%d,%s,\"text\nof %d\",\n", rng.IntN(n/6), rng.IntN(n*2/3), name, rng.IntN(3))
	}
	return b.String()
}

// stub is a store of products with a hook around its batches.
type stub struct {
	importer.Store
	write func(ctx context.Context, b *products.Batch,
		next func(context.Context, *products.Batch) (*products.BatchResult, error)) (*products.BatchResult, error)
}

func (s *stub) WriteBatch(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
	return s.write(ctx, b, s.Store.WriteBatch)
}

// slow makes a store that takes 100 ms for a batch.
func (w *world) slow() *stub {
	return &stub{w.db.Products(), func(ctx context.Context, b *products.Batch,
		next func(context.Context, *products.Batch) (*products.BatchResult, error)) (*products.BatchResult, error) {
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		return next(ctx, b)
	}}
}

// errDead is what a process gets that was killed: nothing.
var errDead = errors.New("dead")

// mortal is a store of jobs as a process sees it that can be killed.
type mortal struct {
	job.Store
	dead atomic.Bool
}

func (m *mortal) Renew(ctx context.Context, claim *job.Claim, lease time.Duration, update *job.Update) (bool, error) {
	if m.dead.Load() {
		return false, errDead
	}
	return m.Store.Renew(ctx, claim, lease, update)
}

func (m *mortal) Checkpoint(ctx context.Context, claim *job.Claim, done importer.Commit) error {
	if m.dead.Load() {
		return errDead
	}
	return m.Store.Checkpoint(ctx, claim, done)
}

func (m *mortal) Release(ctx context.Context, claim *job.Claim, failed bool, reason string,
	delay time.Duration) (job.Job, error) {
	if m.dead.Load() {
		return job.Job{}, errDead
	}
	return m.Store.Release(ctx, claim, failed, reason, delay)
}

func (m *mortal) Finish(ctx context.Context, claim *job.Claim, state job.State, reason string,
	update *job.Update) (job.Job, error) {
	if m.dead.Load() {
		return job.Job{}, errDead
	}
	return m.Store.Finish(ctx, claim, state, reason, update)
}
