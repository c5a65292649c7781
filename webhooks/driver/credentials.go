package driver

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/receive"
)

// secretPrefix is that of receive.Secret.Reveal: it isn't stored.
const secretPrefix = "whsec_"

// The first byte of packed credentials.
const (
	packedPlain  = 1
	packedSealed = 2
)

// packedCredentials is the form in which credentials are stored, in JSON.
type packedCredentials struct {
	Secrets []packedSecret    `json:"secrets,omitempty"`
	Token   string            `json:"token,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
}

type packedSecret struct {
	Key   string    `json:"key"` // base64
	Until time.Time `json:"until,omitzero"`
}

// PackCredentials returns the form in which a store keeps the endpoint's secrets, token and headers: encrypted, and
// valid for the endpoint with this ID alone; readable where the sealer is nil. Of credentials that couldn't be read it
// makes none: webhooks.ErrUnreadable.
func PackCredentials(c *webhooks.Credentials, sealer *webhooks.Sealer, endpointID string) ([]byte, error) {
	if c.Unreadable {
		return nil, fmt.Errorf("%w: endpoint %s", webhooks.ErrUnreadable, endpointID)
	}
	form := packedCredentials{Token: string(c.Token), Headers: c.Headers}
	for _, s := range c.Secrets {
		form.Secrets = append(form.Secrets, packedSecret{strings.TrimPrefix(s.Reveal(), secretPrefix), s.Until})
	}
	plain, err := json.Marshal(form)
	if err != nil {
		return nil, err
	}
	if sealer == nil {
		return append([]byte{packedPlain}, plain...), nil
	}
	return append([]byte{packedSealed}, sealer.Seal(plain, endpointID)...), nil
}

// UnpackCredentials is the inverse of [PackCredentials]. With a sealer it reads readable credentials too: they were
// stored before there was one. An error is webhooks.ErrUnreadable; the credentials say so too then, for whoever doesn't
// need them.
func UnpackCredentials(sealer *webhooks.Sealer, endpointID string, stored []byte) (webhooks.Credentials, error) {
	c, err := unpackCredentials(sealer, endpointID, stored)
	if err != nil {
		return webhooks.Credentials{Unreadable: true}, fmt.Errorf("%w: endpoint %s: %w", webhooks.ErrUnreadable,
			endpointID, err)
	}
	return c, nil
}

func unpackCredentials(sealer *webhooks.Sealer, endpointID string, stored []byte) (c webhooks.Credentials, err error) {
	if len(stored) == 0 {
		return c, errors.New("they are missing")
	}
	plain := stored[1:]
	switch stored[0] {
	case packedPlain:
	case packedSealed:
		if sealer == nil {
			return c, errors.New("they are sealed, and there is no key")
		}
		if plain, err = sealer.Open(plain, endpointID); err != nil {
			return c, err
		}
	default:
		return c, fmt.Errorf("they are in a form that is not known: %d", stored[0])
	}
	var form packedCredentials
	if err := json.Unmarshal(plain, &form); err != nil {
		return c, err
	}
	c.Token, c.Headers = webhooks.Token(form.Token), form.Headers
	for _, s := range form.Secrets {
		secret, err := receive.ParseSecret(secretPrefix + s.Key)
		if err != nil {
			return c, err
		}
		c.Secrets = append(c.Secrets, webhooks.LiveSecret{Secret: secret, Until: s.Until})
	}
	return c, nil
}
