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
	"time"
)

// authenticator checks log-ins. Hashes of passwords are slow on purpose, so what was found out about a log-in is
// remembered, under a keyed digest of user, password and hash: a changed hash makes it worthless at once.
type authenticator struct {
	users  Users
	key    [32]byte
	logins *logins
}

type digest [sha256.Size]byte

func newAuthenticator(users Users) (*authenticator, error) {
	a := &authenticator{users: users}
	if _, err := rand.Read(a.key[:]); err != nil {
		return nil, fmt.Errorf("httpapi: %w", err)
	}
	// Half of the processors at most are busy with hashes, however many log in.
	a.logins = newLogins(max(1, runtime.GOMAXPROCS(0)/2), a.verify)
	return a, nil
}

// digest stands for the texts, of a log-in for instance.
func (a *authenticator) digest(texts ...string) (d digest) {
	mac := hmac.New(sha256.New, a.key[:])
	var length [8]byte
	for _, text := range texts {
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
		return wrongLogin()
	}
	asking, cancel := context.WithTimeout(ctx, requestTime)
	hash, err := a.users.PasswordHash(asking, user)
	cancel()
	if err != nil {
		return err
	}
	id := a.digest(user, password, hash)
	if a.logins.isRight(id, user, address) {
		return nil
	}
	return a.logins.try(ctx, id, a.digest(user, password, hash, address), attemptText{user, password, hash}, address)
}

// verify tells whether a log-in is right, which takes the time of a hash.
func (a *authenticator) verify(text attemptText) (bool, error) {
	hash, err := a.hash(text.hash)
	if err != nil {
		return false, fmt.Errorf("httpapi: user %q: %w", text.user, err)
	}
	matches := hash.matches(text.password)
	return matches && text.hash != "", nil
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
		began := time.Now()
		if err := a.auth.check(r.Context(), a.options.ClientAddress(r), user, password); err != nil {
			return err
		}
		if time.Since(began) > time.Second { // the log-in has waited for its turn
			extendDeadline(w, requestTime+writeTime)
		}
		if place, ok := r.Context().Value(userKey{}).(*string); ok {
			*place = user
		}
		next.ServeHTTP(w, r)
		return nil
	})
}
