package basicauth

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
)

// Users are those who may log in. Implementations are safe for concurrent use.
type Users interface {
	// PasswordHash returns the hash of the user's password, of bcrypt or argon2id, as HashPassword or htpasswd -B makes
	// it, or an empty string for an unknown user. It is called for every request, and should be quick. Its error ends
	// the request, and is returned by Authenticate as it is.
	PasswordHash(ctx context.Context, user string) (hash string, err error)
}

// StaticUsers are users that never change.
type StaticUsers struct{ hashes map[string]string }

// NewStaticUsers returns the users whose hashes of passwords are given by their names. A name is not empty and has
// neither a colon nor control characters; a hash is one of bcrypt or argon2id, see HashPassword.
func NewStaticUsers(hashes map[string]string) (*StaticUsers, error) {
	for user, hash := range hashes {
		if err := checkUser(user, hash); err != nil {
			return nil, fmt.Errorf("basicauth: user %q: %w", user, err)
		}
	}
	return &StaticUsers{hashes: maps.Clone(hashes)}, nil
}

// PasswordHash returns the user's hash, empty for an unknown user.
func (u *StaticUsers) PasswordHash(_ context.Context, user string) (string, error) {
	return u.hashes[user], nil
}

// anyHash returns the hash of some user, empty if there is none.
func (u *StaticUsers) anyHash() string { return someHash(u.hashes) }

// someHash returns the hash of some user, empty if there is none.
func someHash(users map[string]string) string {
	for _, hash := range users {
		return hash
	}
	return ""
}

func checkUser(user, hash string) error {
	if user == "" || strings.ContainsFunc(user, func(r rune) bool { return r == ':' || r < ' ' || r == 0x7f }) {
		return errors.New("the name must not be empty, nor have a colon or control characters")
	}
	_, err := parseHash(hash)
	return err
}
