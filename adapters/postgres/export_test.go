package postgres

import "time"

// SetHung sets how long a transaction may wait for its client.
func SetHung(db *DB, d time.Duration) { db.hung = d }
