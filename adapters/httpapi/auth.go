package httpapi

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"time"
)

const (
	// verifiedLife is for how long a log-in that was right is right again without looking at the hash.
	verifiedLife = 5 * time.Minute
	// maxVerified bounds how many are kept in mind.
	maxVerified = 4_096
)

// authenticator checks log-ins. Hashes of passwords are slow on purpose, so a log-in that was right is remembered for
// some minutes, under a keyed digest of user, password and hash: a changed hash makes it worthless at once.
type authenticator struct {
	users Users
	key   [32]byte
	turns chan struct{}

	addresses, names throttle

	mu       sync.Mutex
	verified map[digest]time.Time // until when
}

type digest [sha256.Size]byte

func newAuthenticator(users Users) (*authenticator, error) {
	// Half of the processors at most are busy with hashes, however many log in.
	a := &authenticator{users: users, turns: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)), verified: map[digest]time.Time{}}
	if _, err := rand.Read(a.key[:]); err != nil {
		return nil, fmt.Errorf("httpapi: %w", err)
	}
	return a, nil
}

// digest stands for a log-in.
func (a *authenticator) digest(user, password, hash string) (d digest) {
	mac := hmac.New(sha256.New, a.key[:])
	var length [8]byte
	for _, text := range []string{user, password, hash} {
		binary.LittleEndian.PutUint64(length[:], uint64(len(text)))
		mac.Write(length[:])
		mac.Write([]byte(text))
	}
	mac.Sum(d[:0])
	return d
}

// check returns nil for a log-in that is right, else the problem that the client gets.
func (a *authenticator) check(ctx context.Context, address, user, password string) error {
	if len(user) > maxPassword || len(password) > maxPassword {
		return unauthorized("the name or the password is wrong")
	}
	text, err := a.users.PasswordHash(ctx, user)
	if err != nil {
		return err
	}
	id := a.digest(user, password, text)
	if a.knows(id) {
		return nil
	}
	if err := a.slowed(address, user); err != nil {
		return err
	}
	select {
	case a.turns <- struct{}{}:
		defer func() { <-a.turns }()
	case <-ctx.Done():
		return ctx.Err()
	}
	// Others who waited for their turn may have found out, or failed.
	if a.knows(id) {
		return nil
	}
	if err := a.slowed(address, user); err != nil {
		return err
	}
	hash, err := a.hash(text)
	if err != nil {
		return fmt.Errorf("httpapi: user %q: %w", user, err)
	}
	if matches := hash.matches(password); !matches || text == "" {
		now := time.Now()
		a.addresses.fail(address, now)
		a.names.fail(user, now)
		return unauthorized("the name or the password is wrong")
	}
	a.remember(id)
	return nil
}

// hash returns the parsed hash, for an unknown user one that costs as much as those of known ones.
func (a *authenticator) hash(text string) (passwordHash, error) {
	if text != "" {
		return parseHash(text)
	}
	if some, ok := a.users.(interface{ anyHash() string }); ok {
		if text := some.anyHash(); text != "" {
			return parseHash(text)
		}
	}
	return parseHash(nobodysHash)
}

// nobodysHash costs what HashPassword's results do, and no password is known for it.
const nobodysHash = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlz$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// slowed returns a problem while too many log-ins have failed.
func (a *authenticator) slowed(address, user string) error {
	now := time.Now()
	wait := max(a.addresses.wait(address, addressFailures, now), a.names.wait(user, userFailures, now))
	if wait <= 0 {
		return nil
	}
	p := newProblem(http.StatusTooManyRequests, "too_many_failures", "too many log-ins have failed; wait before the next one")
	p.retryAfter = wait
	return p
}

// knows tells whether the log-in was right not long ago.
func (a *authenticator) knows(id digest) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	until, known := a.verified[id]
	return known && time.Now().Before(until)
}

// remember notes that the log-in is right.
func (a *authenticator) remember(id digest) {
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.verified) >= maxVerified {
		for old, until := range a.verified {
			if !now.Before(until) {
				delete(a.verified, old)
			}
		}
	}
	if len(a.verified) >= maxVerified {
		clear(a.verified)
	}
	a.verified[id] = now.Add(verifiedLife)
}

func unauthorized(detail string) *Problem {
	p := newProblem(http.StatusUnauthorized, "unauthorized", detail)
	p.header = http.Header{"Www-Authenticate": {`Basic realm="products importer", charset="UTF-8"`}}
	return p
}

// userKey is the context's key of the place where authenticate puts the user's name, for the log.
type userKey struct{}

// authenticate lets only requests with a right log-in pass.
func (a *API) authenticate(next http.Handler) http.Handler {
	return a.handle(func(w http.ResponseWriter, r *http.Request) error {
		user, password, given := r.BasicAuth()
		if !given {
			return unauthorized("log in with HTTP Basic authentication")
		}
		ctx, cancel := withTimeout(r, requestTime)
		err := a.auth.check(ctx, a.options.ClientAddress(r), user, password)
		cancel()
		if err != nil {
			return err
		}
		if place, ok := r.Context().Value(userKey{}).(*string); ok {
			*place = user
		}
		next.ServeHTTP(w, r)
		return nil
	})
}
