package httpapi_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/spelling"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
	"github.com/products-importer/products-importer/webhooks"
)

// object is a part of the OpenAPI document.
type object = map[string]any

// document is the OpenAPI document as the API serves it.
type document struct {
	t    *testing.T
	root object
}

func openAPI(t *testing.T, f *fixture) *document {
	w := f.call("GET", "/openapi.json", "")
	require.Equal(t, 200, w.Code)
	d := &document{t: t}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &d.root))
	require.Equal(t, "3.1.0", d.root["openapi"])
	return d
}

// resolve follows a reference.
func (d *document) resolve(o object) object {
	ref, is := o["$ref"].(string)
	if !is {
		return o
	}
	var at any = d.root
	for _, name := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
		at = at.(object)[name]
	}
	require.NotNil(d.t, at, "%s leads nowhere", ref)
	return at.(object)
}

// paths returns the document's paths with their methods as in Allow.
func (d *document) paths() map[string][]string {
	paths := map[string][]string{}
	for path, item := range d.root["paths"].(object) {
		for method := range item.(object) {
			paths[path] = append(paths[path], strings.ToUpper(method))
		}
		slices.Sort(paths[path])
	}
	return paths
}

func TestOpenAPIHasTheRoutes(t *testing.T) {
	plain := newFixture(t, httpapi.Options{})
	require.NotContains(t, openAPI(t, plain).root, "webhooks")
	require.ElementsMatch(t, httpapi.Routes(plain.api), slices.Collect(maps.Keys(openAPI(t, plain).paths())),
		"without webhooks")
	f := newHookFixture(t, webhooks.SenderOptions{}).fixture
	paths := openAPI(t, f).paths()
	require.ElementsMatch(t, httpapi.Routes(f.api), slices.Collect(maps.Keys(paths)))
	for path, methods := range paths {
		target := strings.NewReplacer("{id}", "1", "{name}", "1").Replace(path)
		for _, target := range []string{strings.TrimSuffix(target, "/"), strings.TrimSuffix(target, "/") + "/"} {
			allow := strings.Split(f.call("OPTIONS", target, "").Header().Get("Allow"), ", ")
			allow = slices.DeleteFunc(allow, func(m string) bool { return m == "HEAD" || m == "OPTIONS" })
			slices.Sort(allow)
			require.Equal(t, methods, allow, target)
		}
	}
}

// resolveAll follows every reference, and checks that all parts are used.
func (d *document) resolveAll() {
	d.t.Helper()
	text, err := json.Marshal(d.root)
	require.NoError(d.t, err)
	used := map[string]bool{}
	for _, match := range regexp.MustCompile(`"\$ref":"([^"]+)"`).FindAllStringSubmatch(string(text), -1) {
		d.resolve(object{"$ref": match[1]})
		used[match[1]] = true
	}
	for kind, names := range d.root["components"].(object) {
		for name := range names.(object) {
			if kind != "securitySchemes" && name != "ImportStatus" { // that one is in the text about streams
				require.True(d.t, used["#/components/"+kind+"/"+name], "%s is never used", name)
			}
		}
	}
}

func TestOpenAPIReferences(t *testing.T) {
	d := openAPI(t, newHookFixture(t, webhooks.SenderOptions{}).fixture)
	d.resolveAll()
	ids := map[string]bool{}
	for path, item := range d.root["paths"].(object) {
		for method, operation := range item.(object) {
			name, _ := operation.(object)["operationId"].(string)
			require.NotEmpty(t, name, path+" "+method)
			require.False(t, ids[name], name+" is used twice")
			ids[name] = true
			require.Equal(t, path == "/livez" || path == "/readyz" || path == "/session",
				operation.(object)["security"] != nil, "only the probes and logging in are open: %s", path)
		}
	}
}

