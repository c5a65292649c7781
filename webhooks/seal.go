package webhooks

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Sealer encrypts what is secret of endpoints before it is stored, with AES-256-GCM. It is safe for concurrent use.
type Sealer struct {
	keys []sealKey // the first one seals
}

type sealKey struct {
	id   [4]byte
	aead cipher.AEAD
}

// What Pack gives begins with one of these.
const (
	packedPlain  = 1
	packedSealed = 2
)

// NewSealer returns a Sealer that seals with the key, and opens what the key or an earlier one sealed. Keys have 32 random
// bytes.
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

// packed is the form in which a Private is stored.
type packed struct {
	Secrets []packedSecret    `json:"secrets,omitempty"`
	Token   string            `json:"token,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
}

type packedSecret struct {
	Key   []byte    `json:"key"`
	Until time.Time `json:"until,omitzero"`
}

// Pack returns the form in which a store keeps the endpoint's secrets, token and headers: sealed, and good for the endpoint
// with this ID alone, or readable where the sealer is nil.
func (p *Private) Pack(sealer *Sealer, endpointID string) ([]byte, error) {
	form := packed{Token: string(p.Token), Headers: p.Headers}
	for _, s := range p.Secrets {
		form.Secrets = append(form.Secrets, packedSecret{[]byte(s.key), s.Until})
	}
	plain, err := json.Marshal(form)
	if err != nil {
		return nil, err
	}
	if sealer == nil {
		return append([]byte{packedPlain}, plain...), nil
	}
	k := sealer.keys[0]
	nonce := make([]byte, k.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails
	to := append([]byte{packedSealed}, k.id[:]...)
	to = append(to, nonce...)
	return k.aead.Seal(to, nonce, plain, []byte(endpointID)), nil
}

// UnpackPrivate is the inverse of Pack. What is readable is taken with a sealer too: it was stored before there was one.
func UnpackPrivate(sealer *Sealer, endpointID string, stored []byte) (p Private, err error) {
	if len(stored) == 0 {
		return p, errors.New("webhooks: the secrets of endpoint " + endpointID + " are missing")
	}
	plain := stored[1:]
	switch stored[0] {
	case packedPlain:
	case packedSealed:
		if plain, err = sealer.open(endpointID, plain); err != nil {
			return p, err
		}
	default:
		return p, fmt.Errorf("webhooks: the secrets of endpoint %s are in a form that is not known: %d", endpointID, stored[0])
	}
	var form packed
	if err := json.Unmarshal(plain, &form); err != nil {
		return p, fmt.Errorf("webhooks: the secrets of endpoint %s: %w", endpointID, err)
	}
	p.Token, p.Headers = Token(form.Token), form.Headers
	for _, s := range form.Secrets {
		p.Secrets = append(p.Secrets, LiveSecret{Secret{string(s.Key)}, s.Until})
	}
	return p, nil
}

func (s *Sealer) open(endpointID string, sealed []byte) ([]byte, error) {
	if s == nil {
		return nil, fmt.Errorf("webhooks: the secrets of endpoint %s are sealed, and there is no key", endpointID)
	}
	for _, k := range s.keys {
		n := k.aead.NonceSize()
		if len(sealed) < len(k.id)+n || [4]byte(sealed[:4]) != k.id {
			continue
		}
		plain, err := k.aead.Open(nil, sealed[4:4+n], sealed[4+n:], []byte(endpointID))
		if err != nil {
			return nil, fmt.Errorf("webhooks: the secrets of endpoint %s can't be opened: %w", endpointID, err)
		}
		return plain, nil
	}
	return nil, fmt.Errorf("webhooks: the secrets of endpoint %s were sealed with a key that is not at hand", endpointID)
}
