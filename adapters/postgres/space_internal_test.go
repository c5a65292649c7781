package postgres

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestQualify(t *testing.T) {
	s := newSpace(`we"ird`)
	for statement, want := range map[string]string{
		`SELECT 1`:                       `SELECT 1`,
		`SELECT id FROM products`:        `SELECT id FROM "we""ird".products`,
		`INSERT INTO products(id)`:       `INSERT INTO "we""ird".products(id)`,
		`FROM products p, import_jobs j`: `FROM "we""ird".products p, "we""ird".import_jobs j`,
		`FROM other.products`:            `FROM other.products`,
		`SELECT products.id`:             `SELECT products.id`,
		`SELECT "products", "a""products" FROM products_search, my_products, products2`: `SELECT "products", ` +
			`"a""products" FROM products_search, my_products, products2`,
		`nextval('product_ids'), 'products'::regclass, 'of products', ''`: `nextval('"we""ird".product_ids'), ` +
			`'"we""ird".products'::regclass, 'of products', ''`,
		`DO $$ BEGIN products; END $$; DELETE FROM products`: `DO $$ BEGIN products; END $$; ` +
			`DELETE FROM "we""ird".products`,
		`FROM webhook_deliveries_pending WHERE a = $1 AND b = 'x`: `FROM "we""ird".webhook_deliveries_pending ` +
			`WHERE a = $1 AND b = 'x`,
		`products`: `"we""ird".products`,
		`'`:        `'`,
		`"`:        `"`,
		`$$`:       `$$`,
	} {
		require.Equal(t, want, s.qualify(statement))
		require.Equal(t, statement, newSpace("").qualify(statement))
	}
}

// TestOurs: what is known of the tables is what the migrations make.
func TestOurs(t *testing.T) {
	for _, name := range append(append([]string{"products_importer_settings"}, tables...), sequences...) {
		require.True(t, ours()[name], name)
	}
	for name := range ours() {
		require.GreaterOrEqual(t, len(name), shortest)
	}
	all := allMade()
	for i, m := range all {
		require.EqualValues(t, i+1, m.version)
	}
	require.Contains(t, all[1].indexes, "import_jobs_key")
}

func BenchmarkQualify(b *testing.B) {
	s := newSpace("catalogue")
	statement := `UPDATE products AS p SET version = p.version + 1` + strings.Repeat(", a = x.b", 100) +
		` FROM import_jobs WHERE id = 1`
	b.SetBytes(int64(len(statement)))
	for b.Loop() {
		s.qualify(statement)
	}
}
