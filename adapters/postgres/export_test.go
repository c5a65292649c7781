package postgres

import "time"

// ForgetClock makes the DB look at the server's clock as a process does that has just begun.
func ForgetClock(db *DB) {
	c := &db.webhooks.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	c.local = time.Time{}
}

// SetHung sets how long a transaction may wait for its client.
func SetHung(db *DB, d time.Duration) { db.hung = d }

// ErrSwept is the error of an upload that lost a piece.
var ErrSwept = errSwept
