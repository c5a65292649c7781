package casetest

import (
	"bytes"
	"sync"
)

// Buffer takes what a program logs or prints while a test reads it. Its zero value is empty and ready for use, and it
// is safe for concurrent use. It must not be copied.
type Buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write appends p. It never fails.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// String returns what was written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