// check says where a value differs from a schema, as far as the document uses JSON Schema.
func (d *document) check(at string, schema object, value any) {
	d.t.Helper()
	schema = d.resolve(schema)
	if either, is := schema["oneOf"].([]any); is {
		if value == nil {
			return
		}
		schema = d.resolve(either[0].(object))
	}
	kind := map[bool]string{true: "null"}[value == nil]
	switch v := value.(type) {
	case string:
		kind = "string"
		if words, is := schema["enum"].([]any); is {
			require.Contains(d.t, words, value, at)
		}
		if schema["format"] == "date-time" {
			_, err := time.Parse(time.RFC3339, v)
			require.NoError(d.t, err, at)
		}
		if schema["format"] == "uuid" {
			require.Regexp(d.t, `^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`, v, at)
		}
	case bool:
		kind = "boolean"
	case float64:
		kind = "number"
		if schema["type"] == "integer" || slices.Contains(texts(schema["type"]), "integer") {
			require.InDelta(d.t, float64(int64(v)), v, 0, at)
			kind = "integer"
		}
	case []any:
		kind = "array"
		for i, item := range v {
			d.check(fmt.Sprintf("%s[%d]", at, i), schema["items"].(object), item)
		}
	case object:
		kind = "object"
		d.checkObject(at, schema, v)
	}
	types := texts(schema["type"])
	if len(types) > 0 {
		require.Contains(d.t, types, kind, at)
	}
}

func (d *document) checkObject(at string, schema object, value object) {
	d.t.Helper()
	properties, _ := schema["properties"].(object)
	for _, name := range texts(schema["required"]) {
		require.Contains(d.t, value, name, at)
	}
	for name, field := range value {
		if property, known := properties[name].(object); known {
			d.check(at+"."+name, property, field)
			continue
		}
		switch more := schema["additionalProperties"].(type) {
		case object:
			d.check(at+"."+name, more, field)
		case bool:
			require.True(d.t, more, "%s.%s is not in the document", at, name)
		}
	}
}

// texts is a string or a list of them as a list.
func texts(value any) (list []string) {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []any:
		for _, s := range v {
			list = append(list, s.(string))
		}
	}
	return list
}

// checkResponse checks a response of an operation.
func (d *document) checkResponse(path, method string, w *httptest.ResponseRecorder) {
	d.t.Helper()
	operation := d.root["paths"].(object)[path].(object)[strings.ToLower(method)].(object)
	described, known := operation["responses"].(object)[fmt.Sprint(w.Code)].(object)
	require.True(d.t, known, "%s %s: %d is not in the document: %s", method, path, w.Code, w.Body)
	content, _ := d.resolve(described)["content"].(object)
	if content == nil {
		require.Empty(d.t, w.Body.String())
		return
	}
	mediaType, _, _ := strings.Cut(w.Header().Get("Content-Type"), ";")
	kind, known := content[mediaType].(object)
	require.True(d.t, known, "%s %s: %s is not in the document", method, path, mediaType)
	if strings.HasSuffix(mediaType, "json") {
		var value any
		require.NoError(d.t, json.Unmarshal(w.Body.Bytes(), &value))
		d.check(method+" "+path, kind["schema"].(object), value)
	}
}

