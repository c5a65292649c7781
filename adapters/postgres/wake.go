package postgres

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/lib/pq"
)

const (
	jobChannel     = "products_importer_jobs"
	webhookChannel = "products_importer_webhooks"
	// A pause is between two notifications of a process at least: each takes a lock of the whole server when it commits.
	// Deliveries are waited for by someone, so that theirs is short.
	jobPause     = 250 * time.Millisecond
	webhookPause = 25 * time.Millisecond
	// wakeCheck is how often the connection that listens is tried when nothing comes.
	wakeCheck = time.Minute
	// wakeTimeout is how long a notification may take.
	wakeTimeout = 5 * time.Second
	// wakeReconnect is the longest pause between two tries to listen again.
	wakeReconnect = 10 * time.Second
	// wakeEnd is how long that it listens no more may take.
	wakeEnd = time.Second
)

// waker tells of work that became ready, within this process and, over LISTEN and NOTIFY, to others. All of it is a hint:
// behind a pooler nothing may come through.
type waker struct {
	db             *DB
	url            string
	jobs, webhooks bell

	mu       sync.Mutex // guards the bells too
	closed   bool
	listener *pq.Listener    // nil until somebody wants to be woken
	ctx      context.Context // ends with close
	end      context.CancelFunc
	running  sync.WaitGroup
}

// bell is for those who wait for one kind of work.
type bell struct {
	waker   *waker
	channel string
	pause   time.Duration
	ears    map[chan struct{}]bool
	last    time.Time   // of the last notification
	pending *time.Timer // for the next one, nil for none
}

func (w *waker) init(db *DB, url string) {
	w.db, w.url = db, url
	w.ctx, w.end = context.WithCancel(context.Background())
	w.jobs = bell{waker: w, channel: jobChannel, pause: jobPause, ears: map[chan struct{}]bool{}}
	w.webhooks = bell{waker: w, channel: webhookChannel, pause: webhookPause, ears: map[chan struct{}]bool{}}
}

func (w *waker) bells() []*bell { return []*bell{&w.jobs, &w.webhooks} }

// Wake returns a channel that has a value soon after a job became ready.
func (j *Jobs) Wake(ctx context.Context) <-chan struct{} { return j.db.waker.jobs.listen(ctx) }

// Wake returns a channel that has a value soon after a delivery became due.
func (w *Webhooks) Wake(ctx context.Context) <-chan struct{} { return w.db.waker.webhooks.listen(ctx) }

// listen returns a channel that has a value after the bell was rung, until the context ends.
func (b *bell) listen(ctx context.Context) <-chan struct{} {
	w := b.waker
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || ctx.Err() != nil {
		return nil
	}
	if w.listener == nil {
		// It connects, and connects again, by itself.
		w.listener = pq.NewDialListener(endingDialer{w.ctx, newDialer().Dialer}, w.url, 100*time.Millisecond, wakeReconnect, nil)
		w.running.Go(func() { w.pass(w.listener) })
	}
	ear := make(chan struct{}, 1)
	b.ears[ear] = true
	context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(b.ears, ear)
	})
	return ear
}

// pass passes on what other processes tell, until the end.
func (w *waker) pass(listener *pq.Listener) {
	// This waits for the first connection, meanwhile nothing comes.
	for _, b := range w.bells() {
		if listener.Listen(b.channel) != nil {
			<-w.ctx.Done()
			drain(listener)
			return
		}
	}
	check := time.NewTicker(wakeCheck)
	defer check.Stop()
	for {
		select {
		case <-w.ctx.Done():
			drain(listener)
			return
		case n, open := <-listener.Notify:
			if !open {
				return
			}
			for _, b := range w.bells() {
				// It is nil after the connection was lost for a while: something may have been missed.
				if n == nil || n.Channel == b.channel {
					b.ring()
				}
			}
		case <-check.C:
			_ = listener.Ping() // a connection that is broken is made anew
		}
	}
}

// drain waits for the end of a listener that is closed. In a pause between two tries to connect it hears of that later: it
// is left to itself then.
func drain(listener *pq.Listener) {
	timer := time.NewTimer(wakeEnd)
	defer timer.Stop()
	for {
		select {
		case _, open := <-listener.Notify:
			if !open {
				return
			}
		case <-timer.C:
			return
		}
	}
}

// ring wakes this process.
func (b *bell) ring() {
	b.waker.mu.Lock()
	defer b.waker.mu.Unlock()
	for ear := range b.ears {
		select {
		case ear <- struct{}{}:
		default: // not asleep
		}
	}
}

// tell wakes this process, and the others at once or after a pause.
func (b *bell) tell() {
	b.ring()
	w := b.waker
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || b.pending != nil {
		return
	}
	w.running.Add(1)
	b.pending = time.AfterFunc(time.Until(b.last.Add(b.pause)), b.notify)
}

// notify wakes the other processes.
func (b *bell) notify() {
	w := b.waker
	defer w.running.Done()
	w.mu.Lock()
	b.last, b.pending = time.Now(), nil
	w.mu.Unlock()
	ctx, cancel := context.WithTimeout(w.ctx, wakeTimeout)
	defer cancel()
	// Whoever isn't woken looks by himself. The lock isn't held while something is written to the disk.
	_ = w.db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, `SELECT set_config('synchronous_commit', 'off', true), pg_notify('`+b.channel+`', '')`)
		return err
	})
}

// close waits for what is under way, which a server that is frozen doesn't hold up. Nothing wakes or tells afterwards.
func (w *waker) close() {
	w.mu.Lock()
	w.closed = true
	for _, b := range w.bells() {
		if b.pending != nil && b.pending.Stop() {
			w.running.Done()
		}
	}
	listener := w.listener
	w.mu.Unlock()
	w.end()
	if listener != nil {
		_ = listener.Close() // fails only when closed before
	}
	w.running.Wait()
}

// listenURL is the connection string for the listener, with the defaults that parseURL has.
func listenURL(databaseURL string, config pq.Config) string {
	settings := [][2]string{{"sslmode", string(config.SSLMode)}, {"connect_timeout", "5"}}
	u, err := url.Parse(databaseURL)
	isURL := err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql")
	for _, s := range settings {
		switch {
		case strings.Contains(databaseURL, s[0]) || s[1] == "":
		case isURL:
			q := u.Query()
			q.Set(s[0], s[1])
			u.RawQuery = q.Encode()
		default:
			databaseURL += " " + s[0] + "=" + s[1]
		}
	}
	if isURL {
		return u.String()
	}
	return databaseURL
}
