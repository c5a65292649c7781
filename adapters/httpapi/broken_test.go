package httpapi_test

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/webhooks"
)

// TestBodiesThatBreakOff sends bodies that are broken or end too early: that is the client's fault, and no job comes of
// it.
func TestBodiesThatBreakOff(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	address := f.listen()
	form := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n" + catalogue
	for _, body := range []struct{ name, path, contentType, begin string }{
		{"JSON", "/products/", "application/json", `{"name":`},
		{"file", "/upload_csv/", "text/csv", catalogue},
		{"gzip", "/upload_csv/", "application/gzip", gzipped(t, catalogue)[:20]},
		{"zstd", "/upload_csv/", "application/zstd", zstandard(t, catalogue)[:20]},
		{"zip", "/upload_csv/", "application/zip", zipped(t, "a.csv", catalogue)[:45]},
		{"form", "/upload_csv/", "multipart/form-data; boundary=b", form},
		{"form's header", "/upload_csv/", "multipart/form-data; boundary=b", form[:20]},
		{"behind the form", "/upload_csv/", "multipart/form-data; boundary=b", form + "\r\n--b"},
	} {
		for _, test := range []struct{ name, header, chunk string }{
			{"no number", "Transfer-Encoding: chunked", "%x\r\n%s\r\nnonsense\r\n"},
			{"too large a number", "Transfer-Encoding: chunked", "%x\r\n%s\r\nfffffffffffffffff\r\n"},
			{"longer than its length", "Transfer-Encoding: chunked", "%x\r\n%sand more\r\n0\r\n\r\n"},
			{"a long line", "Transfer-Encoding: chunked", "%x\r\n%s\r\n" + strings.Repeat("0", 10_000)},
			{"cut off in a chunk", "Transfer-Encoding: chunked", "%x\r\n%s\r\n50\r\nx"},
			{"cut off between chunks", "Transfer-Encoding: chunked", "%x\r\n%s\r\n"},
			{"cut off", "Content-Length: 1000", "%.0d%s"},
		} {
			t.Run(body.name+"/"+test.name, func(t *testing.T) {
				conn, err := net.Dial("tcp", address)
				require.NoError(t, err)
				defer func() { _ = conn.Close() }()
				require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
				_, err = fmt.Fprintf(conn,
					"POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nContent-Type: %s\r\n%s\r\n\r\n"+test.chunk,
					body.path, basic(user, password), body.contentType, test.header, len(body.begin), body.begin)
				require.NoError(t, err)
				_ = conn.(*net.TCPConn).CloseWrite() // unless the server has closed it already
				response, err := http.ReadResponse(bufio.NewReader(conn), nil)
				require.NoError(t, err)
				defer func() { _ = response.Body.Close() }()
				require.Contains(t, []int{400, 422}, response.StatusCode)
				require.Empty(t, f.board.order, "there is no job")
			})
		}
	}
}

// TestTimesOutOfThisWorld asks with times that Go knows and no database does.
func TestTimesOutOfThisWorld(t *testing.T) {
	f := newHookFixture(t, webhooks.SenderOptions{Transport: nowhere{}})
	hook := f.create(`{"callback_url":"https://shop.example/"}`).ID
	f.add("A")
	for _, when := range []string{"2026-01-02T03:04:05+23:59", "0000-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59",
		"0000-01-01T00:00:00Z"} {
		for _, field := range []string{"created_at", "-updated_at"} {
			cursor := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"o":%q,"v":%q,"i":1}`, field, when))
			w := f.call("GET", "/products/?ordering="+field+"&cursor="+cursor, "")
			if !strings.HasSuffix(when, "Z") {
				require.Equal(t, "invalid_query", problem(t, w, 400).Code)
			}
		}
		w := f.call("POST", "/webhooks/"+hook+"/replay", `{"since":"`+when+`"}`)
		require.Less(t, w.Code, 500, w.Body.String())
	}
}
