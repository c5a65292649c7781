package memory_test

import (
	"testing"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth/tokentest"
	"github.com/products-importer/products-importer/adapters/memory"
)

func TestTokens(t *testing.T) {
	tokentest.Run(t, func(*testing.T) tokentest.Stores {
		db := memory.New(memory.Options{})
		return tokentest.Stores{Tokens: db.Tokens(), InTx: db.InTx}
	})
}
