package httpapi_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

const catalogue = "name,sku\nLamp,L-1\nTorch,T-1\n"

// form makes a form of fields, in order; those that begin with "@" are files.
func form(t testing.TB, fields ...string) (body, contentType string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(fields); i += 2 {
		var part io.Writer
		var err error
		if name, file := strings.CutPrefix(fields[i], "@"); file {
			part, err = w.CreateFormFile(name, `C:\data\products.csv`)
		} else {
			part, err = w.CreateFormField(fields[i])
		}
		require.NoError(t, err)
		_, err = io.WriteString(part, fields[i+1])
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.String(), "Content-Type: " + w.FormDataContentType()
}

func gzipped(t testing.TB, text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func zstandard(t testing.TB, text string, options ...zstd.EOption) string {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, options...)
	require.NoError(t, err)
	_, err = io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

// zipped returns an archive of one file.
func zipped(t testing.TB, name, text string) string {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create(name)
	require.NoError(t, err)
	_, err = io.WriteString(f, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func TestUpload(t *testing.T) {
	plain, plainType := form(t, "@file", catalogue)
	packed, packedType := form(t, "@file", zstandard(t, catalogue))
	for _, test := range []struct {
		name, body string
		headers    []string
		fileName   string
	}{
		{"form", plain, []string{plainType}, "products.csv"},
		{"form with zstd in it", packed, []string{packedType}, "products.csv"},
		{"body", catalogue, []string{"Content-Type: text/csv"}, ""},
		{"body with a character set", catalogue, []string{"Content-Type: text/csv; charset=utf-8"}, ""},
		{"body with a name", catalogue, []string{"Content-Type: text/csv",
			`Content-Disposition: attachment; filename="a/b.csv"`}, "b.csv"},
		{"octets", catalogue, []string{"Content-Type: application/octet-stream"}, ""},
		{"no type", catalogue, nil, ""},
		{"as Excel's", catalogue, []string{"Content-Type: application/vnd.ms-excel"}, ""},
		{"gzip", gzipped(t, catalogue), []string{"Content-Type: application/gzip"}, ""},
		{"gzip in two members", gzipped(t, catalogue[:7]) + gzipped(t, catalogue[7:]),
			[]string{"Content-Type: application/gzip"}, ""},
		{"zstd", zstandard(t, catalogue), []string{"Content-Type: application/zstd"}, ""},
		{"zip", zipped(t, "a/products.csv", catalogue), []string{"Content-Type: application/zip"}, ""},
		{"zip as browsers on Windows call it", zipped(t, "products.csv", catalogue),
			[]string{"Content-Type: application/x-zip-compressed"}, ""},
		{"gzip that says it is CSV", gzipped(t, catalogue), []string{"Content-Type: text/csv"}, ""},
		{"encoded with gzip", gzipped(t, catalogue), []string{"Content-Type: text/csv", "Content-Encoding: gzip"}, ""},
		{"encoded with zstd", zstandard(t, catalogue), []string{"Content-Type: text/csv", "Content-Encoding: ZSTD"},
			""},
		{"gzip encoded with zstd", zstandard(t, gzipped(t, catalogue)), []string{"Content-Type: application/gzip",
			"Content-Encoding: zstd"}, ""},
		{"not encoded", catalogue, []string{"Content-Type: text/csv", "Content-Encoding: identity"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, httpapi.Options{})
			w := f.send(request("POST", "/upload_csv/", test.body, test.headers...))
			require.Equal(t, http.StatusAccepted, w.Code, w.Body.String())
			require.Equal(t, "/imports/"+id(1), w.Header().Get("Location"))
			answer := decode[map[string]any](t, w)
			require.Equal(t, id(1), answer["task_id"])
			require.Equal(t, "PENDING", answer["state"])
			require.Equal(t, []string{catalogue}, f.board.files, "the file is stored as it is without compression")
			require.Equal(t, test.fileName, f.board.requests[0].FileName)
		})
	}
}

func TestUploadSettings(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	query := url.Values{"mode": {"update"}, "dry_run": {"true"}, "extra": {"keep"}, "delimiter": {";"}, "quote": {"none"},
		"encoding": {"windows-1252"}, "header": {"no"}, "map": {"name=Title", "sku=a=b"}, "group": {"Handle"},
		"leave_out": {"Colour", "", "7"}, "max_rejects": {"2.5%"}, "missing": {"deactivate"},
		"max_missing": {"7"}, "scope": {"name=a=b", "search=x"}, "priority": {"-3"}}
	w := f.send(request("POST", "/upload_csv?"+query.Encode(), catalogue, "Idempotency-Key: k-1"))
	require.Equal(t, 202, w.Code, w.Body.String())
	require.Equal(t, job.Request{User: user, Priority: -3, IdempotencyKey: "k-1", Settings: job.Settings{Mode: products.Update,
		DryRun: true, Extra: "keep", Delimiter: ";", Quote: "none", Encoding: "windows-1252",
		Header: "no", Map: map[string]string{"name": "Title", "sku": "a=b"}, Group: "Handle", LeaveOut: []string{"Colour", "7"},
		MaxRejects: "2.5%", Missing: "deactivate", MaxMissing: "7", Scope: []string{"name=a=b", "search=x"}}},
		f.board.requests[0])
}

func TestUploadSets(t *testing.T) {
	f := newFieldFixture(t)
	query := url.Values{"mode": {"existing"}, "map": {"price=none", "stock=2"},
		"set": {"currency=EUR", "brand=a=b", "tags="}, "number": {"weight=,", "stock=."}, "date": {"available_from=dmy"},
		"zone": {"Europe/Berlin"}}
	w := f.send(request("POST", "/upload_csv?"+query.Encode(), catalogue))
	require.Equal(t, 202, w.Code, w.Body.String())
	require.Equal(t, job.Settings{Mode: products.Existing, Map: map[string]string{"price": "none", "stock": "2"},
		Set:    map[string]string{"currency": "EUR", "brand": "a=b", "tags": ""},
		Number: map[string]string{"weight": ",", "stock": "."}, Date: map[string]string{"available_from": "dmy"},
		Zone: "Europe/Berlin"}, f.board.requests[0].Settings)
	for query, says := range map[string]string{
		"set=currency": "set must be FIELD=VALUE", "set==EUR": "set must be FIELD=VALUE",
		"set=brand%3Da&set=brand%3Db": `set names the field "brand" twice`, "set=currency%3DXXX": "currency must be one of",
		"set=color%3Dred": "color", "set=price%3D1,50": "price must be a number", "set=sku%3DA": "sku",
		"number=weight%3D%3B": "bad decimal sign", "number=brand%3D,": "no field with numbers", "number=weight": "FIELD=SIGN",
		"number=weight%3D,&number=weight%3D.": `number names the field "weight" twice`,
		"date=available_from%3Dddmm":          "want ymd, dmy, mdy or auto", "date=stock%3Ddmy": "no field with dates",
		"missing=drop": "want keep, deactivate, delete", "max_missing=much&missing=delete": "want a count like 100",
		"max_missing=5": "missing=keep keeps them all", "scope=status%3Dtrue": "missing=keep keeps them all",
		"scope=vendor%3Da&missing=delete": `there is no field "vendor" to filter by: want one of`,
		"scope=price&missing=delete":      "want FIELD=VALUE",
		"zone=Mars":                       `unknown time zone "Mars"`,
		"map=color%3D2":                   "color", "mode=replace": "want ignore, update or existing",
	} {
		p := problem(t, f.send(request("POST", "/upload_csv?"+query, catalogue)), 400)
		require.Contains(t, p.Detail, says, query)
		name, _, _ := strings.Cut(query, "=")
		require.Equal(t, name, p.Errors[0].Field)
	}
}

func TestBadUploads(t *testing.T) {
	one := func(fields ...string) func(t *testing.T) *http.Request {
		return func(t *testing.T) *http.Request {
			body, contentType := form(t, fields...)
			return request("POST", "/upload_csv/", body, contentType)
		}
	}
	plain := func(query, body string, headers ...string) func(t *testing.T) *http.Request {
		return func(*testing.T) *http.Request { return request("POST", "/upload_csv/"+query, body, headers...) }
	}
	large := strings.Repeat("x", 5_000)
	for _, test := range []struct {
		name    string
		request func(t *testing.T) *http.Request
		status  int
		field   string
	}{
		{"no file", one(), 422, "file"},
		{"another field", one("@upload", catalogue), 422, "upload"},
		{"another field first", one("mode", "update", "@file", catalogue), 422, "mode"},
		{"another field behind", one("@file", catalogue, "mode", "update"), 422, "mode"},
		{"two files", one("@file", catalogue, "@file", catalogue), 422, "file"},
		{"form too long", one("@file", large), 413, ""},
		{"form cut off", func(t *testing.T) *http.Request {
			body, contentType := form(t, "@file", catalogue)
			return request("POST", "/upload_csv/", body[:len(body)-30], contentType)
		}, 400, ""},
		{"form without a boundary", plain("", catalogue, "Content-Type: multipart/form-data"), 400, ""},
		{"no form", plain("", catalogue, "Content-Type: multipart/form-data; boundary=b"), 422, "file"},
		{"curl's type", plain("", catalogue, "Content-Type: application/x-www-form-urlencoded"), 415, ""},
		{"JSON", plain("", "{}", "Content-Type: application/json"), 415, ""},
		{"an image", plain("", "x", "Content-Type: image/png"), 415, ""},
		{"a bad type", plain("", catalogue, "Content-Type: /"), 415, ""},
		{"brotli", plain("", catalogue, "Content-Type: text/csv", "Content-Encoding: br"), 415, ""},
		{"no gzip", plain("", catalogue, "Content-Type: text/csv", "Content-Encoding: gzip"), 422, ""},
		{"no zstd", plain("", catalogue, "Content-Type: text/csv", "Content-Encoding: zstd"), 422, ""},
		{"gzip cut off", func(t *testing.T) *http.Request {
			body := gzipped(t, catalogue)
			return request("POST", "/upload_csv/", body[:len(body)-5])
		}, 422, ""},
		{"gzip damaged", func(t *testing.T) *http.Request {
			body := []byte(gzipped(t, catalogue))
			body[len(body)-6] ^= 1
			return request("POST", "/upload_csv/", string(body))
		}, 422, ""},
		{"too long", plain("", large), 413, ""},
		{"too long without a length", func(*testing.T) *http.Request {
			r := httptest.NewRequest("POST", "/upload_csv/", io.MultiReader(strings.NewReader(large)))
			r.SetBasicAuth(user, password)
			return r
		}, 413, ""},
		{"too long once it is decompressed", func(t *testing.T) *http.Request {
			return request("POST", "/upload_csv/", gzipped(t, strings.Repeat("a,b\n", 10_000)))
		}, 413, ""},
		{"too long without compression", func(t *testing.T) *http.Request {
			return request("POST", "/upload_csv/", gzipped(t, strings.Repeat("a,b\n", 10_000)),
				"Content-Encoding: gzip")
		}, 413, ""},
		{"zip without a CSV file", func(t *testing.T) *http.Request {
			return request("POST", "/upload_csv/", zipped(t, "readme.html", catalogue))
		}, 422, ""},
		{"a spreadsheet", func(t *testing.T) *http.Request {
			return request("POST", "/upload_csv/", zipped(t, "[Content_Types].xml", "<x/>"))
		}, 422, ""},
		{"another encoding than is said", plain("", zstandard(t, catalogue), "Content-Type: text/csv",
			"Content-Encoding: gzip"), 422, ""},
		{"zstd too long", func(t *testing.T) *http.Request {
			return request("POST", "/upload_csv/", zstandard(t, strings.Repeat("a,b\n", 10_000)))
		}, 413, ""},
		{"unknown mode", plain("?mode=upsert", catalogue), 400, "mode"},
		{"delimiter", plain("?delimiter=ab", catalogue), 400, "delimiter"},
		{"encoding", plain("?encoding=morse", catalogue), 400, "encoding"},
		{"header", plain("?header=perhaps", catalogue), 400, "header"},
		{"extra", plain("?extra=sell", catalogue), 400, "extra"},
		{"max_rejects", plain("?max_rejects=-1", catalogue), 400, "max_rejects"},
		{"map of no field", plain("?map=colour=x", catalogue), 400, "map"},
		{"group", plain("?group=%20", catalogue), 400, "group"},
		{"unknown parameter", plain("?color=red", catalogue), 400, "color"},
		{"mode twice", plain("?mode=update&mode=ignore", catalogue), 400, "mode"},
		{"dry_run", plain("?dry_run=perhaps", catalogue), 400, "dry_run"},
		{"map", plain("?map=name", catalogue), 400, "map"},
		{"map without a column", plain("?map=name=", catalogue), 400, "map"},
		{"map twice", plain("?map=name=a&map=name=b", catalogue), 400, "map"},
		{"priority", plain("?priority=high", catalogue), 400, "priority"},
		{"malformed query", plain("?mode=%zz", catalogue), 400, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, httpapi.Options{MaxUploadBytes: 4_000, MaxFileBytes: 20_000})
			p := problem(t, f.send(test.request(t)), test.status)
			if test.field != "" {
				require.Equal(t, test.field, p.Errors[0].Field)
				require.Contains(t, p.Detail, test.field)
			}
			require.Empty(t, f.board.order, "there is no job")
		})
	}
}

func TestBomb(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	for name, bomb := range map[string]string{"gzip": gzipped(t, strings.Repeat("a", 20<<20)),
		"zstd": zstandard(t, strings.Repeat("a", 20<<20))} {
		p := problem(t, f.send(request("POST", "/upload_csv/", bomb)), 413)
		require.Contains(t, p.Detail, "times", name)
	}
	wide := zstandard(t, strings.Repeat("some text that may be far back,", 700_000), zstd.WithWindowSize(16<<20))
	problem(t, f.send(request("POST", "/upload_csv/", wide)), 413)
}

// TestLayers sends files that are compressed more often than is taken, and one whose layers together are a bomb.
func TestLayers(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	again := func(file string) string { return gzipped(t, file) }
	member := gzipped(t, strings.Repeat("a,b\n", 1_000))
	bomb := again(strings.Repeat(member, 10_000))
	body, contentType := form(t, "@file", again(zstandard(t, catalogue)))
	for name, test := range map[string]struct {
		body    string
		headers []string
		status  int
		detail  string
	}{
		"two in a body": {again(again(catalogue)), nil, 422, "more than once"},
		"two in a form": {body, []string{contentType}, 422, "more than once"},
		"zip in gzip":   {again(zipped(t, "p.csv", catalogue)), nil, 422, "more than once"},
		"gzip in zip":   {zipped(t, "p.csv", again(catalogue)), nil, 422, "more than once"},
		"three with a Content-Encoding": {again(again(zstandard(t, catalogue))), []string{"Content-Encoding: gzip"},
			422, "more than once"},
		"four with a Content-Encoding": {again(again(again(again(catalogue)))), []string{"Content-Encoding: gzip"}, 422,
			"more than once"},
		"two encodings": {again(again(catalogue)), []string{"Content-Encoding: gzip, gzip"}, 415,
			"gzip or zstd"},
		"a bomb in two layers": {bomb, []string{"Content-Encoding: gzip"}, 413, "250 times"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Less(t, len(test.body), 40_000)
			p := problem(t, f.send(request("POST", "/upload_csv/", test.body, test.headers...)), test.status)
			require.Contains(t, p.Detail, test.detail)
			require.Empty(t, f.board.order, "there is no job")
		})
	}
}

