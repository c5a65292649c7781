package webhooks_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
)

func TestTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		_, e := w.receiver("one", func(r request) reply {
			if r.attempt == 1 {
				return reply{status: http.StatusInternalServerError, after: 20 * time.Millisecond}
			}
			return reply{status: http.StatusOK, after: 40 * time.Millisecond}
		})
		d := w.dispatcher(webhooks.DispatcherOptions{})
		stop := run(t, d)
		w.changes(1)
		w.imported(1)
		time.Sleep(time.Minute)
		s := d.Stats()
		require.EqualValues(t, 4, s.AttemptTimes.Count)
		require.Equal(t, 120*time.Millisecond, s.AttemptTimes.Sum)
		within := s.AttemptTimes.Buckets()
		require.Len(t, within, 19)
		for bound, want := range map[time.Duration]int64{
			10 * time.Millisecond: 0, 25 * time.Millisecond: 2, 50 * time.Millisecond: 4, time.Second: 4,
			72 * time.Hour: 4,
		} {
			require.Equal(t, want, within[bound], bound)
		}
		deliveries := w.deliveries(e)
		require.Len(t, deliveries, 2)
		for _, of := range deliveries {
			require.Equal(t, webhooks.Delivered, of.State)
			times := s.DeliveryTimes[of.Lane]
			require.EqualValues(t, 1, times.Count)
			require.InDelta(t, of.FinishedAt.Sub(of.CreatedAt), times.Sum, float64(time.Microsecond))
			require.EqualValues(t, 0, times.Buckets()[2500*time.Millisecond])
			require.EqualValues(t, 1, times.Buckets()[10*time.Second])
			_, err := w.store.Resend(t.Context(), of.ID)
			require.NoError(t, err)
		}
		time.Sleep(time.Minute)
		s = d.Stats()
		require.EqualValues(t, 6, s.AttemptTimes.Count)
		for _, times := range s.DeliveryTimes {
			require.EqualValues(t, 1, times.Count, "what is sent again by hand was told long ago")
		}
		require.NoError(t, stop())
	})
}
