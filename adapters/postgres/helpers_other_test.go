//go:build !linux

package postgres_test

import (
	"errors"
	"syscall"
)

// narrow fails: only on Linux it is known how.
func narrow(string, string, syscall.RawConn) error { return errors.ErrUnsupported }

// clientSeconds are the processor seconds that this process has used, 0 where that isn't known.
func clientSeconds() float64 { return 0 }
