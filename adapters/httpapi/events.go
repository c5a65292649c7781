package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

const (
	// keepAlive is the longest silence of a stream: then comes a comment.
	keepAlive = 15 * time.Second
	// frameTime is how long a client may take to receive a frame before it is dropped.
	frameTime = 10 * time.Second
)

// The events of a stream: any number of eventProgress, then one of the others.
const (
	eventProgress  = "progress"
	eventDone      = "done"
	eventFailed    = "failed"
	eventCancelled = "cancelled"
)

// frame is a revision of an import as it goes over the wire, made once for all streams.
type frame struct {
	revision int64
	final    bool
	wire     []byte
}

// render makes the frame of a job.
func render(j job.Job) *frame {
	event := eventProgress
	switch j.State {
	case job.Success:
		event = eventDone
	case job.Failure:
		event = eventFailed
	case job.Revoked:
		event = eventCancelled
	}
	data, err := json.Marshal(statusOf(&j))
	if err != nil {
		panic(err) // a status has nothing in it that can't be encoded
	}
	f := progress.Frame{Event: event, ID: strconv.FormatInt(j.Revision, 10), Data: data}
	return &frame{revision: j.Revision, final: j.State.Final(), wire: f.AppendTo(nil)}
}

// Events is the handler of an import's progress as server-sent events, for EventSource: GET. The pattern that it is
// mounted under has {id}. Every stream begins with the import as it is and ends with its terminal event; a client that
// comes back after that event gets 204, which tells it to stay away.
func (a *API) Events() http.Handler {
	return methods{http.MethodGet: a.handle(func(w http.ResponseWriter, r *http.Request) error {
		return a.stream(w, r, r.PathValue("id"))
	})}
}

// Status is the handler of the same stream for clients that send the import's ID as task_id in a JSON object: POST.
func (a *API) Status() http.Handler {
	return methods{http.MethodPost: a.handle(func(w http.ResponseWriter, r *http.Request) error {
		var id *string
		if err := a.readSettings(w, r, []string{"application/json"}, setters{"task_id": textSetter(&id)}); err != nil {
			return err
		}
		if id == nil {
			return fieldProblem(http.StatusUnprocessableEntity, "task_id", codeMissing, "task_id is missing")
		}
		return a.stream(w, r, *id)
	})}
}

func (a *API) stream(w http.ResponseWriter, r *http.Request, text string) error {
	id, err := importID(text)
	if err != nil {
		return err
	}
	if n := a.streams.Add(1); n > int64(a.options.MaxStreams) {
		a.streams.Add(-1)
		p := newProblem(http.StatusServiceUnavailable, "too_many_streams", fmt.Sprintf("there are %d streams already", a.options.MaxStreams))
		p.retryAfter = retryAfter
		return p
	}
	defer a.streams.Add(-1)

	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(a.running, cancel)()
	first, stopWaiting := context.WithTimeout(ctx, requestTime)
	defer stopWaiting()
	subscription, err := a.watcher.Subscribe(first, id)
	if err != nil {
		return a.ending(err)
	}
	defer subscription.Close()
	now, err := subscription.Next(first)
	if err != nil {
		return a.ending(err)
	}
	last, err := strconv.ParseInt(r.Header.Get("Last-Event-ID"), 10, 64)
	if err != nil {
		last = 0 // none, or none of ours
	}
	if now.final && last >= now.revision {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would hold frames back
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		s := session{w: w, control: http.NewResponseController(w), interval: a.options.ProgressInterval}
		s.run(ctx, subscription, now, last)
		_ = s.control.SetWriteDeadline(time.Time{})
	}
	return nil
}

// ending explains an error that the end of Run caused.
func (a *API) ending(err error) error {
	if errors.Is(err, context.Canceled) && a.running.Err() != nil {
		return fmt.Errorf("%w: the server is stopping", products.ErrUnavailable)
	}
	return err
}

// session is one client's stream.
type session struct {
	w        http.ResponseWriter
	control  *http.ResponseController
	interval time.Duration // the least time between two frames, but for the terminal one
	framed   time.Time     // when the last frame was sent
	wrote    time.Time     // when anything was
}

// run sends the frame, and then those that come, until the terminal one, the end of the context, or a client that is
// gone or too slow. A frame that comes too soon is held back until its time, or until a newer one takes its place. A
// client that has seen a later revision, of a server that looked later, waits for the next one.
func (s *session) run(ctx context.Context, subscription *progress.Subscription[*frame], held *frame, last int64) {
	sent := last
	if held.revision < last && !held.final {
		held = nil
	}
	for {
		now := time.Now()
		switch {
		case held != nil && (held.final || now.Sub(s.framed) >= s.interval):
			s.framed = now
			if s.send(held.wire, now) != nil || held.final {
				return
			}
			sent, held = held.revision, nil
		case held == nil && now.Sub(s.wrote) >= keepAlive:
			if s.send(comment, now) != nil {
				return
			}
		}
		until := s.wrote.Add(keepAlive)
		if held != nil {
			until = s.framed.Add(s.interval)
		}
		waiting, cancel := context.WithDeadline(ctx, until)
		next, err := subscription.Next(waiting)
		cancel()
		switch {
		case err == nil && (next.revision > sent || next.final):
			held = next
		case err == nil: // the snapshot once more
		case ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded):
			return
		}
	}
}

var comment = progress.AppendComment(nil, "")

// send writes to the client at once, and fails when it doesn't take it in time.
func (s *session) send(wire []byte, now time.Time) error {
	s.wrote = now
	_ = s.control.SetWriteDeadline(now.Add(frameTime)) // as in extendDeadline
	if _, err := s.w.Write(wire); err != nil {
		return err
	}
	return s.control.Flush()
}
