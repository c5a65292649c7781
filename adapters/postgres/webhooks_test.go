package postgres_test

import (
	"testing"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks/storetest"
)

func TestWebhooks(t *testing.T) {
	t.Parallel()
	lend := lender(t, nil)
	storetest.Run(t, func(t *testing.T) storetest.Stores {
		db := open(t, lend(t, products.ExactKeys), postgres.Options{})
		return storetest.Stores{Webhooks: db.Webhooks(), InTx: db.InTx}
	})
}
