package progress

import (
	"context"
	"time"
)

// Throttle passes at most one event per interval on to the reporter, by the events' own times. The first event of
// each phase and every terminal one always pass. It keeps no goroutine and nothing back.
func Throttle(to Reporter, interval time.Duration) Reporter {
	return &throttle{to: to, interval: interval}
}

type throttle struct {
	to       Reporter
	interval time.Duration
	last     time.Time
	phase    Phase
}

func (t *throttle) Report(ctx context.Context, event Event) {
	if event.Phase == t.phase && event.Time.Sub(t.last) < t.interval {
		return
	}
	t.last, t.phase = event.Time, event.Phase
	t.to.Report(ctx, event)
}
