package products_test

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/products/storetest"
)

// fieldsFile has every key.
const fieldsFile = `{"fields": [
  {"name": "price", "type": "decimal", "scale": 2, "rules": "gte=0", "aliases": ["variant price", "regular price"], "index": true},
  {"name": "stock", "type": "integer", "rules": "gte=0", "unit": "pcs"},
  {"name": "brand", "type": "text", "rules": "max=100", "search": true, "inherit": true},
  {"name": "tags", "type": "list", "separator": "|"},
  {"name": "available_from", "type": "date", "layout": "02.01.2006"},
  {"name": "seen_at", "type": "timestamp"},
  {"name": "fragile", "type": "boolean", "words": {"ja": true, "nein": false}}]}`

func TestParseSchema(t *testing.T) {
	want, err := products.NewSchema(
		products.Field{Name: "price", Type: products.Decimal, Scale: 2, Rules: "gte=0", Aliases: []string{"variant price", "regular price"}, Index: true},
		products.Field{Name: "stock", Type: products.Integer, Rules: "gte=0", Unit: "pcs"},
		products.Field{Name: "brand", Type: products.Text, Rules: "max=100", Search: true, Inherit: true},
		products.Field{Name: "tags", Type: products.List, Separator: "|"},
		products.Field{Name: "available_from", Type: products.Date, Layout: "02.01.2006"},
		products.Field{Name: "seen_at", Type: products.Timestamp},
		products.Field{Name: "fragile", Type: products.Boolean, Words: map[string]bool{"ja": true, "nein": false}})
	require.NoError(t, err)
	for _, text := range []string{fieldsFile, "\uFEFF" + fieldsFile, " " + strings.ReplaceAll(fieldsFile, "\n", "\r\n") + "\n"} {
		got, err := products.ParseSchema([]byte(text))
		require.NoError(t, err)
		require.True(t, want.Equal(got))
	}
	require.JSONEq(t, fieldsFile, mustJSON(t, want))
	require.JSONEq(t, `{"fields":[]}`, mustJSON(t, products.Standard()))
}

func TestParseSchemaRefuses(t *testing.T) {
	for text, want := range map[string]string{
		``:                                "fields: unexpected end of JSON input (line 1, column 1)",
		"{\"fields\":\n  [{]}":            "(line 2, column 5)",
		"{\"fields\":[\n]}\n {}":          "after top-level value (line 3, column 2)",
		`[]`:                              "must be an object",
		`null`:                            "must be an object",
		`{}`:                              `the key "fields" is missing`,
		`{"Fields": []}`:                  `unknown key "Fields": want fields, like or without`,
		`{"fields": [], "fields": []}`:    `the key "fields" comes twice`,
		`{"fields": null}`:                `"fields" must be an array of objects, not null`,
		`{"fields": {}}`:                  `"fields" must be an array of objects, not {}`,
		`{"fields": [null]}`:              `"fields" must be an array of objects`,
		`{"fields": [5]}`:                 `field 1: it must be an object`,
		`{"fields": [{"type": "text"}]}`:  `field 1: it has no name`,
		`{"fields": [{"name": "a"}]}`:     `field 1, "a": it has no type`,
		`{"fields": [{"name": 5}]}`:       `field 1: "name" must be a text, not 5`,
		"{\"fields\": [{\"name\": \"\xff": "not in UTF-8",
	} {
		_, err := products.ParseSchema([]byte(text))
		require.ErrorContains(t, err, want, text)
	}
	for field, want := range map[string]string{
		`"type": "money"`:                                     `unknown type "money": want one of text, integer, decimal, boolean, date, timestamp, list`,
		`"type": "decimal"`:                                   `a decimal needs its "scale"`,
		`"scale": 2, "type": "text"`:                          `only a decimal has a scale`,
		`"type": "decimal", "scale": 2.5`:                     `"scale" must be a whole number, not 2.5`,
		`"type": "decimal", "scale": "2"`:                     `"scale" must be a whole number, not "2"`,
		`"type": "decimal", "scale": null`:                    `"scale" must be a whole number, not null`,
		`"type": "text", "sclae": 2`:                          `unknown key "sclae": want name, type, scale`,
		`"type": "text", "Rules": ""`:                         `unknown key "Rules"`,
		`"type": "text", "type": "text"`:                      `the key "type" comes twice`,
		`"type": "text", "name": "price"`:                     `the key "name" comes twice`,
		`"type": "text", "rules": 5`:                          `"rules" must be a text, not 5`,
		`"type": "text", "rules": "nonsense"`:                 `the rule "nonsense"`,
		`"type": "text", "aliases": "a"`:                      `"aliases" must be an array of texts, not "a"`,
		`"type": "text", "aliases": [null]`:                   `"aliases" must be an array of texts, not [null]`,
		`"type": "text", "index": "yes"`:                      `"index" must be true or false, not "yes"`,
		`"type": "boolean", "words": {"a": null}`:             `"words": "a" must be true or false, not null`,
		`"type": "boolean", "words": []`:                      `"words": it must be an object`,
		`"type": "boolean", "words": {"a": 1}`:                `"words": "a" must be true or false, not 1`,
		`"type": "boolean", "words": {"a": true, "a": false}`: `"words": the key "a" comes twice`,
		`"type": "list", "separator": "||"`:                   `its separator must be one character`,
	} {
		_, err := products.ParseSchema([]byte(`{"fields": [{"name": "a", "type": "text"}, {"name": "price", ` + field + `}]}`))
		require.ErrorContains(t, err, `fields: field 2, "price": `, field)
		require.ErrorContains(t, err, want, field)
	}
}

