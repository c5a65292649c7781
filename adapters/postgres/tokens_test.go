package postgres_test

import (
	"testing"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth/tokentest"
	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
)

func TestTokens(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	db := open(t, url, postgres.Options{})
	tokentest.Run(t, func(t *testing.T) tokentest.Stores {
		query(t, url, `TRUNCATE api_tokens`)
		return tokentest.Stores{Tokens: db.Tokens(), InTx: db.InTx}
	})
}
