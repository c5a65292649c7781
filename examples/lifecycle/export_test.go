package lifecycle

import "time"

// SetHold sets how long a request waits for the program to begin.
func SetHold(f *Front, d time.Duration) { f.hold.Store(int64(d)) }

// Holding is how many requests do.
func Holding(f *Front) int64 { return f.holding.Load() }
