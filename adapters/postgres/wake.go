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
	wakeChannel = "products_importer_jobs"
	// wakePause is between two notifications at least: each takes a lock of the whole server when it commits.
	wakePause = 250 * time.Millisecond
	// wakeCheck is how often the connection that listens is tried when nothing comes.
	wakeCheck = time.Minute
	// wakeTimeout is how long a notification may take.
	wakeTimeout = 5 * time.Second
)

// waker tells of jobs that became ready, within this process and, over LISTEN and NOTIFY, to others. All of it is a hint:
// behind a pooler nothing may come through.
type waker struct {
	db  *DB
	url string

	mu       sync.Mutex
	closed   bool
	ears     map[chan struct{}]bool
	listener *pq.Listener // nil until somebody wants to be woken
	last     time.Time    // of the last notification
	pending  *time.Timer  // for the next one, nil for none
	running  sync.WaitGroup
}

// Wake returns a channel that has a value soon after a job became ready.
func (j *Jobs) Wake(ctx context.Context) <-chan struct{} { return j.wake.listen(ctx) }

func (w *waker) listen(ctx context.Context) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || ctx.Err() != nil {
		return nil
	}
	if w.listener == nil {
		// It connects, and connects again, by itself.
		w.listener = pq.NewListener(w.url, 100*time.Millisecond, time.Minute, nil)
		w.running.Go(func() { w.pass(w.listener) })
	}
	ear := make(chan struct{}, 1)
	if w.ears == nil {
		w.ears = map[chan struct{}]bool{}
	}
	w.ears[ear] = true
	context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.ears, ear)
	})
	return ear
}

// pass passes on what other processes tell, until the listener is closed.
func (w *waker) pass(listener *pq.Listener) {
	// This waits for the first connection, meanwhile nothing comes.
	if listener.Listen(wakeChannel) != nil {
		for range listener.Notify { // until it is closed
		}
		return
	}
	check := time.NewTicker(wakeCheck)
	defer check.Stop()
	for {
		select {
		case _, open := <-listener.Notify: // nil after the connection was lost for a while: something may have been missed
			if !open {
				return
			}
			w.wake()
		case <-check.C:
			_ = listener.Ping() // a connection that is broken is made anew
		}
	}
}

// wake wakes this process.
func (w *waker) wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ear := range w.ears {
		select {
		case ear <- struct{}{}:
		default: // not asleep
		}
	}
}

// tell wakes this process, and the others at once or after a pause.
func (w *waker) tell() {
	w.wake()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.pending != nil {
		return
	}
	w.running.Add(1)
	w.pending = time.AfterFunc(time.Until(w.last.Add(wakePause)), w.notify)
}

// notify wakes the other processes.
func (w *waker) notify() {
	defer w.running.Done()
	w.mu.Lock()
	w.last, w.pending = time.Now(), nil
	w.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), wakeTimeout)
	defer cancel()
	// Whoever isn't woken looks by himself.
	_, _ = w.db.sql.ExecContext(ctx, `NOTIFY `+wakeChannel)
}

// close waits for what is under way. Nothing wakes or tells afterwards.
func (w *waker) close() {
	w.mu.Lock()
	w.closed = true
	if w.pending != nil && w.pending.Stop() {
		w.running.Done()
	}
	listener := w.listener
	w.mu.Unlock()
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
