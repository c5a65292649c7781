package postgres

import (
	"context"
	"sync"
	"time"

	"github.com/lib/pq"
)

const (
	jobChannel     = "products_importer_jobs"
	webhookChannel = "products_importer_webhooks"
	// A process pauses between two notifications, since each takes a lock of the whole server when it commits. That of
	// deliveries is short, since somebody waits for them.
	jobPause     = 250 * time.Millisecond
	webhookPause = 25 * time.Millisecond
	// wakeCheck is how often the connection that listens is checked while no notification comes.
	wakeCheck = time.Minute
	// wakeTimeout is how long a notification may take.
	wakeTimeout = 5 * time.Second
	// wakeReconnect is the longest pause between two tries to listen again.
	wakeReconnect = 10 * time.Second
	// wakeEnd is how long closing the connection that listens may take.
	wakeEnd = time.Second
)

// notifier wakes those who wait for work when there is some, within this process and, by NOTIFY, in others. Nobody may
// rely on it: through a pooler, notifications may not arrive.
type notifier struct {
	db             *DB
	url            string // for a connection that listens, empty for none
	jobs, webhooks topic

	mu       sync.Mutex // guards the topics too
	closed   bool
	listener *pq.Listener    // nil until somebody waits
	ctx      context.Context // ends with close
	end      context.CancelFunc
	running  sync.WaitGroup
}

// topic is one kind of work, and those who wait for it.
type topic struct {
	notifier  *notifier
	channel   string
	pause     time.Duration
	listeners map[chan struct{}]bool
	last      time.Time   // of the last notification
	pending   *time.Timer // for the next one, nil for none
}

func (n *notifier) init(db *DB) {
	n.db = db
	n.ctx, n.end = context.WithCancel(context.Background())
	space := newSpace(db.options.Schema)
	n.jobs = topic{notifier: n, channel: space.channel(jobChannel), pause: jobPause,
		listeners: map[chan struct{}]bool{}}
	n.webhooks = topic{notifier: n, channel: space.channel(webhookChannel), pause: webhookPause,
		listeners: map[chan struct{}]bool{}}
}

func (n *notifier) topics() []*topic { return []*topic{&n.jobs, &n.webhooks} }

// listen returns a channel that receives a value after each notification, until the context ends. Several may be one.
func (t *topic) listen(ctx context.Context) <-chan struct{} {
	n := t.notifier
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed || ctx.Err() != nil {
		return nil
	}
	if n.listener == nil && n.url != "" {
		// It connects by itself, and again when the connection is lost.
		n.listener = pq.NewDialListener(contextDialer{n.ctx, newDialer().Dialer}, n.url, 100*time.Millisecond,
			wakeReconnect, nil)
		n.running.Go(func() { n.forward(n.listener) })
	}
	ear := make(chan struct{}, 1)
	t.listeners[ear] = true
	context.AfterFunc(ctx, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(t.listeners, ear)
	})
	return ear
}

// forward wakes this process when others notify it, until the notifier is closed.
func (n *notifier) forward(listener *pq.Listener) {
	// This waits for the first connection.
	for _, t := range n.topics() {
		if listener.Listen(t.channel) != nil {
			<-n.ctx.Done()
			drain(listener)
			return
		}
	}
	check := time.NewTicker(wakeCheck)
	defer check.Stop()
	for {
		select {
		case <-n.ctx.Done():
			drain(listener)
			return
		case notification, open := <-listener.Notify:
			if !open {
				return
			}
			for _, t := range n.topics() {
				// It is nil after the connection was lost for a while, so that some may be missing.
				if notification == nil || notification.Channel == t.channel {
					t.wake()
				}
			}
		case <-check.C:
			_ = listener.Ping() // it connects again where the connection is broken
		}
	}
}

// drain waits until a listener that was closed has ended. It may be in a pause between two tries to connect, and end
// after that only; then drain doesn't wait for it.
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

// wake wakes this process.
func (t *topic) wake() {
	t.notifier.mu.Lock()
	defer t.notifier.mu.Unlock()
	for ear := range t.listeners {
		select {
		case ear <- struct{}{}:
		default: // it has one already
		}
	}
}

// notify wakes this process, and the others at once or after a pause.
func (t *topic) notify() {
	t.wake()
	n := t.notifier
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed || t.pending != nil {
		return
	}
	n.running.Add(1)
	t.pending = time.AfterFunc(time.Until(t.last.Add(t.pause)), t.notifyOthers)
}

// notifyOthers wakes the other processes.
func (t *topic) notifyOthers() {
	n := t.notifier
	defer n.running.Done()
	n.mu.Lock()
	t.last, t.pending = time.Now(), nil
	n.mu.Unlock()
	ctx, cancel := context.WithTimeout(n.ctx, wakeTimeout)
	defer cancel()
	// Those who aren't woken find the work when they poll. Without synchronous_commit the server's lock isn't held
	// while something is written to the disk.
	_ = n.db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, `SELECT set_config('synchronous_commit', 'off', true), pg_notify('`+t.channel+
			`', '')`)
		return err
	})
}

// close ends all waking, and waits for what is under way. It doesn't wait for a server that is frozen.
func (n *notifier) close() {
	n.mu.Lock()
	n.closed = true
	for _, t := range n.topics() {
		if t.pending != nil && t.pending.Stop() {
			n.running.Done()
		}
	}
	listener := n.listener
	n.mu.Unlock()
	n.end()
	if listener != nil {
		_ = listener.Close() // fails only when closed before
	}
	n.running.Wait()
}