func TestUploadsThatTheStoreRefuses(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
		detail string
	}{
		{fmt.Errorf("x: %w", job.ErrFull), 507, "room"},
		{fmt.Errorf("x: %w", products.ErrUnavailable), 503, "try again"},
		{fmt.Errorf("the file %w: it is empty", importer.ErrInput), 422, "it is empty"},
		{&job.SettingsError{Field: "header", Message: "unknown"}, 400, "header: unknown"},
		{job.ErrKeyUsed, 409, "Idempotency-Key"},
	} {
		f := newFixture(t, httpapi.Options{})
		f.board.err = test.err
		w := f.send(request("POST", "/upload_csv/", catalogue))
		require.Contains(t, problem(t, w, test.status).Detail, test.detail)
		if test.status == 503 {
			require.Equal(t, "5", w.Header().Get("Retry-After"))
		}
	}
}

// slowly sends a part of a body every so often.
func slowly(t *testing.T, l *pipes, parts int, part string, pause time.Duration) (status int, took time.Duration) {
	conn, err := l.dial(t.Context(), "", "")
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	began := time.Now()
	go func() {
		_, _ = fmt.Fprintf(conn,
			"POST /upload_csv/ HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nContent-Type: text/csv\r\nContent-Length: "+
				"%d\r\n\r\n", basic(user, password), parts*len(part))
		for range parts {
			if _, err := io.WriteString(conn, part); err != nil {
				return
			}
			time.Sleep(pause)
		}
	}()
	answer := make([]byte, 12)
	_, err = io.ReadFull(conn, answer)
	require.NoError(t, err)
	took = time.Since(began)
	_, err = fmt.Sscanf(string(answer), "HTTP/1.1 %d", &status)
	require.NoError(t, err)
	return status, took
}

