package httpapi_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/webhooks"
)

func TestNamesThatComeTwice(t *testing.T) {
	f := newHookFixture(t, webhooks.SenderOptions{Transport: nowhere{}})
	hook := f.create(`{"callback_url":"https://shop.example/"}`).ID
	product := f.add("A")[0]
	for _, test := range []struct{ method, path, body, field string }{
		{"POST", "/products/", `{"name":"x","name":"y","sku":"z"}`, "name"},
		{"POST", "/products/", `{"name":"x","sku":"z","attributes":{"a":"1","b":"2","a":"3"}}`, "attributes[a]"},
		{"POST", "/products/", `{"name":"x","sku":"z","attributes":{"a":"1","\u0061":"1"}}`, "attributes[a]"},
		{"POST", "/products/", `{"name":"x","sku":"z","attributes":{"":"1","":"1"}}`, "attributes"},
		{"PUT", "/products/1", `{"name":"x","sku":"z","attributes":{"a":null,"a":"3"}}`, "attributes[a]"},
		{"PATCH", "/products/1", `{"attributes":{"a":"1","a":null}}`, "attributes[a]"},
		{"PATCH", "/products/1", `{"attributes":{"a":{"b":1,"b":2}}}`, "attributes[b]"},
		{"PATCH", "/products/1", `{"created_at":[{"b":1},{"b":[],"c":{},"b":2}]}`, "created_at[b]"},
		{"POST", "/status/", `{"task_id":"x","task_id":"y"}`, "task_id"},
		{"POST", "/webhooks/", `{"callback_url":"https://a.example/","headers":{"X-A":"1","X-A":"2"}}`, "headers[X-A]"},
		{"POST", "/webhooks/", `{"callback_url":"https://a.example/","headers":{"X-A":"1","x-a":"2"}}`, "headers[x-a]"},
		{"PUT", "/webhooks/EP", `{"callback_url":"https://a.example/","headers":{"X-A":null,"X-A":"2"}}`,
			"headers[X-A]"},
		{"PATCH", "/webhooks/EP", `{"secrets":[{"until":null,"until":null}]}`, "secrets[until]"},
		{"POST", "/webhooks/EP/rotate", `{"grace":1,"grace":1}`, "grace"},
		{"POST", "/webhooks/EP/replay", `{"since":"2026-01-01T00:00:00Z","since":"2026-01-01T00:00:00Z"}`, "since"},
	} {
		p := problem(t, f.call(test.method, strings.ReplaceAll(test.path, "EP", hook), test.body), 422)
		require.Equal(t, test.field, p.Errors[0].Field, test.body)
		require.Equal(t, "duplicate", p.Errors[0].Code, test.body)
	}
	now, err := f.store.Get(t.Context(), product.ID)
	require.NoError(t, err)
	require.Equal(t, product, now)
	require.Equal(t, 200,
		f.call("PATCH", "/products/1",
			`{"attributes":{"a":"a","b":"a"},"created_at":[{"b":1e999},{"b":{"b":{}}}]}`).Code, "none does")
}

func TestHalvesOfSurrogatePairs(t *testing.T) {
	f := newHookFixture(t, webhooks.SenderOptions{Transport: nowhere{}})
	hook := f.create(`{"callback_url":"https://shop.example/"}`).ID
	f.add("A")
	for _, half := range []string{`\ud800`, `\udc00`, `\uDBFF`, `\udfff`, `x\\\ud800`, `\ud83d\ud83d\ude00`,
		`\ud83dx\ude00`, `\ud83d\\ude00`, `\ud83d\u0041`, `\ud83d\n`, `\ude00\ud83d`} {
		for _, test := range []struct{ method, path, body, field string }{
			{"POST", "/products/", `{"name":"HALF","sku":"B"}`, "name"},
			{"PATCH", "/products/1", `{"sku":"HALF"}`, "sku"},
			{"PUT", "/products/1", `{"name":"x","sku":"B","description":"HALF"}`, "description"},
			{"PATCH", "/products/1", `{"attributes":{"a":"HALF"}}`, "attributes"},
			{"PATCH", "/products/1", `{"attributes":{"HALF":"a"}}`, "attributes"},
			{"POST", "/webhooks/", `{"callback_url":"https://a.example/","client_name":"HALF"}`, "client_name"},
			{"PATCH", "/webhooks/EP", `{"token":"HALF"}`, "token"},
			{"PATCH", "/webhooks/EP", `{"headers":{"X-A":"HALF"}}`, "headers"},
			{"POST", "/status/", `{"task_id":"HALF"}`, "task_id"},
			{"PATCH", "/products/1", `{"HALF":"x"}`, ""},
		} {
			p := problem(t, f.call(test.method, strings.ReplaceAll(test.path, "EP", hook),
				strings.ReplaceAll(test.body, "HALF", half)), 422)
			if test.field != "" {
				require.Equal(t, test.field, p.Errors[0].Field, half)
				require.Equal(t, "bad_character", p.Errors[0].Code, half)
				require.Contains(t, p.Detail, "surrogate")
			}
		}
	}
	for i, text := range []string{`\ud83d\ude00`, `\uD83D\uDE00`, `\\ud800`, `\u0041`, `\"\\\/\b\f`, `\ufffd`, "\ufffd",
		`\\\ud83d\ude00`, `😀`} {
		w := f.call("POST", "/products/", `{"name":"a`+text+`z","sku":"OK-`+string(rune('a'+i))+`"}`)
		require.Equal(t, 201, w.Code, w.Body.String())
	}
	require.EqualValues(t, 4, decode[list](t, f.call("GET", "/products/?search=%F0%9F%98%80", "")).Count)
}

// BenchmarkReadObject reads a product with many attributes.
func BenchmarkReadObject(b *testing.B) {
	f := newFixture(b, httpapi.Options{})
	f.add("A")
	var attributes strings.Builder
	for i := range 100 {
		attributes.WriteString(`,"name ` + string(rune('a'+i%26)) + strings.Repeat("x", i) + `":"` +
			strings.Repeat("é ", 50) + `"`)
	}
	body := `{"name":"Lamp","sku":"A","attributes":{` + attributes.String()[1:] + `}}`
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if w := f.call("PUT", "/products/1", body); w.Code != 200 {
			b.Fatal(w.Body)
		}
	}
}
