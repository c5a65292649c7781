package httpapi_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// FuzzUploads: whatever is sent as a file, as a form or as the body, is taken or refused with a problem that is the
// client's.
func FuzzUploads(f *testing.F) {
	form := "--b\r\nContent-Disposition: form-data; name=\"file\"; " +
		"filename=\"a.csv\"\r\n\r\nname,sku\nA,1\n\r\n--b--\r\n"
	for _, seed := range []struct{ contentType, encoding, query, body string }{
		{"text/csv", "", "", "name,sku\nA,1\n"}, {"text/csv; charset=utf-16", "gzip", "delimiter=%3b", "\x1f\x8b\x08"},
		{"application/gzip", "identity", "", "\x1f\x8b\x08\x00\x00"},
		{"multipart/form-data; boundary=b", "", "", form}, {"multipart/form-data; boundary=b", "", "mode=update",
			strings.ReplaceAll(form, "file", "x") + form},
		{"multipart/form-data; boundary=\"\"", "zstd", "map=name=x&group=", form[:40]},
		{"multipart/form-data", "", "", "--"},
		{"multipart/form-data; boundary=b", "", "",
			"--b\r\nContent-Disposition: form-data; name=file; filename*=utf-8''%ff\r\nContent-Transfer-Encoding: " +
				"base64\r\n\r\n=\r\n--b--"},
	} {
		f.Add(seed.contentType, seed.encoding, seed.query, []byte(seed.body))
	}
	f.Fuzz(func(t *testing.T, contentType, encoding, query string, body []byte) {
		fix := newFixture(t, httpapi.Options{MaxUploadBytes: 1 << 20})
		r := request("POST", "/upload_csv/", string(body))
		r.URL.RawQuery = query
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Content-Encoding", encoding)
		w := fix.send(r)
		require.Less(t, w.Code, 500, "%q %q %q: %s", contentType, encoding, query, w.Body)
		if w.Code >= 400 {
			require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
		}
	})
}

// FuzzExport: whatever a product's texts, an export with it imports again and changes nothing.
func FuzzExport(f *testing.F) {
	for _, s := range append(nasty, "\t", "'\t", "\ufeffx", "\u200b", "sep=;", "name", "a;b", "_line", "\"\n\"") {
		f.Add("S"+s, s, s, s, s)
	}
	for _, s := range []string{"1.234", "-5", "0", "-0.5", "123456789012345678901234567890", "true", "2026-11-28",
		"2026-11-28T09:30:00.5Z", `["a|b","=c"]`, `["[x"]`, `[" a"]`, "1,234"} {
		f.Add("S"+s, s, s, s, s)
	}
	f.Fuzz(func(t *testing.T, sku, name, description, attribute, value string) {
		fix := newFieldFixture(t)
		product := products.Product{SKU: sku, Name: name, Description: description}
		product.Fields = map[string]products.Value{}
		for _, f := range fix.store.Schema().Own() {
			for _, text := range []string{value, name, description, "[" + value + "]"} {
				if canonical, wrong := f.Parse(text); wrong == nil && canonical != "" && f.Check(canonical) == nil {
					product.Fields[f.Name] = f.Value(canonical)
				}
			}
		}
		if value != "" { // an attribute with an empty value is none in a file
			product.Attributes = map[string]string{attribute: value}
		}
		if _, err := fix.store.Create(t.Context(), product); err != nil {
			require.ErrorIs(t, err, products.ErrInvalid)
			return
		}
		w := fix.call("GET", "/products/export.csv", "")
		if w.Code == 400 {
			return // no import takes the name for an attribute's
		}
		require.Equal(t, 200, w.Code, w.Body)
		result, err := importer.Run(t.Context(), importer.Bytes(w.Body.Bytes()), fix.store,
			importer.Options{Mode: products.Update})
		require.NoError(t, err)
		require.EqualValues(t, 1, result.Unchanged, "%q: %+v", w.Body, result.Counts)
		require.EqualValues(t, 1, result.Read)
	})
}
