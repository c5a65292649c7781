package casetest_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
)

func TestCheck(t *testing.T) {
	ctx := t.Context()
	require.NoError(t, casetest.Check(ctx, func(c casetest.T) { require.Equal(c, ctx, c.Context()) }))

	err := casetest.Check(ctx, func(c casetest.T) {
		assert.Fail(c, "first")
		require.Fail(c, "second")
		assert.Fail(c, "third")
	})
	require.ErrorContains(t, err, "first")
	require.ErrorContains(t, err, "second", "all failures are told")
	require.NotContains(t, err.Error(), "third", "a failed requirement ends the case")

	require.ErrorContains(t, casetest.Check(ctx, func(casetest.T) { panic("trouble") }), "panic: trouble")
}

func TestEventually(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		require.NoError(t, casetest.Check(t.Context(), func(c casetest.T) {
			c.Eventually("the third answer is yes", func() bool { asked++; return asked == 3 })
		}))
		require.Equal(t, 3, asked)

		never := func(c casetest.T) { c.Eventually("the promise", func() bool { return false }) }
		began := time.Now()
		require.ErrorContains(t, casetest.Check(t.Context(), never), "the promise: not within 30s")
		require.WithinRange(t, time.Now(), began.Add(casetest.Patience), began.Add(casetest.Patience+time.Second))

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorContains(t, casetest.Check(ctx, never), "context deadline exceeded")
	})
}

func TestTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 3
		var met sync.WaitGroup
		met.Add(n)
		err := casetest.Check(t.Context(), func(c casetest.T) {
			c.Together(n, "the promise", func(_ context.Context, i int) error {
				met.Done()
				met.Wait() // for the others, which are at work too
				if i == 1 {
					return errors.New("trouble")
				}
				return nil
			})
		})
		require.ErrorContains(t, err, "trouble")
		require.ErrorContains(t, err, "the promise")

		began := time.Now()
		require.ErrorContains(t, casetest.Check(t.Context(), func(c casetest.T) {
			c.Together(1, "no deadlock", func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() })
		}), "context deadline exceeded")
		require.Equal(t, time.Minute, time.Since(began))
	})
}