func TestOpenAPIDescribesTheResponses(t *testing.T) {
	f := newFixture(t, httpapi.Options{MaxUploadBytes: 1_000, MaxBodyBytes: 1_024})
	d := openAPI(t, f)
	now := time.Now()
	f.board.put(job.Job{ID: id(1), State: job.Progress, Upload: "k", CreatedAt: now, StartedAt: now,
		Rejects: map[importer.Code]int64{"empty": 1}, Dialect: &importer.Dialect{
			Compression: "zip", Encoding: "utf-8", Delimiter: ",", Quote: "'", Escape: "'", LineEnds: "mixed",
			SkippedLines: 1, Evidence: importer.Evidence{Quote: "given"},
			Columns: []importer.Column{{Number: 1, Name: "a", Field: "sku", Also: []string{"name"},
				Attribute: "a", Group: true}, {Number: 2, Name: "b", Field: "price", Format: &spelling.Description{
				Number: "1,50", DecimalSign: ',', Currency: "EUR", Unit: "EUR", Date: spelling.DMY, Assumed: true,
				Layout: "2006", Zone: "UTC", Yes: "S", No: "N", Evidence: "given"}}},
			Hints: []importer.Hint{{Field: "price", Column: importer.MapNone, Text: "b"}, {Text: "c"}},
		}, Event: progress.Event{Phase: progress.Importing, ETA: 1}})
	f.board.put(job.Job{ID: id(2), State: job.Success, CreatedAt: now, FinishedAt: now, Error: "x",
		Event: progress.Event{Phase: progress.Done}})
	f.board.order = []string{id(1), id(2)}
	f.add("A")
	p, err := f.store.Create(t.Context(), products.Product{Name: "x", SKU: "B",
		Attributes: map[string]string{"a": "b"}})
	require.NoError(t, err)
	one := fmt.Sprint("/products/", p.ID)
	f.board.rejects = func(w io.Writer) error { _, err := w.Write([]byte("x\n")); return err }
	f.board.superseded = f.board.rejects
	skipped := 0
	f.board.skipped = func(w io.Writer) error {
		if skipped++; skipped > 1 {
			return job.ErrNotKept
		}
		return f.board.rejects(w)
	}
	for _, test := range []struct {
		path, method, target, body string
		status                     int
		headers                    []string
	}{
		{"/products/", "GET", "/products/?limit=1", "", 200, nil}, {"/products/", "GET", "/products/?cursor=", "", 200,
			nil}, {"/products/", "GET", "/products/?limit=0", "", 400, nil},
		{"/products/", "POST", "/products/", `{"name":"x","sku":"C"}`, 201, nil}, {"/products/", "POST", "/products/",
			`{"name":"x","sku":"C"}`, 409, nil},
		{"/products/", "POST", "/products/", `{`, 400, nil}, {"/products/", "POST", "/products/", `{}`, 422, nil},
		{"/products/", "POST", "/products/", strings.Repeat(" ", 2_000), 413, nil},
		{"/products/", "POST", "/products/", `{}`, 415, []string{"Content-Type: text/plain"}},
		{"/products/", "POST", "/products/", `{}`, 403, []string{"Origin: https://evil.example"}},
		{"/products/{id}", "GET", one, "", 200, nil}, {"/products/{id}", "GET", one, "", 304,
			[]string{`If-None-Match: *`}}, {"/products/{id}", "GET", one, "", 412, []string{`If-Match: "9"`}},
		{"/products/{id}", "GET", "/products/0", "", 404, nil},
		{"/products/{id}", "PUT", one, `{"name":"x","sku":"B"}`, 200, nil},
		{"/products/{id}", "PUT", one, `{"name":"x","sku":"C"}`, 409, nil},
		{"/products/{id}", "PATCH", one, `{"name":"y"}`, 200, nil},
		{"/products/{id}", "PATCH", one, `{"name":"y"}`, 412, []string{`If-Match: "9"`}},
		{"/products/{id}", "DELETE", one, "", 204, nil}, {"/products/{id}", "DELETE", one, "", 404, nil},
		{"/products/export.csv", "GET", "/products/export.csv", "", 200, nil},
		{"/products/export.csv", "GET", "/products/export.csv?x=1", "", 400, nil},
		{"/delete_all/", "DELETE", "/delete_all/", "", 204, nil},
		{"/imports/", "GET", "/imports/", "", 200, nil}, {"/imports/", "GET", "/imports/?state=x", "", 400, nil},
		{"/imports/{id}", "GET", "/imports/" + id(1), "", 200, nil}, {"/imports/{id}", "GET", "/imports/" + id(2), "",
			200, nil}, {"/imports/{id}", "GET", "/imports/" + id(3), "", 404, nil},
		{"/imports/{id}/events", "GET", "/imports/" + id(2) + "/events", "", 200, nil},
		{"/imports/{id}/events", "GET", "/imports/" + id(2) + "/events", "", 204, []string{"Last-Event-ID: 1"}},
		{"/imports/{id}/events", "GET", "/imports/x/events", "", 404, nil},
		{"/imports/{id}/cancel", "POST", "/imports/" + id(1) + "/cancel", "", 202, nil},
		{"/imports/{id}/cancel", "POST", "/imports/" + id(2) + "/cancel", "", 409, nil},
		{"/imports/{id}/cancel", "POST", "/imports/x/cancel", "", 404, nil},
		{"/imports/{id}/rejects.csv", "GET", "/imports/" + id(1) + "/rejects.csv", "", 200, nil},
		{"/imports/{id}/rejects.csv", "GET", "/imports/" + id(2) + "/rejects.csv", "", 404, nil},
		{"/imports/{id}/superseded.csv", "GET", "/imports/" + id(1) + "/superseded.csv", "", 200, nil},
		{"/imports/{id}/superseded.csv", "GET", "/imports/" + id(2) + "/superseded.csv", "", 404, nil},
		{"/imports/{id}/skipped.csv", "GET", "/imports/" + id(1) + "/skipped.csv", "", 200, nil},
		{"/imports/{id}/skipped.csv", "GET", "/imports/" + id(1) + "/skipped.csv", "", 409, nil},
		{"/imports/{id}/skipped.csv", "GET", "/imports/" + id(2) + "/skipped.csv", "", 404, nil},
		{"/status/", "POST", "/status/", `{"task_id":"` + id(2) + `"}`, 200, nil},
		{"/status/", "POST", "/status/", `{"task_id":"x"}`, 404, nil}, {"/status/", "POST", "/status/", `{}`, 422, nil},
		{"/upload_csv/", "POST", "/upload_csv/", catalogue, 202, []string{"Content-Type: text/csv"}},
		{"/upload_csv/", "POST", "/upload_csv/?mode=x", catalogue, 400, []string{"Content-Type: text/csv"}},
		{"/upload_csv/", "POST", "/upload_csv/", strings.Repeat("x", 2_000), 413, []string{"Content-Type: text/csv"}},
		{"/upload_csv/", "POST", "/upload_csv/", "{}", 415, nil}, {"/upload_csv/", "POST", "/upload_csv/", "\x1f\x8b",
			422, []string{"Content-Type: text/csv"}},
		{"/session", "GET", "/session", "", 200, nil}, {"/session", "DELETE", "/session", "", 204, nil},
		{"/session", "POST", "/session", `{"user":"admin","password":"pass:word"}`, 200, nil},
		{"/session", "POST", "/session", `{"user":"admin","password":"x"}`, 401, nil},
		{"/session", "POST", "/session", `{"user":"admin"}`, 422, nil}, {"/session", "POST", "/session", `{`, 400, nil},
		{"/session", "POST", "/session", `{}`, 415, []string{"Content-Type: text/plain"}},
		{"/session", "POST", "/session", `{}`, 403, []string{"Origin: https://evil.example"}},
		{"/session", "POST", "/session", strings.Repeat(" ", 10_000), 413, nil},
		{"/livez", "GET", "/livez", "", 200, nil}, {"/readyz", "GET", "/readyz", "", 200, nil},
		{"/metrics", "GET", "/metrics", "", 200, nil}, {"/openapi.json", "GET", "/openapi.json", "", 200, nil},
	} {
		w := f.call(test.method, test.target, test.body, test.headers...)
		require.Equal(t, test.status, w.Code, "%s %s %s", test.method, test.target, w.Body)
		d.checkResponse(test.path, test.method, w)
	}
	// The payload of events.
	_, payload, _ := strings.Cut(f.call("GET", "/imports/"+id(2)+"/events", "").Body.String(), "data: ")
	var value any
	require.NoError(t, json.Unmarshal([]byte(strings.TrimSpace(payload)), &value))
	d.check("event", object{"$ref": "#/components/schemas/ImportStatus"}, value)
}

