package basicauth

import "time"

// How many log-ins may fail. A client is a user at an address.
const (
	// A client may fail ten times, and then ten times a minute.
	clientFailures, clientPace = 10, 6 * time.Second
	// All clients together that are unknown to a user may fail 100 times, and then 30 times a minute.
	userFailures, userPace = 100, 2 * time.Second
	// All unknown clients of an address together may fail 100 times, and then 60 times a minute.
	addressFailures, addressPace = 100, time.Second
	// In the order of those that wait a failure counts for ten minutes, and the next one for ten more.
	recordPace = 10 * time.Minute
)

// limits bound how many log-ins may fail.
type limits struct {
	client, user, address       bucket
	clientRecord, addressRecord bucket // what failed, for a longer time
}

func newLimits() limits {
	return limits{
		client: newBucket(clientFailures, clientPace), user: newBucket(userFailures, userPace),
		address:      newBucket(addressFailures, addressPace),
		clientRecord: newBucket(0, recordPace), addressRecord: newBucket(0, recordPace),
	}
}

// wait returns how long it takes until the attempt may be checked.
func (l *limits) wait(t *attempt, now time.Time) time.Duration {
	wait := l.client.wait(t.client, now)
	if !t.known {
		wait = max(wait, l.user.wait(t.user, now), l.address.wait(t.address, now))
	}
	return wait
}

// count counts an attempt that is about to be checked as a failure.
func (l *limits) count(t *attempt, now time.Time) {
	l.client.add(t.client, now)
	if !t.known {
		l.user.add(t.user, now)
		l.address.add(t.address, now)
	}
}

// uncount takes the attempt back, since it was no failure.
func (l *limits) uncount(t *attempt) {
	l.client.remove(t.client)
	if !t.known {
		l.user.remove(t.user)
		l.address.remove(t.address)
	}
}

// failed notes that the attempt was a failure, for the order of later ones.
func (l *limits) failed(t *attempt, now time.Time) {
	l.clientRecord.add(t.client, now)
	l.addressRecord.add(t.address, now)
}

// failures returns how often the attempt's client and address have failed lately.
func (l *limits) failures(t *attempt, now time.Time) (client, address int) {
	return l.clientRecord.level(t.client, now), l.addressRecord.level(t.address, now)
}

// maxThrottled bounds how many keys a bucket has.
const maxThrottled = 16_384

// bucket is a leaky bucket for each of many keys: every attempt is a drop, the bucket loses one drop in every pace, and
// while it is full nothing more is tried.
type bucket struct {
	capacity int
	pace     time.Duration
	empty    map[uint64]time.Time // when the key's bucket will be empty
}

func newBucket(capacity int, pace time.Duration) bucket {
	return bucket{capacity: capacity, pace: pace, empty: map[uint64]time.Time{}}
}

// wait returns the time until the bucket has room for a drop, 0 if it has.
func (b *bucket) wait(key uint64, now time.Time) time.Duration {
	empty, known := b.empty[key]
	if !known || empty.Before(now) {
		return 0
	}
	return max(0, empty.Sub(now)-time.Duration(b.capacity-1)*b.pace)
}

// level returns how many drops there are.
func (b *bucket) level(key uint64, now time.Time) int {
	empty, known := b.empty[key]
	if !known {
		return 0
	}
	return int(max(0, empty.Sub(now)+b.pace-1) / b.pace)
}

// add adds a drop, also to a full bucket.
func (b *bucket) add(key uint64, now time.Time) {
	empty, known := b.empty[key]
	if !known && len(b.empty) >= maxThrottled {
		evict(b.empty, maxThrottled, now)
	}
	if empty.Before(now) {
		empty = now
	}
	b.empty[key] = empty.Add(b.pace)
}

// remove removes a drop.
func (b *bucket) remove(key uint64) {
	if empty, known := b.empty[key]; known {
		b.empty[key] = empty.Add(-b.pace)
	}
}

// recent is a set of at most so many keys, each of which stays for its lifetime after it was added or renewed.
type recent[K comparable] struct {
	lifetime time.Duration
	capacity int
	until    map[K]time.Time
}

func newRecent[K comparable](lifetime time.Duration, capacity int) recent[K] {
	return recent[K]{lifetime, capacity, map[K]time.Time{}}
}

// renew reports whether the key is in the set, and if it is, begins its lifetime anew.
func (s *recent[K]) renew(key K, now time.Time) bool {
	until, known := s.until[key]
	if !known || !now.Before(until) {
		return false
	}
	s.until[key] = now.Add(s.lifetime)
	return true
}

func (s *recent[K]) add(key K, now time.Time) {
	if _, known := s.until[key]; !known && len(s.until) >= s.capacity {
		evict(s.until, s.capacity, now)
	}
	s.until[key] = now.Add(s.lifetime)
}

// evict makes room in a full map: it looks at some of the keys, and removes those whose time has come or, where there
// are none, the one whose time comes first.
func evict[K comparable](times map[K]time.Time, capacity int, now time.Time) {
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
	if len(times) >= capacity {
		delete(times, first)
	}
}
