package basicauth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"
)

// userTime is how long Users may take to find a user.
const userTime = 30 * time.Second

// check returns the account of the user of a log-in that is right.
func (a *Authenticator) check(ctx context.Context, address, user, password string) (Account, error) {
	if len(user) > maxPassword || len(password) > maxPassword {
		return Account{}, errWrong
	}
	known, err := a.account(ctx, user)
	if err != nil {
		return Account{}, err
	}
	hash := known.PasswordHash
	id := a.digest(user, password, hash)
	if a.queue.wasRight(id, user, address) {
		return known, nil
	}
	err = a.queue.try(ctx, id, a.digest(user, password, hash, address), login{user, password, hash}, address)
	return known, err
}

// account returns what is known of a user.
func (a *Authenticator) account(ctx context.Context, user string) (Account, error) {
	asking, cancel := context.WithTimeout(ctx, userTime)
	defer cancel()
	return account(asking, a.users, user)
}

// digest identifies a log-in without its password. It has the hash as well: once that changes, what is remembered of
// the log-in counts no more.
type digest [sha256.Size]byte

func (a *Authenticator) digest(parts ...string) (d digest) {
	mac := hmac.New(sha256.New, a.key[:])
	var length [8]byte
	for _, part := range parts {
		binary.LittleEndian.PutUint64(length[:], uint64(len(part)))
		mac.Write(length[:])
		mac.Write([]byte(part))
	}
	mac.Sum(d[:0])
	return d
}

// verify reports whether a log-in is right, which takes the time of a hash.
func (a *Authenticator) verify(l login) (bool, error) {
	hash, err := a.parse(l.hash)
	if err != nil {
		return false, fmt.Errorf("basicauth: user %q: %w", l.user, err)
	}
	matches := hash.matches(l.password)
	return matches && l.hash != "", nil
}

// parse returns the parsed hash, for an unknown user one that costs as much as those of known ones.
func (a *Authenticator) parse(hash string) (passwordHash, error) {
	if hash != "" {
		return parseHash(hash)
	}
	if known, ok := a.users.(interface{ anyHash() string }); ok {
		if hash := known.anyHash(); hash != "" {
			return parseHash(hash)
		}
	}
	return parseHash(nobodysHash)
}

// nobodysHash costs what HashPassword's results do, and no password is known for it.
const nobodysHash = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlz$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
