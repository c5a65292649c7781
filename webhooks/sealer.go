package webhooks

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Sealer encrypts the [Credentials] of endpoints before they are stored, with AES-256-GCM. It is safe for concurrent
// use.
type Sealer struct {
	keys []sealKey // the first one seals
}

type sealKey struct {
	id   [4]byte
	aead cipher.AEAD
}

// NewSealer returns a Sealer that seals with the key, and opens what the key or one of the earlier ones sealed. A key
// has 32 random bytes.
func NewSealer(key []byte, earlier ...[]byte) (*Sealer, error) {
	s := &Sealer{}
	for _, k := range append([][]byte{key}, earlier...) {
		if len(k) != 32 {
			return nil, fmt.Errorf("webhooks: a key to seal with must have 32 bytes, not %d", len(k))
		}
		block, err := aes.NewCipher(k)
		if err != nil {
			return nil, err
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(append([]byte("webhooks key "), k...))
		s.keys = append(s.keys, sealKey{[4]byte(sum[:4]), aead})
	}
	return s, nil
}

// ParseSealer is [NewSealer] for keys that are text: each in base64, separated by commas, first the one that seals. The
// error shows none of them.
func ParseSealer(text string) (*Sealer, error) {
	var keys [][]byte
	for i, part := range strings.Split(text, ",") {
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("webhooks: key %d of %d to seal with is not base64", i+1, strings.Count(text, ",")+1)
		}
		keys = append(keys, key)
	}
	return NewSealer(keys[0], keys[1:]...)
}

// Seal returns the text encrypted. It can be opened only with the same context, which is the endpoint's ID.
func (s *Sealer) Seal(plain []byte, context string) []byte {
	k := s.keys[0]
	nonce := make([]byte, k.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	return k.aead.Seal(append(k.id[:len(k.id):len(k.id)], nonce...), nonce, plain, []byte(context))
}

// Open is the inverse of [Sealer.Seal].
func (s *Sealer) Open(sealed []byte, context string) ([]byte, error) {
	for _, k := range s.keys {
		n := k.aead.NonceSize()
		if len(sealed) < len(k.id)+n || [4]byte(sealed[:4]) != k.id {
			continue
		}
		plain, err := k.aead.Open(nil, sealed[4:4+n], sealed[4+n:], []byte(context))
		if err != nil {
			return nil, fmt.Errorf("they can't be opened: %w", err)
		}
		return plain, nil
	}
	return nil, errors.New("they were sealed with a key that is not at hand")
}
