package main

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
)

// TestNastyRequests sends what no database takes, wherever a request has room for it, to a server that keeps everything
// in PostgreSQL: that is the client's fault, and never the server's.
func TestNastyRequests(t *testing.T) {
	t.Parallel()
	c := start(t, "-database-url", home.URL(t), "-workers", "0")
	const (
		job  = "01900000-0000-7000-8000-000000000001"
		hook = "ep_00000000000000000000000000000001"
		file = "name,sku\nLamp,L-1\n"
	)
	texts := []string{"\x00", "a\x00b", "\xff", "\xed\xa0\x80", "'", `\`, "%", strings.Repeat("9", 400), "-1",
		"9223372036854775808", "1e400", "NaN", "\u202e", "\ufffe", "../..", "$1", strings.Repeat("é", 3_000)}
	ask := func(method, path, body string, header ...string) {
		r, err := http.NewRequestWithContext(t.Context(), method, c.base+path, strings.NewReader(body))
		require.NoError(t, err, path)
		r.SetBasicAuth("admin", c.password)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			require.ErrorContains(t, err, "invalid header", "it can't be sent")
			return
		}
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Less(t, response.StatusCode, 500, "%s %s %.200q %.100q: %s", method, path, body, header, text)
	}
	for _, text := range texts {
		escaped := url.QueryEscape(text)
		for _, name := range []string{"limit", "offset", "cursor", "name", "sku", "status", "search", "ordering",
			"count"} {
			ask("GET", "/products/?"+name+"="+escaped, "")
		}
		for _, path := range []string{"/products/*", "/imports/*", "/imports/*/events", "/imports/*/rejects.csv",
			"/webhooks/*", "/webhooks/*/deliveries", "/webhooks/deliveries/*/attempts",
			"/products/export.csv?attributes=*", "/imports/?state=*", "/imports/?offset=*", "/webhooks/?offset=*",
			"/webhooks/" + hook + "/deliveries?before=*", "/webhooks/" + hook + "/deliveries?event_id=*",
			"/webhooks/" + hook + "/deliveries?import_id=*", "/webhooks/" + hook + "/deliveries?event_type=*", "/*"} {
			ask("GET", strings.Replace(path, "*", url.PathEscape(text), 1), "")
		}
		for _, name := range []string{"mode", "dry_run", "extra", "delimiter", "encoding", "header", "map", "group",
			"max_rejects", "priority"} {
			ask("POST", "/upload_csv/?"+name+"="+escaped, file, "Content-Type", "text/csv")
		}
		ask("POST", "/upload_csv/?map="+url.QueryEscape("sku="+text), file, "Content-Type", "text/csv")
		ask("POST", "/upload_csv/", file, "Content-Type", "text/csv", "Idempotency-Key", text)
		ask("POST", "/upload_csv/", file, "Content-Type", "text/csv", "Content-Disposition", `attachment; filename="`+
			text+`"`)
		ask("POST", "/upload_csv/", "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\""+text+
			"\"\r\n\r\n"+file+"\r\n--b--\r\n", "Content-Type", "multipart/form-data; boundary=b")
		ask("POST", "/upload_csv/", file, "Content-Type", "multipart/form-data; boundary="+text)
		for _, name := range []string{"If-Match", "If-None-Match", "Range", "Last-Event-ID", "Content-Encoding",
			"Accept-Encoding", "X-Request-Id", "Forwarded"} {
			ask("GET", "/products/1", "", name, text)
			ask("PATCH", "/products/1", `{"name":"x"}`, name, text, "Content-Type", "application/json")
		}
		quoted := strings.NewReplacer("\x00", `\u0000`, `\`, `\\`).Replace(text)
		for _, body := range []string{
			`{"name":"*","sku":"x"}`, `{"name":"x","sku":"*"}`, `{"name":"x","sku":"y","description":"*"}`,
			`{"name":"x","sku":"z","attributes":{"*":"a"}}`, `{"name":"x","sku":"z","attributes":{"a":"*"}}`, `{"*":1}`,
			`{"name":*}`,
		} {
			ask("POST", "/products/", strings.Replace(body, "*", quoted, 1), "Content-Type", "application/json")
		}
		for _, body := range []string{
			`{"callback_url":"*"}`, `{"callback_url":"https://a.example/*"}`,
			`{"callback_url":"https://a.example/","client_name":"*"}`,
			`{"callback_url":"https://a.example/","token":"*"}`,
			`{"callback_url":"https://a.example/","headers":{"X-A":"*"}}`,
			`{"callback_url":"https://a.example/","headers":{"*":"a"}}`,
			`{"callback_url":"https://a.example/","events":["*"]}`,
			`{"callback_url":"https://a.example/","timeout":*}`, `{"callback_url":"https://a.example/","rate_limit":*}`,
			`{"callback_url":"https://a.example/","concurrency":*}`,
			`{"callback_url":"https://a.example/","secret":"*"}`,
		} {
			ask("POST", "/webhooks/", strings.Replace(body, "*", quoted, 1), "Content-Type", "application/json")
		}
		ask("POST", "/webhooks/"+hook+"/replay", `{"since":"`+quoted+`"}`, "Content-Type", "application/json")
		ask("POST", "/webhooks/"+hook+"/rotate", `{"grace":`+quoted+`}`, "Content-Type", "application/json")
		ask("POST", "/status/", `{"task_id":"`+quoted+`"}`, "Content-Type", "application/json")
	}
	ask("GET", "/imports/"+job, "")
}
