package basicauth

import (
	"context"
	"errors"
	"hash/maphash"
	"net/http"
	"slices"
	"sync"
	"time"
)

// How many log-ins wait for their turn: of one client, of unknown clients for one user, of unknown clients at one
// address, and of all unknown clients, about as many as are checked within turnTime. maxKnown more wait of known
// clients.
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

// errWrong is what becomes of a log-in that is wrong.
var errWrong = errors.New("the name or the password is wrong")

// attempt is a log-in with a password that isn't known to be right or wrong. Whoever tries the same at the same time,
// from the same address, waits for the same attempt.
type attempt struct {
	client, user, address uint64
	known                 bool // the user has logged in from there
	clientFailures        int  // including those that wait already
	addressFailures       int
	number                uint64
	login                 login
	id                    digest
	right                 digest

	waiters int
	done    chan struct{}
	err     error // how it ended, once done is closed
}

// login is a user's name and password, and the hash that the password is compared with.
type login struct{ user, password, hash string }

// before reports whether t has its turn before other: known clients first, then those that have failed least, then
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
	case t.clientFailures != other.clientFailures:
		return t.clientFailures - other.clientFailures
	}
	return t.addressFailures - other.addressFailures
}

// queue remembers which log-ins were right, and checks the others one after the other. A client that is known is held
// up by its own failures alone. An unknown one is held up by those of other unknown clients too, but goes first among
// them if it hasn't failed.
type queue struct {
	verify func(l login) (right bool, err error)
	seed   maphash.Seed
	closed chan struct{}
	close  func()

	mu      sync.Mutex
	right   recent[digest] // log-ins, from anywhere
	wrong   recent[digest] // log-ins, each of one address
	clients recent[uint64] // that were right
	limits  limits

	free    int // how many more hashes may be computed now
	waiting []*attempt
	open    map[digest]*attempt // those that wait, and those whose hash is being computed
	number  uint64
	timer   *time.Timer // runs when the next of those that wait may be checked; nil for never
}

func newQueue(hashes int, verify func(l login) (bool, error)) *queue {
	q := &queue{
		verify: verify, seed: maphash.MakeSeed(), closed: make(chan struct{}), free: hashes,
		open:  map[digest]*attempt{},
		right: newRecent[digest](knownLife, maxRemembered), wrong: newRecent[digest](knownLife, maxRemembered),
		clients: newRecent[uint64](knownLife, maxRemembered), limits: newLimits(),
	}
	q.close = sync.OnceFunc(func() { close(q.closed) })
	return q
}

// client is the key of a user at an address.
func (q *queue) client(user, address string) uint64 {
	var h maphash.Hash
	h.SetSeed(q.seed)
	_, _ = h.WriteString(address)
	_ = h.WriteByte(0)
	_, _ = h.WriteString(user)
	return h.Sum64()
}

// wasRight reports whether the log-in was right not long ago. The client is known from then on.
func (q *queue) wasRight(id digest, user, address string) bool {
	now := time.Now()
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.right.renew(id, now) {
		return false
	}
	q.clients.add(q.client(user, address), now)
	return true
}

