package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/examples/errorline"
)

const shopFields = `{"fields": [
	{"name": "price", "type": "decimal", "scale": 2, "rules": "gte=0", "aliases": ["preis"]},
	{"name": "stock", "type": "integer"},
	{"name": "currency", "type": "text", "rules": "oneof=EUR USD"},
	{"name": "available_from", "type": "date", "aliases": ["lieferbar ab"]},
	{"name": "seen_at", "type": "timestamp"}]}`

// export is as a German spreadsheet writes it: in Windows-1252.
const export = "Name;SKU;Preis;Lieferbar ab\r\n" +
	"Lampe;l-1;1.234,50 \x80;28.11.2026\r\n" +
	"Tisch;t-1;99,00 \x80;01.12.2026\r\n" +
	"Stuhl;s-1;12,345 \x80;01.12.2026\r\n"

func TestSpreadsheetExport(t *testing.T) {
	fields, rejects := write(t, "fields.json", shopFields), filepath.Join(t.TempDir(), "rejects.csv")
	s := importcsv(t, map[string]string{"FIELDS": fields}, "", "-rejects", rejects, write(t, "export.csv", export))
	require.Equal(t, 0, s.status, s.stderr)
	require.Contains(t, s.stdout, `
columns:
  name           from column 1, "Name"
  sku            from column 2, "SKU"
  price          from column 3, "Preis": numbers like 1.234,50, in EUR (line 2: "1.234,50 €" has the comma behind the point)
  available_from from column 4, "Lieferbar ab": dates as dmy (line 2: "28.11.2026" has a day that is no month, in front)

rejected:
  line 4, column Preis: Preis must have at most 2 digits behind the comma, not "12,345 €"
`)
	text, err := os.ReadFile(rejects)
	require.NoError(t, err)
	mended := importcsv(t, nil, "", "-json", "-fields", fields,
		write(t, "mended.csv", strings.Replace(string(text), "12,345", "12,35", 1)))
	require.Equal(t, 0, mended.status, mended.stderr)
	object := mended.decode(t)
	require.InDelta(t, 1, object["created"], 0)
	columns := object["dialect"].(map[string]any)["columns"].([]any)
	format := columns[2].(map[string]any)["format"].(map[string]any)
	require.Equal(t, ",", format["decimal_sign"])
	require.Equal(t, "EUR", format["currency"])
	require.NotEmpty(t, format["evidence"])
}

func TestQuestions(t *testing.T) {
	fields := write(t, "fields.json", shopFields)
	path := write(t, "file.csv", "name,sku,price,available_from\nLamp,l-1,\"1,234\",01/02/2026\n")
	s := importcsv(t, nil, "", "-fields", fields, path)
	require.Equal(t, errorline.Failure, s.status)
	require.Empty(t, s.stdout)
	message, advice, _ := strings.Cut(s.stderr, "\n")
	require.Regexp(t, `^importcsv: the file cannot be imported: the numbers of the column price .*; the dates of the `+
		`column available_from can be read in several ways`, message)
	require.Equal(t, `  to answer:  -number price=,   or   -number price=.
  to answer:  -date available_from=dmy   or   -date available_from=mdy
`, advice)

	object := importcsv(t, nil, "", "-json", "-fields", fields, path).decode(t)
	require.Equal(t, "FAILURE", object["state"])
	require.Contains(t, object["error"], "can be read in two ways")
	// The answers are flags as they stand there.
	for _, answer := range []struct {
		flags  string
		status int
	}{{"-number price=. -date available_from=dmy", 0}, {"-date available_from=mdy -number price=.", 0},
		{"-number price=.", 1}} {
		s := importcsv(t, nil, "", append(strings.Fields(answer.flags), "-fields", fields, path)...)
		require.Equal(t, answer.status, s.status, s.stderr)
	}
	// A question without an answer has no flag.
	s = importcsv(t, nil, "", "-fields", fields, write(t, "file.csv", "name,sku,price\na,1,1 EUR\nb,2,1 USD\n"))
	oneLine(t, s, errorline.Failure, "several currencies")
}

