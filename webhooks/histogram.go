package webhooks

import "time"

// bounds are the bounds of a Histogram: 5 ms to 10 s as Prometheus has them by default, and on to the end of the
// Schedule.
var bounds = [...]time.Duration{
	5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond,
	250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second,
	10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 10 * time.Hour,
	24 * time.Hour, 72 * time.Hour,
}

// Histogram counts durations.
type Histogram struct {
	// Count is how many there were, Sum their sum.
	Count int64
	Sum   time.Duration
	upTo  [len(bounds)]int64 // by the least bound that isn't exceeded
}

// Buckets returns how many durations were not longer than each bound. The bounds are 5 ms to 10 s as Prometheus has
// them by default, and further ones up to three days. Only Count has the durations beyond.
func (h *Histogram) Buckets() map[time.Duration]int64 {
	buckets := make(map[time.Duration]int64, len(bounds))
	var n int64
	for i, bound := range bounds {
		n += h.upTo[i]
		buckets[bound] = n
	}
	return buckets
}

func (h *Histogram) add(took time.Duration) {
	h.Count++
	h.Sum += took
	for i, bound := range bounds {
		if took <= bound {
			h.upTo[i]++
			return
		}
	}
}
