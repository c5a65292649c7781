package sqlite

import (
	"context"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
)

// lookEvery is how often it is looked whether another process has changed the file, while somebody waits for that.
const lookEvery = 200 * time.Millisecond

// wakes wakes those who wait for work: at once where this process has made some, and soon after another process has
// changed anything in the file, since SQLite doesn't tell what. Nobody may rely on it.
type wakes struct {
	jobs, webhooks topic

	readers *sqlx.DB
	mu      sync.Mutex // guards the topics too
	started bool
	closed  bool
	ctx     context.Context // ends with close
	end     context.CancelFunc
	running sync.WaitGroup
}

// topic is one kind of work, and those who wait for it.
type topic struct {
	wakes     *wakes
	listeners map[chan struct{}]bool
}

func (w *wakes) init(readers *sqlx.DB) {
	w.readers = readers
	w.ctx, w.end = context.WithCancel(context.Background())
	w.jobs = topic{wakes: w, listeners: map[chan struct{}]bool{}}
	w.webhooks = topic{wakes: w, listeners: map[chan struct{}]bool{}}
}

// listen returns a channel that receives a value soon after there may be work, until the context ends. Several may be
// one.
func (t *topic) listen(ctx context.Context) <-chan struct{} {
	w := t.wakes
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || ctx.Err() != nil {
		return nil
	}
	ear := make(chan struct{}, 1)
	t.listeners[ear] = true
	if !w.started {
		w.started = true
		w.running.Go(w.look)
	}
	context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(t.listeners, ear)
	})
	return ear
}

// wake wakes those in this process. Within a transaction it is called with DB.onCommit.
func (t *topic) wake() {
	t.wakes.mu.Lock()
	defer t.wakes.mu.Unlock()
	for ear := range t.listeners {
		select {
		case ear <- struct{}{}:
		default: // it has one already
		}
	}
}

// look wakes all when another connection has changed the file, for as long as somebody waits.
func (w *wakes) look() {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for w.pause(ticker.C) {
		conn, err := w.readers.Connx(w.ctx)
		if err != nil {
			continue
		}
		idle := w.watch(conn, ticker.C)
		_ = conn.Close() // it goes back to the others
		if idle {
			return
		}
	}
}

// watch does so over one connection, on which alone the number means something. It reports whether nobody waits any
// more; else the connection failed, or all has ended.
func (w *wakes) watch(conn *sqlx.Conn, tick <-chan time.Time) (idle bool) {
	for last := int64(-1); ; {
		var version int64
		if err := conn.GetContext(w.ctx, &version, `PRAGMA data_version`); err != nil {
			return false
		}
		if version != last {
			// The first time too: something may have happened before.
			w.jobs.wake()
			w.webhooks.wake()
			last = version
		}
		if !w.pause(tick) {
			return false
		}
		if w.idle() {
			return true
		}
	}
}

// idle reports whether nobody waits. Then whoever comes next starts look again.
func (w *wakes) idle() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.started = len(w.jobs.listeners)+len(w.webhooks.listeners) > 0
	return !w.started
}

// pause waits for the next look, and reports whether there is one.
func (w *wakes) pause(tick <-chan time.Time) bool {
	select {
	case <-w.ctx.Done():
		return false
	case <-tick:
		return true
	}
}

// close ends all waking, and waits for what is under way.
func (w *wakes) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.end()
	w.running.Wait()
}
