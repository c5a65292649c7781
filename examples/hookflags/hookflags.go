// Package hookflags has what the server and the worker are told alike about webhooks.
package hookflags

import (
	"flag"
	"fmt"
	"log/slog"

	"github.com/products-importer/products-importer/webhooks"
)

// Settings are what the command line and the environment say. The zero value is the default.
type Settings struct {
	// Sealer encrypts the secrets, nil without a key.
	Sealer      *webhooks.Sealer
	anyReceiver bool // private addresses too
}

// Add adds the flags.
func (s *Settings) Add(flags *flag.FlagSet) {
	flags.BoolVar(&s.anyReceiver, "allow-private-webhooks", false, "let webhooks go to any address and port, and over http: for trying them on this machine. Their secrets are encrypted with the key in WEBHOOKS_KEY, 32 bytes in base64, the same for servers and workers")
}

// ReadKey makes the Sealer of the key in WEBHOOKS_KEY, if there is one. The error doesn't show it.
func (s *Settings) ReadKey(getenv func(string) string) (err error) {
	if key := getenv("WEBHOOKS_KEY"); key != "" {
		if s.Sealer, err = webhooks.ParseSealer(key); err != nil {
			return fmt.Errorf("WEBHOOKS_KEY: %w", err)
		}
	}
	return nil
}

// Policy says where webhooks may go.
func (s *Settings) Policy() webhooks.Policy {
	if s.anyReceiver {
		return webhooks.Policy{AllowHTTP: true, AllowAnyPort: true, AllowAddresses: webhooks.Everywhere()}
	}
	return webhooks.Policy{}
}

// Warn warns of what is for trying only. Secrets are stored where there is a database.
func (s *Settings) Warn(logger *slog.Logger, stored bool) {
	if stored && s.Sealer == nil {
		logger.Warn("the secrets of webhooks are stored readable: WEBHOOKS_KEY names no key")
	}
	if s.anyReceiver {
		logger.Warn("webhooks may go to any address, and over http: -allow-private-webhooks is for trying them")
	}
}
