package basicauth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// TokenStore keeps tokens of programs: for each a name, the hash by which it is known, a role, and when it was made. It
// has types of the standard library alone, so that a store of anything can be one without importing this package; see
// package tokentest for its suite. Implementations are safe for concurrent use.
type TokenStore interface {
	// AddToken stores a token, unless there is one of that name or that hash: then it changes nothing, and added is
	// false. Of the time of its making at least the microseconds are kept.
	AddToken(ctx context.Context, name string, hash []byte, role string, created time.Time) (added bool, err error)
	// RemoveToken removes the token of a name; removed is false where there is none.
	RemoveToken(ctx context.Context, name string) (removed bool, err error)
	// EachToken calls f with every token, in the order of the bytes of their names, until f returns an error, which it
	// returns as it is. f may keep the hash, and must not call the store.
	EachToken(ctx context.Context, f func(name string, hash []byte, role string, created time.Time) error) error
}

const (
	// tokenPrefix is how every token begins, so that programs that look for secrets where none should be find it.
	tokenPrefix = "pit_"
	tokenBytes  = 32
	// tokenLife is how long what the store has said is believed: so long a token that was withdrawn elsewhere is taken.
	tokenLife = 2 * time.Second
	// missLife is how soon the store is asked again for a token that it didn't know. So strangers can make it be asked
	// five times a second at most, whatever they send.
	missLife = 200 * time.Millisecond
	// tokensTime is how long the store may take.
	tokensTime = 5 * time.Second
	// maxTokens is how many there may be.
	maxTokens = 10_000
	// maxTokenName is the length of the longest name.
	maxTokenName = 64
)

// tokenLength is that of every token.
var tokenLength = len(tokenPrefix) + base64.RawURLEncoding.EncodedLen(tokenBytes)

// The errors of Tokens.
var (
	// ErrTokenExists is for a name that another token has.
	ErrTokenExists = errors.New("basicauth: there is a token of this name already")
	// ErrNoToken is for a name that no token has.
	ErrNoToken = errors.New("basicauth: there is no token of this name")
	// ErrTokenName is for a name that no token can have.
	ErrTokenName = fmt.Errorf("basicauth: a token's name has 1 to %d letters, digits, and . _ - behind the first one",
		maxTokenName)
	// ErrTooManyTokens is for one that is too much.
	ErrTooManyTokens = fmt.Errorf("basicauth: there are %d tokens; withdraw some first", maxTokens)
)

// Token is what is known of a program's token. Its text is known to the program alone.
type Token struct {
	Name      string
	Role      Role
	CreatedAt time.Time
}

// User is the name under which the program's requests are known. No user of Users has such a name.
func (t *Token) User() string { return "token:" + t.Name }

// Tokens makes and withdraws tokens, and knows them again. It is safe for concurrent use.
type Tokens struct {
	store TokenStore

	mu      sync.Mutex
	known   *tokenSet
	reading *tokenSet
}

// tokenSet is what the store has said.
type tokenSet struct {
	began time.Time
	done  chan struct{} // closed once the rest is there
	users map[[sha256.Size]byte]Identity
	err   error
}

// NewTokens returns the tokens of a store.
func NewTokens(store TokenStore) (*Tokens, error) {
	if store == nil {
		return nil, errors.New("basicauth: the store of tokens is missing")
	}
	return &Tokens{store: store}, nil
}

