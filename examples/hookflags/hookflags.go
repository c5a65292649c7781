// Package hookflags has the flags about webhooks that the server and the worker have in common.
package hookflags

import (
	"flag"
	"fmt"
	"log/slog"

	"github.com/products-importer/products-importer/webhooks"
)

// Settings are the settings of the command line and the environment. The zero value has the defaults.
type Settings struct {
	// Sealer encrypts the credentials of endpoints. It is nil without a key.
	Sealer      *webhooks.Sealer
	anyReceiver bool // private addresses too, any port, and http
}

// Add adds the flags.
func (s *Settings) Add(flags *flag.FlagSet) {
	flags.BoolVar(&s.anyReceiver, "allow-private-webhooks", false,
		"let webhooks go to any address and port, and over http: for trying them on this machine. Their secrets are "+
			"encrypted with the key in WEBHOOKS_KEY, 32 bytes in base64, the same for servers and workers")
}

// ReadKey sets the Sealer to one with the key in WEBHOOKS_KEY, if there is a key. The error doesn't show it.
func (s *Settings) ReadKey(getenv func(string) string) (err error) {
	if key := getenv("WEBHOOKS_KEY"); key != "" {
		if s.Sealer, err = webhooks.ParseSealer(key); err != nil {
			return fmt.Errorf("WEBHOOKS_KEY: %w", err)
		}
	}
	return nil
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
