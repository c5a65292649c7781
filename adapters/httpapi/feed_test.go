package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/receive"
)

// feedPage is an answer of GET /changes.
type feedPage struct {
	Events []receive.Message
	Next   string
	More   bool
}

func (p *feedPage) ids() (ids []string) {
	for i := range p.Events {
		ids = append(ids, p.Events[i].ID)
	}
	return ids
}

// keepFeed switches the feed on or off.
func (f *hookFixture) keepFeed(keep time.Duration) {
	_, err := f.hooks.KeepFeed(f.t.Context(), keep)
	require.NoError(f.t, err)
}

// changes fetches a page of the feed.
func (f *hookFixture) changes(query string) feedPage {
	w := f.call("GET", "/changes?"+query, "")
	require.Equal(f.t, 200, w.Code, w.Body)
	require.Equal(f.t, "no-store", w.Header().Get("Cache-Control"))
	return decode[feedPage](f.t, w)
}

// changed is an event of a product.
func changed(n int) webhooks.Event {
	return webhooks.Event{Type: webhooks.ProductUpdated, Data: fmt.Appendf(nil, `{"products":[{"id":%d,"version":1}]}`, n)}
}

var deleted = webhooks.Event{Type: webhooks.ProductDeleted, Data: []byte(`{"products":[{"id":7,"version":1}]}`)}

func eventIDs(events []webhooks.Event) (ids []string) {
	for i := range events {
		ids = append(ids, events[i].ID)
	}
	return ids
}

func TestFeed(t *testing.T) {
	f := newHookFixture(t, webhooks.SenderOptions{})
	p := problem(t, f.call("GET", "/changes", ""), 409)
	require.Equal(t, "no_feed", p.Code)
	require.Contains(t, p.Detail, "-feed", "it says which setting switches it on")
	f.keepFeed(time.Hour)
	begin := f.changes("after=now")
	require.Equal(t, []receive.Message{}, begin.Events)
	require.False(t, begin.More)

	imported := webhooks.Event{Type: webhooks.ProductCreated, ImportID: "an-import", Lane: webhooks.Bulk,
		Data: []byte("{ \"products\": [\n{\"id\":1,\"name\":\"<b>\\u00e9</b>\"}] }")}
	events := f.append(changed(1), imported, deleted)
	w := f.call("GET", "/changes?after="+begin.Next, "")
	var raw struct{ Events []json.RawMessage }
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &raw))
	require.Len(t, raw.Events, 3)
	for i := range events {
		require.Equal(t, string(events[i].AppendBody(nil)), string(raw.Events[i]), "the body that webhooks have")
	}
	all := decode[feedPage](t, w)
	require.False(t, all.More)
	require.Equal(t, eventIDs(events), all.ids())
	oldest := f.changes("")
	require.Equal(t, all, oldest, "without a cursor it begins with the oldest")

	first := f.changes("limit=2")
	require.Equal(t, eventIDs(events[:2]), first.ids())
	require.True(t, first.More)
	second := f.changes("limit=2&after=" + first.Next)
	require.Equal(t, eventIDs(events[2:]), second.ids())
	require.False(t, second.More)
	require.Equal(t, second.Next, f.changes("after=now").Next)
	for _, query := range []string{"types=product.deleted", "types=import.*,product.deleted",
		"types=import.*&types=product.deleted"} {
		some := f.changes(query)
		require.Equal(t, eventIDs(events[2:]), some.ids(), query)
		require.Equal(t, second.Next, some.Next)
	}
	none := f.changes("types=products.deleted_all")
	require.Empty(t, none.Events)
	require.Equal(t, second.Next, none.Next, "what is of other types is passed over")

	for query, want := range map[string]string{
		"after=rubbish": "after must be the next of an earlier answer", "types=product.sold": "product.created",
		"types=*,x": `there is no event "x"`, "types=product.created,": `there is no event ""`,
		"limit=0": "between 1 and 1000", "limit=1001": "limit", "wait=61": "between 0 and 60", "wait=-1": "wait",
		"cursor=x": "want after, types, limit, wait", "after=" + first.Next[1:]: "after must be"} {
		require.Contains(t, problem(t, f.call("GET", "/changes?"+query, ""), 400).Detail, want, query)
	}

	f.keepFeed(0)
	f.keepFeed(2 * time.Hour)
	f.append(changed(2))
	p = problem(t, f.call("GET", "/changes?after="+second.Next, ""), 410)
	require.Equal(t, "cursor_gone", p.Code)
	require.Contains(t, p.Detail, "/products/export.csv")
	require.Contains(t, p.Detail, "2h")
	require.Empty(t, f.changes("after="+p.Cursor).Events, "the cursor of the answer stands behind what the export has")
	last := f.append(changed(3))
	some := f.changes("after=" + p.Cursor)
	require.Equal(t, eventIDs(last), some.ids())

	plain := newFixture(t, httpapi.Options{})
	problem(t, plain.call("GET", "/changes", ""), 404)
}

