package postgres_test

import (
	"testing"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }
