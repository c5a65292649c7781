package httpapi

import (
	"time"
)

// maxThrottled bounds how many clients, users or addresses are kept in mind by an allowance.
const maxThrottled = 16_384

// allowance slows down who fails often. Each attempt is a drop into a bucket that holds so many, and that loses one in
// every pace; while it is full, nothing more is tried. What turns out to be right is taken out again.
type allowance struct {
	holds int
	pace  time.Duration
	empty map[uint64]time.Time // when the bucket will be
}

func newAllowance(holds int, pace time.Duration) allowance {
	return allowance{holds: holds, pace: pace, empty: map[uint64]time.Time{}}
}

// wait returns how long to wait before the next attempt, 0 for not at all.
func (b *allowance) wait(key uint64, now time.Time) time.Duration {
	empty, known := b.empty[key]
	if !known || empty.Before(now) {
		return 0
	}
	return max(0, empty.Sub(now)-time.Duration(b.holds-1)*b.pace)
}

// level returns how many drops there are.
func (b *allowance) level(key uint64, now time.Time) int {
	empty, known := b.empty[key]
	if !known {
		return 0
	}
	return int(max(0, empty.Sub(now)+b.pace-1) / b.pace)
}

// take notes an attempt.
func (b *allowance) take(key uint64, now time.Time) {
	empty, known := b.empty[key]
	if !known && len(b.empty) >= maxThrottled {
		dropFirst(b.empty, maxThrottled, now)
	}
	if empty.Before(now) {
		empty = now
	}
	b.empty[key] = empty.Add(b.pace)
}

// give takes back an attempt.
func (b *allowance) give(key uint64) {
	if empty, known := b.empty[key]; known {
		b.empty[key] = empty.Add(-b.pace)
	}
}

// recent is what happened not long ago: so many keys, each for so long after it was seen last.
type recent[K comparable] struct {
	life  time.Duration
	most  int
	until map[K]time.Time
}

func newRecent[K comparable](life time.Duration, most int) recent[K] {
	return recent[K]{life, most, map[K]time.Time{}}
}

// see tells whether the key is remembered, and if it is, goes on to remember it.
func (m *recent[K]) see(key K, now time.Time) bool {
	until, known := m.until[key]
	if !known || !now.Before(until) {
		return false
	}
	m.until[key] = now.Add(m.life)
	return true
}

func (m *recent[K]) add(key K, now time.Time) {
	if _, known := m.until[key]; !known && len(m.until) >= m.most {
		dropFirst(m.until, m.most, now)
	}
	m.until[key] = now.Add(m.life)
}

// dropFirst makes room in a map that is full: it looks at some of its keys, and drops those whose time has come or, where
// there is none, that whose time comes first.
func dropFirst[K comparable](times map[K]time.Time, most int, now time.Time) {
	var first K
	looked := 0
	for key, at := range times {
		if !at.After(now) {
			delete(times, key)
			continue
		}
		if looked == 0 || at.Before(times[first]) {
			first = key
		}
		if looked++; looked == 64 {
			break
		}
	}
	if len(times) >= most {
		delete(times, first)
	}
}