// TestFeedPagesBySize: however many events are asked for, an answer holds little of them.
func TestFeedPagesBySize(t *testing.T) {
	f := newHookFixture(t, webhooks.SenderOptions{})
	f.keepFeed(time.Hour)
	large := webhooks.Event{Type: webhooks.ProductUpdated,
		Data: []byte(`{"x":"` + strings.Repeat("x", webhooks.MaxData*2/5) + `"}`)}
	want := eventIDs(f.append(large, large, large, large, large))
	var got []string
	for after, more := "", true; more; {
		p := f.changes("limit=1000&after=" + after)
		require.LessOrEqual(t, len(p.Events), 2)
		got, after, more = append(got, p.ids()...), p.Next, p.More
	}
	require.Equal(t, want, got)
}

// TestFeedWaits: a request waits for an event of its types, for as long as it says, until the server stops or its
// client goes.
func TestFeedWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHookFixture(t, webhooks.SenderOptions{})
		f.keepFeed(time.Hour)
		running, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- f.api.Run(running) }()
		get := func(ctx context.Context, query string) <-chan *httptest.ResponseRecorder {
			answer := make(chan *httptest.ResponseRecorder, 1)
			go func() {
				defer close(answer)
				defer func() { _ = recover() }() // the client went away
				answer <- f.send(request("GET", "/changes?"+query, "").WithContext(ctx))
			}()
			return answer
		}
		begin := f.changes("after=now").Next
		began := time.Now()
		got := decode[feedPage](t, <-get(t.Context(), "wait=60&after="+begin))
		require.Empty(t, got.Events)
		require.Equal(t, begin, got.Next)
		require.Equal(t, time.Minute, time.Since(began), "it waits for as long as it says")

		began = time.Now()
		var waiting []<-chan *httptest.ResponseRecorder
		for _, types := range []string{"", "&types=product.*", "&types=product.updated"} {
			waiting = append(waiting, get(t.Context(), "wait=50&after="+begin+types))
		}
		other := get(t.Context(), "wait=50&types=products.deleted_all&after="+begin)
		time.Sleep(20 * time.Second)
		events := f.append(changed(1))
		for _, answer := range waiting {
			got := decode[feedPage](t, <-answer)
			require.Equal(t, eventIDs(events), got.ids())
			require.Equal(t, 20*time.Second, time.Since(began), "an event ends the wait at once")
		}
		got = decode[feedPage](t, <-other)
		require.Empty(t, got.Events)
		require.NotEqual(t, begin, got.Next, "it has passed over what is of another type")
		require.Equal(t, 50*time.Second, time.Since(began))
		end := got.Next

		off := get(t.Context(), "wait=60&after="+end)
		synctest.Wait()
		f.keepFeed(0)
		problem(t, <-off, 409)
		f.keepFeed(time.Hour)
		end = f.changes("after=now").Next

		gone, leave := context.WithCancel(t.Context())
		left := get(gone, "wait=60&after="+end)
		synctest.Wait()
		leave()
		require.Nil(t, <-left)

		began = time.Now()
		last := get(t.Context(), "wait=60&after="+end)
		synctest.Wait()
		f.api.Drain()
		require.Empty(t, decode[feedPage](t, <-last).Events, "a server that is to stop keeps nobody waiting")
		require.Empty(t, decode[feedPage](t, <-get(t.Context(), "wait=60&after="+end)).Events)
		require.Zero(t, time.Since(began))
		stop()
		require.NoError(t, <-ended)
		synctest.Wait() // and nobody looks any more, or the test would not end
	})
}

// TestFeedWaitsAreBounded: requests that wait count among the streams.
func TestFeedWaitsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHookFixture(t, webhooks.SenderOptions{})
		f.options.MaxStreams = 1
		f.withUsers(newUsers(t))
		f.keepFeed(time.Hour)
		first := make(chan *httptest.ResponseRecorder, 1)
		go func() { first <- f.call("GET", "/changes?wait=10", "") }()
		synctest.Wait()
		require.Equal(t, "too_many_streams", problem(t, f.call("GET", "/changes?wait=10", ""), 503).Code)
		require.Equal(t, 200, f.call("GET", "/changes", "").Code, "who doesn't wait isn't in the way")
		require.Equal(t, 200, (<-first).Code)
	})
}
