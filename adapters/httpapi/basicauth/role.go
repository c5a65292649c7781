package basicauth

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Role says what a user may do. What each of them may is decided by the handlers that are protected, see FromContext.
type Role string

// The roles.
const (
	// Admin may do everything.
	Admin Role = "admin"
	// Editor may do everything to what the application is about, and change nothing of how it is set up.
	Editor Role = "editor"
	// Importer may import, and see what became of it.
	Importer Role = "importer"
	// Viewer may look, and change nothing.
	Viewer Role = "viewer"
)

// Roles returns all roles, those that may do more before those that may do less.
func Roles() []Role { return []Role{Admin, Editor, Importer, Viewer} }

// ParseRole returns the role of the name. The error says which there are.
func ParseRole(text string) (Role, error) {
	var names []string
	for _, role := range Roles() {
		if text == string(role) {
			return role, nil
		}
		names = append(names, string(role))
	}
	if len(text) > 40 {
		text = text[:40] + "..."
	}
	return "", fmt.Errorf("%q is no role: want %s", text, strings.Join(names, ", "))
}

// UnmarshalText reads the name of a role.
func (r *Role) UnmarshalText(text []byte) (err error) {
	*r, err = ParseRole(string(text))
	return err
}

// MarshalText writes the name of the role.
func (r Role) MarshalText() ([]byte, error) { return []byte(r), nil }

// Account is what is known of a user.
type Account struct {
	// PasswordHash is the hash of the user's password, as Users.PasswordHash returns it.
	PasswordHash string
	// Role is empty for Admin.
	Role Role
}

// Accounts are Users with roles. An Authenticator asks those for accounts, and takes users without roles for admins.
type Accounts interface {
	Users
	// Account returns what is known of a user, and an Account without a PasswordHash of an unknown one. It is as
	// PasswordHash in everything else.
	Account(ctx context.Context, user string) (Account, error)
}

// account returns what the users know of one.
func account(ctx context.Context, users Users, user string) (a Account, err error) {
	if accounts, have := users.(Accounts); have {
		a, err = accounts.Account(ctx, user)
	} else {
		a.PasswordHash, err = users.PasswordHash(ctx, user)
	}
	if err != nil {
		return Account{}, err
	}
	if a.Role == "" {
		a.Role = Admin
	}
	if _, err := ParseRole(string(a.Role)); err != nil {
		return Account{}, fmt.Errorf("basicauth: user %q: %w", user, err)
	}
	return a, nil
}

// Identity is who makes a request.
type Identity struct {
	// User is the user's name.
	User string
	// Role is empty for Admin.
	Role Role
}

// identityKey is the context's key of an Identity.
type identityKey struct{}

// NewContext returns a context that says who makes a request, as Authenticator.Handler gives to the handlers behind it.
// An application with an authentication of its own calls it to tell a handler the user's role.
func NewContext(ctx context.Context, identity Identity) context.Context {
	if identity.Role == "" {
		identity.Role = Admin
	}
	return context.WithValue(ctx, identityKey{}, identity)
}

// FromContext returns who makes the request that the context is of; ok is false where nobody has said so by NewContext.
func FromContext(ctx context.Context) (identity Identity, ok bool) {
	identity, ok = ctx.Value(identityKey{}).(Identity)
	return identity, ok
}

// User returns the name of the user who has made the request that the context is of, empty where FromContext knows
// nobody.
func User(ctx context.Context) string {
	identity, _ := FromContext(ctx)
	return identity.User
}

// JoinUsers returns the users of all these. Of a name that several of them know, the first one's account counts.
func JoinUsers(users ...Users) (Accounts, error) {
	for _, u := range users {
		if u == nil {
			return nil, errors.New("basicauth: some of the users to join are nil")
		}
	}
	return joined(users), nil
}

// joined is what JoinUsers returns.
type joined []Users

func (j joined) PasswordHash(ctx context.Context, user string) (string, error) {
	a, err := j.Account(ctx, user)
	return a.PasswordHash, err
}

func (j joined) Account(ctx context.Context, user string) (Account, error) {
	for _, users := range j {
		if a, err := account(ctx, users, user); err != nil || a.PasswordHash != "" {
			return a, err
		}
	}
	return Account{}, nil
}

// anyHash returns the hash of some user, empty if there is none.
func (j joined) anyHash() string {
	for _, users := range j {
		if known, ok := users.(interface{ anyHash() string }); ok {
			if hash := known.anyHash(); hash != "" {
				return hash
			}
		}
	}
	return ""
}
