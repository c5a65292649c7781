// Package hookflags has the flags about webhooks that the server and the worker have in common.
package hookflags

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/examples/envflags"
	"github.com/products-importer/products-importer/webhooks"
)

// Settings are the settings of the command line and the environment. The zero value has the defaults.
type Settings struct {
	// Sealer encrypts the credentials of endpoints. It is nil without a key.
	Sealer      *webhooks.Sealer
	anyReceiver bool // private addresses too, any port, and http
}

// Add adds the flags, and the key.
func (s *Settings) Add(flags *envflags.Set) {
	flags.BoolVar(&s.anyReceiver, "allow-private-webhooks", false,
		"let webhooks go to any address and port, and over http: for trying them on this machine")
	s.AddKey(flags)
}

// AddKey adds the key of the Sealer alone. An error about it doesn't show it.
func (s *Settings) AddKey(flags *envflags.Set) {
	flags.Secret("WEBHOOKS_KEY",
		"the key that encrypts the secrets of webhooks in the database, 32 bytes in base64, the same for servers and "+
			"workers; to change it, the new one, a comma and the old one", func(key string) (err error) {
			s.Sealer, err = webhooks.ParseSealer(key)
			return err
		})
}

// Policy returns the policy of where webhooks may go.
func (s *Settings) Policy() webhooks.Policy {
	if s.anyReceiver {
		return webhooks.Policy{AllowHTTP: true, AllowAnyPort: true, AllowAddresses: webhooks.AllAddresses()}
	}
	return webhooks.Policy{}
}

// Warn logs a warning for each setting that is only for trying webhooks. stored says whether credentials are stored in
// a database.
func (s *Settings) Warn(logger *slog.Logger, stored bool) {
	if stored && s.Sealer == nil {
		logger.Warn("the secrets of webhooks are stored readable: WEBHOOKS_KEY names no key")
	}
	if s.anyReceiver {
		logger.Warn("webhooks may go to any address, and over http: -allow-private-webhooks is for trying them")
	}
}

// KeyCheck tells whether the secrets of the webhooks that are stored can be read. It is safe for concurrent use.
type KeyCheck struct {
	service *webhooks.Service
	given   bool // a key

	mu   sync.Mutex
	good time.Time // when all of them could be read
}

// keyCheckLife is for how long all is taken to be well that was.
const keyCheckLife = time.Minute

// NewKeyCheck returns the check. It logs once how many webhooks' secrets can't be read, if there are any.
func (s *Settings) NewKeyCheck(ctx context.Context, service *webhooks.Service, logger *slog.Logger) *KeyCheck {
	c := &KeyCheck{service: service, given: s.Sealer != nil}
	if unreadable, all, err := service.Unreadable(ctx); err == nil && unreadable > 0 {
		logger.Error(c.wrong().Error(), "webhooks", unreadable, "of", all)
	}
	return c
}

// wrong is what is wrong where secrets can't be read, as /readyz shows it to anybody.
func (c *KeyCheck) wrong() error {
	detail := "the secrets of webhooks can't be read: they are sealed, and WEBHOOKS_KEY names no key"
	if c.given {
		detail = "the secrets of webhooks can't be read: they were sealed with another key than WEBHOOKS_KEY names; that " +
			"one has to stand there too, behind the new one and a comma"
	}
	return &httpapi.Problem{Status: http.StatusServiceUnavailable, Code: "secrets_unreadable", Detail: detail}
}

// After returns what asks the database by ping, and then whether secrets can be read. It is nil for a nil ping.
func (c *KeyCheck) After(ping func(ctx context.Context) error) func(ctx context.Context) error {
	if ping == nil {
		return nil
	}
	return func(ctx context.Context) error {
		if err := ping(ctx); err != nil {
			return err
		}
		return c.Check(ctx)
	}
}

// Check returns an error for readiness while secrets can't be read, or aren't known to be.
func (c *KeyCheck) Check(ctx context.Context) error {
	c.mu.Lock()
	fresh := time.Since(c.good) < keyCheckLife
	c.mu.Unlock()
	if fresh {
		return nil
	}
	began := time.Now()
	switch unreadable, _, err := c.service.Unreadable(ctx); {
	case err != nil:
		return err
	case unreadable > 0:
		return c.wrong()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.good = began
	return nil
}
