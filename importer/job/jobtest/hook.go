package jobtest

import (
	"context"
	"errors"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// endHooked is a store that can say whether it has a hook.
type endHooked interface{ HasEndHook() bool }

// endings are the ways in which a job ends. Each makes a job, calls end, which ends it, and returns what is returned.
var endings = []struct {
	name string
	run  func(c *check, end func(do func() error) error)
}{
	{"Finish", func(c *check, end func(do func() error) error) {
		for _, state := range []job.State{job.Success, job.Failure, job.Revoked} {
			claim := c.claim(c.submit(job.Job{}))
			c.written(claim, 1, 3)
			if end(func() error { _, err := c.Finish(c.Context(), claim, state, "reason", nil); return err }) != nil {
				c.renew(claim, nil)
				c.end(claim, state, "", nil)
			}
		}
	}},
	{"Cancel of a job that nobody has", func(c *check, end func(do func() error) error) {
		j := c.submit(job.Job{})
		if end(func() error { _, err := c.Cancel(c.Context(), j.ID); return err }) != nil {
			c.end(c.claim(j), job.Success, "", nil)
		}
	}},
	{"Release of a cancelled job", func(c *check, end func(do func() error) error) {
		claim := c.claim(c.submit(job.Job{}))
		_, err := c.Cancel(c.Context(), claim.Job.ID)
		require.NoError(c, err)
		if end(func() error { _, err := c.Release(c.Context(), claim, true, "reason", 0); return err }) != nil {
			c.end(claim, job.Revoked, "", nil)
		}
	}},
	{"Claim of a job without an attempt left", func(c *check, end func(do func() error) error) {
		claim := c.claim(c.submit(job.Job{}))
		c.release(claim, true, "trouble", 0)
		look := func() error { _, err := c.Claim(c.Context(), "w", long, 1); return err }
		if end(look) != nil {
			c.end(c.claim(claim.Job), job.Success, "", nil)
		}
	}},
	{"Claim of a cancelled job whose worker vanished", func(c *check, end func(do func() error) error) {
		claim := c.claim(c.submit(job.Job{}))
		_, err := c.Cancel(c.Context(), claim.Job.ID)
		require.NoError(c, err)
		_, err = c.Renew(c.Context(), claim, short, nil)
		require.NoError(c, err)
		failed := end(func() (failure error) {
			deadline := time.Now().Add(casetest.Patience)
			for failure == nil && !c.get(claim.Job.ID).State.Final() && time.Now().Before(deadline) {
				_, failure = c.Claim(c.Context(), "w", long, attempts)
			}
			return failure
		})
		if failed != nil {
			c.end(claim, job.Revoked, "", nil)
		}
	}},
}

// note stores a product that says that a job ended.
func (c *check) note(ctx context.Context, sku string) error {
	_, err := c.products.Create(ctx, products.Product{SKU: sku, Name: "noted"})
	return err
}

var hookCases = []StoreCase{
	{Name: "hook/called at every end, in its transaction", run: func(c *check) {
		var ended []job.Job
		c.onEnd(func(ctx context.Context, j job.Job) error {
			ended = append(ended, j)
			return c.note(ctx, "ended-"+j.ID)
		})
		for _, way := range endings {
			way.run(c, func(do func() error) error {
				ended = nil
				require.NoError(c, do(), way.name)
				require.NotEmpty(c, ended, "%s: the hook is called", way.name)
				j := ended[len(ended)-1] // a store may have tried several times
				require.True(c, j.State.Final(), "%s: the hook is called for a final job", way.name)
				c.same(c.get(j.ID), j, way.name+": the hook is given the job as it is stored")
				page, err := c.products.List(c.Context(), products.Query{SKU: "ended-" + j.ID})
				require.NoError(c, err)
				require.Len(c, page.Products, 1, "%s: what the hook writes is committed with the end", way.name)
				return nil
			})
		}
	}},
	{Name: "hook/reported once it is set", run: func(c *check) {
		s, ok := c.Store.(endHooked)
		if !ok {
			return
		}
		require.False(c, s.HasEndHook(), "a new store has no hook")
		c.onEnd(func(context.Context, job.Job) error { return nil })
		require.True(c, s.HasEndHook(), "a store whose OnEnd was called has a hook")
	}},
	{Name: "hook/its error rolls the end back", run: func(c *check) {
		refused := errors.New("refused")
		var failure error
		c.onEnd(func(ctx context.Context, j job.Job) error {
			if failure == nil {
				return nil
			}
			return errors.Join(c.note(ctx, "ended-"+j.ID), failure)
		})
		for _, way := range endings {
			way.run(c, func(do func() error) error {
				failure = refused
				before := c.stored()
				err := do()
				require.ErrorIs(c, err, refused, "%s: the hook's error is returned", way.name)
				require.Equal(c, before, c.stored(), "%s: what the hook wrote is rolled back with the end", way.name)
				jobs, _, lookErr := c.List(c.Context(), job.Query{Limit: 1})
				require.NoError(c, lookErr)
				require.False(c, jobs[0].State.Final(), "%s: a job whose hook fails is not final", way.name)
				failure = nil
				return err
			})
		}
	}},
	{Name: "hook/not called for anything else", run: func(c *check) {
		c.onEnd(func(context.Context, job.Job) error { return errors.New("nothing has ended") })
		claim := c.claim(c.submit(job.Job{}))
		c.renew(claim, fullUpdate())
		c.written(claim, 1, 2)
		claim = c.claim(c.release(claim, true, "trouble", 0))
		_, err := c.Cancel(c.Context(), claim.Job.ID)
		require.NoError(c, err, "a job that is worked on doesn't end by Cancel")
		require.True(c, c.renew(claim, nil))
		_, err = c.Finish(c.Context(), claim, job.Pending, "", nil)
		require.ErrorContains(c, err, "ends no job")
	}},
}
