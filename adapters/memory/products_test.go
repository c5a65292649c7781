package memory_test

import (
	"testing"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/products/storetest"
)

func TestProducts(t *testing.T) {
	storetest.Run(t, func(_ *testing.T, rule products.KeyRule) products.Store {
		return memory.New(memory.Options{KeyRule: rule}).Products()
	})
}
