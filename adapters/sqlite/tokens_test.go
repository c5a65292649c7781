package sqlite

import (
	"testing"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth/tokentest"
)

func TestTokens(t *testing.T) {
	tokentest.Run(t, func(t *testing.T) tokentest.Stores {
		db := openNew(t)
		return tokentest.Stores{Tokens: db.Tokens(), InTx: db.InTx}
	})
}
