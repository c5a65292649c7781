package httpapi

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"
	"sync"
	"time"
)

// Users knows who may log in. It is safe for concurrent use.
type Users interface {
	// PasswordHash returns the hash of the user's password as HashPassword or htpasswd -B makes it, or an empty string for
	// an unknown user. It is called for every request, and must be quick.
	PasswordHash(ctx context.Context, user string) (hash string, err error)
}

// StaticUsers are users that never change.
type StaticUsers struct{ hashes map[string]string }

// NewStaticUsers takes the hashes of passwords by the users' names. A name has neither a colon nor control characters,
// and a hash is one of bcrypt or argon2id; see HashPassword.
func NewStaticUsers(hashes map[string]string) (*StaticUsers, error) {
	for user, hash := range hashes {
		if err := checkUser(user, hash); err != nil {
			return nil, fmt.Errorf("httpapi: user %q: %w", user, err)
		}
	}
	return &StaticUsers{hashes: maps.Clone(hashes)}, nil
}

// PasswordHash finds the user.
func (u *StaticUsers) PasswordHash(_ context.Context, user string) (string, error) {
	return u.hashes[user], nil
}

// anyHash returns the hash of some user, empty if there is none.
func (u *StaticUsers) anyHash() string { return someHash(u.hashes) }

func someHash(users map[string]string) string {
	for _, hash := range users {
		return hash
	}
	return ""
}

func checkUser(user, hash string) error {
	if user == "" || strings.ContainsFunc(user, func(r rune) bool { return r == ':' || r < ' ' || r == 0x7f }) {
		return errors.New("the name must not be empty, and have neither a colon nor control characters")
	}
	_, err := parseHash(hash)
	return err
}

// recheck is how long a password file is believed to be unchanged.
const recheck = time.Second

// Htpasswd is a file of users, one a line, as htpasswd -B makes it: name:hash, with hashes of bcrypt or argon2id. Empty
// lines and those that begin with # are passed over. It is read again within a second of its change; a file that became
// unreadable or wrong leaves the users as they were, and Err says so.
type Htpasswd struct {
	path string

	mu      sync.Mutex
	users   map[string]string
	info    os.FileInfo
	checked time.Time
	err     error
}

// maxHtpasswd bounds the file's size.
const maxHtpasswd = 16 << 20

// OpenHtpasswd reads the file. The error names the line that is wrong.
func OpenHtpasswd(path string) (*Htpasswd, error) {
	h := &Htpasswd{path: path}
	if h.reload(); h.err != nil {
		return nil, h.err
	}
	return h, nil
}

// PasswordHash finds the user, and reads the file first if it has changed.
func (h *Htpasswd) PasswordHash(_ context.Context, user string) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now := time.Now(); now.Sub(h.checked) >= recheck {
		h.checked = now
		info, err := os.Stat(h.path)
		if err != nil || h.err != nil || h.info == nil || !os.SameFile(info, h.info) || !info.ModTime().Equal(h.info.ModTime()) || info.Size() != h.info.Size() {
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

// Err returns why the file couldn't be read when it was last tried, nil if it could.
func (h *Htpasswd) Err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err
}

// reload reads the file, and keeps what there was if it can't.
func (h *Htpasswd) reload() {
	f, err := os.Open(h.path)
	if err != nil {
		h.err = fmt.Errorf("httpapi: %w", err)
		return
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		h.err = fmt.Errorf("httpapi: %w", err)
		return
	}
	users, err := readHtpasswd(io.LimitReader(f, maxHtpasswd))
	if err != nil {
		h.err = fmt.Errorf("httpapi: %s: %w", h.path, err)
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
