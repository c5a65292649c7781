package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// KeepFeed switches the feed on or off.
func (w *Webhooks) KeepFeed(ctx context.Context, keep time.Duration) (before time.Duration, err error) {
	err = w.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		state, last, err := feedState(ctx, t)
		if err != nil {
			return err
		}
		before = state.Keep
		changed, err := state.Switch(keep, last)
		if err != nil {
			return err
		}
		if !changed {
			return nil
		}
		w.db.onCommit(ctx, w.db.wakes.webhooks.wake)
		_, err = t.ExecContext(ctx, `INSERT OR REPLACE INTO webhook_feed_keeping (one, keep, feed, removed)
			VALUES (1, ?, ?, ?)`, state.Keep.Microseconds(), state.Feed, state.Removed)
		return err
	})
	if err != nil {
		return 0, err
	}
	return before, nil
}

// feedState reads what is kept beside the entries, and the last place that was given.
func feedState(ctx context.Context, q querier) (s driver.FeedState, last int64, err error) {
	err = q.QueryRowxContext(ctx, `SELECT coalesce(max(keep) * 1000, 0), coalesce(max(feed), 0), coalesce(max(removed), 0),
			(SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'webhook_feed')
		FROM webhook_feed_keeping`).Scan(&s.Keep, &s.Feed, &s.Removed, &last)
	return s, last, err
}

// FeedEnds returns where the feed begins and ends.
func (w *Webhooks) FeedEnds(ctx context.Context) (ends webhooks.FeedEnds, err error) {
	err = w.db.snapshot(ctx, func(ctx context.Context, q querier) error {
		s, _, err := feedState(ctx, q)
		if err != nil {
			return err
		}
		if s.Keep == 0 {
			return webhooks.ErrNoFeed
		}
		var newest int64
		if err := q.QueryRowxContext(ctx, `SELECT coalesce(max(id), 0) FROM webhook_feed`).Scan(&newest); err != nil {
			return err
		}
		ends = webhooks.FeedEnds{Keep: s.Keep, Oldest: s.Cursor(s.Removed), Newest: s.Cursor(newest)}
		return nil
	})
	return ends, err
}

// ReadFeed reads events of the feed.
func (w *Webhooks) ReadFeed(ctx context.Context, query webhooks.FeedQuery) (p webhooks.FeedPage, err error) {
	if err := driver.CheckFeedQuery(&query); err != nil {
		return p, err
	}
	err = w.db.snapshot(ctx, func(ctx context.Context, q querier) error {
		s, last, err := feedState(ctx, q)
		if err != nil {
			return err
		}
		after, err := s.After(query.After, last)
		if err != nil {
			return err
		}
		var entries []driver.FeedEntry
		err = each(ctx, q, `SELECT id, number, bytes, type, event FROM webhook_feed WHERE id > ? ORDER BY id LIMIT ?`,
			func(scan func(...any) error) error {
				var e driver.FeedEntry
				err := scan(&e.Place, &e.Number, &e.Bytes, &e.Type, &e.Event)
				entries = append(entries, e)
				return err
			}, after, driver.FeedScan(&query))
		if err != nil {
			return err
		}
		page, next, more := driver.CutFeed(&query, after, entries)
		p = webhooks.FeedPage{Next: s.Cursor(next), More: more}
		p.Events, err = feedEvents(ctx, q, page)
		return err
	})
	if err != nil {
		return webhooks.FeedPage{}, err
	}
	return p, nil
}

// feedEvents reads the events of the entries, in their order.
func feedEvents(ctx context.Context, q querier, page []driver.FeedEntry) ([]webhooks.Event, error) {
	events := make([]webhooks.Event, len(page))
	places := make(map[string]int, len(page))
	ids := make([]string, len(page))
	for i := range page {
		ids[i], places[page[i].Event] = page[i].Event, i
	}
	wanted, err := list(ids)
	if err != nil {
		return nil, err
	}
	read := 0
	err = each(ctx, q, `SELECT id, happened_at, lane, type, import_id, packed, data FROM webhook_events
		WHERE id IN (SELECT value FROM json_each(?))`, func(scan func(...any) error) error {
		var e webhooks.Event
		var at int64
		var packed bool
		var stored []byte
		if err := scan(&e.ID, &at, &e.Lane, &e.Type, &e.ImportID, &packed, &stored); err != nil {
			return err
		}
		data, err := driver.Unpack(stored, packed)
		i := places[e.ID]
		e.Time, e.Data, e.Number = time.UnixMicro(at).UTC(), data, page[i].Number
		events[i] = e
		read++
		return err
	}, wanted)
	if err == nil && read < len(page) {
		err = fmt.Errorf("sqlite: %d events of the feed are missing", len(page)-read)
	}
	return events, err
}

// removeFeed removes what the feed keeps no longer, as much as it may.
func (x *pruner) removeFeed(ctx context.Context, now time.Time) error {
	s, _, err := feedState(ctx, x.t)
	if err != nil || x.left == 0 {
		return err
	}
	end := now.Add(-s.Keep).UnixMicro()
	removed := s.Removed
	err = each(ctx, x.t, `DELETE FROM webhook_feed WHERE id IN (
			SELECT id FROM (SELECT id, kept_at FROM webhook_feed ORDER BY id LIMIT ?) WHERE kept_at < ? OR id <= ? OR ?)
		RETURNING id, event`, func(scan func(...any) error) error {
		var id int64
		var event string
		err := scan(&id, &event)
		removed, x.events = max(removed, id), append(x.events, event)
		x.left--
		return err
	}, x.left, end, s.Removed, s.Keep == 0)
	if err != nil || removed == s.Removed {
		return err
	}
	_, err = x.t.ExecContext(ctx, `UPDATE webhook_feed_keeping SET removed = ?`, removed)
	return err
}
