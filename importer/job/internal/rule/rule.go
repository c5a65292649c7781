// Package rule has the few rules that package job and the stores of jobs, through package driver, have in common.
package rule

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// NewID returns a new UUID, version 7: IDs of later milliseconds are greater.
func NewID(now time.Time) string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(now.UnixMilli()))
	copy(b[:6], ms[2:])
	b[6] = b[6]&0x0f | 0x70
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// CheckKey returns an error for a string that can't be the key of an upload.
func CheckKey(key string) error {
	const allowed = "abcdefghijklmnopqrstuvwxyz0123456789-"
	if len(key) < 1 || len(key) > 100 ||
		strings.ContainsFunc(key, func(r rune) bool { return !strings.ContainsRune(allowed, r) }) {
		return fmt.Errorf("job: bad key of an upload: %q", key)
	}
	return nil
}

// ReadChunk reads from an upload's reader until the buffer is full, or the reader's end, which last reports: then n may
// be 0. Every other error of the reader is returned, io.ErrUnexpectedEOF too, with which a client breaks off.
func ReadChunk(r io.Reader, buffer []byte) (n int, last bool, err error) {
	for n < len(buffer) {
		have, err := r.Read(buffer[n:])
		n += have
		if errors.Is(err, io.EOF) {
			return n, true, nil
		}
		if err != nil {
			return n, false, err
		}
	}
	return n, false, nil
}

// GaveUp returns the Error of a job that ends after so many failed attempts, the last of them for the reason.
func GaveUp(attempts int, reason string) string {
	if attempts == 1 {
		return reason
	}
	return fmt.Sprintf("gave up after %d attempts: %s", attempts, reason)
}

type leaseKey struct{}

// WithLease returns a context that carries the lease.
func WithLease(ctx context.Context, lease time.Duration) context.Context {
	return context.WithValue(ctx, leaseKey{}, lease)
}

// Lease returns the lease that the context carries, 0 for none.
func Lease(ctx context.Context) time.Duration {
	lease, _ := ctx.Value(leaseKey{}).(time.Duration)
	return lease
}
