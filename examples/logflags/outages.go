package logflags

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/products-importer/products-importer/products"
)

// outages keep an outage of the database from filling the log: whatever has products.ErrUnavailable, or the end of its
// time, as a value is one line when the database has gone, and one when it is there again, of all loops and requests of
// the program; each of them still is a line of the level debug. They are safe for concurrent use.
type outages struct {
	mu       sync.Mutex
	ping     func(ctx context.Context) error // nil before Watch, and after its end
	ctx      context.Context                 // of Watch
	checking bool                            // whether the database is away
	away     bool
	ended    time.Time // when the last outage did
	held     []line    // until that is known
	running  sync.WaitGroup
}

// line is a record on its way to the log.
type line struct {
	ctx    context.Context
	record slog.Record
	to     slog.Handler
}

func (l *line) write() { _ = l.to.Handle(l.ctx, l.record) } // there is nobody to tell

// writeDetail writes what happens during an outage, for whoever wants to know.
func (l *line) writeDetail() {
	if l.record.Level = slog.LevelDebug; l.to.Enabled(l.ctx, slog.LevelDebug) {
		l.write()
	}
}

const (
	// mostHeld is how many lines wait until it is known whether there is an outage.
	mostHeld = 100
	// pingPause is the pause between two looks whether the database is there again, and pingTime how long one may take.
	pingPause = time.Second
	pingTime  = 3 * time.Second
	// settling is for how long after an outage what is said about the database is taken to be of that outage: calls
	// that hung fail late, and loops look again after a pause.
	settling = time.Minute
)

// Watch has the logger, which is one of [Settings.Logger], look for outages from now on: it asks the database with ping
// when something couldn't reach it; a nil ping asks nobody. The caller calls stop at the end.
func Watch(ctx context.Context, logger *slog.Logger, ping func(ctx context.Context) error) (stop func()) {
	h, ok := logger.Handler().(*handler)
	if !ok {
		return func() {}
	}
	return h.outages.watch(ctx, ping)
}

func (o *outages) watch(ctx context.Context, ping func(ctx context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ping, o.ctx = ping, ctx
	return func() {
		o.mu.Lock()
		o.ping = nil
		o.mu.Unlock()
		cancel()
		o.running.Wait()
	}
}

// take writes a line about a database that can't be reached, or keeps it from the log.
func (o *outages) take(l line) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.ping == nil || !o.away && len(o.held) == mostHeld:
		l.write()
	case o.away:
		l.writeDetail()
	default:
		l.record = l.record.Clone()
		o.held = append(o.held, l)
		if !o.checking {
			o.checking = true
			ping, ctx, began := o.ping, o.ctx, time.Now()
			o.running.Go(func() { o.check(ctx, ping, began) })
		}
	}
}

// check asks the database until it is there.
func (o *outages) check(ctx context.Context, ping func(ctx context.Context) error, began time.Time) {
	ask := func() error {
		ctx, cancel := context.WithTimeout(ctx, pingTime)
		defer cancel()
		return ping(ctx)
	}
	err := ask()
	away := err != nil && ctx.Err() == nil
	o.mu.Lock()
	held, settled := o.held, time.Since(o.ended) >= settling
	o.held, o.away, o.checking = nil, away, away
	o.mu.Unlock()
	if !away { // it was one connection, or has passed already
		for _, l := range held {
			if settled {
				l.write()
			} else {
				l.writeDetail()
			}
		}
		return
	}
	to := slog.New(held[0].to)
	to.Warn("the database can't be reached: what needs it waits, or is answered with 503", "error", err)
	for _, l := range held {
		l.writeDetail()
	}
	for err != nil {
		select {
		case <-time.After(pingPause):
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		err = ask()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.away, o.checking, o.ended = false, false, time.Now()
	if err == nil {
		to.Info("the database is there again", "away", time.Since(began).Round(time.Millisecond))
	}
}

// handler is that of a program's log.
type handler struct {
	slog.Handler
	outages *outages
}

// Handle writes a record, unless it is of an outage.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	unavailable := false
	r.Attrs(func(a slog.Attr) bool {
		err, is := a.Value.Any().(error)
		unavailable = is && (errors.Is(err, products.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded))
		return !unavailable
	})
	if !unavailable {
		return h.Handler.Handle(ctx, r)
	}
	h.outages.take(line{ctx, r, h.Handler})
	return nil
}

// WithAttrs returns the handler with attributes.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &handler{h.Handler.WithAttrs(slices.Clone(attrs)), h.outages}
}

// WithGroup returns the handler with a group.
func (h *handler) WithGroup(name string) slog.Handler {
	return &handler{h.Handler.WithGroup(name), h.outages}
}
