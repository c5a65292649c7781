package progress

import (
	"context"
	"time"
)

// Throttle returns a Reporter that passes at most one event per interval on to another, by the events' own times, and
// drops the rest. The first event of each phase and every terminal one always pass.
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
