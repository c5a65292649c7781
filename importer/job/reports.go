package job

import (
	"context"
	"errors"
	"io"
	"time"
)

// ErrBusy: as many reports are asked for as a Service makes at a time.
var ErrBusy = errors.New("job: too many reports are being made")

// A report reads the whole file again, once or more often: at most reportsAtOnce do at a time, and at most reportsOpen are
// under way, since a client may be slow to take one. Who finds no room waits for reportWait.
const (
	reportsAtOnce = 2
	reportsOpen   = 8
	reportWait    = 10 * time.Second
)

// reports is the room for reports.
type reports struct{ open, atWork chan struct{} }

func newReports() reports {
	return reports{make(chan struct{}, reportsOpen), make(chan struct{}, reportsAtOnce)}
}

// make calls f once there is room, with a writer that lets others work while it waits for w.
func (r *reports) make(ctx context.Context, w io.Writer, f func(w io.Writer) error) error {
	waiting, cancel := context.WithTimeout(ctx, reportWait)
	defer cancel()
	for _, room := range []chan struct{}{r.open, r.atWork} {
		select {
		case room <- struct{}{}:
		case <-waiting.Done():
			if room == r.atWork {
				<-r.open
			}
			if err := context.Cause(ctx); err != nil {
				return err
			}
			return ErrBusy
		}
	}
	p := &pausing{ctx: ctx, w: w, atWork: r.atWork}
	defer func() {
		if !p.left {
			<-r.atWork
		}
		<-r.open
	}()
	return f(p)
}

// pausing is a writer whose owner leaves its place at work to others while it writes.
type pausing struct {
	ctx    context.Context
	w      io.Writer
	atWork chan struct{}
	left   bool // the place, for good
}

func (p *pausing) Write(b []byte) (int, error) {
	if p.left {
		return 0, context.Cause(p.ctx)
	}
	<-p.atWork
	n, err := p.w.Write(b)
	select {
	case p.atWork <- struct{}{}:
	case <-p.ctx.Done():
		p.left = true
		return n, context.Cause(p.ctx)
	}
	return n, err
}