// try waits until the log-in is checked, and returns nil if it is right, errWrong, or the error of verify or of the
// context. An *Error says that it has to come again, or that the queue is closed. right identifies the log-in from
// anywhere, id the log-in from this address.
func (q *queue) try(ctx context.Context, right, id digest, l login, address string) error {
	t, err := q.enter(right, id, l, address)
	if t == nil {
		return err
	}
	turn := time.NewTimer(turnTime)
	defer turn.Stop()
	closed := q.closed
	for {
		select {
		case <-t.done:
			return t.err
		case <-turn.C:
			if q.hasTurn(t) {
				continue // it won't take long
			}
			err = tooMany(leastRetryTime)
		case <-closed:
			if q.hasTurn(t) {
				closed = nil
				continue
			}
			err = &Error{Status: http.StatusServiceUnavailable, Reason: "the server is stopping"}
		case <-ctx.Done():
			err = ctx.Err()
		}
		break
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if t.waiters--; t.waiters == 0 && q.drop(t) {
		q.giveTurns(time.Now())
	}
	return err
}

// enter returns the attempt to wait for, or nil and what is known of the log-in already.
func (q *queue) enter(right, id digest, l login, address string) (*attempt, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	switch {
	case q.right.renew(right, now): // since wasRight was asked
		return nil, nil
	case q.wrong.renew(id, now):
		return nil, errWrong
	}
	t := q.open[id]
	if t == nil {
		t = &attempt{
			client: q.client(l.user, address), user: maphash.String(q.seed, l.user),
			address: maphash.String(q.seed, address),
			login:   l, id: id, right: right, number: q.number, done: make(chan struct{}),
		}
		q.number++
		t.known = q.clients.renew(t.client, now)
		t.clientFailures, t.addressFailures = q.limits.failures(t, now)
		for _, other := range q.waiting {
			if other.client == t.client {
				t.clientFailures++
			}
			if other.address == t.address {
				t.addressFailures++
			}
		}
		if !q.makeRoom(t, now) {
			return nil, tooMany(q.limits.wait(t, now))
		}
		q.waiting = append(q.waiting, t)
		q.open[id] = t
		q.giveTurns(now)
	}
	t.waiters++
	return t, nil
}

// hasTurn reports whether the attempt's hash is being computed, or was.
func (q *queue) hasTurn(t *attempt) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return !slices.Contains(q.waiting, t)
}

// makeRoom reports whether the attempt may wait. Where a place is missing, one that would have its turn later loses
// its own.
func (q *queue) makeRoom(t *attempt, now time.Time) bool {
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
		for _, other := range q.waiting {
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
		q.drop(other)
		other.end(tooMany(q.limits.wait(other, now)))
	}
	return true
}

// drop removes an attempt from those that wait, and reports whether it was among them.
func (q *queue) drop(t *attempt) bool {
	at := slices.Index(q.waiting, t)
	if at < 0 {
		return false
	}
	q.waiting = slices.Delete(q.waiting, at, at+1)
	delete(q.open, t.id)
	return true
}

// end ends the attempt for all who wait for it.
func (t *attempt) end(err error) {
	t.err = err
	close(t.done)
}

// giveTurns starts to compute hashes, as many at a time as are allowed, and sets the timer for the attempts that may
// not be checked yet.
func (q *queue) giveTurns(now time.Time) {
	if q.timer != nil {
		q.timer.Stop()
		q.timer = nil
	}
	for q.free > 0 {
		var next *attempt
		soonest := turnTime
		for _, t := range q.waiting {
			if wait := q.limits.wait(t, now); wait > 0 {
				soonest = min(soonest, wait)
			} else if next == nil || t.before(next) {
				next = t
			}
		}
		if next == nil {
			if len(q.waiting) > 0 {
				q.timer = time.AfterFunc(soonest, func() {
					q.mu.Lock()
					defer q.mu.Unlock()
					q.giveTurns(time.Now())
				})
			}
			return
		}
		q.waiting = slices.DeleteFunc(q.waiting, func(t *attempt) bool { return t == next })
		q.free--
		q.limits.count(next, now)
		go q.check(next) // those who wait for the attempt wait for it, and it takes no longer than a hash
	}
}

// check computes the hash, and ends the attempt.
func (q *queue) check(t *attempt) {
	right, err := q.verify(t.login)
	now := time.Now()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.free++
	delete(q.open, t.id)
	switch {
	case err != nil:
		q.limits.uncount(t)
	case right:
		q.limits.uncount(t)
		q.right.add(t.right, now)
		q.clients.add(t.client, now)
	default:
		q.wrong.add(t.id, now)
		q.limits.failed(t, now)
		err = errWrong
	}
	t.end(err)
	q.giveTurns(now)
}

// tooMany says that so many log-ins have failed, or wait, that this one has to come again.
func tooMany(wait time.Duration) *Error {
	return &Error{Status: http.StatusTooManyRequests, RetryAfter: max(wait, leastRetryTime),
		Reason: "too many log-ins have failed; wait before the next one"}
}
