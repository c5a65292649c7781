package basicauth

import (
	"bufio"
	"context"
	"errors"
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
// most 16 MiB. A line may have the user's role behind another colon, name:hash:role; without one the user is an admin,
// as all users of a file are that htpasswd has made. Empty lines and those that begin with # are ignored. The file is
// read again within a second of its change. Where that fails, the users stay as they were, and Err returns why. It is
// safe for concurrent use.
type Htpasswd struct {
	path string

	mu      sync.Mutex
	users   map[string]Account
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
func (h *Htpasswd) PasswordHash(ctx context.Context, user string) (string, error) {
	a, err := h.Account(ctx, user)
	return a.PasswordHash, err
}

// Account returns the user's account, an empty one for an unknown user. It reads the file first if that has changed.
func (h *Htpasswd) Account(_ context.Context, user string) (Account, error) {
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

func readHtpasswd(r io.Reader) (map[string]Account, error) {
	users := map[string]Account{}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		user, a, err := parseLine(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if _, twice := users[user]; twice {
			return nil, fmt.Errorf("line %d: %s comes twice", n, user)
		}
		users[user] = a
	}
	return users, lines.Err()
}

// parseLine reads name:hash or name:hash:role.
func parseLine(line string) (user string, a Account, err error) {
	user, rest, found := strings.Cut(line, ":")
	if !found {
		return "", a, errors.New("there is no colon")
	}
	hash, role, given := strings.Cut(rest, ":") // no hash has a colon
	a.PasswordHash = hash
	if given {
		if a.Role, err = ParseRole(role); err != nil {
			return "", a, err
		}
	}
	return user, a, checkUser(user, a)
}

// FormatHtpasswdLine returns the line of a user for a file that OpenHtpasswd reads, without a line break. The error
// says what can't stand in one.
func FormatHtpasswdLine(user string, a Account) (string, error) {
	if err := checkUser(user, a); err != nil {
		return "", fmt.Errorf("basicauth: user %q: %w", user, err)
	}
	line := user + ":" + a.PasswordHash
	if a.Role != "" {
		line += ":" + string(a.Role)
	}
	if back, _, err := parseLine(strings.TrimSpace(line)); err != nil || back != user || line[0] == '#' {
		return "", fmt.Errorf("basicauth: user %q: a name in a file has no space before it, and doesn't begin with #", user)
	}
	return line, nil
}
