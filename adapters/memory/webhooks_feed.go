package memory

import (
	"context"
	"slices"
	"sort"
	"time"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// feed is the feed of a Webhooks.
type feed struct {
	driver.FeedState
	entries []feedEntry // in the order of their places
	last    int64       // the last place that was given
}

// feedEntry is an event in the feed.
type feedEntry struct {
	driver.FeedEntry
	event *eventRow
	at    time.Time
}

// put puts an event into the feed. Until the transaction ends nobody else sees it, or puts another one behind it.
func (w *Webhooks) put(t *tx, row *eventRow, at time.Time) {
	f := &w.feed
	before := f.entries
	f.last++
	row.holders++
	f.entries = append(f.entries, feedEntry{driver.FeedEntry{Place: f.last, Event: row.ID, Type: row.Type,
		Number: row.Number, Bytes: len(row.Data)}, row, at})
	t.onRollback(func() {
		row.holders--
		f.entries = before
	})
}

// KeepFeed switches the feed on or off.
func (w *Webhooks) KeepFeed(ctx context.Context, keep time.Duration) (before time.Duration, err error) {
	err = w.db.do(ctx, func(_ context.Context, t *tx) error {
		state := w.feed.FeedState
		before = state.Keep
		t.onRollback(func() { w.feed.FeedState = state })
		_, err := w.feed.Switch(keep, w.feed.last)
		return err
	})
	if err != nil {
		return 0, err
	}
	w.wake()
	return before, nil
}

// FeedEnds returns where the feed begins and ends.
func (w *Webhooks) FeedEnds(ctx context.Context) (ends webhooks.FeedEnds, err error) {
	err = w.db.do(ctx, func(context.Context, *tx) error {
		f := &w.feed
		if f.Keep == 0 {
			return webhooks.ErrNoFeed
		}
		newest := f.Removed
		if n := len(f.entries); n > 0 {
			newest = f.entries[n-1].Place
		}
		ends = webhooks.FeedEnds{Keep: f.Keep, Oldest: f.Cursor(f.Removed), Newest: f.Cursor(newest)}
		return nil
	})
	return ends, err
}

// ReadFeed reads events of the feed.
func (w *Webhooks) ReadFeed(ctx context.Context, query webhooks.FeedQuery) (p webhooks.FeedPage, err error) {
	if err := driver.CheckFeedQuery(&query); err != nil {
		return p, err
	}
	err = w.db.do(ctx, func(context.Context, *tx) error {
		f := &w.feed
		after, err := f.After(query.After, f.last)
		if err != nil {
			return err
		}
		from := sort.Search(len(f.entries), func(i int) bool { return f.entries[i].Place > after })
		entries := make([]driver.FeedEntry, 0, driver.FeedScan(&query))
		for _, e := range f.entries[from:min(from+cap(entries), len(f.entries))] {
			entries = append(entries, e.FeedEntry)
		}
		page, next, more := driver.CutFeed(&query, after, entries)
		for _, e := range page {
			event := w.events[e.Event].Event
			event.Data = append([]byte(nil), event.Data...)
			p.Events = append(p.Events, event)
		}
		p.Next, p.More = f.Cursor(next), more
		return nil
	})
	if err != nil {
		return webhooks.FeedPage{}, err
	}
	return p, nil
}

// pruneFeed removes at most limit places that aren't kept any longer, and events with them, and returns how many.
func (w *Webhooks) pruneFeed(t *tx, limit int) (removed int) {
	f, before := &w.feed, w.feed
	end := w.db.now().Add(-f.Keep)
	for removed < min(limit, len(f.entries)) {
		e := &f.entries[removed]
		if f.Keep > 0 && e.Place > f.Removed && !e.at.Before(end) {
			break
		}
		removed++
	}
	if removed == 0 {
		return 0
	}
	gone := f.entries[:removed]
	f.entries = slices.Clone(f.entries[removed:]) // so that the memory of the others is free
	for _, e := range gone {
		f.Removed = max(f.Removed, e.Place)
		w.release(e.event)
	}
	t.onRollback(func() {
		*f = before
		for _, e := range gone {
			w.hold(e.event)
		}
	})
	return removed
}

// release counts one holder of the event less: with the last one it goes.
func (w *Webhooks) release(e *eventRow) {
	if e.holders--; e.holders == 0 {
		delete(w.events, e.ID)
	}
}

// hold is the inverse of release.
func (w *Webhooks) hold(e *eventRow) {
	e.holders++
	w.events[e.ID] = e
}