func TestUsageOfFields(t *testing.T) {
	fields := write(t, "fields.json", shopFields)
	bad := write(t, "bad.json", `{"fields": [{"name": "price", "type": "decimal", "scale": 2, "rules": "colour"}]}`)
	for _, c := range []struct{ name, flags, want string }{
		{"no file", "-fields none.json", `-fields "none.json": open none.json: no such file`},
		{"a bad file", "-fields " + bad, "the fields file " + bad + `: field 1, "price": `},
		{"an unknown field to map", "-map prise=2",
			`-map prise: there is no field "prise": want one of sku, name, description, status, price, stock, currency`},
		{"an unknown field to set", "-set prise=2", `-set prise: there is no field "prise"`},
		{"an unknown field with numbers", "-number prise=,", `-number prise: there is no field "prise"`},
		{"an unknown field with dates", "-date prise=dmy", `-date prise: there is no field "prise"`},
		{"numbers of a text", "-number currency=,", `-number names "currency", which is no field with numbers`},
		{"dates of a number", "-date price=dmy", `-date names "price", which is no field with dates`},
		{"a sign that is none", "-number price=;", "bad decimal sign"},
		{"an order that is none", "-date available_from=ddmmyy", "want ymd, dmy, mdy or auto"},
		{"a field twice", "-number price=, -number price=.", "price is given twice"},
		{"a value twice", "-set currency=EUR -set currency=USD", "currency is given twice"},
		{"no value", "-set currency", "want FIELD=VALUE"},
		{"a value that breaks a rule", "-set currency=CHF", "-set has a value that can't be taken: currency must be"},
		{"a value of another type", "-set stock=many", "stock must be a whole number"},
		{"a constant key", "-set sku=1", "-set can't give every record the same sku"},
		{"a value and a column", "-set stock=1 -map stock=Stock", "-set and -map both name stock"},
		{"no zone", "-zone Mars/Base", `unknown time zone "Mars/Base"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			flags := strings.Fields(c.flags)
			if flags[0] != "-fields" {
				flags = append(flags, "-fields", fields) // behind the flags that name fields
			}
			oneLine(t, importcsv(t, nil, "", append(flags, "a.csv")...), errorline.Usage, c.want)
		})
	}
}

func TestValuesForAllRecords(t *testing.T) {
	s := importcsv(t, nil, "", "-fields", write(t, "fields.json", shopFields), "-set", "currency=EUR", "-map",
		"price=none", "-zone", "Europe/Berlin",
		write(t, "file.csv", "name,sku,price,seen_at\nLamp,l-1,abc,2026-11-28 10:00\n"))
	require.Equal(t, 0, s.status, s.stderr)
	require.Contains(t, s.stdout, `
columns:
  name        from column 1, "name"
  sku         from column 2, "sku"
  seen_at     from column 4, "seen_at": dates as ymd, times without a zone in Europe/Berlin (line 2: "2026-11-28 10:00" has no zone and is taken as Europe/Berlin)
  currency    "EUR" in every record
  ignored:    price
`)
}

// TestModeExisting imports in processes of their own: the catalogue, and then its stock.
func TestModeExisting(t *testing.T) {
	url, fields := home.URL(t), write(t, "fields.json", shopFields)
	start := func(args ...string) session {
		p := program(t, append([]string{"-database-url", url, "-fields", fields}, args...)...)
		require.NoError(t, p.Start())
		return p.session(t)
	}
	s := start(write(t, "catalog.csv", "name,sku,price,stock\nLamp,l-1,9.50,1\nDesk,d-1,20,2\n"))
	require.Equal(t, 0, s.status, s.stderr)

	stock := write(t, "stock.csv", "sku,stock\nl-1,7\nnone,8\nd-1,2\n")
	refused := start("-mode", "update", stock)
	require.Equal(t, errorline.Failure, refused.status)
	require.Contains(t, refused.stderr, "in the mode existing")

	skipped := filepath.Join(t.TempDir(), "skipped.csv")
	s = start("-mode", "existing", "-skipped", skipped, stock)
	require.Equal(t, 0, s.status, s.stderr)
	require.Contains(t, s.stdout, "  skipped              1  don't exist, and were left alone\n")
	text, err := os.ReadFile(skipped)
	require.NoError(t, err)
	require.Equal(t, "sku,line\nnone,3\n", string(text))

	db := open(t, url)
	var name, price string
	var stored, version int64
	require.NoError(t, db.QueryRowContext(t.Context(),
		`SELECT name, price, stock, version FROM products WHERE sku = 'l-1'`).Scan(&name, &price, &stored, &version))
	require.Equal(t, []any{"Lamp", "9.50", int64(7), int64(2)}, []any{name, price, stored, version})
	require.Equal(t, int64(1), count(t, db, `SELECT count(*) FROM products WHERE version > 1`))

	// What exists in mode ignore is skipped, too.
	s = start("-skipped", skipped, "-dry-run", write(t, "catalog.csv", "name,sku\nNew,n-1\nLamp,l-1\n"))
	require.Equal(t, 0, s.status, s.stderr)
	text, err = os.ReadFile(skipped)
	require.NoError(t, err)
	require.Equal(t, "sku,line\nl-1,3\n", string(text))
}

// TestOtherColumn: a database whose column is of another type is refused, and left as it is.
func TestOtherColumn(t *testing.T) {
	url, file := home.URL(t), write(t, "file.csv", "name,sku,price\nLamp,l-1,5\n")
	s := importcsv(t, nil, "", "-database-url", url, "-fields", write(t, "fields.json", shopFields), file)
	require.Equal(t, 0, s.status, s.stderr)
	other := write(t, "fields.json", strings.Replace(shopFields, `"decimal", "scale": 2`, `"integer"`, 1))
	oneLine(t, importcsv(t, nil, "", "-database-url", url, "-fields", other, file), errorline.Failure, "price")
	require.Equal(t, int64(1), count(t, open(t, url), `SELECT count(*) FROM products WHERE price = 5.00`))
}

// An encoding that isn't clear is asked about, and imported with the flag that answers.
func TestEncodingQuestion(t *testing.T) {
	file := write(t, "polish.csv", "sku,name\n1,p\xf3\xb3ka\n2,r\xeacznik\n3,\xbfelazko\n")
	s := importcsv(t, nil, "", file)
	require.Equal(t, errorline.Failure, s.status)
	require.Contains(t, s.stderr, `windows-1250: "półka"`)
	require.Contains(t, s.stderr, "  to answer:  -encoding windows-1250   or   -encoding ")

	s = importcsv(t, nil, "", "-encoding", "cp1250", "-json", file)
	require.Zero(t, s.status, s.stderr)
	require.Contains(t, s.stdout, `"encoding":"windows-1250"`)
	require.Contains(t, s.stdout, `"created":3`)
}
