package webhooks

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
	"time"
)

var (
	// ErrNoFeed is the error for reading the feed of a store that keeps none.
	ErrNoFeed = errors.New("webhooks: no feed is kept")
	// ErrCursor is the error for a text that is no cursor.
	ErrCursor = errors.New("webhooks: not a cursor of the feed")
	// ErrFeedGone is the error for a cursor behind which events may be missing: they aren't kept any more, the feed was
	// switched off meanwhile, or the cursor is another store's. Whoever has it reads everything anew.
	ErrFeedGone = errors.New("webhooks: the feed doesn't reach back to the cursor")
)

// Bounds of a feed.
const (
	// MinFeed and MaxFeed are the shortest and the longest time for which a feed keeps events.
	MinFeed = time.Minute
	MaxFeed = 10 * 365 * 24 * time.Hour
	// MaxFeedEvents is how many events a FeedPage has at most.
	MaxFeedEvents = 1_000
)

// Cursor is a place in a feed. The zero Cursor stands before all that is kept. It stays good when the store is copied
// or restored with what it keeps, and when nothing of what is behind it was removed.
type Cursor struct {
	// Feed is another number whenever the feed is switched on anew.
	Feed int64
	// Place grows from event to event.
	Place int64
}

// cursorBytes are the two numbers and a checksum.
const cursorBytes = 8 + 8 + 4

// String returns the cursor as clients keep it, which is empty for the zero Cursor.
func (c Cursor) String() string {
	if c == (Cursor{}) {
		return ""
	}
	raw := binary.BigEndian.AppendUint64(make([]byte, 0, cursorBytes), uint64(c.Feed)) //nolint:gosec // any bits
	raw = binary.BigEndian.AppendUint64(raw, uint64(c.Place))                          //nolint:gosec // any bits
	raw = binary.BigEndian.AppendUint32(raw, crc32.ChecksumIEEE(raw))
	return base64.RawURLEncoding.EncodeToString(raw)
}

// ParseCursor is the inverse of [Cursor.String]. Its error is [ErrCursor].
func ParseCursor(text string) (c Cursor, err error) {
	if text == "" {
		return c, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != cursorBytes || strings.ContainsAny(text, "\r\n") ||
		crc32.ChecksumIEEE(raw[:16]) != binary.BigEndian.Uint32(raw[16:]) {
		return c, ErrCursor
	}
	c.Feed = int64(binary.BigEndian.Uint64(raw))      //nolint:gosec // as above
	c.Place = int64(binary.BigEndian.Uint64(raw[8:])) //nolint:gosec // as above
	if c.Feed < 1 || c.Place < 0 {
		return Cursor{}, ErrCursor
	}
	return c, nil
}

// FeedQuery says which events of the feed are wanted.
type FeedQuery struct {
	// After is where the last page ended, or one of FeedEnds. The zero Cursor is the oldest event that is kept.
	After Cursor
	// Types are subscriptions as in Endpoint.Events, none for all events.
	Types []string
	// Limit is the highest number of events, 1 to MaxFeedEvents.
	Limit int
}

// FeedPage is a stretch of the feed.
type FeedPage struct {
	// Events are in the order of the feed, and the caller's.
	Events []Event
	// Next is where the next page begins, also where Events is empty.
	Next Cursor
	// More says that there may be more events already, so that it isn't worth it to wait.
	More bool
}

// FeedEnds is what a feed has.
type FeedEnds struct {
	// Keep is for how long it keeps events.
	Keep time.Duration
	// Oldest stands before the oldest event that is kept, Newest behind the newest one.
	Oldest, Newest Cursor
}

// Feed keeps events for those who fetch them, beside those for whom there are deliveries: every event that is appended
// while it is kept, each once, in one order. It is kept or not for all processes that share the store.
//
// No event ever appears in front of a place that a reader has passed: an event is in the feed once its transaction is
// committed, and all events that could stand in front of it are, or never will be. So a transaction that appends and
// stays open holds back what others append after it; transactions that don't append hold nothing back. Events of
// one transaction stand in the order in which they were appended, and those of a transaction that began after
// another's end stand behind those of that other one.
//
// ReadFeed and FeedEnds are not for contexts of transactions that append.
type Feed interface {
	// KeepFeed says for how long events are kept for the feed, from now on: MinFeed to MaxFeed, or 0 for not at all. It
	// returns for how long they were kept until now. A transaction that is committed after KeepFeed has switched the
	// feed on has its events there. What a feed that was switched off still had is never seen again, and cursors of it
	// are good for nothing.
	KeepFeed(ctx context.Context, keep time.Duration) (before time.Duration, err error)
	// FeedEnds returns what the feed has. Errors: ErrNoFeed.
	FeedEnds(ctx context.Context) (FeedEnds, error)
	// ReadFeed returns the next events of the feed, in about driver.FeedBytes of data at most, or one event. Fewer than
	// the limit, or none, doesn't mean that there are no more: More does. Errors: ErrNoFeed, ErrFeedGone.
	ReadFeed(ctx context.Context, query FeedQuery) (FeedPage, error)
}
