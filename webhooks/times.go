package webhooks

import "time"

// bounds are those of Times: Prometheus' usual ones, and others up to the end of the Schedule.
var bounds = [...]time.Duration{
	5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond,
	250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
	30 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 10 * time.Hour, 24 * time.Hour, 72 * time.Hour,
}

// Times counts how long something took, as a histogram.
type Times struct {
	Count int64
	Sum   time.Duration
	upTo  [len(bounds)]int64 // by the least bound that is not exceeded
}

// Within returns how many took no longer than each bound: 5 ms to 10 s as Prometheus has them by default, and on to three
// days. Count has those beyond too.
func (t *Times) Within() map[time.Duration]int64 {
	within := make(map[time.Duration]int64, len(bounds))
	var n int64
	for i, bound := range bounds {
		n += t.upTo[i]
		within[bound] = n
	}
	return within
}

func (t *Times) add(took time.Duration) {
	t.Count++
	t.Sum += took
	for i, bound := range bounds {
		if took <= bound {
			t.upTo[i]++
			return
		}
	}
}
