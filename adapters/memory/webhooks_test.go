package memory_test

import (
	"testing"

	"github.com/products-importer/products-importer/webhooks/storetest"
)

func TestWebhooks(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Stores {
		db, setBack := newClocked()
		return storetest.Stores{Webhooks: db.Webhooks(), InTx: db.InTx, SetBack: setBack}
	})
}
