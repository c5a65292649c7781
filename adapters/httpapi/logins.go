package httpapi

import (
	"context"
	"fmt"
	"hash/maphash"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/products-importer/products-importer/products"
)

// How many log-ins may fail. A client is a user at an address.
const (
	// A client may fail ten times, and then ten times a minute.
	clientFailures, clientPace = 10, 6 * time.Second
	// All clients together that a user isn't known to have may fail 100 times, and then 30 times a minute.
	userFailures, userPace = 100, 2 * time.Second
	// An address may fail 100 times with users that aren't known to be there, and then 60 times a minute.
	addressFailures, addressPace = 100, time.Second
	// For who has its turn before whom, a failure counts for ten minutes, and the next one for ten more.
	recordPace = 10 * time.Minute
)

// How many log-ins wait for their turn: of one client, of clients that aren't known for one user, for one address, and of all
// of them, about as many as have it within turnTime. maxKnown more wait of clients that are known.
const (
	turnTime       = 30 * time.Second
	clientPlaces   = 4
	userPlaces     = 15
	addressPlaces  = 30
	maxWaiting     = 256
	maxKnown       = 64
	knownLife      = 24 * time.Hour // since a client was right last
	maxRemembered  = 4_096
	leastRetryTime = time.Second
)

// attempt is a log-in with a password that isn't known to be right or wrong. Whoever tries the same at the same time,
// from the same address, waits for the same attempt.
type attempt struct {
	client, user, address uint64
	known                 bool // the user has logged in from there
	failures, strikes     int  // of the client and of the address, with those that wait already
	number                uint64
	text                  attemptText
	id                    digest
	right                 digest

	waiters int
	done    chan struct{}
	err     error // how it ended, once done is closed
}

// attemptText is what the hash is compared with.
type attemptText struct{ user, password, hash string }

// before tells whether it has its turn before the other: known clients first, then those that have failed least, then
// those that came first.
func (t *attempt) before(other *attempt) bool {
	if c := t.compare(other); c != 0 {
		return c < 0
	}
	return t.number < other.number
}

func (t *attempt) compare(other *attempt) int {
	switch {
	case t.known != other.known && t.known:
		return -1
	case t.known != other.known:
		return 1
	case t.failures != other.failures:
		return t.failures - other.failures
	}
	return t.strikes - other.strikes
}

// logins remembers who was right, and gives the others their turns. A client that is known is held up by its own
// failures alone; one that isn't by those of others that aren't known as well, among whom it goes first if it hasn't
// failed.
type logins struct {
	verify   func(text attemptText) (right bool, err error)
	seed     maphash.Seed
	stopping <-chan struct{} // nobody waits for a turn any more once it is closed

	mu      sync.Mutex
	right   recent[digest] // log-ins, from wherever
	wrong   recent[digest] // log-ins, of an address
	clients recent[uint64] // that were right

	byClient, byUser, byAddress allowance
	clientRecord, addressRecord allowance // what failed, for a longer time

	free    int // how many hashes may be made more
	waiting []*attempt
	open    map[digest]*attempt // that wait, or whose hash is made
	number  uint64
	timer   *time.Timer // runs when one that waits may have its turn; nil for never
}

func newLogins(turns int, verify func(text attemptText) (bool, error)) *logins {
	return &logins{
		verify: verify, seed: maphash.MakeSeed(), free: turns, open: map[digest]*attempt{},
		right: newRecent[digest](knownLife, maxRemembered), wrong: newRecent[digest](knownLife, maxRemembered), clients: newRecent[uint64](knownLife, maxRemembered),
		byClient: newAllowance(clientFailures, clientPace), byUser: newAllowance(userFailures, userPace), byAddress: newAllowance(addressFailures, addressPace),
		clientRecord: newAllowance(0, recordPace), addressRecord: newAllowance(0, recordPace),
	}
}

// client is the key of a user at an address.
func (l *logins) client(user, address string) uint64 {
	var h maphash.Hash
	h.SetSeed(l.seed)
	_, _ = h.WriteString(address)
	_ = h.WriteByte(0)
	_, _ = h.WriteString(user)
	return h.Sum64()
}

// isRight tells whether the log-in was right not long ago. The client is known from then on.
func (l *logins) isRight(id digest, user, address string) bool {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.right.see(id, now) {
		return false
	}
	l.clients.add(l.client(user, address), now)
	return true
}

