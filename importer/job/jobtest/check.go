package jobtest

import (
	"context"
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

const (
	// long is a lease that doesn't run out while a case runs, short one that is waited for.
	long, short = time.Hour, time.Millisecond
	// attempts is more than a case needs.
	attempts = 100
)

// check is a case at work on its stores.
type check struct {
	casetest.T
	job.Store
	products products.Store
	onEnd    func(hook driver.EndHook)
	clock    func(ctx context.Context, d time.Duration) error
	uploads  int // made by fresh
}

func newCheck(t casetest.T, s Stores) *check {
	return &check{T: t, Store: s.Jobs, products: s.Products, onEnd: s.OnEnd, clock: s.SetBack}
}

// submit stores a job that must be accepted.
func (c *check) submit(j job.Job) job.Job {
	c.Helper()
	stored, err := c.Create(c.Context(), j)
	require.NoError(c, err, "a new job is stored")
	return stored
}

// some stores n jobs, each older than the next.
func (c *check) some(n int) []job.Job {
	c.Helper()
	jobs := make([]job.Job, n)
	for i := range jobs {
		jobs[i] = c.submit(job.Job{FileName: fmt.Sprintf("%d.csv", i), Upload: fmt.Sprint("upload-", i)})
	}
	return jobs
}

// get returns a job that must be there.
func (c *check) get(id string) job.Job {
	c.Helper()
	j, err := c.Get(c.Context(), id)
	require.NoError(c, err, "a stored job is found by its ID")
	return j
}

// tryClaim claims whatever comes next; nil for none.
func (c *check) tryClaim(worker string, lease time.Duration) *job.Claim {
	c.Helper()
	claim, err := c.Claim(c.Context(), worker, lease, attempts)
	require.NoError(c, err, "looking for work")
	return claim
}

// claim claims a job for long, which must be the one that comes next.
func (c *check) claim(want job.Job) *job.Claim {
	c.Helper()
	claim := c.tryClaim("worker-1", long)
	require.NotNil(c, claim, "a job that waits is claimed")
	require.Equal(c, want.ID, claim.Job.ID, "the job that should be done next is claimed")
	return claim
}

// vanished claims a job and lets the lease run out: it may be claimed by others soon.
func (c *check) vanished() *job.Claim {
	c.Helper()
	claim := c.tryClaim("vanished-worker", short)
	require.NotNil(c, claim, "a job that waits is claimed")
	return claim
}

// takeOver waits until a job can be claimed.
func (c *check) takeOver(maxAttempts int, promise string) (claim *job.Claim) {
	c.Helper()
	c.Eventually(promise, func() bool {
		var err error
		claim, err = c.Claim(c.Context(), "worker-2", long, maxAttempts)
		require.NoError(c, err, promise)
		return claim != nil
	})
	return claim
}

// commit makes what a batch of n new products commits.
func commit(batch, n int64) importer.Commit {
	return importer.Commit{Batch: batch, Bytes: 100 * n, Counts: progress.Counts{Read: n + 1, Created: n, Rejected: 1}}
}

// batch makes a batch of records, which have names.
func (c *check) batch(number int64, records ...products.Record) *products.Batch {
	name := products.Columns{Fields: []*products.Field{c.products.Schema().Find("name")}}
	return &products.Batch{Number: number, Columns: name, Records: records}
}

// record makes a record of a new product.
func (c *check) record(sku string) products.Record {
	return products.Record{Key: c.products.KeyRule().Key(sku), SKU: sku, Values: []string{"name"}}
}

// write commits a batch of n new products with its checkpoint.
func (c *check) write(claim *job.Claim, batch, n int64) error {
	b := c.batch(batch)
	b.BeforeCommit = func(ctx context.Context, _ *products.BatchResult) error {
		return c.Checkpoint(ctx, claim, commit(batch, n))
	}
	for i := range n {
		b.Records = append(b.Records, c.record(fmt.Sprintf("%d-%d", batch, i)))
	}
	_, err := c.products.WriteBatch(c.Context(), b)
	return err
}

// written writes a batch that must be accepted.
func (c *check) written(claim *job.Claim, batch, n int64) {
	c.Helper()
	require.NoError(c, c.write(claim, batch, n), "a batch is committed with its checkpoint")
}

// stored is the number of products.
func (c *check) stored() int64 {
	c.Helper()
	page, err := c.products.List(c.Context(), products.Query{})
	require.NoError(c, err, "the products are listed")
	return page.Count
}

// checkpoints returns those of a claim that must be good.
func (c *check) checkpoints(claim *job.Claim) map[int64]importer.Commit {
	c.Helper()
	done, err := c.Checkpoints(c.Context(), claim)
	require.NoError(c, err, "a good claim has its checkpoints")
	return done
}

// renew renews a claim that must be good.
func (c *check) renew(claim *job.Claim, update *job.Update) (cancel bool) {
	c.Helper()
	cancel, err := c.Renew(c.Context(), claim, long, update)
	require.NoError(c, err, "a good claim is renewed")
	return cancel
}

// release releases a claim that must be good.
func (c *check) release(claim *job.Claim, failed bool, reason string, delay time.Duration) job.Job {
	c.Helper()
	j, err := c.Release(c.Context(), claim, failed, reason, delay)
	require.NoError(c, err, "a good claim is released")
	return j
}

// end ends the job.
func (c *check) end(claim *job.Claim, state job.State, reason string, update *job.Update) job.Job {
	c.Helper()
	j, err := c.Finish(c.Context(), claim, state, reason, update)
	require.NoError(c, err, "a good claim ends its job")
	return j
}

// lost makes sure that the claim is good for nothing, and that trying changes nothing.
func (c *check) lost(claim *job.Claim, promise string) {
	c.Helper()
	before, products := c.get(claim.Job.ID), c.stored()
	update := &job.Update{State: job.Progress, Event: progress.Event{Phase: progress.Importing, Bytes: 12_345}}
	for name, call := range map[string]func() error{
		"Renew":                 func() error { _, err := c.Renew(c.Context(), claim, long, nil); return err },
		"Renew with an update":  func() error { _, err := c.Renew(c.Context(), claim, long, update); return err },
		"Checkpoint":            func() error { return c.Checkpoint(c.Context(), claim, commit(777, 1)) },
		"Checkpoint of a batch": func() error { return c.write(claim, 778, 3) },
		"KeepChanges": func() error {
			return c.KeepChanges(c.Context(), claim, []job.ChangeChunk{chunk(777, "a", "b", 0)})
		},
		"DropChanges": func() error { _, err := c.DropChanges(c.Context(), claim, 1); return err },
		"Checkpoints": func() error { _, err := c.Checkpoints(c.Context(), claim); return err },
		"Release":     func() error { _, err := c.Release(c.Context(), claim, true, "late", 0); return err },
		"Finish": func() error {
			_, err := c.Finish(c.Context(), claim, job.Success, "",
				update)
			return err
		},
	} {
		require.ErrorIs(c, call(), job.ErrLeaseLost, "%s: %s gives ErrLeaseLost", promise, name)
	}
	require.Equal(c, products, c.stored(), "%s: a batch with its checkpoint is rolled back", promise)
	c.same(before, c.get(claim.Job.ID), promise+": nothing of the job changes")
}

// same compares jobs whole; times are compared as moments.
func (c *check) same(want, got job.Job, promise string) {
	c.Helper()
	require.Equal(c, plain(want), plain(got), promise)
}

// plain makes jobs comparable.
func plain(j job.Job) job.Job {
	for _, t := range []*time.Time{&j.CreatedAt, &j.StartedAt, &j.FinishedAt, &j.NotBefore, &j.WaitingSince,
		&j.Event.Time} {
		*t = t.UTC().Truncate(time.Microsecond)
	}
	if len(j.Rejects) == 0 {
		j.Rejects = nil
	}
	if len(j.Settings.Map) == 0 {
		j.Settings.Map = nil
	}
	return j
}

// grew makes sure that a change shows.
func (c *check) grew(before, after job.Job, what string) {
	c.Helper()
	require.Greater(c, after.Revision, before.Revision, "the revision grows when %s", what)
	c.same(after, c.get(after.ID), "what is returned when "+what+" is the job as it is stored")
}

// ids are the jobs' IDs.
func ids(jobs []job.Job) []string {
	all := make([]string, len(jobs))
	for i := range jobs {
		all[i] = jobs[i].ID
	}
	return all
}