func TestOpenAPIDescribesWebhooks(t *testing.T) {
	f := newHookFixture(t, webhooks.SenderOptions{Policy: openPolicy})
	d := openAPI(t, f.fixture)
	r := newReceiver(t)
	v := f.create(`{"callback_url":"` + r.url + `"}`)
	one := "/webhooks/" + v.ID
	d.checkResponse("/changes", "GET", f.call("GET", "/changes", "")) // 409
	f.keepFeed(time.Hour)
	old := f.changes("").Next
	f.keepFeed(0)
	f.keepFeed(time.Hour)
	off := "/webhooks/" + f.create(`{"callback_url":"`+newReceiver(t).url+`"}`).ID
	f.deliver(t)
	f.append(webhooks.Event{Type: webhooks.ProductCreated, Data: []byte(`{}`)})
	taken := r.next(v.Secret)
	delivery := fmt.Sprintf("/webhooks/deliveries/%d",
		decode[deliveries](t, f.call("GET", off+"/deliveries", "")).Results[0].ID)
	require.Equal(t, 200, f.call("PATCH", off, `{"is_active":false}`).Code)
	const nobody = "/webhooks/ep_00000000000070008000000000000000"
	for _, test := range []struct {
		path, method, target, body string
		status                     int
		headers                    []string
	}{
		{"/webhooks/", "GET", "/webhooks/?limit=1", "", 200, nil}, {"/webhooks/", "GET", "/webhooks/?limit=0", "", 400,
			nil},
		{"/webhooks/", "POST", "/webhooks/", `{"callback_url":"` + r.url + `"}`, 201, nil},
		{"/webhooks/", "POST", "/webhooks/", `{`, 400, nil}, {"/webhooks/", "POST", "/webhooks/", `{}`, 422, nil},
		{"/webhooks/", "POST", "/webhooks/", `{}`, 415, []string{"Content-Type: text/plain"}},
		{"/webhooks/", "POST", "/webhooks/", `{}`, 403, []string{"Origin: https://evil.example"}},
		{"/webhooks/", "POST", "/webhooks/", strings.Repeat(" ", 30_000), 413, nil},
		{"/webhooks/{id}", "GET", one, "", 200, nil}, {"/webhooks/{id}", "GET", nobody, "", 404, nil},
		{"/webhooks/{id}", "GET", one, "", 412, []string{`If-Match: "9"`}},
		{"/webhooks/{id}", "PUT", one, `{"callback_url":"` + r.url + `"}`, 200, nil}, {"/webhooks/{id}", "PUT", nobody,
			`{"callback_url":"` + r.url + `"}`, 404, nil}, {"/webhooks/{id}", "PUT", one, `{}`, 422, nil},
		{"/webhooks/{id}", "PATCH", one, `{"client_name":"y"}`, 200, nil},
		{"/webhooks/{id}", "PATCH", one, `{"client_name":"z"}`, 412, []string{`If-Match: "9"`}},
		{"/webhooks/{id}/test", "POST", one + "/test", "", 200, nil}, {"/webhooks/{id}/test", "POST", nobody + "/test",
			"", 404, nil},
		{"/webhooks/{id}/pause", "POST", one + "/pause", "", 200, nil}, {"/webhooks/{id}/pause", "POST", off + "/pause",
			"", 409, nil}, {"/webhooks/{id}/pause", "POST", nobody + "/pause", "", 404, nil},
		{"/webhooks/{id}/resume", "POST", one + "/resume", "", 200, nil}, {"/webhooks/{id}/resume", "POST",
			one + "/resume", "", 412, []string{`If-Match: "9"`}},
		{"/webhooks/{id}/rotate", "POST", one + "/rotate", "", 200, nil}, {"/webhooks/{id}/rotate", "POST",
			one + "/rotate", `{"grace":-1}`, 422, nil},
		{"/webhooks/{id}/replay", "POST", one + "/replay", `{"since":"2026-01-01T00:00:00Z"}`, 202, nil},
		{"/webhooks/{id}/replay", "POST", one + "/replay", `{}`, 422, nil},
		{"/webhooks/{id}/replay", "POST", off + "/replay", `{"since":"2026-01-01T00:00:00Z"}`, 409, nil},
		{"/webhooks/{id}/deliveries", "GET", one + "/deliveries", "", 200, nil}, {"/webhooks/{id}/deliveries", "GET",
			one + "/deliveries?x=1", "", 400, nil}, {"/webhooks/{id}/deliveries", "GET", nobody + "/deliveries", "",
			404, nil},
		{"/webhooks/deliveries/{id}/attempts", "GET", delivery + "/attempts", "", 200, nil},
		{"/webhooks/deliveries/{id}/attempts", "GET", "/webhooks/deliveries/0/attempts", "", 404, nil},
		{"/webhooks/deliveries/{id}/resend", "POST", delivery + "/resend", "", 409, nil},
		{"/webhooks/deliveries/{id}/resend", "POST", "/webhooks/deliveries/0/resend", "", 404, nil},
		{"/webhooks/{id}/resume", "POST", off + "/resume", "", 200, nil}, {"/webhooks/deliveries/{id}/resend", "POST",
			delivery + "/resend", "", 202, nil},
		{"/changes", "GET", "/changes", "", 200, nil}, {"/changes", "GET", "/changes?wait=61", "", 400, nil},
		{"/changes", "GET", "/changes?after=" + old, "", 410, nil},
		{"/webhooks/{id}", "DELETE", one, "", 204, nil}, {"/webhooks/{id}", "DELETE", one, "", 404, nil},
	} {
		w := f.call(test.method, test.target, test.body, test.headers...)
		require.Equal(t, test.status, w.Code, "%s %s %s", test.method, test.target, w.Body)
		d.checkResponse(test.path, test.method, w)
	}
	var sent any
	require.NoError(t, json.Unmarshal(taken.body, &sent))
	d.check("event", object{"$ref": "#/components/schemas/Event"}, sent)
	for _, header := range d.root["webhooks"].(object)["event"].(object)["post"].(object)["parameters"].([]any) {
		name, required := header.(object)["name"].(string), header.(object)["required"].(bool)
		require.Equal(t, required, taken.header.Get(name) != "", name)
	}
	types := d.resolve(object{"$ref": "#/components/schemas/WebhookEventType"})["enum"]
	require.Equal(t, webhooks.Types(), texts(types))
}

// TestUploadLimit: the limit that uploads have is in the description, and in the answer to what is longer.
func TestUploadLimit(t *testing.T) {
	f := newFixture(t, httpapi.Options{MaxUploadBytes: 1234})
	var document struct {
		Paths map[string]struct {
			Post struct {
				RequestBody struct {
					Description string
					Most        int `json:"x-max-bytes"`
				}
			}
		}
	}
	require.NoError(t, json.Unmarshal(f.call("GET", "/openapi.json", "").Body.Bytes(), &document))
	for _, path := range []string{"/upload_csv/", "/uploads/"} {
		body := document.Paths[path].Post.RequestBody
		require.Equal(t, 1234, body.Most, path)
		require.Contains(t, body.Description, "At most 1234 bytes")
		w := f.call("POST", path, "sku,name\n"+strings.Repeat("a,Lamp\n", 200), "Content-Type: text/csv")
		problem(t, w, 413)
		require.Contains(t, w.Body.String(), "the limit of 1234 bytes")
	}
}
