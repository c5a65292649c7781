package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/progress"
)

// pipes is a listener whose connections are pipes, so that time in a bubble passes while they are quiet.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	p.conns <- server
	return client, nil
}

// ask sends a GET request over a connection of its own, and reads nothing.
func (p *pipes) ask(t *testing.T, path string) net.Conn {
	t.Helper()
	conn, err := p.dial(t.Context(), "", "")
	require.NoError(t, err)
	_, err = io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: x\r\nAuthorization: "+
		basic(user, password)+"\r\n\r\n")
	require.NoError(t, err)
	return conn
}

// serve runs the API in a server of its own, and returns a client for it. All ends with the test.
func (f *fixture) serve() (*http.Client, *pipes, func()) {
	l := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
	server := httpapi.NewHTTPServer(f.api, nil)
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { _ = server.Serve(l) })
	group.Go(func() {
		if err := f.api.Run(ctx); err != nil {
			panic(err)
		}
	})
	synctest.Wait() // for Run, without which streams are refused
	transport := &http.Transport{DialContext: l.dial}
	stop := sync.OnceFunc(func() {
		cancel()
		transport.CloseIdleConnections()
		shutdown, done := context.WithTimeout(context.Background(), time.Minute)
		defer done()
		require.NoError(f.t, server.Shutdown(shutdown))
		group.Wait()
	})
	f.t.Cleanup(stop)
	return &http.Client{Transport: transport}, l, stop
}

// event is one event as a client gets it.
type event struct {
	name, id string
	status   map[string]any
	at       time.Duration
}

// stream is an open stream: its events, and what else came.
type stream struct {
	response *http.Response
	events   chan event
	comments chan time.Duration
}

// open asks for a stream of events.
func open(t testing.TB, client *http.Client, method, path, body, lastEventID string) *stream {
	r, err := http.NewRequestWithContext(t.Context(), method, "http://importer.example"+path, strings.NewReader(body))
	require.NoError(t, err)
	r.SetBasicAuth(user, password)
	if lastEventID != "" {
		r.Header.Set("Last-Event-ID", lastEventID)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	response, err := client.Do(r) //nolint:bodyclose // the goroutine below does, at the stream's end
	require.NoError(t, err)
	s := &stream{response: response, events: make(chan event, 1_000), comments: make(chan time.Duration, 1_000)}
	began := time.Now()
	go func() {
		defer close(s.events)
		defer func() { _ = response.Body.Close() }()
		var e event
		lines := bufio.NewScanner(response.Body)
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch {
			case name == "event":
				e.name = value
			case name == "id":
				e.id = value
			case name == "data":
				if err := json.Unmarshal([]byte(value), &e.status); err != nil {
					panic(err)
				}
			case strings.HasPrefix(lines.Text(), ":"):
				s.comments <- time.Since(began)
			case lines.Text() == "" && e.name != "":
				e.at = time.Since(began)
				s.events <- e
				e = event{}
			}
		}
	}()
	return s
}

// rest returns the events until the stream ends.
func (s *stream) rest() (events []event) {
	for e := range s.events {
		events = append(events, e)
	}
	return events
}

// running is an import at work.
func running(n int, bytes int64) job.Job {
	return job.Job{ID: id(n), State: job.Progress, Size: 1_000, Upload: "u",
		Event: progress.Event{Phase: progress.Importing, Bytes: bytes, TotalBytes: 1_000,
			Counts: progress.Counts{Read: bytes, Created: bytes}, ETA: time.Second}}
}

// ended is the import at its end.
func ended(n int, state job.State) job.Job {
	j := running(n, 1_000)
	j.State, j.Event.Phase = state, progress.Failed
	if state == job.Success {
		j.Event.Phase = progress.Done
	}
	return j
}

