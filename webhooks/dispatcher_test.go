package webhooks_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

func TestDispatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		h, e := w.receiver("one", nil)
		other, _ := w.receiver("two", nil, func(e *webhooks.Endpoint) { e.Events = []string{webhooks.ProductDeleted} })
		var log bytes.Buffer
		var observed atomic.Int64
		d := w.dispatcher(webhooks.DispatcherOptions{Name: "d-1", Logger: slog.New(slog.NewTextHandler(&log, nil)),
			Observe: func(work webhooks.Work, r webhooks.Result) {
				if work.Event.Type == webhooks.ProductCreated && r.State == webhooks.Delivered {
					observed.Add(1)
				}
			}})
		require.ErrorContains(t, d.Healthy(), "doesn't run")
		stop := run(t, d)
		synctest.Wait()
		require.NoError(t, d.Healthy())
		time.Sleep(time.Hour)
		told := w.changes(20)
		synctest.Wait()
		got := w.got(h)
		require.Len(t, got, 20)
		for i, e := range told {
			at := slices.IndexFunc(got, func(r request) bool { return r.id == e.ID })
			require.GreaterOrEqual(t, at, 0, "event %d", i)
			require.Equal(t, string(e.AppendBody(nil)), got[at].body)
			require.Equal(t, 1, got[at].attempt)
			require.Equal(t, "product.created", got[at].event)
			require.Zero(t, time.Since(got[at].at), "whoever is woken doesn't wait")
		}
		require.Empty(t, w.got(other))
		require.EqualValues(t, 20, observed.Load())
		for _, d := range w.deliveries(e) {
			require.Equal(t, webhooks.Delivered, d.State)
			attempts := w.log(d)
			require.Len(t, attempts, 1)
			require.Equal(t, "an answer", string(attempts[0].Response))
			require.Equal(t, "d-1", attempts[0].Worker)
		}
		s := d.Stats()
		s.AttemptTimes, s.DeliveryTimes = webhooks.Histogram{}, [2]webhooks.Histogram{} // see TestTimes
		require.Equal(t, webhooks.Stats{Claimed: 20, Delivered: 20, Failures: map[webhooks.FailureKind]int64{}}, s)
		require.ErrorContains(t, d.Run(t.Context()), "runs already")
		require.NoError(t, stop())
		require.NotContains(t, log.String(), "WARN")
		require.Equal(t, "d-1", d.Name())
	})
}

// TestPolling sends what nobody woke the dispatcher for.
func TestPolling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.store = deafStore{w.store}
		h, _ := w.receiver("one", nil)
		run(t, w.dispatcher(webhooks.DispatcherOptions{}))
		time.Sleep(time.Hour)
		began := time.Now()
		w.changes(1)
		time.Sleep(1_250 * time.Millisecond)
		require.Len(t, w.got(h), 1, "an idle dispatcher looks every second")
		require.Greater(t, w.got(h)[0].at, began)
		w.changes(1)
		time.Sleep(200 * time.Millisecond)
		require.LessOrEqual(t, len(w.got(h)), 2)
	})
}

// deafStore wakes nobody.
type deafStore struct{ webhooks.Store }

func (deafStore) Wake(context.Context) <-chan struct{} { return nil }

func TestSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		h, e := w.receiver("down", always(http.StatusInternalServerError))
		var log bytes.Buffer
		d := w.dispatcher(webhooks.DispatcherOptions{MaxPoll: 10 * time.Second,
			Logger: slog.New(slog.NewTextHandler(&log, nil))})
		stop := run(t, d)
		began := time.Now()
		w.changes(1)
		time.Sleep(10 * 24 * time.Hour)
		got := w.got(h)
		require.Len(t, got, 11)
		require.Zero(t, got[0].at.Sub(began))
		for i, want := range webhooks.Schedule() {
			wait := got[i+1].at.Sub(got[i].at)
			require.GreaterOrEqual(t, wait, want*8/10, "after attempt %d", i+1)
			require.LessOrEqual(t, wait, want*12/10+12_500*time.Millisecond, "after attempt %d", i+1)
			require.Equal(t, i+2, got[i+1].attempt)
			require.Equal(t, got[0].id, got[i+1].id, "every attempt has the same ID")
			require.Equal(t, got[0].body, got[i+1].body, "every attempt has the same body")
		}
		total := time.Duration(0)
		for _, wait := range webhooks.Schedule() {
			total += wait
		}
		require.InDelta(t, 75.6, total.Hours(), 0.01)
		delivery := w.deliveries(e)[0]
		require.Equal(t, webhooks.Failed, delivery.State)
		require.Equal(t, 11, delivery.Attempts)
		for i, a := range w.log(delivery) {
			require.Equal(t, i+1, a.Number)
			require.Equal(t, webhooks.FailureStatus, a.Failure)
			require.Equal(t, 500, a.Status)
		}
		s := d.Stats()
		require.EqualValues(t, 10, s.Retried)
		require.EqualValues(t, 1, s.Failed)
		require.Equal(t, map[webhooks.FailureKind]int64{webhooks.FailureStatus: 11}, s.Failures)
		require.Equal(t, 10, strings.Count(log.String(), "will be tried again"))
		require.Equal(t, 1, strings.Count(log.String(), "failed for good"))
		require.Contains(t, log.String(), "kind=status")

		// Sent again, with a schedule of its own.
		w.answers(h, func(r request) reply {
			if r.attempt < 14 {
				return reply{status: 500}
			}
			return reply{status: 200}
		})
		_, err := w.store.Resend(t.Context(), delivery.ID)
		require.NoError(t, err)
		time.Sleep(time.Hour)
		require.Equal(t, webhooks.Delivered, w.deliveries(e)[0].State)
		got = w.got(h)
		require.Len(t, got, 14)
		require.Less(t, got[12].at.Sub(got[11].at), 5*time.Minute,
			"the schedule began anew, but for the pauses of an endpoint that fails")
		require.NoError(t, stop())
	})
}

func TestWaits(t *testing.T) {
	for _, test := range []struct {
		name        string
		answer      reply
		least, most time.Duration // before the second attempt
	}{
		{"a failure", reply{status: 500}, 4 * time.Second, 7500 * time.Millisecond},
		{"not found", reply{status: 404}, 4 * time.Second, 7500 * time.Millisecond},
		{"a redirect", reply{status: 307}, 4 * time.Second, 7500 * time.Millisecond},
		{"too many requests", reply{status: 429}, time.Minute, 62 * time.Second},
		{"bad gateway", reply{status: 502}, time.Minute, 62 * time.Second},
		{"unavailable", reply{status: 503}, time.Minute, 62 * time.Second},
		{"gateway time-out", reply{status: 504}, time.Minute, 62 * time.Second},
		{"no answer", reply{status: 200, after: time.Hour}, time.Minute + 15*time.Second, 78 * time.Second},
		{"a floor", reply{status: 500, retryAfter: "30"}, 30 * time.Second, 32 * time.Second},
		{"a floor below", reply{status: 500, retryAfter: "1"}, 4 * time.Second, 7500 * time.Millisecond},
		{"both floors", reply{status: 503, retryAfter: "90"}, 90 * time.Second, 92 * time.Second},
		{"a floor in the sky", reply{status: 503, retryAfter: "99999999"}, 24 * time.Hour,
			24*time.Hour + 2*time.Second},
		{"garbage", reply{status: 500, retryAfter: "-30"}, 4 * time.Second, 7500 * time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				h, e := w.receiver("one", func(r request) reply {
					if r.attempt == 1 {
						return test.answer
					}
					return reply{status: 200}
				})
				stop := run(t, w.dispatcher(webhooks.DispatcherOptions{}))
				w.changes(1)
				time.Sleep(test.most + time.Minute)
				got := w.got(h)
				require.Len(t, got, 2)
				wait := got[1].at.Sub(got[0].at)
				require.GreaterOrEqual(t, wait, test.least)
				require.LessOrEqual(t, wait, test.most)
				require.Equal(t, webhooks.Delivered, w.deliveries(e)[0].State)
				require.NoError(t, stop())
			})
		})
	}
}

func TestGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		h, e := w.receiver("gone", always(http.StatusGone), func(e *webhooks.Endpoint) { e.Concurrency = 1 })
		watcher, _ := w.receiver("watcher", nil,
			func(e *webhooks.Endpoint) { e.Events = []string{webhooks.EndpointDisabled} })
		var log bytes.Buffer
		stop := run(t, w.dispatcher(webhooks.DispatcherOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))}))
		w.changes(3)
		time.Sleep(time.Hour)
		require.Len(t, w.got(h), 1, "410 is the end")
		require.Len(t, w.got(watcher), 1, "the others are told")
		require.Contains(t, w.got(watcher)[0].body, e.ID)
		require.Contains(t, log.String(), "gone")
		w.changes(2)
		time.Sleep(time.Hour)
		require.Len(t, w.got(h), 1)

		// The endpoint comes back, and is sent what it missed.
		s, err := webhooks.NewSender(webhooks.SenderOptions{Transport: w})
		require.NoError(t, err)
		service, err := webhooks.NewService(w.store, s, webhooks.ServiceOptions{})
		require.NoError(t, err)
		_, err = service.Replay(t.Context(), e.ID, time.Time{})
		require.ErrorIs(t, err, webhooks.ErrOff)
		w.answers(h, always(http.StatusOK))
		_, err = service.Update(t.Context(), e.ID, 0, func(e *webhooks.Endpoint) error { e.Resume(); return nil })
		require.NoError(t, err)
		n, err := service.Replay(t.Context(), e.ID, time.Time{})
		require.NoError(t, err)
		require.EqualValues(t, 6, n, "with the one that failed, and the event of its own end")
		time.Sleep(time.Minute)
		require.Len(t, w.got(h), 7)
		for _, d := range w.deliveries(e) {
			require.Equal(t, webhooks.Delivered, d.State)
		}
		require.NoError(t, stop())
	})
}

// TestHealth has an endpoint that fails while many events are appended.
func TestHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		h, e := w.receiver("down", func(request) reply { return reply{status: 500, after: 100 * time.Millisecond} })
		stop := run(t, w.dispatcher(webhooks.DispatcherOptions{}))
		w.changes(500)
		time.Sleep(50 * time.Second)
		failed := len(w.got(h))
		require.LessOrEqual(t, failed, 20, "ten failures are enough, beside what was under way")
		stored, err := w.store.Endpoint(t.Context(), e.ID)
		require.NoError(t, err)
		require.False(t, stored.PausedUntil.IsZero())
		w.most(h)
		time.Sleep(4 * time.Hour)
		require.LessOrEqual(t, len(w.got(h))-failed, 12, "pauses grow")
		require.Equal(t, 1, w.most(h), "one probe at a time")
		w.answers(h, slowly(10*time.Millisecond))
		time.Sleep(3 * time.Hour)
		for _, d := range w.deliveries(e) {
			require.Equal(t, webhooks.Delivered, d.State, "nothing is lost")
		}
		require.NoError(t, stop())
	})
}

func TestDisabledAfterDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		h, e := w.receiver("down", always(http.StatusInternalServerError))
		watcher, _ := w.receiver("watcher", nil, func(e *webhooks.Endpoint) { e.Events = []string{"endpoint.*"} })
		stop := run(t, w.dispatcher(webhooks.DispatcherOptions{MaxPoll: 30 * time.Second}))
		for range 6 {
			w.changes(3)
			time.Sleep(24 * time.Hour)
		}
		stored, err := w.store.Endpoint(t.Context(), e.ID)
		require.NoError(t, err)
		require.Equal(t, webhooks.Disabled, stored.State)
		require.Len(t, w.got(watcher), 1)
		before := len(w.got(h))
		w.changes(1)
		time.Sleep(24 * time.Hour)
		require.Len(t, w.got(h), before)
		all := w.deliveries(e)
		require.Equal(t, webhooks.Skipped, all[len(all)-1].State)
		require.NoError(t, stop())
	})
}

// outage is a store that can't be reached at times.
type outage struct {
	webhooks.Store
	claims, results atomic.Bool
	refused         atomic.Int64
}

var errOutage = errors.New("the store can't be reached")

func (o *outage) Claim(ctx context.Context, r webhooks.ClaimRequest) ([]webhooks.Claim, error) {
	if o.claims.Load() {
		o.refused.Add(1)
		return nil, errOutage
	}
	return o.Store.Claim(ctx, r)
}

func (o *outage) Finish(ctx context.Context, results []webhooks.Result) (int, error) {
	if o.results.Load() {
		o.refused.Add(1)
		return 0, errOutage
	}
	return o.Store.Finish(ctx, results)
}

func TestStoreOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		o := &outage{Store: w.store}
		w.store = o
		h, e := w.receiver("one", nil)
		var log bytes.Buffer
		d := w.dispatcher(webhooks.DispatcherOptions{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		stop := run(t, d)
		o.claims.Store(true)
		w.changes(1)
		time.Sleep(time.Hour)
		require.ErrorIs(t, d.Healthy(), errOutage)
		require.Less(t, o.refused.Load(), int64(400), "a store that fails is asked now and then")
		require.Equal(t, o.refused.Load(), d.Stats().Outages)
		require.Equal(t, 1, strings.Count(log.String(), "can't look for deliveries"), "it is said once")
		o.claims.Store(false)
		time.Sleep(20 * time.Second)
		require.NoError(t, d.Healthy())
		require.Len(t, w.got(h), 1)
		require.Contains(t, log.String(), "looking for deliveries again")

		// Results that can be stored a little later.
		o.results.Store(true)
		w.changes(1)
		time.Sleep(10 * time.Second)
		o.results.Store(false)
		time.Sleep(2 * time.Second)
		require.Len(t, w.got(h), 2, "what was delivered isn't sent again")
		require.Equal(t, webhooks.Delivered, w.deliveries(e)[1].State)

		// Results that can't.
		o.results.Store(true)
		w.changes(1)
		time.Sleep(30 * time.Second)
		o.results.Store(false)
		require.EqualValues(t, 1, d.Stats().Lost)
		time.Sleep(time.Minute)
		got := w.got(h)
		require.Len(t, got, 4, "what isn't known to be delivered is sent again")
		require.Equal(t, request{got[2].at, got[2].id, 1, got[2].event, got[2].body},
			request{got[2].at, got[3].id, got[3].attempt, got[3].event, got[3].body}, "under the same ID")
		require.Equal(t, webhooks.Delivered, w.deliveries(e)[2].State)

		o.results.Store(true)
		w.changes(1)
		time.Sleep(time.Second)
		began := time.Now()
		require.ErrorIs(t, stop(), errOutage, "who stops is told what couldn't be stored")
		require.LessOrEqual(t, time.Since(began), 8*time.Second)
	})
}

// sleepy is a store as a worker sees it that sleeps for a while, once, before it stores results.
type sleepy struct {
	webhooks.Store
	slept atomic.Bool
}

func (s *sleepy) Finish(ctx context.Context, results []webhooks.Result) (int, error) {
	if !s.slept.Swap(true) {
		time.Sleep(5 * time.Minute)
	}
	return s.Store.Finish(context.WithoutCancel(ctx), results)
}

func (*sleepy) Renew(context.Context, []string, time.Duration) (int, error) {
	return 0, errOutage // it sleeps for as long as it would be of use
}

// TestFenced lets a worker sleep longer than its lease.
func TestFenced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		h, e := w.receiver("one", func(r request) reply {
			if time.Now().Minute() == 0 {
				return reply{status: 500}
			}
			return reply{status: 200}
		})
		store := w.store
		w.store = &sleepy{Store: store}
		slow := w.dispatcher(webhooks.DispatcherOptions{Name: "slow", Concurrency: 1})
		w.store = store
		stopSlow := run(t, slow)
		synctest.Wait()
		w.changes(1)
		synctest.Wait()
		time.Sleep(time.Minute)
		run(t, w.dispatcher(webhooks.DispatcherOptions{Name: "fast"}))
		time.Sleep(time.Minute)
		require.Len(t, w.got(h), 2, "another worker takes over once the lease is lost")
		require.Equal(t, webhooks.Delivered, w.deliveries(e)[0].State)
		time.Sleep(10 * time.Minute)
		d := w.deliveries(e)[0]
		require.Equal(t, webhooks.Delivered, d.State, "the slow worker changes nothing any more")
		require.Len(t, w.log(d), 1)
		require.Equal(t, "fast", w.log(d)[0].Worker)
		require.EqualValues(t, 1, slow.Stats().Lost)
		require.NoError(t, stopSlow())
	})
}

// TestRenewed has attempts take longer than a lease: they are renewed while they last, and another worker doesn't have
// them.
func TestRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		h, e := w.receiver("long", slowly(29*time.Second),
			func(e *webhooks.Endpoint) { e.Timeout = webhooks.MaxTimeout })
		first, second := w.dispatcher(webhooks.DispatcherOptions{}), w.dispatcher(webhooks.DispatcherOptions{})
		run(t, first)
		run(t, second)
		w.changes(8)
		time.Sleep(time.Minute)
		require.Len(t, w.got(h), 8)
		for _, d := range w.deliveries(e) {
			require.Equal(t, webhooks.Delivered, d.State)
		}
	})
}

// vanished is a store as a worker sees it that is killed: nothing that it does comes to anything any more.
type vanished struct {
	webhooks.Store
	killed atomic.Bool
}

func (v *vanished) Claim(ctx context.Context, r webhooks.ClaimRequest) ([]webhooks.Claim, error) {
	if v.killed.Load() {
		return nil, errOutage
	}
	return v.Store.Claim(ctx, r)
}

func (v *vanished) Finish(ctx context.Context, results []webhooks.Result) (int, error) {
	if v.killed.Load() {
		return 0, errOutage
	}
	return v.Store.Finish(ctx, results)
}

