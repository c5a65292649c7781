package httpapi

import (
	"net/http"
	"net/netip"
	"sync"
	"time"
)

const (
	// addressFailures is how many log-ins may fail from one address before it has to wait, userFailures how many of one
	// user from wherever, which is more, so that nobody locks another out by mistake.
	addressFailures = 10
	userFailures    = 100
	// forgiveness is how long it takes for one failure to be forgotten.
	forgiveness = 6 * time.Second
	// maxThrottled bounds how many addresses and users are kept in mind.
	maxThrottled = 16_384
)

// throttle slows down whoever fails often. Each failure fills a bucket that empties by one every six seconds; while it is
// full, nothing more is tried. Its zero value is ready.
type throttle struct {
	mu      sync.Mutex
	buckets map[string]time.Time // when the bucket will be empty
}

// wait returns how long to wait before the next attempt, 0 for not at all.
func (t *throttle) wait(key string, failures int, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	empty := t.buckets[key]
	if empty.Before(now) {
		return 0
	}
	return max(0, empty.Sub(now)-time.Duration(failures-1)*forgiveness)
}

// fail notes a failure.
func (t *throttle) fail(key string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.buckets == nil {
		t.buckets = map[string]time.Time{}
	}
	empty, known := t.buckets[key]
	if !known && len(t.buckets) >= maxThrottled {
		t.makeRoom(now)
	}
	if empty.Before(now) {
		empty = now
	}
	t.buckets[key] = empty.Add(forgiveness)
}

// makeRoom drops the buckets that are empty or, where none is, the emptiest of some.
func (t *throttle) makeRoom(now time.Time) {
	var emptiest string
	looked := 0
	for key, empty := range t.buckets {
		if !empty.After(now) {
			delete(t.buckets, key)
			continue
		}
		if looked == 0 || looked < 64 && empty.Before(t.buckets[emptiest]) {
			emptiest = key
		}
		looked++
	}
	if len(t.buckets) >= maxThrottled {
		delete(t.buckets, emptiest)
	}
}

// ClientAddress is the default of Options.ClientAddress: the address that the connection comes from, without its port.
// Of an IPv6 address it is the network of 64 bits, all of which one client may have.
func ClientAddress(r *http.Request) string {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	address := at.Addr().Unmap().WithZone("")
	if address.Is6() {
		if network, err := address.Prefix(64); err == nil {
			return network.Masked().String()
		}
	}
	return address.String()
}
