package webhooks_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
)

// waits returns how long each event waited for its first byte.
func waits(t *testing.T, w *world, h *host, told map[string]time.Time) []time.Duration {
	t.Helper()
	var all []time.Duration
	for _, r := range w.got(h) {
		if at, known := told[r.id]; known && r.attempt == 1 {
			all = append(all, r.at.Sub(at))
			delete(told, r.id)
		}
	}
	require.Empty(t, told, "everything has arrived")
	slices.Sort(all)
	return all
}

// TestBlackHole compares a healthy endpoint alone and beside some that never answer.
func TestBlackHole(t *testing.T) {
	p99 := func(t *testing.T, seconds, holes int, answering time.Duration) (p99 time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			healthy, _ := w.receiver("healthy", slowly(5*time.Millisecond))
			for i := range holes {
				dark := time.Now().Add(answering)
				w.receiver(fmt.Sprint("hole-", i), func(request) reply {
					if time.Now().Before(dark) {
						return reply{status: http.StatusOK}
					}
					return reply{after: time.Hour}
				})
			}
			stop := run(t, w.dispatcher(webhooks.DispatcherOptions{}))
			told := map[string]time.Time{}
			for range 10 * seconds {
				for _, e := range w.changes(2) {
					told[e.ID] = time.Now()
				}
				time.Sleep(100 * time.Millisecond)
			}
			time.Sleep(time.Minute)
			all := waits(t, w, healthy, told)
			p99 = all[len(all)*99/100]
			require.NoError(t, stop())
		})
		return p99
	}
	alone := p99(t, 300, 0, 0)
	require.LessOrEqual(t, alone, 5*time.Millisecond)
	for _, c := range []struct {
		name      string
		seconds   int
		holes     int
		answering time.Duration // before they cease to
	}{{"one", 300, 1, 0}, {"ten", 40, 10, 0}, {"ten that answered until then", 40, 10, 10 * time.Second}} {
		t.Run(c.name, func(t *testing.T) {
			require.LessOrEqual(t, p99(t, c.seconds, c.holes, c.answering), max(2*alone, 5*time.Millisecond))
		})
	}
}

func TestConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ordered, _ := w.receiver("ordered", slowly(time.Millisecond), func(e *webhooks.Endpoint) { e.Concurrency = 1 })
		var others []*host
		for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"} {
			h, _ := w.receiver(name, slowly(50*time.Millisecond))
			others = append(others, h)
		}
		widest := 0
		for _, h := range others {
			answer := h.answer
			h.answer = func(r request) reply {
				w.mu.Lock()
				open := 0
				for _, o := range others {
					open += o.open
				}
				widest = max(widest, open)
				w.mu.Unlock()
				return answer(r)
			}
		}
		for _, d := range []*webhooks.Dispatcher{w.dispatcher(webhooks.DispatcherOptions{Concurrency: 32}),
			w.dispatcher(webhooks.DispatcherOptions{Concurrency: 32})} {
			run(t, d)
		}
		told := w.changes(300)
		time.Sleep(time.Minute)
		require.Equal(t, 1, w.most(ordered))
		var want, got []string
		for i, r := range w.got(ordered) {
			want, got = append(want, told[i].ID), append(got, r.id)
		}
		require.Len(t, got, 300)
		require.Equal(t, want, got, "with a concurrency of 1 they come in order")
		for _, h := range others {
			require.Len(t, w.got(h), 300)
			require.LessOrEqual(t, w.most(h), 8, "over all workers")
		}
		require.LessOrEqual(t, widest, 64)
		require.Greater(t, widest, 32, "both work")
	})
}

// TestLanes appends a single change while an import is being delivered.
func TestLanes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		h, _ := w.receiver("one", slowly(50*time.Millisecond))
		strict, _ := w.receiver("strict", slowly(50*time.Millisecond), func(e *webhooks.Endpoint) { e.Concurrency = 1 })
		stop := run(t, w.dispatcher(webhooks.DispatcherOptions{Concurrency: 8}))
		w.imported(2_000)
		time.Sleep(time.Second)
		told := map[string]time.Time{}
		for range 20 {
			told[w.changes(1)[0].ID] = time.Now()
			time.Sleep(200 * time.Millisecond)
		}
		time.Sleep(5 * time.Minute)
		strictly := map[string]time.Time{}
		for id, at := range told {
			strictly[id] = at
		}
		all := waits(t, w, h, told)
		require.LessOrEqual(t, all[len(all)-1], 10*time.Millisecond, "a single change doesn't wait for an import")
		all = waits(t, w, strict, strictly)
		require.LessOrEqual(t, all[len(all)-1], 60*time.Millisecond,
			"with one at a time it waits for the one that is under way")
		require.Len(t, w.got(h), 2_020)
		require.NoError(t, stop())
	})
}

func TestRateLimitIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		h, _ := w.receiver("one", nil, func(e *webhooks.Endpoint) { e.RateLimit = 20 })
		run(t, w.dispatcher(webhooks.DispatcherOptions{}))
		run(t, w.dispatcher(webhooks.DispatcherOptions{}))
		w.changes(400)
		time.Sleep(30 * time.Second)
		got := w.got(h)
		require.Len(t, got, 400)
		for i := range got {
			second := 0
			for _, r := range got[i:] {
				if r.at.Sub(got[i].at) < time.Second {
					second++
				}
			}
			require.LessOrEqual(t, second, 23, "in any second, over all workers")
		}
		require.InDelta(t, 20, got[399].at.Sub(got[0].at).Seconds(), 3, "and about reached")
	})
}

// TestSlowEndpoint makes sure that what isn't begun soon is given back, and that it isn't claimed in vain again and
// again.
func TestSlowEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.receiver("slow", slowly(150*time.Millisecond), func(e *webhooks.Endpoint) { e.Concurrency = 2 })
		d := w.dispatcher(webhooks.DispatcherOptions{})
		stop := run(t, d)
		w.changes(200)
		time.Sleep(time.Minute)
		s := d.Stats()
		require.EqualValues(t, 200, s.Delivered)
		require.LessOrEqual(t, s.Released, int64(32), "only the first claims were too deep")
		require.Positive(t, s.Released)
		require.NoError(t, stop())
	})
}