// TestStreamFromAnotherServer: a client that has seen a later revision from another server doesn't get earlier ones.
func TestStreamFromAnotherServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, httpapi.Options{})
		client, _, stop := f.serve()
		defer stop()
		for i := range int64(3) {
			f.board.put(running(1, i))
		}
		ahead := open(t, client, "GET", "/imports/"+id(1)+"/events", "", "5")
		same := open(t, client, "GET", "/imports/"+id(1)+"/events", "", "3")
		bogus := open(t, client, "GET", "/imports/"+id(1)+"/events", "", "99999999999999999999")
		for i := int64(4); i < 9; i++ {
			time.Sleep(time.Second)
			if i == 8 {
				f.board.put(ended(1, job.Success))
				break
			}
			f.board.put(running(1, i))
		}
		for s, want := range map[*stream][]string{ahead: {"6", "7", "8"}, same: {"3", "4", "5", "6", "7", "8"},
			bogus: {"3", "4", "5", "6", "7", "8"}} {
			var ids []string
			for _, e := range s.rest() {
				ids = append(ids, e.id)
			}
			require.Equal(t, want, ids)
		}
	})
}

func TestStream(t *testing.T) {
	for _, test := range []struct {
		name  string
		state job.State
		event string
	}{
		{"success", job.Success, "done"}, {"failure", job.Failure, "failed"}, {"cancelled", job.Revoked, "cancelled"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t, httpapi.Options{})
				client, _, stop := f.serve()
				defer stop()
				f.board.put(job.Job{ID: id(1), State: job.Pending, Size: 1_000})
				s := open(t, client, "GET", "/imports/"+id(1)+"/events", "", "")
				require.Equal(t, 200, s.response.StatusCode)
				require.Equal(t, "text/event-stream; charset=utf-8", s.response.Header.Get("Content-Type"))
				require.Equal(t, "no", s.response.Header.Get("X-Accel-Buffering"))
				first := <-s.events
				require.Equal(t, "progress", first.name)
				require.Equal(t, "1", first.id)
				require.Equal(t, "PENDING", first.status["state"])
				require.Less(t, first.at, 10*time.Millisecond, "the import as it is comes at once")

				for i := range 100 { // ten seconds
					time.Sleep(100 * time.Millisecond)
					f.board.put(running(1, int64(i)))
				}
				time.Sleep(10 * time.Millisecond)
				final := f.board.put(ended(1, test.state))
				events := s.rest()
				last := events[len(events)-1]
				require.Equal(t, test.event, last.name)
				require.Equal(t, fmt.Sprint(final.Revision), last.id)
				require.Equal(t, string(test.state), last.status["state"])
				require.EqualValues(t, 1_000, last.status["created"])
				require.InDelta(t, 10_010, float64(last.at.Milliseconds()), 150, "the end comes soon")
				require.InDelta(t, 40, len(events), 2, "progress comes four times a second")
				before := first
				for _, e := range events[:len(events)-1] {
					require.Equal(t, "progress", e.name, "exactly one event is terminal")
					require.Contains(t, e.status, "state")
					require.Contains(t, e.status, "progression")
					require.GreaterOrEqual(t, e.at-before.at, 250*time.Millisecond)
					before = e
				}

				again := open(t, client, "GET", "/imports/"+id(1)+"/events", "", last.id)
				require.Equal(t, 204, again.response.StatusCode, "a client that has the end shouldn't come back")
				require.Empty(t, again.rest())
				again = open(t, client, "POST", "/status/", `{"task_id":"`+id(1)+`"}`, before.id)
				events = again.rest()
				require.Len(t, events, 1, "who missed the end gets it")
				require.Equal(t, test.event, events[0].name)
				again = open(t, client, "POST", "/status/", `{"task_id":"`+strings.ToUpper(id(1))+`"}`, "")
				require.Len(t, again.rest(), 1)
			})
		})
	}
}

func TestStreamResumesAnywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, httpapi.Options{})
		client, _, stop := f.serve()
		f.board.put(running(1, 1))
		f.board.put(running(1, 2))
		s := open(t, client, "GET", "/imports/"+id(1)+"/events", "", "2")
		require.Equal(t, "2", (<-s.events).id, "every stream begins with the import as it is")
		odd := open(t, client, "GET", "/imports/"+id(1)+"/events", "", "not a number")
		require.Equal(t, "2", (<-odd.events).id)
		stop()
		require.Empty(t, s.rest(), "the server's end ends the stream without a terminal event")
		require.Equal(t, 503, f.call("GET", "/readyz", "").Code)
		w := f.call("GET", "/imports/"+id(1)+"/events", "")
		problem(t, w, 503)
		require.NotEmpty(t, w.Header().Get("Retry-After"))
	})
}

func TestStreamKeepsAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, httpapi.Options{})
		client, _, stop := f.serve()
		defer stop()
		f.board.put(running(1, 1))
		s := open(t, client, "GET", "/imports/"+id(1)+"/events", "", "")
		<-s.events
		time.Sleep(10 * time.Minute)
		require.InDelta(t, 40, len(s.comments), 1, "a comment every 15 s, and the connection lives")
		f.board.put(ended(1, job.Success))
		require.Len(t, s.rest(), 1)
	})
}

func TestSlowClientIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, httpapi.Options{})
		client, l, stop := f.serve()
		defer stop()
		f.board.put(running(1, 1))
		slow := l.ask(t, "/imports/"+id(1)+"/events")
		quick := open(t, client, "GET", "/imports/"+id(1)+"/events", "", "")
		for i := range 150 {
			time.Sleep(100 * time.Millisecond)
			f.board.put(running(1, int64(i)))
		}
		synctest.Wait()
		require.GreaterOrEqual(t, len(quick.events), 50, "others get theirs all the while")
		_, err := io.ReadAll(slow)
		require.NoError(t, err, "the connection was closed")
		f.board.put(ended(1, job.Success))
		quick.rest()
	})
}

// TestUnreadEnds: a client that receives nothing of a response is dropped, though all of it waits to be sent when the
// handler ends.
func TestUnreadEnds(t *testing.T) {
	for _, path := range []string{"/imports/" + id(1) + "/events", "/products/export.csv", "/products/"} {
		synctest.Test(t, func(t *testing.T) {
			f := newFixture(t, httpapi.Options{})
			_, l, stop := f.serve()
			defer stop()
			f.board.put(ended(1, job.Success))
			conn := l.ask(t, path)
			time.Sleep(time.Minute)
			received, err := io.ReadAll(conn)
			require.NoError(t, err)
			require.Empty(t, string(received), "%s: the connection was closed", path)
		})
	}
}

func TestOneLookFeedsAllStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, httpapi.Options{MaxStreams: 100})
		client, _, stop := f.serve()
		defer stop()
		time.Sleep(time.Minute)
		require.Zero(t, f.board.looks(), "without streams nobody asks")
		f.board.put(running(1, 1))
		streams := make([]*stream, 100)
		for i := range streams {
			streams[i] = open(t, client, "GET", "/imports/"+id(1)+"/events", "", "")
		}
		problem(t, f.call("GET", "/imports/"+id(1)+"/events", ""), 503)
		time.Sleep(10 * time.Second)
		require.InDelta(t, 100, f.board.looks(), 3)
		f.board.put(ended(1, job.Success))
		for _, s := range streams {
			events := s.rest()
			require.Equal(t, "done", events[len(events)-1].name)
		}
		require.Equal(t, 200, f.call("GET", "/imports/"+id(1)+"/events", "").Code, "there is room again")
	})
}

// TestStreamBeforeRun: without Run nobody would follow the import, so that its stream would never end.
func TestStreamBeforeRun(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	f.board.put(running(1, 1))
	p := problem(t, f.call("GET", "/imports/"+id(1)+"/events", ""), 503)
	require.Equal(t, "unavailable", p.Code)
	require.Contains(t, p.Detail, "doesn't follow imports yet")
}

func TestBadStreams(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	for _, test := range []struct {
		body   string
		status int
		field  string
	}{
		{``, 400, ""}, {`x`, 400, ""}, {`{"task_id":`, 400, ""}, {`{}`, 422, "task_id"},
		{`{"task_id":1}`, 422, "task_id"}, {`{"task_id":null}`, 422, "task_id"},
		{`{"task":"x"}`, 422, "task"}, {`{"task_id":"x"}`, 404, ""}, {`{"task_id":"` + id(7) + `"}`, 404, ""},
		{`{"task_id":""}`, 404, ""},
	} {
		p := problem(t, f.call("POST", "/status/", test.body), test.status)
		if test.field != "" {
			require.Equal(t, test.field, p.Errors[0].Field)
		}
	}
	problem(t, f.call("POST", "/status/", `{"task_id":"x"}`, "Content-Type: application/x-www-form-urlencoded"), 415)
	problem(t, f.call("GET", "/status/", ""), 405)
	problem(t, f.call("GET", "/imports/x/events", ""), 404)
	problem(t, f.call("GET", "/imports/"+id(7)+"/events", ""), 404)
}
