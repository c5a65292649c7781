package webhooks_test

import (
	"io"
	"log"
	"log/slog"
	"net/http"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/receive"
)

// quiet is the log of servers whose clients break off.
var quiet = log.New(io.Discard, "", 0)

// textLogger returns a logger that writes text.
func textLogger(to io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(to, nil)) }

// maxResponse is how much is kept of an answer's body.
const maxResponse = 4 << 10

// known is the secret of the tests' endpoints.
var known = receive.NewSecret()

// endpoint is a valid one.
func endpoint(url string) webhooks.Endpoint {
	e := webhooks.Endpoint{URL: url, Events: []string{"*"}, Concurrency: 8, Timeout: 15 * time.Second,
		State: webhooks.Active}
	e.Secrets = []webhooks.LiveSecret{{Secret: known}}
	return e
}

// event is one that a store has taken.
func event(data string) *webhooks.Event {
	e := &webhooks.Event{Type: webhooks.ProductCreated, Data: []byte(data)}
	e.Init(time.Now())
	return e
}

// requireSigned asks the official verifier about a delivery.
func requireSigned(t *testing.T, secret receive.Secret, header http.Header, body []byte) {
	t.Helper()
	official, err := standardwebhooks.NewWebhook(secret.Reveal())
	require.NoError(t, err)
	require.NoError(t, official.Verify(body, header), "the official verifier takes the delivery")
}