// Add makes a token. Its text, for the header "Authorization: Bearer TEXT", can't be had a second time, since only a
// hash of it is stored. The error may be ErrTokenName, ErrTokenExists, ErrTooManyTokens or the store's.
func (t *Tokens) Add(ctx context.Context, name string, role Role) (token Token, text string, err error) {
	if !fitForToken(name) {
		return Token{}, "", ErrTokenName
	}
	if _, err := ParseRole(string(role)); err != nil {
		return Token{}, "", fmt.Errorf("basicauth: %w", err)
	}
	all, err := t.List(ctx)
	switch {
	case err != nil:
		return Token{}, "", err
	case len(all) >= maxTokens:
		return Token{}, "", ErrTooManyTokens
	}
	secret := make([]byte, tokenBytes)
	if _, err := rand.Read(secret); err != nil {
		return Token{}, "", fmt.Errorf("basicauth: %w", err)
	}
	text = tokenPrefix + base64.RawURLEncoding.EncodeToString(secret)
	hash := sha256.Sum256([]byte(text))
	token = Token{name, role, time.Now().UTC().Truncate(time.Microsecond)}
	added, err := t.store.AddToken(ctx, name, hash[:], string(role), token.CreatedAt)
	if err == nil && !added {
		err = ErrTokenExists
	}
	if err != nil {
		return Token{}, "", err
	}
	t.forget()
	return token, text, nil
}

// Remove withdraws a token: at once for this Tokens, and within two seconds for those of other processes with the same
// store. The error may be ErrNoToken or the store's.
func (t *Tokens) Remove(ctx context.Context, name string) error {
	removed, err := t.store.RemoveToken(ctx, name)
	t.forget() // also where it isn't known whether it was removed
	if err == nil && !removed {
		err = ErrNoToken
	}
	return err
}

// List returns all tokens, in the order of their names.
func (t *Tokens) List(ctx context.Context) (all []Token, err error) {
	err = t.store.EachToken(ctx, func(name string, _ []byte, role string, created time.Time) error {
		all = append(all, Token{name, Role(role), created})
		return nil
	})
	return all, err
}

// fitForToken reports whether a token may have the name.
func fitForToken(name string) bool {
	if name == "" || len(name) > maxTokenName {
		return false
	}
	for i, c := range []byte(name) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && (i == 0 || c != '.' && c != '_' && c != '-') {
			return false
		}
	}
	return true
}

// forget has the store asked again.
func (t *Tokens) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known, t.reading = nil, nil
}

// find returns whose a token is, and whether it is one.
func (t *Tokens) find(ctx context.Context, text string) (identity Identity, ok bool, err error) {
	if len(text) != tokenLength || !strings.HasPrefix(text, tokenPrefix) {
		return identity, false, nil
	}
	hash := sha256.Sum256([]byte(text))
	for _, life := range []time.Duration{tokenLife, missLife} {
		set, err := t.ask(ctx, life)
		if err != nil {
			return identity, false, err
		}
		if identity, ok = set.users[hash]; ok {
			return identity, true, nil
		}
	}
	return identity, false, nil
}

// ask returns what the store has said within the time, and asks it where that is nothing. All who need that wait for
// one answer.
func (t *Tokens) ask(ctx context.Context, within time.Duration) (*tokenSet, error) {
	t.mu.Lock()
	if t.known != nil && time.Since(t.known.began) < within {
		defer t.mu.Unlock()
		return t.known, nil
	}
	set := t.reading
	if set == nil {
		set = &tokenSet{began: time.Now(), done: make(chan struct{}), users: map[[sha256.Size]byte]Identity{}}
		t.reading = set
		go t.read(context.WithoutCancel(ctx), set) // who asked first may go away; the others wait for it
	}
	t.mu.Unlock()
	select {
	case <-set.done:
		return set, set.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// read asks the store.
func (t *Tokens) read(ctx context.Context, set *tokenSet) {
	ctx, cancel := context.WithTimeout(ctx, tokensTime)
	defer cancel()
	set.err = t.store.EachToken(ctx, func(name string, hash []byte, role string, _ time.Time) error {
		// One of a role that there isn't is no token; the zero Role would be an admin's.
		if known, err := ParseRole(role); err == nil && len(hash) == sha256.Size {
			set.users[[sha256.Size]byte(hash)] = Identity{(&Token{Name: name}).User(), known}
		}
		return nil
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.reading == set { // nothing was forgotten meanwhile
		t.reading = nil
		if set.err == nil {
			t.known = set
		}
	}
	close(set.done)
}

// bearer returns the token of a request's header Authorization.
func bearer(r *http.Request) (text string, given bool) {
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimLeft(text, " "), strings.EqualFold(scheme, "Bearer")
}
