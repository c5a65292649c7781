package basicauth

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
)

// Users are those who may log in, as admins where they aren't Accounts. Implementations are safe for concurrent use.
type Users interface {
	// PasswordHash returns the hash of the user's password, of bcrypt or argon2id, as HashPassword or htpasswd -B makes
	// it, or an empty string for an unknown user. It is called for every request, and should be quick. Its error ends
	// the request, and is returned by Authenticate as it is.
	PasswordHash(ctx context.Context, user string) (hash string, err error)
}

// StaticUsers are users that never change.
type StaticUsers struct{ accounts map[string]Account }

// NewStaticUsers returns the users whose hashes of passwords are given by their names. All of them are admins. A name
// is not empty and has neither a colon nor control characters; a hash is one of bcrypt or argon2id, see HashPassword.
func NewStaticUsers(hashes map[string]string) (*StaticUsers, error) {
	accounts := map[string]Account{}
	for user, hash := range hashes {
		accounts[user] = Account{PasswordHash: hash}
	}
	return NewStaticAccounts(accounts)
}

// NewStaticAccounts is as NewStaticUsers, of users with roles.
func NewStaticAccounts(accounts map[string]Account) (*StaticUsers, error) {
	for user, a := range accounts {
		if err := checkUser(user, a); err != nil {
			return nil, fmt.Errorf("basicauth: user %q: %w", user, err)
		}
	}
	return &StaticUsers{accounts: maps.Clone(accounts)}, nil
}

// PasswordHash returns the user's hash, empty for an unknown user.
func (u *StaticUsers) PasswordHash(_ context.Context, user string) (string, error) {
	return u.accounts[user].PasswordHash, nil
}

// Account returns the user's account, an empty one for an unknown user.
func (u *StaticUsers) Account(_ context.Context, user string) (Account, error) {
	return u.accounts[user], nil
}

// anyHash returns the hash of some user, empty if there is none.
func (u *StaticUsers) anyHash() string { return someHash(u.accounts) }

// someHash returns the hash of some user, empty if there is none.
func someHash(users map[string]Account) string {
	for _, a := range users {
		return a.PasswordHash
	}
	return ""
}

func checkUser(user string, a Account) error {
	if user == "" || strings.ContainsFunc(user, func(r rune) bool { return r == ':' || r < ' ' || r == 0x7f }) {
		return errors.New("the name must not be empty, nor have a colon or control characters")
	}
	if a.Role != "" {
		if _, err := ParseRole(string(a.Role)); err != nil {
			return err
		}
	}
	_, err := parseHash(a.PasswordHash)
	return err
}
