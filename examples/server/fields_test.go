package main

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks/receive"
)

const shopFields = `{"fields": [
	{"name": "price", "type": "decimal", "scale": 2, "rules": "gte=0", "aliases": ["preis"]},
	{"name": "available_from", "type": "date"}]}`

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fields.json")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// TestFieldsOfOthers: what doesn't fit is said in one line when the server starts.
func TestFieldsOfOthers(t *testing.T) {
	database := home.URL(t)
	schema, err := products.ParseSchema([]byte(shopFields))
	require.NoError(t, err)
	db, err := postgres.Open(t.Context(), database, postgres.Options{Fields: schema})
	require.NoError(t, err)
	require.NoError(t, db.Close())
	other := write(t, strings.Replace(shopFields, `"decimal", "scale": 2`, `"integer"`, 1))
	wrong := write(t, `{"fields": [{"name": "price", "type": "decimal", "scale": 2, "rules": "max=cheap"}]}`)
	for name, c := range map[string]struct {
		args   []string
		env    map[string]string
		status int
		says   string
	}{
		"a column of another type": {[]string{"-database-url", database, "-fields", other}, nil, 1, "price"},
		"a rule that is wrong":     {[]string{"-fields", wrong}, nil, 2, wrong + `: field 1, "price": `},
		"in the environment":       {nil, map[string]string{"FIELDS": wrong}, 2, wrong + `: field 1, "price": `},
		"no such file":             {[]string{"-fields", "none.json"}, nil, 2, "none.json: no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			require.Equal(t, c.status, run(t.Context(), append(c.args, "-addr", "127.0.0.1:0"),
				func(name string) string { return c.env[name] }, &stdout, &stderr))
			require.Contains(t, stderr.String(), c.says)
			require.Equal(t, 1, strings.Count(stderr.String(), "\n"), stderr.String())
			require.Empty(t, stdout.String())
		})
	}
}

// TestOnePriceEverywhere: a price that is changed by a file and by a PATCH is the same in answers, exports, events and
// the next file, to the digit.
func TestOnePriceEverywhere(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"memory", "SQLite", "PostgreSQL"} {
		t.Run(where, func(t *testing.T) {
			args := []string{"-allow-private-webhooks", "-fields", write(t, shopFields)}
			switch where {
			case "SQLite":
				args = append(args, "-database-url", "sqlite:"+filepath.Join(t.TempDir(), "products.db"))
			case "PostgreSQL":
				args = append(args, "-database-url", home.URL(t))
			}
			c := start(t, args...)
			secret := receive.NewSecret().Reveal()
			r := newReceiver(t, secret)
			c.do("POST", "/webhooks/", "application/json",
				strings.NewReader(`{"callback_url":"`+r.url+`","secret":"`+secret+`"}`), 201)
			lamp := func(price string) {
				t.Helper()
				var page struct {
					Results []struct{ Fields map[string]any }
				}
				require.NoError(t, json.Unmarshal([]byte(c.do("GET", "/products/?sku=l-1", "", nil, 200)), &page))
				require.Len(t, page.Results, 1)
				require.Equal(t, price, page.Results[0].Fields["price"])
				require.Contains(t, c.do("GET", "/products/export.csv", "", nil, 200), price)
			}
			file := func(query, text, count string) {
				t.Helper()
				ended, counts := c.importFile(query, strings.NewReader(text))
				require.Equal(t, "SUCCESS", ended.State, counts["error"])
				require.InDelta(t, 1, counts[count], 0, "%v", counts)
			}

			file("", "Name;SKU;Preis;Available from\nLamp;l-1;1.234,50 €;28.11.2026\n", "created")
			lamp("1234.50")
			require.Contains(t, r.says("product.created attempt"), `"price":"1234.50"`)
			export := c.do("GET", "/products/export.csv", "", nil, 200)

			at := "/products/1"
			patched := c.do("PATCH", at, "application/merge-patch+json", strings.NewReader(`{"fields":{"price":99.9}}`), 200)
			require.Contains(t, patched, `"price":"99.90"`)
			lamp("99.90")
			updated := r.says("product.updated attempt")
			require.Contains(t, updated, `"price":"99.90"`)
			require.Contains(t, updated, `"available_from":"2026-11-28"`)

			file("?mode=update", "sku,name,price\nl-1,Lamp,99.9\n", "unchanged")
			// More digits than a float has.
			const exact = "123456789012345678901234567890.12"
			file("?mode=existing&number=price%3D,", "sku;price\nl-1;123.456.789.012.345.678.901.234.567.890,12\n", "updated")
			lamp(exact)
			require.Contains(t, r.says("product.updated attempt"), `"price":"`+exact+`"`)
			c.do("PATCH", at, "application/merge-patch+json", strings.NewReader(`{"fields":{"price":"`+exact+`"}}`), 200)
			file("?mode=update", export, "updated")
			lamp("1234.50")
			require.Contains(t, r.says("product.updated attempt"), `"price":"1234.50"`)

			for query, status := range map[string]int{
				"?mode=existing&number=" + url.QueryEscape("price=;"): 400, "?number=prise%3D,": 400,
				"?date=available_from%3Ddym": 400, "?zone=Mars": 400,
			} {
				c.do("POST", "/upload_csv/"+query, "text/csv", strings.NewReader("sku,price\nl-1,5\n"), status)
			}
			c.do("PATCH", at, "application/merge-patch+json", strings.NewReader(`{"fields":{"price":"1.234"}}`), 422)
			ended, counts := c.importFile("?mode=existing", strings.NewReader("sku,price\nl-1,\"1,234\"\n"))
			require.Equal(t, "FAILURE", ended.State)
			require.Contains(t, counts["error"], "can be read in two ways")
			lamp("1234.50")
		})
	}
}
