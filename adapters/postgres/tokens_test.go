package postgres_test

import (
	"testing"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth/tokentest"
	"github.com/products-importer/products-importer/adapters/postgres"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	runTokens(t, directly)
}

func runTokens(t *testing.T, w way) {
	t.Helper()
	url := w.make(t)
	db := w.open(t, url, postgres.Options{})
	tokentest.Run(t, func(t *testing.T) tokentest.Stores {
		query(t, w.side(url), `TRUNCATE api_tokens`)
		return tokentest.Stores{Tokens: db.Tokens(), InTx: db.InTx}
	})
}
