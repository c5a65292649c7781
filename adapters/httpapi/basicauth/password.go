package basicauth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
)

// Parameters of new hashes: OWASP's for argon2id, some 20 ms and 19 MiB.
const (
	argonMemory  = 19 << 10 // KiB
	argonTime    = 2
	argonThreads = 1
	argonKey     = 32
	argonSalt    = 16
)

// Bounds of the hashes that are accepted, so that none takes minutes or gigabytes to compare.
const (
	maxBcryptCost   = 16
	maxArgonMemory  = 1 << 20 // KiB
	maxArgonTime    = 64
	maxPassword     = 1_024
	maxBcryptLength = 72 // bcrypt looks at no more bytes than that
)

// HashPassword returns the argon2id hash of a password of 1 to 1,024 bytes, as Users returns it. Each call takes some
// 20 ms, and returns another hash.
func HashPassword(password string) (string, error) {
	if password == "" || len(password) > maxPassword {
		return "", fmt.Errorf("basicauth: a password must have 1 to %d bytes, not %d", maxPassword, len(password))
	}
	salt := make([]byte, argonSalt)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	return hashPassword(password, salt), nil
}

// StablePasswordHash is as HashPassword, but returns the same hash for the same user and password each time. It is for
// a password that several servers are given as it is, in their environment for instance: with the same hash they take
// each other's sessions. Such a hash isn't for storing. Since its salt is no secret, whoever gets hold of a session's
// cookie can try passwords on it, at the cost of one hash each; so the password has to be one that nobody guesses.
func StablePasswordHash(user, password string) (string, error) {
	if password == "" || len(password) > maxPassword {
		return "", fmt.Errorf("basicauth: a password must have 1 to %d bytes, not %d", maxPassword, len(password))
	}
	salt := sha256.Sum256([]byte("basicauth: the salt of " + user))
	return hashPassword(password, salt[:argonSalt]), nil
}

// hashPassword returns the argon2id hash with a salt.
func hashPassword(password string, salt []byte) string {
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonKey)
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads,
		encode(salt), encode(key))
}

// passwordHash is the hash of a password.
type passwordHash interface {
	// matches reports whether the hash is the password's, in a time that doesn't depend on the answer.
	matches(password string) bool
}

// parseHash parses a hash of bcrypt or argon2id.
func parseHash(text string) (passwordHash, error) {
	switch {
	case strings.HasPrefix(text, "$2"):
		cost, err := bcrypt.Cost([]byte(text))
		if err == nil && cost > maxBcryptCost {
			err = fmt.Errorf("the cost is %d, more than %d", cost, maxBcryptCost)
		}
		if err != nil {
			return nil, fmt.Errorf("a bad hash of bcrypt: %w", err)
		}
		return bcryptHash(text), nil
	case strings.HasPrefix(text, "$argon2id$"):
		return parseArgon(text)
	}
	return nil, errors.New("the password's hash must be one of bcrypt or argon2id")
}

type bcryptHash string

func (h bcryptHash) matches(password string) bool {
	err := bcrypt.CompareHashAndPassword([]byte(h), []byte(password[:min(len(password), maxBcryptLength)]))
	return err == nil && len(password) <= maxBcryptLength
}

type argonHash struct {
	memory, time uint32
	threads      uint8
	salt, key    []byte
}

func parseArgon(text string) (*argonHash, error) {
	bad := func(what string) (*argonHash, error) { return nil, fmt.Errorf("a bad hash of argon2id: %s", what) }
	parts := strings.Split(text, "$")
	if len(parts) != 6 {
		return bad("it does not have 5 parts")
	}
	if parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return bad("its version is not 19")
	}
	h := &argonHash{}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.memory, &h.time, &h.threads); err != nil {
		return bad("its parameters are not m, t and p")
	}
	if h.memory < 8 || h.memory > maxArgonMemory || h.time < 1 || h.time > maxArgonTime || h.threads < 1 {
		return bad("its parameters are out of bounds")
	}
	var err error
	if h.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil || len(h.salt) < 8 {
		return bad("its salt is no base64, or too short")
	}
	if h.key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(h.key) < 16 || len(h.key) > 128 {
		return bad("its key is no base64, or too short or long")
	}
	return h, nil
}

func (h *argonHash) matches(password string) bool {
	key := argon2.IDKey([]byte(password), h.salt, h.time, h.memory, h.threads, uint32(len(h.key)))
	return subtle.ConstantTimeCompare(key, h.key) == 1
}
