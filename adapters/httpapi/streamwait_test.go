package httpapi_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// TestStreamWaitsForTheStore asks for streams while the store is away: they are opened, live, cost one question a second
// altogether, and begin when the store is back.
func TestStreamWaitsForTheStore(t *testing.T) {
	for _, away := range []error{products.ErrUnavailable, products.ErrBusy} {
		synctest.Test(t, func(t *testing.T) {
			f := newFixture(t, httpapi.Options{})
			client, _, stop := f.serve()
			defer stop()
			f.board.put(running(1, 1))
			f.board.put(ended(2, job.Success))
			f.board.fail(away)
			const many = 20
			streams := make([]*stream, many)
			for i := range streams {
				streams[i] = open(t, client, "GET", "/imports/"+id(1)+"/events", "", "")
				require.Equal(t, 200, streams[i].response.StatusCode)
				require.Equal(t, "text/event-stream; charset=utf-8", streams[i].response.Header.Get("Content-Type"))
			}
			known := open(t, client, "POST", "/status/", `{"task_id":"`+id(2)+`"}`, "1")
			nobody := open(t, client, "GET", "/imports/"+id(7)+"/events", "", "")
			head := f.call("HEAD", "/imports/"+id(1)+"/events", "")
			require.Equal(t, 503, head.Code)

			time.Sleep(10 * time.Minute)
			synctest.Wait()
			for _, s := range streams {
				require.Empty(t, s.events)
				require.InDelta(t, 41, len(s.comments), 1, "one at once, and one every 15 s")
				for before := time.Duration(0); len(s.comments) > 0; {
					at := <-s.comments
					require.LessOrEqual(t, at-before, 15*time.Second)
					before = at
				}
			}
			require.LessOrEqual(t, f.board.looks(), 601, "who waits asks together")

			f.board.fail(nil)
			for _, s := range streams {
				first := <-s.events
				require.Equal(t, "progress", first.name)
				require.Equal(t, "1", first.id)
				require.Less(t, first.at, 10*time.Minute+3*time.Second)
			}
			require.Empty(t, known.rest(), "the client has its end, and is told so when it comes again")
			require.Equal(t, 204, open(t, client, "POST", "/status/", `{"task_id":"`+id(2)+`"}`, "1").response.StatusCode)
			require.Empty(t, nobody.rest())
			require.Equal(t, 404, f.call("GET", "/imports/"+id(7)+"/events", "").Code)

			f.board.fail(away)
			time.Sleep(time.Minute)
			f.board.fail(nil)
			f.board.put(ended(1, job.Success))
			for _, s := range streams {
				events := s.rest()
				require.Len(t, events, 1, "an outage in between doesn't end it")
				require.Equal(t, "done", events[0].name)
			}
		})
	}
}

// hanging is a board that doesn't answer for a while.
type hanging struct {
	*board
	hangs atomic.Bool
}

func (h *hanging) Get(ctx context.Context, id string) (job.Job, error) {
	if h.hangs.Load() {
		<-ctx.Done()
		return job.Job{}, ctx.Err()
	}
	return h.board.Get(ctx, id)
}

// TestStreamWaitsForASilentStore: a store that hangs holds up no answer.
func TestStreamWaitsForASilentStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hanging{board: &board{jobs: map[string]job.Job{}}}
		api, err := httpapi.New(memory.New(memory.Options{}).Products(), h, h, newUsers(t), httpapi.Options{})
		require.NoError(t, err)
		f := &fixture{t: t, api: api, board: h.board}
		client, _, stop := f.serve()
		f.board.put(running(1, 1))
		h.hangs.Store(true)
		began := time.Now()
		s := open(t, client, "GET", "/imports/"+id(1)+"/events", "", "")
		require.Equal(t, 200, s.response.StatusCode)
		require.Less(t, time.Since(began), 6*time.Second)
		time.Sleep(10 * time.Minute)
		require.Empty(t, s.events)
		require.GreaterOrEqual(t, len(s.comments), 40)
		h.hangs.Store(false)
		require.Equal(t, "1", (<-s.events).id)

		h.hangs.Store(true)
		waits := open(t, client, "GET", "/imports/"+id(2)+"/events", "", "")
		stop()
		require.Empty(t, waits.rest(), "who waits is no hindrance to the server's end")
	})
}

// TestStreamLater: an EventSource that comes at the wrong time is told to come again, by a status with which it does.
func TestStreamLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, httpapi.Options{MaxStreams: 1})
		f.board.put(running(1, 1))
		path := "/imports/" + id(1) + "/events"
		told := func(why string) {
			t.Helper()
			for _, accept := range []string{"text/event-stream", "application/json, Text/Event-Stream;q=0.9"} {
				w := f.call("GET", path, "", "Accept: "+accept)
				require.Equal(t, 200, w.Code)
				require.Equal(t, "text/event-stream; charset=utf-8", w.Header().Get("Content-Type"))
				require.True(t, strings.HasPrefix(w.Body.String(), "retry: 5000\n: "), w.Body.String())
				require.True(t, strings.HasSuffix(w.Body.String(), "\n\n"), w.Body.String())
				require.Contains(t, w.Body.String(), why)
			}
			for _, accept := range []string{"*/*", "application/json"} {
				problem(t, f.call("GET", path, "", "Accept: "+accept), 503)
			}
		}
		told("doesn't follow imports yet")
		f.board.fail(products.ErrUnavailable)
		told("doesn't follow imports yet")
		f.board.fail(nil)
		client, _, stop := f.serve()
		s := open(t, client, "GET", path, "", "")
		<-s.events
		told("1 streams already")
		stop()
		told("the server is stopping")
	})
}
