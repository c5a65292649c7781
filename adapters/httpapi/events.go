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

// render returns the frame of a job.
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
	m := message{event: event, id: strconv.FormatInt(j.Revision, 10), data: data}
	return &frame{revision: j.Revision, final: j.State.Final(), wire: m.appendTo(nil)}
}

// Events is the handler of GET /imports/{id}/events, an import's progress as server-sent events for EventSource. Every
// stream begins with the import as it is and ends with its terminal event; a client that connects again after that
// event gets 204, by which an EventSource stops. A stream that is asked for while the store can't be reached is opened
// all the same, and waits for it.
func (a *API) Events() http.Handler {
	return resource{eventsPath, methods{http.MethodGet: a.handle(func(w http.ResponseWriter, r *http.Request) error {
		return a.stream(w, r, r.PathValue("id"))
	})}}
}

// Status is the handler of POST /status/, the same stream as [API.Events] for clients that send the import's ID as
// task_id in a JSON object.
func (a *API) Status() http.Handler {
	return resource{statusPath, methods{http.MethodPost: a.handle(func(w http.ResponseWriter, r *http.Request) error {
		var id *string
		if err := a.readSettings(w, r, []string{"application/json"}, setters{"task_id": textSetter(&id)}); err != nil {
			return err
		}
		if id == nil {
			return fieldProblem(http.StatusUnprocessableEntity, "task_id", codeMissing, "task_id is missing")
		}
		return a.stream(w, r, *id)
	})}}
}

func (a *API) stream(w http.ResponseWriter, r *http.Request, text string) error {
	id, err := importID(text)
	if err != nil {
		return err
	}
	if a.running.Err() != nil {
		return later(w, r, errStopping)
	}
	leave, err := a.enterStream()
	if err != nil {
		return later(w, r, err)
	}
	defer leave()

	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(a.running, cancel)()
	subscription, now, err := a.look(ctx, id, firstLookTime)
	switch {
	case errors.Is(err, errStopping):
		return later(w, r, err)
	case err != nil && !passes(err):
		return err
	case (err != nil || !now.final) && !a.began.Load():
		if err == nil {
			subscription.Close()
		}
		a.options.Logger.ErrorContext(r.Context(), "API.Run wasn't called: nobody follows imports for streams")
		p := newProblem(http.StatusServiceUnavailable, "unavailable",
			"the server doesn't follow imports yet; try again")
		p.retryAfter = retryAfter
		return later(w, r, p)
	case err != nil && r.Method == http.MethodHead:
		return err
	}
	last, lastErr := strconv.ParseInt(r.Header.Get("Last-Event-ID"), 10, 64)
	if lastErr != nil {
		last = 0 // none, or none of ours
	}
	s := session{w: w, control: http.NewResponseController(w), interval: a.options.ProgressInterval}
	opened := err != nil
	if opened {
		begin(w)
		if s.send(comment, time.Now()) != nil {
			return nil //nolint:nilerr // the client has gone
		}
		if subscription, now = a.await(ctx, &s, id); subscription == nil {
			return nil
		}
	}
	defer subscription.Close()
	if now.final && last >= now.revision {
		if !opened { // or else the client is told when it comes again
			w.WriteHeader(http.StatusNoContent)
		}
		return nil
	}
	if !opened {
		begin(w)
	}
	if r.Method != http.MethodHead {
		s.run(ctx, subscription, now, last)
	}
	return nil
}

// enterStream counts one stream more, or one request that waits, until leave is called.
func (a *API) enterStream() (leave func(), err error) {
	if n := a.streams.Add(1); n > int64(a.options.MaxStreams) {
		a.streams.Add(-1)
		p := newProblem(http.StatusServiceUnavailable, "too_many_streams", fmt.Sprintf("there are %d streams already",
			a.options.MaxStreams))
		p.retryAfter = retryAfter
		return nil, p
	}
	a.options.Meter.Streams(1)
	return func() {
		a.streams.Add(-1)
		a.options.Meter.Streams(-1)
	}, nil
}

// errStopping is what is wrong once Run has ended.
var errStopping = fmt.Errorf("%w: the server is stopping", products.ErrUnavailable)

// ending returns errStopping in place of an error that the end of Run caused.
func (a *API) ending(err error) error {
	if errors.Is(err, context.Canceled) && a.running.Err() != nil {
		return errStopping
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

// run sends the frame that is held, and then newer ones, until the terminal one, the end of the context, or a client
// that is gone or too slow. A frame that comes too soon is held back until its time, or until a newer one takes its
// place. last is the latest revision that the client has seen; where another server has sent it a later one than this
// server knows yet, it waits for the next.
func (s *session) run(ctx context.Context, subscription *progress.Subscription[*frame], held *frame, last int64) {
	sent := last
	if held.revision < last && !held.final {
		held = nil
	}
	for {
		now := time.Now()
		switch {
		case held != nil && held.final:
			_ = s.write(held.wire, now) // the end of the response sends it, in one piece with its own
			return
		case held != nil && now.Sub(s.framed) >= s.interval:
			s.framed = now
			if s.send(held.wire, now) != nil {
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

var comment = appendComment(nil, "")

// send writes to the client, and fails if that doesn't receive it in time.
func (s *session) send(wire []byte, now time.Time) error {
	if err := s.write(wire, now); err != nil {
		return err
	}
	return s.control.Flush()
}

// write writes what the client has so long to receive once it is sent.
func (s *session) write(wire []byte, now time.Time) error {
	s.wrote = now
	_ = s.control.SetWriteDeadline(now.Add(frameTime)) // as in extendDeadline
	_, err := s.w.Write(wire)
	return err
}