func TestSchemasComeBackFromJSON(t *testing.T) {
	types := map[products.Type]bool{}
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		s := storetest.RandomSchema(rng)
		again, err := products.ParseSchema([]byte(mustJSON(t, s)))
		require.NoError(t, err)
		require.True(t, s.Equal(again), seed)
		for _, f := range s.All() {
			types[f.Type] = true
			var last string
			for range 20 {
				text := storetest.RandomValue(rng, f)
				require.Nil(t, again.Find(f.Name).Check(text))
				value := f.Value(text)
				parsed, broken := f.ParseJSON(value.AppendJSON(nil))
				require.Nil(t, broken)
				require.Equal(t, text, parsed)
				parsed, broken = f.Parse(text)
				require.Nil(t, broken)
				require.Equal(t, text, parsed)
				if f.Type == products.List {
					require.Equal(t, text, products.ListText(products.ListTexts(text)))
				}
				var read products.Value
				require.NoError(t, json.Unmarshal([]byte(mustJSON(t, value)), &read))
				parsed, broken = f.Canonical(read)
				require.Nil(t, broken)
				require.Equal(t, text, parsed)
				require.Equal(t, sign(f.Compare(text, last)), -sign(f.Compare(last, text)))
				require.Equal(t, text == last, f.Compare(text, last) == 0)
				last = text
			}
		}
	}
	require.Len(t, types, len(samples), "RandomSchema makes fields of all types")
}

func FuzzParseSchema(f *testing.F) {
	f.Add(fieldsFile)
	f.Add("\uFEFF" + `{"fields":[{"name":"a","type":"text","rules":"oneof='a b' c,ne=d|email","aliases":["ä"]}]}`)
	f.Add(`{"fields":[{"name":"a","type":"list","rules":"unique,dive,url"},{"name":"b","type":"decimal","scale":0,"rules":"gt=1.005"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := products.ParseSchema([]byte(text))
		if err != nil {
			require.NotEmpty(t, err.Error())
			return
		}
		written := mustJSON(t, s)
		again, err := products.ParseSchema([]byte(written))
		require.NoError(t, err, written)
		require.True(t, s.Equal(again), written)
		require.Equal(t, written, mustJSON(t, again))
		for _, field := range s.Own() {
			for _, value := range []string{"", "a", "0", "true", "2026-11-28", `["a"]`} {
				if canonical, err := field.Parse(value); err == nil {
					_ = field.Check(canonical) // must not panic
				}
			}
		}
	})
}

// TestSchemasInJSON: a schema that stands in other JSON is read as it was written.
func TestSchemasInJSON(t *testing.T) {
	schema, err := products.NewSchema(products.Field{Name: "price", Type: products.Decimal, Scale: 2, Rules: "gte=0"},
		products.Field{Name: "tags", Type: products.List, Separator: "|", Aliases: []string{"Labels"}})
	require.NoError(t, err)
	text, err := json.Marshal(map[string]*products.Schema{"fields": schema, "none": nil})
	require.NoError(t, err)
	var again map[string]*products.Schema
	require.NoError(t, json.Unmarshal(text, &again))
	require.True(t, schema.Equal(again["fields"]), string(text))
	require.Nil(t, again["none"])
	require.ErrorContains(t, json.Unmarshal([]byte(`{"fields": [{"name": "price"}]}`), new(products.Schema)), "field 1")
}
