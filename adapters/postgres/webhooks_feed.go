package postgres

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// The feed is ordered by the IDs that a sequence gives, and they are committed in any order: a reader who has seen 7
// may not take it that 6 is not to come. So a transaction that puts events into the feed takes a shared lock before its
// first ID, named after the last ID that was given until then: all of its own are greater. A reader looks
// which ID was given last, then at the locks, and then reads no further than either. What had been given by then
// belongs to transactions that hold a lock, so that reading stops in front of them, or that had ended before the rows
// are read.
//
// So nobody but those who append holds the feed back, and they only until they end: for as long as a batch takes to be
// committed, or a client may leave a transaction idle (limitIdle). Numbers of transactions (pg_snapshot_xmin) would do
// the same with less, but any transaction that writes, in whatever database of the server, would hold the feed back,
// prepared ones for ever; and after a dump and a restore they begin anew.
//
// A cursor is always the ID of an event that was committed, or one that a committed transaction has noted: an ID that
// nobody committed may be given again after a crash of the server.

// idMask are the bits of an ID that are in the name of a lock.
const idMask = 1<<31 - 1

// place puts the events into the feed. The lock is taken once in a transaction, whose settings know its name, also
// behind savepoints that are rolled back.
func (a *appender) place(ctx context.Context, now time.Time) error {
	rows := newArrays(oidInt8, oidTime, oidUUID, oidInt8, oidText)
	for _, e := range a.events {
		rows[0].addInt(e.event.Number)
		rows[1].addTime(now)
		rows[2].addUUID(e.id)
		rows[3].addInt(int64(len(e.event.Data)))
		rows[4].add(e.event.Type)
	}
	_, err := a.t.ExecContext(ctx, `WITH held AS MATERIALIZED (
			SELECT pg_advisory_xact_lock_shared('webhook_feed_ids'::regclass::oid::int, coalesce(
				nullif(current_setting('products_importer.feed', true), ''),
				set_config('products_importer.feed',
					(coalesce(pg_sequence_last_value('webhook_feed_ids'::regclass), 0) & 2147483647)::text, true))::int)
		)
		INSERT INTO webhook_feed (number, kept_at, event, bytes, type)
		SELECT x.* FROM held CROSS JOIN unnest($1::bigint[], $2::timestamptz[], $3::uuid[], $4::bigint[], $5::text[]) AS x`,
		rows.args()...)
	return err
}

// KeepFeed switches the feed on or off. Switching it on waits for the transactions that have found it off, at most as
// long as a write waits for anything; meanwhile others that append wait too. Where that takes too long the error is
// products.ErrUnavailable, and nothing has changed.
func (w *Webhooks) KeepFeed(ctx context.Context, keep time.Duration) (before time.Duration, err error) {
	err = w.db.joinLimited(ctx, func(ctx context.Context, t *transaction) error {
		state, last, _, err := feedState(ctx, t)
		if err != nil {
			return err
		}
		before = state.Keep
		changed, err := state.Switch(keep, last)
		if err != nil || !changed {
			return err
		}
		if before == 0 {
			if _, err := t.ExecContext(ctx, `LOCK TABLE webhook_feed_keeping IN ACCESS EXCLUSIVE MODE`); err != nil {
				return err
			}
		} else if _, err := t.ExecContext(ctx, `SELECT FROM webhook_feed_keeping FOR UPDATE`); err != nil {
			return err
		}
		if state, last, _, err = feedState(ctx, t); err != nil { // others may have changed it
			return err
		}
		before = state.Keep
		if changed, err = state.Switch(keep, last); err != nil || !changed {
			return err
		}
		w.db.onCommit(ctx, w.db.notifier.webhooks.notify)
		_, err = t.ExecContext(ctx, `INSERT INTO webhook_feed_keeping (one, keep, feed, removed) VALUES (true, $1, $2, $3)
			ON CONFLICT (one) DO UPDATE SET keep = excluded.keep, feed = excluded.feed, removed = excluded.removed`,
			state.Keep.Microseconds(), state.Feed, state.Removed)
		return err
	})
	if err != nil {
		return 0, fail(ctx, err, webhooks.ErrNotFound)
	}
	return before, nil
}

