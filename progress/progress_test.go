package progress_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/progress"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestThrottlePassesFirstAndTerminal(t *testing.T) {
	var got []progress.Event
	r := progress.Throttle(progress.Func(func(_ context.Context, e progress.Event) { got = append(got, e) }),
		100*time.Millisecond)
	for i := range 100 {
		r.Report(t.Context(), progress.Event{Phase: progress.Checking,
			Time: start.Add(time.Duration(i) * 10 * time.Millisecond), Bytes: int64(i)})
	}
	require.Len(t, got, 10, "one event per interval")
	r.Report(t.Context(), progress.Event{Phase: progress.Importing, Time: start.Add(time.Second)})
	r.Report(t.Context(), progress.Event{Phase: progress.Importing, Time: start.Add(time.Second + time.Millisecond)})
	r.Report(t.Context(), progress.Event{Phase: progress.Done, Time: start.Add(time.Second + 2*time.Millisecond)})
	require.Len(t, got, 12, "the first event of a phase and the terminal one pass, what lies between does not")
	require.Equal(t, progress.Importing, got[10].Phase)
	require.Equal(t, progress.Done, got[11].Phase)
}

func TestMeter(t *testing.T) {
	var m progress.Meter
	rate, eta := m.Observe(start, 0, 0, 1000)
	require.Zero(t, rate)
	require.Equal(t, time.Duration(-1), eta, "nothing can be told from one moment")

	rate, eta = m.Observe(start.Add(2*time.Second), 200, 20, 1000)
	require.InDelta(t, 10, rate, 1e-9)
	require.Equal(t, 8*time.Second, eta)

	rate, eta = m.Observe(start.Add(3*time.Second), 200, 20, -1)
	require.InDelta(t, 20.0/3, rate, 1e-9)
	require.Equal(t, time.Duration(-1), eta, "without a size no time left can be told")

	for i := range 100 {
		rate, eta = m.Observe(start.Add(time.Duration(4+i)*time.Second), 200+int64(i), 20+int64(i), 1000)
	}
	require.InDelta(t, 1, rate, 1e-9, "the rate is the recent one")
	require.InDelta(t, (1000 - 299), eta.Seconds(), 1e-6)

	for i := range 10 {
		rate, eta = m.Observe(start.Add(time.Duration(104+i)*time.Second), 299, 119, 1000)
	}
	require.Zero(t, rate, "a stall shows")
	require.Equal(t, time.Duration(-1), eta)
}

func TestPercent(t *testing.T) {
	for _, c := range []struct {
		event progress.Event
		want  float64
	}{
		{progress.Event{Phase: progress.Checking, Bytes: 0, TotalBytes: 100}, 0},
		{progress.Event{Phase: progress.Checking, Bytes: 100, TotalBytes: 100}, 10},
		{progress.Event{Phase: progress.Importing, Bytes: 0, TotalBytes: 100}, 10},
		{progress.Event{Phase: progress.Importing, Bytes: 50, TotalBytes: 100}, 55},
		{progress.Event{Phase: progress.Importing, Bytes: 100, TotalBytes: 100}, 99.9},
		{progress.Event{Phase: progress.Importing, Bytes: 100, TotalBytes: -1}, 0},
		{progress.Event{Phase: progress.Done, TotalBytes: -1}, 100},
		{progress.Event{Phase: progress.Checking, Bytes: 50, TotalBytes: 100, Reached: 40}, 40},
		{progress.Event{Phase: progress.Importing, Bytes: 50, TotalBytes: 100, Reached: 40}, 55},
		{progress.Event{Phase: progress.Failed, Bytes: 10, TotalBytes: 100, Reached: 40}, 40},
		{progress.Event{Phase: progress.Checking, TotalBytes: 100, Reached: 100}, 99.9},
	} {
		require.InDelta(t, c.want, c.event.Percent(), 1e-9, "%+v", c.event)
	}
}

func TestCountsAdd(t *testing.T) {
	one := progress.Counts{Read: 1, Created: 2, Updated: 3, Unchanged: 4, Skipped: 5, Superseded: 6, Rejected: 7,
		Missing: 8, Deactivated: 9, Deleted: 10, Kept: 11}
	c := one
	c.Add(c)
	require.Equal(t, progress.Counts{Read: 2, Created: 4, Updated: 6, Unchanged: 8, Skipped: 10, Superseded: 12,
		Rejected: 14, Missing: 16, Deactivated: 18, Deleted: 20, Kept: 22}, c)
	require.Equal(t, one, c.Minus(one))
}
