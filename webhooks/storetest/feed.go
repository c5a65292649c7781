package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// moment is how long a case waits for another transaction that may have to wait for the case's own.
const moment = 300 * time.Millisecond

// keepFeed switches the feed on or off.
func (c *check) keepFeed(keep time.Duration) (before time.Duration) {
	c.Helper()
	before, err := c.KeepFeed(c.Context(), keep)
	require.NoError(c, err, "the feed is switched on and off")
	return before
}

// page reads a page of the feed.
func (c *check) page(after webhooks.Cursor, limit int, types ...string) webhooks.FeedPage {
	c.Helper()
	p, err := c.ReadFeed(c.Context(), webhooks.FeedQuery{After: after, Limit: limit, Types: types})
	require.NoError(c, err, "the feed is read")
	require.LessOrEqual(c, len(p.Events), limit, "a page has no more events than its limit")
	return p
}

// rest reads the feed to its end.
func (c *check) rest(after webhooks.Cursor, limit int, types ...string) (events []webhooks.Event, end webhooks.Cursor) {
	c.Helper()
	for range 10_000 {
		p := c.page(after, limit, types...)
		events, after = append(events, p.Events...), p.Next
		if !p.More {
			return events, after
		}
	}
	require.Fail(c, "the feed comes to its end")
	return nil, after
}

// ends returns the ends of the feed.
func (c *check) ends() webhooks.FeedEnds {
	c.Helper()
	ends, err := c.FeedEnds(c.Context())
	require.NoError(c, err, "a feed that is kept has ends")
	return ends
}

// ids are those of the events.
func ids(events []webhooks.Event) []string {
	all := make([]string, len(events))
	for i := range events {
		all[i] = events[i].ID
	}
	return all
}

// gone checks that the feed doesn't go on from a cursor.
func (c *check) gone(after webhooks.Cursor, promise string) {
	c.Helper()
	_, err := c.ReadFeed(c.Context(), webhooks.FeedQuery{After: after, Limit: 10})
	require.ErrorIs(c, err, webhooks.ErrFeedGone, promise)
}

// during runs f in a transaction that stays open until end is called, which returns what came of it.
func (c *check) during(f func(ctx context.Context) error) (end func() error) {
	begun, release, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	var once sync.Once
	go func() {
		ended <- c.inTx(c.Context(), func(ctx context.Context) error {
			err := f(ctx)
			once.Do(func() { close(begun) }) // it may be run again from the top
			select {
			case <-release:
			case <-ctx.Done():
			}
			return err
		})
	}()
	<-begun
	return func() error {
		close(release)
		return <-ended
	}
}

// within runs f beside the case, and returns whether it ended within a moment, and a wait for its end.
func within(f func() error) (soon bool, wait func() error) {
	ended := make(chan error, 1)
	go func() { ended <- f() }()
	select {
	case err := <-ended:
		return true, func() error { return err }
	case <-time.After(moment):
		return false, func() error { return <-ended }
	}
}