// feedState reads what is kept beside the entries, the last ID that was given, and the first half of the names of the
// locks.
func feedState(ctx context.Context, q sqlx.QueryerContext) (s driver.FeedState, last, class int64, err error) {
	err = q.QueryRowxContext(ctx, `SELECT coalesce(max(keep) * 1000, 0), coalesce(max(feed), 0), coalesce(max(removed), 0),
			coalesce(pg_sequence_last_value('webhook_feed_ids'::regclass), 0), 'webhook_feed_ids'::regclass::oid::bigint
		FROM webhook_feed_keeping`).Scan(&s.Keep, &s.Feed, &s.Removed, &last, &class)
	return s, last, class, err
}

// feedHorizon reads the same, and the ID up to which the feed can be read by statements that begin later.
func feedHorizon(ctx context.Context, q sqlx.QueryerContext) (s driver.FeedState, last, horizon int64, err error) {
	s, last, class, err := feedState(ctx, q)
	if err != nil {
		return s, 0, 0, err
	}
	horizon = last
	rows, err := q.QueryxContext(ctx, `SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2
		AND classid::bigint = $1 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`, class)
	if err != nil {
		return s, 0, 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var name int64
		if err := rows.Scan(&name); err != nil {
			return s, 0, 0, err
		}
		behind := (last - name) & idMask
		if behind > idMask/2 { // it was given since
			behind -= idMask + 1
		}
		horizon = min(horizon, last-behind)
	}
	return s, last, horizon, rows.Err()
}

// FeedEnds returns where the feed begins and ends.
func (w *Webhooks) FeedEnds(ctx context.Context) (ends webhooks.FeedEnds, err error) {
	var horizon int64
	err = w.db.read(ctx, forReading, func(ctx context.Context, q querier) (err error) {
		_, _, horizon, err = feedHorizon(ctx, q)
		return err
	})
	if err == nil {
		// It is a transaction of its own, which sees what was committed by now, however isolated transactions are.
		err = w.db.read(ctx, forReading, func(ctx context.Context, q querier) error {
			var s driver.FeedState
			var newest int64
			err := q.QueryRowxContext(ctx, `SELECT k.keep * 1000, k.feed, k.removed, coalesce((
					SELECT max(id) FROM webhook_feed WHERE id <= $1), 0)
				FROM webhook_feed_keeping k WHERE k.keep > 0`, horizon).Scan(&s.Keep, &s.Feed, &s.Removed, &newest)
			ends = webhooks.FeedEnds{Keep: s.Keep, Oldest: s.Cursor(s.Removed), Newest: s.Cursor(newest)}
			return err
		})
	}
	if err != nil {
		return webhooks.FeedEnds{}, fail(ctx, err, webhooks.ErrNoFeed)
	}
	return ends, nil
}

// ReadFeed reads events of the feed.
func (w *Webhooks) ReadFeed(ctx context.Context, query webhooks.FeedQuery) (p webhooks.FeedPage, err error) {
	if err := driver.CheckFeedQuery(&query); err != nil {
		return p, err
	}
	var state driver.FeedState
	var after, last, horizon int64
	err = w.db.read(ctx, forReading, func(ctx context.Context, q querier) (err error) {
		if state, last, horizon, err = feedHorizon(ctx, q); err != nil {
			return err
		}
		after, err = state.After(query.After, last)
		return err
	})
	if err != nil {
		return p, fail(ctx, err, webhooks.ErrNoFeed)
	}
	err = w.db.read(ctx, forReading, func(ctx context.Context, q querier) error { // as in FeedEnds
		state, entries, err := feedEntries(ctx, q, after, horizon, driver.FeedScan(&query))
		if err != nil {
			return err
		}
		// What was removed meanwhile isn't among the entries.
		if _, err := state.After(query.After, last); err != nil {
			return err
		}
		page, next, more := driver.CutFeed(&query, after, entries)
		p = webhooks.FeedPage{Next: state.Cursor(next), More: more}
		p.Events, err = feedEvents(ctx, q, page)
		return err
	})
	if err != nil {
		return webhooks.FeedPage{}, fail(ctx, err, webhooks.ErrNoFeed)
	}
	return p, nil
}

