//go:build !linux

package postgres_test

// clientSeconds are the processor seconds that this process has used, 0 where that isn't known.
func clientSeconds() float64 { return 0 }
