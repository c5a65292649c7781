package progress

import "time"

// window is the time over which the Meter computes its rate: long enough to even out batches, short enough to notice a
// stall.
const window = 5 * time.Second

// Meter computes the rate and the time that is left from what has been done so far. Its zero value is ready; it is
// not safe for concurrent use.
type Meter struct {
	samples []sample // oldest first, no older than window but for the first
}

type sample struct {
	at          time.Time
	bytes, rows int64
}

// Observe records that so many bytes and rows were done by that time, and returns the rate in rows per second and the
// time that the rest of total bytes will take: 0 and -1 while they aren't known.
func (m *Meter) Observe(at time.Time, bytes, rows, total int64) (rate float64, eta time.Duration) {
	for len(m.samples) > 1 && at.Sub(m.samples[1].at) >= window {
		m.samples = m.samples[1:]
	}
	// A sample every twentieth of the window is enough, whatever the caller's pace.
	if n := len(m.samples); n == 0 || at.Sub(m.samples[n-1].at) >= window/20 {
		m.samples = append(m.samples, sample{at, bytes, rows})
	}
	first := m.samples[0]
	seconds := at.Sub(first.at).Seconds()
	if seconds <= 0 {
		return 0, -1
	}
	rate = float64(rows-first.rows) / seconds
	speed := float64(bytes-first.bytes) / seconds
	if speed <= 0 || total < 0 {
		return rate, -1
	}
	return rate, time.Duration(float64(max(total-bytes, 0)) / speed * float64(time.Second))
}
