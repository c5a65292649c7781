package basicauth

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	// recheck is how long the file is taken to be unchanged.
	recheck = time.Second
	// maxHtpasswd bounds the file's size.
	maxHtpasswd = 16 << 20
)

// Htpasswd is a file of users as htpasswd -B makes it: one name:hash a line, with hashes of bcrypt or argon2id, of at
// most 16 MiB. Empty lines and those that begin with # are ignored. The file is read again within a second of its
// change. Where that fails, the users stay as they were, and Err returns why. It is safe for concurrent use.
type Htpasswd struct {
	path string

	mu      sync.Mutex
	users   map[string]string
	info    os.FileInfo
	checked time.Time
	err     error
}

// OpenHtpasswd reads the file. The error names the first line that is wrong.
func OpenHtpasswd(path string) (*Htpasswd, error) {
	h := &Htpasswd{path: path}
	if h.reload(); h.err != nil {
		return nil, h.err
	}
	return h, nil
}

// PasswordHash returns the user's hash, empty for an unknown user. It reads the file first if that has changed.
func (h *Htpasswd) PasswordHash(_ context.Context, user string) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now := time.Now(); now.Sub(h.checked) >= recheck {
		h.checked = now
		info, err := os.Stat(h.path)
		if err != nil || h.err != nil || h.info == nil || !os.SameFile(info, h.info) ||
			!info.ModTime().Equal(h.info.ModTime()) || info.Size() != h.info.Size() {
			h.reload()
		}
	}
	return h.users[user], nil
}

// anyHash returns the hash of some user, empty if there is none.
func (h *Htpasswd) anyHash() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return someHash(h.users)
}

// Err returns why the last attempt to read the file failed, nil if it didn't.
func (h *Htpasswd) Err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err
}

// reload reads the file; if that fails, the users stay as they were.
func (h *Htpasswd) reload() {
	f, err := os.Open(h.path)
	if err != nil {
		h.err = fmt.Errorf("basicauth: %w", err)
		return
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		h.err = fmt.Errorf("basicauth: %w", err)
		return
	}
	users, err := readHtpasswd(io.LimitReader(f, maxHtpasswd))
	if err != nil {
		h.err = fmt.Errorf("basicauth: %s: %w", h.path, err)
		return
	}
	h.users, h.info, h.err = users, info, nil
}

func readHtpasswd(r io.Reader) (map[string]string, error) {
	users := map[string]string{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		user, hash, found := strings.Cut(line, ":")
		if !found {
			return nil, fmt.Errorf("line %d: there is no colon", n)
		}
		if err := checkUser(user, hash); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if users[user] != "" {
			return nil, fmt.Errorf("line %d: %s comes twice", n, user)
		}
		users[user] = hash
	}
	return users, lines.Err()
}