func (v *vanished) Renew(ctx context.Context, claimIDs []string, lease time.Duration) (int, error) {
	if v.killed.Load() {
		return 0, errOutage
	}
	return v.Store.Renew(ctx, claimIDs, lease)
}

// TestVanished has a worker vanish while it sends, at any time of an attempt: others send the deliveries again within
// the lease and a look for work.
func TestVanished(t *testing.T) {
	for _, after := range []time.Duration{0, 2 * time.Second, 7 * time.Second, 20 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			h, e := w.receiver("long", slowly(29*time.Second),
				func(e *webhooks.Endpoint) { e.Timeout = webhooks.MaxTimeout })
			v := &vanished{Store: w.store}
			store := w.store
			w.store = v
			run(t, w.dispatcher(webhooks.DispatcherOptions{}))
			w.changes(4)
			synctest.Wait()
			require.Len(t, w.got(h), 4)
			time.Sleep(after)
			v.killed.Store(true)
			w.store = store
			run(t, w.dispatcher(webhooks.DispatcherOptions{}))
			time.Sleep(driver.DefaultLease + 1500*time.Millisecond)
			require.Len(t, w.got(h), 8)
			time.Sleep(time.Minute)
			for _, d := range w.deliveries(e) {
				require.Equal(t, webhooks.Delivered, d.State)
			}
		})
	}
}

func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		quick, quickEnd := w.receiver("quick", slowly(3*time.Second))
		long, longEnd := w.receiver("long", func(r request) reply {
			if time.Now().Minute() > 0 {
				return reply{status: 200}
			}
			return reply{status: 200, after: 10 * time.Second}
		})
		d := w.dispatcher(webhooks.DispatcherOptions{})
		stop := run(t, d)
		w.changes(10)
		synctest.Wait()
		require.Len(t, w.got(quick), 8)
		began := time.Now()
		require.NoError(t, stop(), "what can't be ended is given back in good order")
		require.Equal(t, 5*time.Second, time.Since(began))
		require.Len(t, w.got(quick), 8, "nothing is begun any more")
		states := func(e webhooks.Endpoint) (delivered, untried int) {
			for _, d := range w.deliveries(e) {
				switch {
				case d.State == webhooks.Delivered:
					delivered++
				case d.State == webhooks.Pending && d.Attempts == 0:
					untried++
				}
			}
			return delivered, untried
		}
		delivered, untried := states(quickEnd)
		require.Equal(t, []int{8, 2}, []int{delivered, untried}, "attempts that end in time are stored")
		delivered, untried = states(longEnd)
		require.Equal(t, []int{0, 10}, []int{delivered, untried}, "what is broken off is no attempt")
		s := d.Stats()
		require.EqualValues(t, 8+2+2, s.Released)
		require.Zero(t, s.InFlight)

		time.Sleep(2 * time.Minute)
		next := w.dispatcher(webhooks.DispatcherOptions{})
		run(t, next)
		time.Sleep(10 * time.Second)
		delivered, _ = states(longEnd)
		require.Equal(t, 10, delivered, "whoever comes next goes on at once")
		require.Len(t, w.got(long), 18)
	})
}

func TestDispatcherOptions(t *testing.T) {
	s, err := webhooks.NewSender(webhooks.SenderOptions{})
	require.NoError(t, err)
	w := newWorld(t)
	for field, o := range map[string]webhooks.DispatcherOptions{
		"Concurrency":  {Concurrency: 1_001},
		"Poll":         {Poll: time.Microsecond},
		"MaxPoll":      {Poll: time.Second, MaxPoll: time.Millisecond},
		"DrainTimeout": {DrainTimeout: -1},
		"Schedule":     {Schedule: []time.Duration{}},
		"Name":         {Name: strings.Repeat("x", 101)},
	} {
		_, err := webhooks.NewDispatcher(w.store, s, o)
		require.ErrorContains(t, err, "DispatcherOptions."+field)
	}
	_, err = webhooks.NewDispatcher(w.store, s, webhooks.DispatcherOptions{Schedule: []time.Duration{0}})
	require.ErrorContains(t, err, "Schedule")
	_, err = webhooks.NewDispatcher(nil, s, webhooks.DispatcherOptions{})
	require.ErrorContains(t, err, "queue")
	d, err := webhooks.NewDispatcher(w.store, s, webhooks.DispatcherOptions{Poll: 2 * time.Second})
	require.NoError(t, err)
	require.NotEmpty(t, d.Name())
}
