package postgres

import (
	"net"
	"sync"
	"time"
)

// line is a network connection to the server. It bounds how long the server may say nothing while it is waited for, and
// forgets itself when it is closed.
type line struct {
	net.Conn
	forget func()

	mu      sync.Mutex
	silence time.Duration // 0 while it is being opened, which has bounds of its own
	cut     time.Time     // when it is given up whatever comes, zero for never
	due     time.Time     // the deadline that is set
	watch   int           // the number of the latest one
	broken  bool
}

// bound sets how long the server may be silent.
func (l *line) bound(silence time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.silence = silence
}

// listen gives the server the time that it may take from now on. What is set is only moved once an eighth of it has gone.
func (l *line) listen() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.silence == 0 {
		return nil
	}
	due := time.Now().Add(l.silence)
	if !l.cut.IsZero() && l.cut.Before(due) {
		due = l.cut
	}
	if ahead := due.Sub(l.due); ahead >= 0 && ahead < l.silence/8 {
		return nil
	}
	l.due = due
	return l.SetDeadline(due)
}

// note notes that the line is of no use any more: under TLS the driver doesn't.
func (l *line) note(err error) {
	if err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.broken = true
	}
}

func (l *line) isBroken() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.broken
}

func (l *line) Read(p []byte) (n int, err error) {
	if err = l.listen(); err == nil {
		n, err = l.Conn.Read(p)
	}
	l.note(err)
	return n, err
}

func (l *line) Write(p []byte) (n int, err error) {
	if err = l.listen(); err == nil {
		n, err = l.Conn.Write(p)
	}
	l.note(err)
	return n, err
}

func (l *line) Close() error {
	l.forget()
	return l.Conn.Close()
}

// begin begins a watch: until it ends, hurry has an effect.
func (l *line) begin() (watch int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watch++
	return l.watch
}

// hurry gives the server so long to come to an end, from now on.
func (l *line) hurry(watch int, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.watch != watch {
		return
	}
	l.cut = time.Now().Add(wait)
	if l.due.IsZero() || l.cut.Before(l.due) {
		l.due = l.cut
		_ = l.SetDeadline(l.cut) // fails only where it is closed
	}
}

// calm ends the watch.
func (l *line) calm() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watch++
	l.cut = time.Time{}
}
