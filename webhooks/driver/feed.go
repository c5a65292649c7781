package driver

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/products-importer/products-importer/webhooks"
)

const (
	// FeedBytes is about how much data a page of the feed has at most, unless it is one event.
	FeedBytes = 1 << 20
	// feedScan is how many entries are looked at for a query that wants some types alone.
	feedScan = 2_000
)

// FeedEntry is the place of an event in a store's feed. Places grow in the order of the feed, and none is given twice,
// not even after a crash that lost what was given.
type FeedEntry struct {
	Place int64
	// Event is the event's ID, in whatever form the store has it.
	Event string
	Type  string
	// Number is that of the event.
	Number int64
	// Bytes is the length of its Data.
	Bytes int
}

// FeedState is what a store keeps of its feed beside the entries. The zero FeedState is that of a store that never kept
// one.
type FeedState struct {
	// Keep is for how long events are kept, 0 for not at all.
	Keep time.Duration
	// Feed is that of its cursors.
	Feed int64
	// Removed is the place up to which there are no entries, or none that count.
	Removed int64
}

// Switch changes the state by webhooks.Feed.KeepFeed, and reports whether that changed anything. last is the last place
// that was given.
func (s *FeedState) Switch(keep time.Duration, last int64) (changed bool, err error) {
	if keep != 0 && (keep < webhooks.MinFeed || keep > webhooks.MaxFeed) {
		return false, fmt.Errorf("webhooks: a feed must keep events for %v to %v, or 0 for not at all, not %v",
			webhooks.MinFeed, webhooks.MaxFeed, keep)
	}
	if keep == s.Keep {
		return false, nil
	}
	if s.Keep == 0 {
		s.Feed, s.Removed = 1+rand.Int64N(1<<62), last
	}
	s.Keep = keep
	return true, nil
}

// Cursor returns the cursor of a place, not one that was removed.
func (s *FeedState) Cursor(place int64) webhooks.Cursor {
	return webhooks.Cursor{Feed: s.Feed, Place: max(place, s.Removed)}
}

// After returns the place behind which a query reads. last is the last place that was given: a cursor beyond it is that
// of a store which was restored to an earlier time.
func (s *FeedState) After(c webhooks.Cursor, last int64) (place int64, err error) {
	switch {
	case s.Keep == 0:
		return 0, webhooks.ErrNoFeed
	case c == (webhooks.Cursor{}):
		return s.Removed, nil
	case c.Feed != s.Feed || c.Place < s.Removed || c.Place > last:
		return 0, webhooks.ErrFeedGone
	}
	return c.Place, nil
}

// CheckFeedQuery returns an error for a query that no store answers.
func CheckFeedQuery(q *webhooks.FeedQuery) error {
	if q.Limit < 1 || q.Limit > webhooks.MaxFeedEvents {
		return fmt.Errorf("webhooks: FeedQuery.Limit must be between 1 and %d, not %d", webhooks.MaxFeedEvents, q.Limit)
	}
	return nil
}

// FeedScan returns how many entries a store reads for the query, to give them to [CutFeed].
func FeedScan(q *webhooks.FeedQuery) int {
	if len(q.Types) > 0 {
		return max(feedScan, q.Limit+1)
	}
	return q.Limit + 1
}

// CutFeed returns those of the entries that a page has, where it ends, and whether there may be more behind it. The
// entries are the next ones behind the place after, in their order, and no more than FeedScan.
func CutFeed(q *webhooks.FeedQuery, after int64, entries []FeedEntry) (page []FeedEntry, next int64, more bool) {
	next = after
	bytes := 0
	for i := range entries {
		e := &entries[i]
		if len(q.Types) == 0 || matchesAny(q.Types, e.Type) {
			if bytes += e.Bytes; len(page) == q.Limit || len(page) > 0 && bytes > FeedBytes {
				return page, next, true
			}
			page = append(page, *e)
		}
		next = e.Place
	}
	return page, next, len(entries) == FeedScan(q)
}
