package postgres_test

import (
	"testing"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
)

func TestMain(m *testing.M) {
	pgtest.AtOnce(3)
	pgtest.Main(m)
}