// try waits until the log-in is found to be right, which is nil, or wrong, or to have come too soon. The ids stand for the
// log-in from wherever, and from this address.
func (l *logins) try(ctx context.Context, right, id digest, text attemptText, address string) error {
	l.mu.Lock()
	now := time.Now()
	switch {
	case l.right.see(right, now): // by now
		l.mu.Unlock()
		return nil
	case l.wrong.see(id, now):
		l.mu.Unlock()
		return wrongLogin()
	}
	t := l.open[id]
	if t == nil {
		t = &attempt{
			client: l.client(text.user, address), user: maphash.String(l.seed, text.user), address: maphash.String(l.seed, address),
			text: text, id: id, right: right, number: l.number, done: make(chan struct{}),
		}
		l.number++
		t.known = l.clients.see(t.client, now)
		t.failures = l.clientRecord.level(t.client, now)
		t.strikes = l.addressRecord.level(t.address, now)
		for _, other := range l.waiting {
			if other.client == t.client {
				t.failures++
			}
			if other.address == t.address {
				t.strikes++
			}
		}
		if !l.place(t, now) {
			wait := l.wait(t, now)
			l.mu.Unlock()
			return tooMany(wait)
		}
		l.waiting = append(l.waiting, t)
		l.open[id] = t
		l.giveTurns(now)
	}
	t.waiters++
	l.mu.Unlock()
	turn := time.NewTimer(turnTime)
	defer turn.Stop()
	stopping := l.stopping
	var err error
	for {
		select {
		case <-t.done:
			return t.err
		case <-turn.C:
			if l.hasTurn(t) {
				continue // it won't take long
			}
			err = tooMany(leastRetryTime)
		case <-stopping:
			if l.hasTurn(t) {
				stopping = nil
				continue
			}
			err = fmt.Errorf("%w: the server is stopping", products.ErrUnavailable)
		case <-ctx.Done():
			err = ctx.Err()
		}
		break
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.waiters--; t.waiters == 0 && l.drop(t) {
		l.giveTurns(time.Now())
	}
	return err
}

// hasTurn tells whether the attempt's hash is being made, or was.
func (l *logins) hasTurn(t *attempt) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !slices.Contains(l.waiting, t)
}

// place finds room for one more that waits, if need be in the place of one that would have its turn after it.
func (l *logins) place(t *attempt, now time.Time) bool {
	var leaving []*attempt
	for _, class := range []struct {
		places int
		holds  func(other *attempt) bool
	}{
		{clientPlaces, func(other *attempt) bool { return other.client == t.client }},
		{userPlaces, func(other *attempt) bool { return !t.known && !other.known && other.user == t.user }},
		{addressPlaces, func(other *attempt) bool { return !t.known && !other.known && other.address == t.address }},
		{maxWaiting, func(other *attempt) bool { return !t.known && !other.known }},
		{maxKnown, func(other *attempt) bool { return t.known && other.known }},
	} {
		n := 0
		var last *attempt
		for _, other := range l.waiting {
			if class.holds(other) && !slices.Contains(leaving, other) {
				if n++; last == nil || last.before(other) {
					last = other
				}
			}
		}
		if n < class.places {
			continue
		}
		if t.compare(last) >= 0 {
			return false
		}
		leaving = append(leaving, last)
	}
	for _, other := range leaving {
		l.drop(other)
		l.end(other, tooMany(l.wait(other, now)))
	}
	return true
}

// drop takes an attempt out of those that wait, and reports whether it was there.
func (l *logins) drop(t *attempt) bool {
	at := slices.Index(l.waiting, t)
	if at < 0 {
		return false
	}
	l.waiting = slices.Delete(l.waiting, at, at+1)
	delete(l.open, t.id)
	return true
}

func (l *logins) end(t *attempt, err error) {
	t.err = err
	close(t.done)
}

// wait returns how long it takes until the attempt may have its turn.
func (l *logins) wait(t *attempt, now time.Time) time.Duration {
	wait := l.byClient.wait(t.client, now)
	if !t.known {
		wait = max(wait, l.byUser.wait(t.user, now), l.byAddress.wait(t.address, now))
	}
	return wait
}

// giveTurns has hashes made, as many at a time as may be, and sets the timer for those that wait for their time.
func (l *logins) giveTurns(now time.Time) {
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
	for l.free > 0 {
		var next *attempt
		soonest := turnTime
		for _, t := range l.waiting {
			if wait := l.wait(t, now); wait > 0 {
				soonest = min(soonest, wait)
			} else if next == nil || t.before(next) {
				next = t
			}
		}
		if next == nil {
			if len(l.waiting) > 0 {
				l.timer = time.AfterFunc(soonest, func() {
					l.mu.Lock()
					defer l.mu.Unlock()
					l.giveTurns(time.Now())
				})
			}
			return
		}
		l.waiting = slices.DeleteFunc(l.waiting, func(t *attempt) bool { return t == next })
		l.free--
		l.byClient.take(next.client, now)
		if !next.known {
			l.byUser.take(next.user, now)
			l.byAddress.take(next.address, now)
		}
		go l.make(next) // those who wait for the attempt wait for it, and it takes no longer than a hash
	}
}

// make compares the hash, and ends the attempt.
func (l *logins) make(t *attempt) {
	right, err := l.verify(t.text)
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free++
	delete(l.open, t.id)
	if right || err != nil {
		l.byClient.give(t.client)
		if !t.known {
			l.byUser.give(t.user)
			l.byAddress.give(t.address)
		}
	}
	switch {
	case err != nil:
	case right:
		l.right.add(t.right, now)
		l.clients.add(t.client, now)
	default:
		l.wrong.add(t.id, now)
		l.clientRecord.take(t.client, now)
		l.addressRecord.take(t.address, now)
		err = wrongLogin()
	}
	l.end(t, err)
	l.giveTurns(now)
}

func wrongLogin() *Problem { return unauthorized("the name or the password is wrong") }

// tooMany says that so many log-ins have failed, or wait, that this one has to come again.
func tooMany(wait time.Duration) *Problem {
	p := newProblem(http.StatusTooManyRequests, "too_many_failures", "too many log-ins have failed; wait before the next one")
	p.retryAfter = max(wait, leastRetryTime)
	return p
}
