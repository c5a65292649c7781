package httpapi

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(10)
		first, err := b.take(t.Context(), 6)
		require.NoError(t, err)
		var order []int
		for i, bytes := range []int64{8, 2} { // the second would have room, but is behind the first
			go func() {
				s, err := b.take(t.Context(), bytes)
				if !assert.NoError(t, err) {
					return
				}
				order = append(order, i)
				time.Sleep(time.Second)
				s.release()
				s.release() // gives nothing back twice
			}()
			synctest.Wait()
		}
		require.Empty(t, order)
		first.shrink(7)
		first.shrink(2)
		synctest.Wait()
		require.Equal(t, []int{0}, order)
		first.release()
		synctest.Wait()
		require.Equal(t, []int{0, 1}, order)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.EqualValues(t, 10, b.free)

		all, err := b.take(t.Context(), 10)
		require.NoError(t, err)
		began := time.Now()
		_, err = b.take(t.Context(), 1)
		var p *Problem
		require.ErrorAs(t, err, &p)
		require.Equal(t, http.StatusServiceUnavailable, p.Status)
		require.Positive(t, p.retryAfter)
		require.Equal(t, budgetWait, time.Since(began))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = b.take(ctx, 1)
		require.ErrorIs(t, err, context.Canceled)
		all.release()
		require.EqualValues(t, 10, b.free)
		require.Empty(t, b.waiting)
	})
}

// TestReads: a response that is large and being written leaves the room for reading to others.
func TestReads(t *testing.T) {
	r := newReadBudget(8 * pieceBytes)
	for range 4 { // clients that take nothing
		h, err := r.read(t.Context())
		require.NoError(t, err)
		require.NoError(t, h.keep(t.Context(), pieceBytes))
	}
	require.Zero(t, r.writing.free)
	for range 1_000 {
		h, err := r.read(t.Context())
		require.NoError(t, err, "little is read all the same")
		require.NoError(t, h.keep(t.Context(), 500))
	}
	require.EqualValues(t, 4*pieceBytes-1_000*500, r.reading.free)
}