// feedEntries reads the state, and at most so many entries behind the place after, from one snapshot.
func feedEntries(ctx context.Context, q sqlx.QueryerContext, after, horizon int64,
	limit int) (s driver.FeedState, entries []driver.FeedEntry, err error) {
	rows, err := q.QueryxContext(ctx, `SELECT k.keep * 1000, k.feed, k.removed, f.id, f.number, f.bytes, f.type, f.event
		FROM webhook_feed_keeping k LEFT JOIN LATERAL (
			SELECT id, number, bytes, type, event FROM webhook_feed WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3
		) f ON true ORDER BY f.id`, after, horizon, limit)
	if err != nil {
		return s, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var place, number, bytes sql.NullInt64
		var eventType, event sql.NullString
		if err := rows.Scan(&s.Keep, &s.Feed, &s.Removed, &place, &number, &bytes, &eventType, &event); err != nil {
			return s, nil, err
		}
		if place.Valid {
			entries = append(entries, driver.FeedEntry{Place: place.Int64, Number: number.Int64,
				Bytes: int(bytes.Int64), Type: eventType.String, Event: event.String})
		}
	}
	return s, entries, rows.Err()
}

// feedEvents reads the events of the entries, in their order. Some are missing where they have just been removed, and
// the cursor in front of them is no good any more.
func feedEvents(ctx context.Context, q sqlx.QueryerContext, page []driver.FeedEntry) ([]webhooks.Event, error) {
	places := make(map[uuid]int, len(page))
	ids := make([]uuid, len(page))
	for i := range page {
		if err := ids[i].Scan([]byte(page[i].Event)); err != nil {
			return nil, err
		}
		places[ids[i]] = i
	}
	rows, err := q.QueryxContext(ctx, `SELECT `+eventColumns+` FROM webhook_events e WHERE e.id = ANY ($1::uuid[])`,
		uuidArray(ids))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	events := make([]webhooks.Event, len(page))
	read := 0
	for ; rows.Next(); read++ {
		var e webhooks.Event
		if err := scanEvent(rows, &e); err != nil {
			return nil, err
		}
		i := places[mustUUID(eventPrefix, e.ID)]
		e.Number = page[i].Number
		events[i] = e
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if read < len(page) {
		return nil, webhooks.ErrFeedGone
	}
	return events, nil
}

// removeFeed removes what the feed keeps no longer, as much as it may, unless somebody else is at it.
func (x *pruner) removeFeed(ctx context.Context) error {
	var keep, removed int64
	err := x.t.QueryRowContext(ctx, `SELECT keep, removed FROM webhook_feed_keeping FOR UPDATE SKIP LOCKED`).Scan(&keep,
		&removed)
	switch {
	case errors.Is(err, sql.ErrNoRows) || x.left == 0:
		return nil
	case err != nil:
		return err
	}
	_, _, horizon, err := feedHorizon(ctx, x.t)
	if err != nil {
		return err
	}
	rows, err := x.t.QueryContext(ctx, `DELETE FROM webhook_feed WHERE id IN (
			SELECT id FROM (SELECT id, kept_at FROM webhook_feed WHERE id <= $1 ORDER BY id LIMIT $2) oldest
			WHERE kept_at < clock_timestamp() - $3::bigint * interval '1 microsecond' OR id <= $4 OR $3 = 0)
		RETURNING id, event`, horizon, x.left, keep, removed)
	if err != nil {
		return err
	}
	defer rows.Close()
	last := removed
	for rows.Next() {
		var id int64
		var event uuid
		if err := rows.Scan(&id, &event); err != nil {
			return err
		}
		last = max(last, id)
		x.events = append(x.events, event)
		x.left--
	}
	if err := rows.Err(); err != nil || last == removed {
		return err
	}
	_, err = x.t.ExecContext(ctx, `UPDATE webhook_feed_keeping SET removed = $1`, last)
	return err
}