func TestSlowUploads(t *testing.T) {
	for _, test := range []struct {
		name   string
		parts  int
		part   string
		pause  time.Duration
		status int
		least  time.Duration
		most   time.Duration
	}{
		{"slow, with progress", 120, strings.Repeat("a,b\n", 2_000), 20 * time.Second, 202, 39 * time.Minute,
			41 * time.Minute},
		{"stalled", 2, strings.Repeat("a,b\n", 2_000), 2 * time.Hour, 408, 30 * time.Second, 31 * time.Second},
		{"a byte now and then", 10_000, "a", 10 * time.Second, 408, 30 * time.Second, 31 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFixture(t, httpapi.Options{})
				_, l, stop := f.serve()
				defer stop()
				status, took := slowly(t, l, test.parts, test.part, test.pause)
				require.Equal(t, test.status, status)
				require.GreaterOrEqual(t, took, test.least)
				require.LessOrEqual(t, took, test.most)
				time.Sleep(3 * time.Hour) // until nobody sends any more
			})
		})
	}
}

func TestClientThatGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, httpapi.Options{})
		_, l, stop := f.serve()
		defer stop()
		conn, err := l.dial(t.Context(), "", "")
		require.NoError(t, err)
		_, err = fmt.Fprintf(conn,
			"POST /upload_csv/ HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nContent-Type: text/csv\r\nContent-Length: "+
				"1000\r\n\r\n%s", basic(user, password), catalogue)
		require.NoError(t, err)
		require.NoError(t, conn.Close())
		synctest.Wait()
		require.Empty(t, f.board.order)
	})
}
