package postgres

import (
	"net"
	"sync"
	"time"
)

// line is a network connection to the server. It bounds how long the server may be silent while it is waited for, and
// calls forget when it is closed.
type line struct {
	net.Conn
	forget func()

	mu      sync.Mutex
	silence time.Duration // 0 while it is being opened, which has bounds of its own
	cut     time.Time     // when it is cut whatever the server sends, zero for never
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

// extend makes sure that the server may be silent for so long.
func (l *line) extend(silence time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.silence = max(l.silence, silence)
}

// extendDeadline gives the server the time that it may take from now on. The deadline is only moved when an eighth of
// that time has passed since it was set.
func (l *line) extendDeadline() error {
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

// noteError notes that the line is broken: under TLS the driver doesn't.
func (l *line) noteError(err error) {
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
	if err = l.extendDeadline(); err == nil {
		n, err = l.Conn.Read(p)
	}
	l.noteError(err)
	return n, err
}

func (l *line) Write(p []byte) (n int, err error) {
	if err = l.extendDeadline(); err == nil {
		n, err = l.Conn.Write(p)
	}
	l.noteError(err)
	return n, err
}

func (l *line) Close() error {
	l.forget()
	return l.Conn.Close()
}

// beginWatch begins a watch: until it ends, cutIn has an effect.
func (l *line) beginWatch() (watch int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watch++
	return l.watch
}

// cutIn cuts the line after the wait, whatever the server sends, unless the watch has ended.
func (l *line) cutIn(watch int, wait time.Duration) {
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

// endWatch ends the watch.
func (l *line) endWatch() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watch++
	l.cut = time.Time{}
}