var feedCases = []Case{
	{Name: "feed/none unless it is kept", run: func(c *check) {
		read := func() {
			c.Helper()
			_, err := c.ReadFeed(c.Context(), webhooks.FeedQuery{Limit: 1})
			require.ErrorIs(c, err, webhooks.ErrNoFeed, "no feed is read where none is kept")
			_, err = c.FeedEnds(c.Context())
			require.ErrorIs(c, err, webhooks.ErrNoFeed, "no feed has no ends")
		}
		heard := func() []string {
			types, err := c.Listening(c.Context(), true, webhooks.ProductCreated, webhooks.ProductDeleted)
			require.NoError(c, err)
			return types
		}
		read()
		require.Zero(c, c.keepFeed(0))
		stored, err := c.Append(c.Context(), []webhooks.Event{event(1)})
		require.NoError(c, err)
		require.Zero(c, stored, "what nobody wants isn't stored")
		for _, keep := range []time.Duration{-1, time.Minute - 1, webhooks.MaxFeed + 1} {
			_, err := c.KeepFeed(c.Context(), keep)
			require.Error(c, err, "a feed can't keep events for %v", keep)
		}
		read()
		require.Empty(c, heard())
		require.Zero(c, c.keepFeed(time.Hour), "KeepFeed says that none was kept")
		require.Equal(c, []string{webhooks.ProductCreated, webhooks.ProductDeleted}, heard(),
			"while a feed is kept somebody listens to everything")
		require.Equal(c, time.Hour, c.ends().Keep, "the feed says for how long it keeps events")
		c.append(event(1), imported("i", webhooks.ProductCreated))
		require.Empty(c, c.list(webhooks.DeliveryQuery{}), "the feed makes no deliveries")
		c.nothing("the feed makes no deliveries")
		require.Equal(c, time.Hour, c.keepFeed(2*time.Hour), "KeepFeed says for how long events were kept")
		all, _ := c.rest(webhooks.Cursor{}, 10)
		require.Len(c, all, 2, "a longer time changes nothing of what is there")
	}},
	{Name: "feed/each event, as the endpoints get it", run: func(c *check) {
		c.keepFeed(time.Hour)
		to := c.endpoint()
		whole := imported("import-1", webhooks.ProductUpdated)
		whole.ID, whole.Time = driver.NewID("evt_", time.Now()), time.Date(2026, 5, 4, 3, 2, 1, 123_456_000, time.UTC)
		large := event(0)
		large.Data = append([]byte("{ \"x\":\t\""), make([]byte, 0, 1<<17)...)
		for range 1 << 16 {
			large.Data = append(large.Data, "ab"...)
		}
		large.Data = append(large.Data, `"}`...)
		appended := c.append(event(1), whole, imported("import-1", webhooks.ProductCreated), large)
		appended = append(appended, c.append(imported("import-1", webhooks.ProductUpdated),
			webhooks.Event{Type: webhooks.ProductDeleted, Data: []byte(`{}`)})...)
		all, _ := c.rest(webhooks.Cursor{}, 100)
		require.Equal(c, ids(appended), ids(all), "the feed has every event, once, in the order of Append")
		deliveries := c.of(to)
		require.Len(c, deliveries, len(all))
		for i := range all {
			want := c.record(deliveries[i].ID).Event
			want.Time, all[i].Time = want.Time.UTC(), all[i].Time.UTC()
			require.Equal(c, want, all[i], "an event of the feed is the one that endpoints get")
			require.Equal(c, string(want.AppendBody(nil)), string(all[i].AppendBody(nil)), "to the byte")
		}
		all[0].Data[0] = 'x'
		again, _ := c.rest(webhooks.Cursor{}, 100)
		require.Equal(c, byte('{'), again[0].Data[0], "what comes out is the caller's")
	}},
	{Name: "feed/pages", run: func(c *check) {
		c.keepFeed(time.Hour)
		all := ids(c.some(7))
		first := c.page(webhooks.Cursor{}, 3)
		require.Equal(c, all[:3], ids(first.Events), "a page has as many events as its limit says")
		require.True(c, first.More, "More says that there are more")
		second := c.page(first.Next, 4)
		require.Equal(c, all[3:], ids(second.Events), "the next page goes on where the last one ended")
		require.False(c, second.More, "More says that there are no more")
		end := c.page(second.Next, 4)
		require.Empty(c, end.Events)
		require.Equal(c, second.Next, end.Next, "at its end the feed stays where it is")
		require.False(c, end.More)
		require.Equal(c, all[3:], ids(c.page(first.Next, 4).Events), "the same cursor gives the same events again")
		for _, limit := range []int{0, -1, webhooks.MaxFeedEvents + 1} {
			_, err := c.ReadFeed(c.Context(), webhooks.FeedQuery{Limit: limit})
			require.Error(c, err, "a limit of %d is out of bounds", limit)
		}
		large := event(0)
		large.Data = append(append([]byte(`{"x":"`), make([]byte, webhooks.MaxData-8)...), `"}`...)
		for i := range large.Data[6 : len(large.Data)-2] {
			large.Data[6+i] = 'x'
		}
		c.append(large, large, large, large, large, large)
		full := c.page(second.Next, 10)
		require.Len(c, full.Events, driver.FeedBytes/webhooks.MaxData, "a page has no more than so many bytes")
		require.True(c, full.More)
		some, _ := c.rest(full.Next, 10)
		require.Len(c, some, 6-len(full.Events), "and the next one has the others")
	}},
	{Name: "feed/types", run: func(c *check) {
		c.keepFeed(time.Hour)
		summary := webhooks.Event{Type: webhooks.ImportCompleted, ImportID: "i", Data: []byte(`{}`)}
		deleted := webhooks.Event{Type: webhooks.ProductDeleted, Data: []byte(`{}`)}
		want := ids(c.append(event(1), summary, deleted, event(2)))
		for _, test := range []struct {
			types []string
			want  []string
		}{
			{[]string{"*"}, want},
			{[]string{"product.*"}, []string{want[0], want[2], want[3]}},
			{[]string{webhooks.ProductDeleted, "import.*"}, want[1:3]},
			{[]string{webhooks.ProductsDeletedAll}, nil},
		} {
			got, end := c.rest(webhooks.Cursor{}, 2, test.types...)
			require.Equal(c, append([]string{}, test.want...), ids(got), "events of the types %v", test.types)
			require.Equal(c, c.ends().Newest, end, "what is of other types is passed over")
		}
		many := make([]webhooks.Event, 5_000)
		for i := range many {
			many[i] = event(i)
		}
		c.append(many...)
		last := c.append(deleted)
		got, _ := c.rest(webhooks.Cursor{}, 10, webhooks.ProductDeleted)
		require.Equal(c, []string{want[2], last[0].ID}, ids(got), "events far behind others are found")
	}},
	{Name: "feed/cursors", run: func(c *check) {
		c.keepFeed(time.Hour)
		empty := c.ends()
		require.Equal(c, empty.Oldest, empty.Newest, "a new feed ends where it begins")
		require.Empty(c, c.page(webhooks.Cursor{}, 1).Events, "a new feed has nothing")
		early := c.append(event(1), event(2))
		ends := c.ends()
		late := c.append(event(3))
		got, end := c.rest(ends.Newest, 10)
		require.Equal(c, ids(late), ids(got), "behind Newest comes what is new")
		require.Equal(c, c.ends().Newest, end, "Newest is where the last page ends")
		got, _ = c.rest(ends.Oldest, 10)
		require.Equal(c, append(ids(early), ids(late)...), ids(got), "behind Oldest comes all that is kept")
		got, _ = c.rest(empty.Newest, 10)
		require.Len(c, got, 3, "a cursor of an empty feed is one like others")
		beyond, other := end, end
		beyond.Place += 1_000_000
		c.gone(beyond, "a cursor beyond the end is that of another state of the store")
		other.Feed++
		c.gone(other, "a cursor of another feed is no good")
	}},
	{Name: "feed/what is rolled back is never there", run: func(c *check) {
		c.keepFeed(time.Hour)
		first := c.append(event(1))
		refused := errors.New("refused")
		require.ErrorIs(c, c.inTx(c.Context(), func(ctx context.Context) error {
			_, err := c.Append(ctx, []webhooks.Event{event(2), imported("i", webhooks.ProductCreated)})
			require.NoError(c, err)
			return refused
		}), refused)
		got, end := c.rest(webhooks.Cursor{}, 10)
		require.Equal(c, ids(first), ids(got), "events of a transaction that was rolled back are never seen")
		second := c.append(event(3))
		got, _ = c.rest(end, 10)
		require.Equal(c, ids(second), ids(got), "the feed goes on after a transaction that was rolled back")
		require.ErrorIs(c, c.inTx(c.Context(), func(ctx context.Context) error {
			_, err := c.KeepFeed(ctx, 0)
			require.NoError(c, err)
			return refused
		}), refused)
		require.Equal(c, time.Hour, c.ends().Keep, "KeepFeed is rolled back with its transaction")
	}},
	{Name: "feed/one that commits late", run: func(c *check) {
		c.keepFeed(time.Hour)
		var early []webhooks.Event
		end := c.during(func(ctx context.Context) error {
			early = []webhooks.Event{event(1)}
			_, err := c.Append(ctx, early)
			return err
		})
		late := []webhooks.Event{event(2)}
		soon, wait := within(func() error { _, err := c.Append(c.Context(), late); return err })
		var got []webhooks.Event
		var at webhooks.Cursor
		if soon { // the store doesn't have it wait: a reader who comes now must not pass the open transaction
			got, at = c.rest(at, 10)
			ends := c.ends()
			c.append(event(3))
			more, _ := c.rest(ends.Newest, 10)
			require.LessOrEqual(c, len(more), 1)
		}
		require.NoError(c, end())
		require.NoError(c, wait())
		more, _ := c.rest(at, 10)
		all := ids(append(got, more...))
		require.Contains(c, all, early[0].ID, "an event whose transaction commits late is never passed by")
		require.Contains(c, all, late[0].ID, "nor is what was committed meanwhile")
		require.Equal(c, ids(first(c.rest(webhooks.Cursor{}, 10))), all, "the order is the same for all readers")
	}},
	{Name: "feed/readers beside writers", run: func(c *check) {
		const writers, transactions = 4, 15
		c.keepFeed(time.Hour)
		committed := make([][]string, writers)
		refused := errors.New("refused")
		var writing sync.WaitGroup
		failures := make(chan error, writers)
		for i := range writers {
			writing.Go(func() {
				for n := range transactions {
					var events []webhooks.Event
					err := c.inTx(c.Context(), func(ctx context.Context) error {
						events = []webhooks.Event{event(n), imported(fmt.Sprint("import-", i), webhooks.ProductCreated)}
						for k := range events {
							if _, err := c.Append(ctx, events[k:k+1]); err != nil {
								return err
							}
						}
						if n%3 == 2 {
							return refused
						}
						return nil
					})
					switch {
					case err == nil:
						committed[i] = append(committed[i], ids(events)...)
					case !errors.Is(err, refused):
						failures <- err
						return
					}
				}
			})
		}
		written := make(chan struct{})
		go func() { writing.Wait(); close(written) }()
		var read []string
		var at webhooks.Cursor
		for done := false; !done; {
			select {
			case <-written:
				done = true
			case <-time.After(time.Millisecond):
			}
			var some []webhooks.Event
			some, at = c.rest(at, 3)
			read = append(read, ids(some)...)
		}
		require.Empty(c, failures, "writers beside readers are not disturbed")
		place := map[string]int{}
		for i, id := range read {
			_, twice := place[id]
			require.False(c, twice, "a reader gets no event twice")
			place[id] = i
		}
		for i := range committed {
			before := -1
			for _, id := range committed[i] {
				at, there := place[id]
				require.True(c, there, "a reader beside writers gets every event")
				require.Greater(c, at, before, "what happened later comes later")
				before = at
			}
			require.Len(c, committed[i], 2*(transactions-transactions/3))
		}
		require.Len(c, read, writers*len(committed[0]), "nothing that was rolled back is seen")
		require.Equal(c, ids(first(c.rest(webhooks.Cursor{}, 100))), read, "the order is the same for all readers")
	}},
	{Name: "feed/what is open while it is switched on", run: func(c *check) {
		var early []webhooks.Event
		end := c.during(func(ctx context.Context) error {
			early = []webhooks.Event{event(1)}
			_, err := c.Append(ctx, early)
			return err
		})
		soon, wait := within(func() error { _, err := c.KeepFeed(c.Context(), time.Hour); return err })
		require.NoError(c, end())
		require.NoError(c, wait())
		if got, _ := c.rest(webhooks.Cursor{}, 10); soon {
			require.Equal(c, ids(early), ids(got), "what commits after KeepFeed has its events in the feed")
		}
	}},
	{Name: "feed/what is kept for long enough goes", run: func(c *check) {
		c.keepFeed(time.Hour)
		to := c.endpoint(listensTo(webhooks.ProductDeleted))
		begin := c.ends().Newest
		old := c.append(event(1), webhooks.Event{Type: webhooks.ProductDeleted, Data: []byte(`{}`)}, event(3))
		at := c.page(webhooks.Cursor{}, 1).Next
		require.Zero(c, c.prune(past, past, 10), "what is newer stays in the feed")
		c.end(webhooks.Delivered, *c.one())
		require.Equal(c, 1, c.prune(future, past, 10))
		require.Empty(c, c.of(to))
		got, _ := c.rest(webhooks.Cursor{}, 10)
		require.Equal(c, ids(old), ids(got), "an event stays while the feed has it, when its deliveries are gone")

		require.NoError(c, c.clock(c.Context(), -2*time.Hour))
		late := c.append(webhooks.Event{Type: webhooks.ProductDeleted, Data: []byte(`{"n":2}`)})
		require.Equal(c, 2, c.prune(past, past, 2), "at most Limit places are removed at once")
		require.Equal(c, 1, c.prune(past, past, 2), "and more the next time")
		require.Zero(c, c.prune(past, past, 2))
		c.gone(at, "a cursor behind which events were removed is no good")
		c.gone(begin, "a cursor behind which events were removed is no good")
		got, end := c.rest(webhooks.Cursor{}, 10)
		require.Equal(c, ids(late), ids(got), "the oldest is the oldest that is kept")
		require.Equal(c, end, c.ends().Newest)
		require.NoError(c, c.clock(c.Context(), -2*time.Hour))
		require.Equal(c, 1, c.prune(past, past, 10))
		require.Equal(c, end, c.ends().Oldest, "an empty feed ends where it ended")
		require.Empty(c, c.page(end, 10).Events, "a cursor behind which nothing was removed stays good")
		require.JSONEq(c, `{"n":2}`, string(c.record(c.of(to)[0].ID).Event.Data), "an event stays while a delivery is left")
		next := c.append(event(5))
		got, _ = c.rest(end, 10)
		require.Equal(c, ids(next), ids(got), "and the feed goes on behind it")
	}},
	{Name: "feed/switched off and on", run: func(c *check) {
		c.keepFeed(time.Hour)
		c.append(event(1), event(2))
		at := c.page(webhooks.Cursor{}, 1).Next
		require.Equal(c, time.Hour, c.keepFeed(0))
		stored, err := c.Append(c.Context(), []webhooks.Event{event(3)})
		require.NoError(c, err)
		require.Zero(c, stored, "a feed that is switched off takes no events")
		_, err = c.ReadFeed(c.Context(), webhooks.FeedQuery{After: at, Limit: 1})
		require.ErrorIs(c, err, webhooks.ErrNoFeed)
		require.Zero(c, c.keepFeed(time.Hour))
		c.gone(at, "a cursor from before the feed was switched off is no good")
		got, _ := c.rest(webhooks.Cursor{}, 10)
		require.Empty(c, got, "what came before it was switched off is never seen again")
		next := c.append(event(4))
		require.Equal(c, 2, c.prune(past, past, 10), "what was there before it was switched off goes")
		got, _ = c.rest(webhooks.Cursor{}, 10)
		require.Equal(c, ids(next), ids(got))
		c.keepFeed(0)
		require.Equal(c, 1, c.prune(past, past, 10), "what a feed had that is switched off goes")
	}},
	{Name: "feed/wakes those who wait", run: func(c *check) {
		c.keepFeed(time.Hour)
		ctx, cancel := context.WithCancel(c.Context())
		defer cancel()
		woken := c.Wake(ctx)
		if woken == nil {
			return
		}
		c.append(event(1))
		select {
		case <-woken:
		case <-time.After(30 * time.Second):
			require.Fail(c, "what comes into the feed wakes")
		}
	}},
}

// first returns the first of two.
func first[A, B any](a A, _ B) A { return a }
