package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// steps is an API over a service of jobs in memory. Nobody works on them but the test.
type steps struct {
	*fixture
	db      *memory.DB
	service *job.Service
	runner  *job.Runner
}

func newSteps(t *testing.T, fields ...products.Field) *steps {
	t.Helper()
	schema, err := products.NewSchema(fields...)
	require.NoError(t, err)
	db := memory.New(memory.Options{Fields: schema})
	service, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{Fields: schema})
	require.NoError(t, err)
	runner, err := job.NewRunner(db.Jobs(), db.Uploads(), db.Products(), job.RunnerOptions{})
	require.NoError(t, err)
	api, err := httpapi.New(db.Products(), service, db.Jobs(), newUsers(t), httpapi.Options{MaxUploadBytes: 10_000})
	require.NoError(t, err)
	return &steps{&fixture{t: t, api: api, store: db.Products()}, db, service, runner}
}

// stored stores the file, and returns the upload.
func (s *steps) stored(file string) map[string]any {
	s.t.Helper()
	w := s.send(request("POST", "/uploads/", file, "Content-Type: text/csv",
		`Content-Disposition: attachment; filename="fruit.csv"`))
	require.Equal(s.t, 201, w.Code, w.Body.String())
	upload := decode[map[string]any](s.t, w)
	require.Equal(s.t, "/uploads/"+upload["id"].(string), w.Header().Get("Location"))
	return upload
}

// accepted returns the job of a response.
func (s *steps) accepted(w *httptest.ResponseRecorder) job.Job {
	s.t.Helper()
	require.Equal(s.t, 202, w.Code, w.Body.String())
	id := decode[map[string]any](s.t, w)["task_id"].(string)
	require.Equal(s.t, "/imports/"+id, w.Header().Get("Location"))
	j, err := s.service.Get(s.t.Context(), id)
	require.NoError(s.t, err)
	return j
}

// work does the next import.
func (s *steps) work() job.Job {
	s.t.Helper()
	claim, err := s.runner.Claim(s.t.Context(), "worker")
	require.NoError(s.t, err)
	require.NotNil(s.t, claim)
	j, err := s.runner.Run(s.t.Context(), claim, nil)
	require.NoError(s.t, err)
	return j
}

// TestTwoSteps stores a file, tries it out, and imports it without sending it again.
func TestTwoSteps(t *testing.T) {
	s := newSteps(t)
	body, contentType := form(t, "@file", gzipped(t, "Titel;Nr\nApple;1\nPear;2\n;3\n"))
	w := s.send(request("POST", "/uploads", body, contentType))
	require.Equal(t, 201, w.Code, w.Body.String())
	upload := decode[map[string]any](t, w)
	require.EqualValues(t, 27, upload["size"])
	require.Equal(t, user, upload["user"])
	path := "/uploads/" + upload["id"].(string)
	require.Equal(t, upload, decode[map[string]any](t, s.call("GET", path, "")))
	created, err := time.Parse(time.RFC3339, upload["created_at"].(string))
	require.NoError(t, err)
	expires, err := time.Parse(time.RFC3339, upload["expires_at"].(string))
	require.NoError(t, err)
	require.Equal(t, 24*time.Hour, expires.Sub(created))

	dry := s.accepted(s.call("POST", "/imports/", `{"upload":"`+upload["id"].(string)+
		`","dry_run":true,"mode":"update","map":{"sku":"Nr","name":1},"max_rejects":5}`))
	require.Equal(t, map[string]string{"sku": "Nr", "name": "1"}, dry.Settings.Map)
	require.Equal(t, "5", dry.Settings.MaxRejects)
	require.Equal(t, user, dry.User)
	require.Equal(t, "upload_in_use", problem(t, s.call("DELETE", path, ""), 409).Code)
	require.EqualValues(t, 2, s.work().Event.Created)

	done := s.accepted(s.call("POST", "/imports/"+dry.ID+"/rerun", `{"dry_run":false,"mode":null}`))
	want := dry.Settings
	want.DryRun, want.Mode = false, products.Ignore
	require.Equal(t, want, done.Settings)
	require.EqualValues(t, 2, s.work().Event.Created)
	view := decode[map[string]any](t, s.call("GET", "/imports/"+done.ID, ""))
	require.Equal(t, user, view["user"])
	require.Equal(t, upload["id"], view["upload"])

	require.Equal(t, 204, s.call("DELETE", path, "").Code)
	require.Contains(t, problem(t, s.call("GET", path, ""), 404).Detail, "no such upload")
	problem(t, s.call("DELETE", path, ""), 404)
	again := s.accepted(s.call("POST", "/imports/"+done.ID+"/rerun", ""))
	require.Equal(t, done.Settings, again.Settings, "the import has the file, and nothing differs")
	require.EqualValues(t, 2, s.work().Event.Skipped)
}

// TestUploadCSVIsRunAgain: so is what was imported at once, as long as its file is there.
func TestUploadCSVIsRunAgain(t *testing.T) {
	s := newSteps(t)
	dry := s.accepted(s.send(request("POST", "/upload_csv/?dry_run=true", catalogue, "Content-Type: text/csv")))
	s.work()
	done := s.accepted(s.call("POST", "/imports/"+dry.ID+"/rerun/", `{"dry_run":false,"priority":7}`))
	require.Equal(t, 7, done.Priority)
	require.Equal(t, dry.Upload, done.Upload)
	require.NoError(t, s.db.Jobs().DropUpload(context.Background(), dry.ID))
	require.Equal(t, "file_gone", problem(t, s.call("POST", "/imports/"+dry.ID+"/rerun", ""), 410).Code)
	view := decode[map[string]any](t, s.call("GET", "/imports/"+dry.ID, ""))
	require.Nil(t, view["upload"])
	require.Equal(t, false, view["has_file"])
}

func TestUploadsRefuse(t *testing.T) {
	s := newSteps(t)
	for _, test := range []struct {
		target, file, contentType string
		status                    int
		says                      string
	}{
		{"/uploads/?mode=update", catalogue, "text/csv", 400, "mode"},
		{"/uploads/", "", "text/csv", 422, "empty"},
		{"/uploads/", "%PDF-1.7 \x00\x01", "text/csv", 422, "PDF"},
		{"/uploads/", "{}", "application/json", 415, "multipart"},
		{"/uploads/", strings.Repeat("x", 10_001), "text/csv", 413, "longer"},
		{"/uploads/", "\x1f\x8b\x08", "application/gzip", 422, "compression"},
	} {
		p := problem(t, s.send(request("POST", test.target, test.file, "Content-Type: "+test.contentType)), test.status)
		require.Contains(t, p.Detail, test.says)
	}
	keys, err := s.db.Uploads().Sweep(t.Context(), -time.Hour)
	require.NoError(t, err)
	require.Empty(t, keys)
	for _, none := range []string{"x", id(7), "%00"} {
		problem(t, s.call("GET", "/uploads/"+none, ""), 404)
		problem(t, s.call("DELETE", "/uploads/"+none, ""), 404)
	}
}

// TestSettingsInJSON: the settings are those of the query, with the same bounds.
func TestSettingsInJSON(t *testing.T) {
	s := newSteps(t, products.Field{Name: "price", Type: products.Decimal, Scale: 2},
		products.Field{Name: "from", Type: products.Date})
	const catalogue = "sku;a=b;Handle;name;6\n7;x;y;z;\n"
	upload := s.stored(catalogue)["id"].(string)
	query := "mode=existing&dry_run=1&extra=keep&delimiter=%3B&quote=none&encoding=windows-1252&header=yes&map=sku%3D1&map=" +
		"name%3Da%3Db&set=description%3D&set=status%3Dtrue&number=price%3D,&date=from%3Ddmy&zone=Europe/Berlin&group=" +
		"Handle&leave_out=name&leave_out=5&max_rejects=2.5%25&priority=-3&missing=delete&max_missing=7&scope=" +
		"price__gte%3D1&scope=name%3Da"
	want := s.accepted(s.send(request("POST", "/upload_csv/?"+query, catalogue, "Content-Type: text/csv")))
	got := s.accepted(s.call("POST", "/imports/", `{"upload":"`+strings.ToUpper(upload)+`","mode":"existing",
		"dry_run":true,"extra":"keep","delimiter":";","quote":"none","encoding":"windows-1252","header":"yes",
		"map":{"sku":1,"name":"a=b"},"set":{"description":"","status":true},"number":{"price":","},"date":{"from":"dmy"},
		"zone":"Europe/Berlin","group":"Handle","leave_out":["name",5],"max_rejects":"2.5%","priority":-3,
		"missing":"delete","max_missing":7,"scope":["price__gte=1","name=a"]}`))
	require.Equal(t, want.Settings, got.Settings)
	require.Equal(t, want.Priority, got.Priority)
	unset := s.accepted(s.call("POST", "/imports/"+got.ID+"/rerun", `{"mode":null,"dry_run":null,"extra":null,
		"delimiter":null,"quote":null,"encoding":"","header":null,"map":null,"set":null,"number":null,"date":{},
		"zone":null,"group":null,"leave_out":null,"max_rejects":null,"missing":null,"max_missing":null,"scope":null,"changes":null,"priority":null}`))
	plain := s.accepted(s.call("POST", "/imports/", `{"upload":"`+upload+`"}`))
	unset.Settings.Date = nil // which was an empty object
	require.Equal(t, plain.Settings, unset.Settings)
	require.Equal(t, plain.Priority, unset.Priority)

	for body, field := range map[string]string{
		`"mode":"x"`: "mode", `"mode":7`: "mode", `"dry_run":"yes"`: "dry_run", `"extra":"x"`: "extra",
		`"delimiter":"\u0000"`: "delimiter", `"delimiter":{}`: "delimiter", `"quote":"x"`: "quote",
		`"encoding":"none such"`: "encoding", `"header":"x"`: "header", `"map":[]`: "map", `"map":{"sku":""}`: "map[sku]",
		`"map":{"sku":null}`: "map[sku]", `"map":{"no_such":"1"}`: "map", `"map":{"":"1"}`: "map",
		`"map":{"sku":"` + strings.Repeat("x", 1_001) + `"}`: "map", `"set":{"no_such":"1"}`: "set",
		`"number":{"price":"x"}`: "number", `"date":{"from":"x"}`: "date", `"zone":"x"`: "zone", `"group":" "`: "group",
		`"leave_out":"x"`: "leave_out", `"leave_out":[""]`: "leave_out[0]", `"leave_out":["x",null]`: "leave_out[1]",
		`"leave_out":[" "]`: "leave_out", `"max_rejects":-1`: "max_rejects",
		`"missing":"x"`: "missing", `"missing":"delete","max_missing":-1`: "max_missing",
		`"missing":"delete","scope":["vendor=1"]`: "scope", `"missing":"delete","scope":[""]`: "scope[0]", `"priority":1000001`: "priority", `"priority":"x"`: "priority",
		`"no_such":1`: "no_such", `"map":{"sku":"1","sku":"2"}`: "map[sku]", `"batch_records":5`: "batch_records",
	} {
		for _, w := range []*httptest.ResponseRecorder{
			s.call("POST", "/imports/", `{"upload":"`+upload+`",`+body+`}`),
			s.call("POST", "/imports/"+got.ID+"/rerun", `{`+body+`}`),
		} {
			p := problem(t, w, 422)
			require.Len(t, p.Errors, 1, body)
			require.Equal(t, field, p.Errors[0].Field, body)
		}
	}
	require.Equal(t, "upload", problem(t, s.call("POST", "/imports/", `{}`), 422).Errors[0].Field)
	require.Equal(t, "upload", problem(t, s.call("POST", "/imports/", `{"upload":7}`), 422).Errors[0].Field)
	for _, none := range []string{"x", id(7)} {
		require.Contains(t, problem(t, s.call("POST", "/imports/", `{"upload":"`+none+`"}`), 404).Detail, "no such upload")
		problem(t, s.call("POST", "/imports/"+none+"/rerun", `{}`), 404)
	}
	problem(t, s.call("POST", "/imports/", `{`), 400)
	problem(t, s.call("POST", "/imports/", `{}`, "Content-Type: text/csv"), 415)
}

// TestIdempotentImports sends requests again.
func TestIdempotentImports(t *testing.T) {
	s := newSteps(t)
	upload, other := s.stored(catalogue)["id"].(string), s.stored(catalogue)["id"].(string)
	const key = "Idempotency-Key: k-1"
	body := func(upload, settings string) string { return `{"upload":"` + upload + `"` + settings + `}` }
	first := s.call("POST", "/imports/", body(upload, `,"map":{"sku":"2"}`), key)
	require.Empty(t, first.Header().Get("Idempotency-Replayed"))
	again := s.call("POST", "/imports/", body(upload, `,"map":{"sku":2}`), key)
	require.Equal(t, "true", again.Header().Get("Idempotency-Replayed"))
	require.Equal(t, s.accepted(first), s.accepted(again))
	for _, b := range []string{body(other, `,"map":{"sku":"1"}`), body(upload, ""), body(upload,
		`,"map":{"sku":"2"},"dry_run":true`)} {
		require.Equal(t, "idempotency_key_mismatch", problem(t, s.call("POST", "/imports/", b, key), 422).Code, b)
	}
	path := fmt.Sprintf("/imports/%s/rerun", s.accepted(first).ID)
	rerun := s.call("POST", path, `{"dry_run":true}`, "Idempotency-Key: k-2")
	replayed := s.call("POST", path, `{"dry_run":true}`, "Idempotency-Key: k-2")
	require.Equal(t, "true", replayed.Header().Get("Idempotency-Replayed"))
	require.Equal(t, s.accepted(rerun), s.accepted(replayed))
	problem(t, s.call("POST", path, `{"dry_run":false}`, "Idempotency-Key: k-2"), 422)
}

// TestImportsRefuse: settings with which a stored file can't be imported make no job.
func TestImportsRefuse(t *testing.T) {
	s := newSteps(t)
	upload := s.stored("Was;Nr\nApple;1\n")["id"].(string)
	mapped := `"map":{"sku":"Nr","name":"Was"}`
	for body, says := range map[string]string{
		`"map":{"sku":"Nr"}`:                 "no column for name",
		`"map":{"sku":"Number","name":1}`:    `"Number"`,
		mapped + `,"leave_out":["Farbe"]`:    `no column "Farbe"`,
		mapped + `,"leave_out":["2"]`:        "the sku is taken from it",
		mapped + `,"delimiter":"|"`:          `"Nr"`,
		mapped + `,"set":{"status":"maybe"}`: "status",
	} {
		p := problem(t, s.call("POST", "/imports/", `{"upload":"`+upload+`",`+body+`}`), 422)
		require.Contains(t, p.Detail, says, body)
	}
	p := problem(t, s.call("POST", "/imports/", `{"upload":"`+upload+`"}`), 422)
	require.Equal(t, "not_importable", p.Code)
	require.Equal(t, "sku", p.Errors[0].Field, "each field without a column is named")
	require.Contains(t, s.call("GET", "/imports/", "").Body.String(), `"count":0`)

	j := s.accepted(s.call("POST", "/imports/", `{"upload":"`+upload+`",`+mapped+`}`))
	p = problem(t, s.call("POST", "/imports/"+j.ID+"/rerun", `{"map":{"sku":"Nr"}}`), 422)
	require.Equal(t, "not_importable", p.Code)
	require.Equal(t, "name", p.Errors[0].Field)
	require.Contains(t, s.call("GET", "/imports/", "").Body.String(), `"count":1`)
}

// TestOpenAPIDescribesTwoSteps checks the responses against the document.
func TestOpenAPIDescribesTwoSteps(t *testing.T) {
	s := newSteps(t)
	d := openAPI(t, s.fixture)
	upload := s.stored(catalogue)["id"].(string)
	used := s.accepted(s.call("POST", "/imports/", `{"upload":"`+upload+`"}`))
	gone := s.accepted(s.send(request("POST", "/upload_csv/", catalogue+"Bulb,B-1\n", "Content-Type: text/csv")))
	require.NoError(t, s.db.Jobs().DropUpload(t.Context(), gone.ID))
	unused := s.stored(catalogue)["id"].(string)
	for _, test := range []struct {
		path, method, target, body string
		status                     int
		header                     string
	}{
		{"/uploads/", "POST", "/uploads/", catalogue, 201, "Content-Type: text/csv"},
		{"/uploads/", "POST", "/uploads/?x=1", catalogue, 400, "Content-Type: text/csv"},
		{"/uploads/", "POST", "/uploads/", "", 422, "Content-Type: text/csv"},
		{"/uploads/", "POST", "/uploads/", "{}", 415, "Content-Type: application/json"},
		{"/uploads/", "POST", "/uploads/", strings.Repeat("x", 10_001), 413, "Content-Type: text/csv"},
		{"/uploads/{id}", "GET", "/uploads/" + upload, "", 200, ""},
		{"/uploads/{id}", "GET", "/uploads/x", "", 404, ""},
		{"/uploads/{id}", "DELETE", "/uploads/" + upload, "", 409, ""},
		{"/uploads/{id}", "DELETE", "/uploads/" + unused, "", 204, ""},
		{"/uploads/{id}", "DELETE", "/uploads/" + unused, "", 404, ""},
		{"/imports/", "POST", "/imports/", `{"upload":"` + upload + `"}`, 202, ""},
		{"/imports/", "POST", "/imports/", `{"upload":"` + unused + `"}`, 404, ""},
		{"/imports/", "POST", "/imports/", `{`, 400, ""}, {"/imports/", "POST", "/imports/", `{}`, 422, ""},
		{"/imports/", "POST", "/imports/", `{}`, 415, "Content-Type: text/plain"},
		{"/imports/", "POST", "/imports/", `{}`, 403, "Origin: https://evil.example"},
		{"/imports/", "POST", "/imports/", strings.Repeat(" ", 70_000), 413, ""},
		{"/imports/{id}/rerun", "POST", "/imports/" + used.ID + "/rerun", `{"dry_run":true}`, 202, ""},
		{"/imports/{id}/rerun", "POST", "/imports/" + used.ID + "/rerun", `{"mode":1}`, 422, ""},
		{"/imports/{id}/rerun", "POST", "/imports/" + gone.ID + "/rerun", "", 410, ""},
		{"/imports/{id}/rerun", "POST", "/imports/x/rerun", "", 404, ""},
		{"/imports/{id}", "GET", "/imports/" + used.ID, "", 200, ""},
		{"/imports/", "GET", "/imports/", "", 200, ""},
	} {
		var headers []string
		if test.header != "" {
			headers = append(headers, test.header)
		}
		w := s.call(test.method, test.target, test.body, headers...)
		require.Equal(t, test.status, w.Code, "%s %s %s", test.method, test.target, w.Body)
		d.checkResponse(test.path, test.method, w)
	}
	// The settings are described once for all that takes them.
	properties := func(name string) map[string]json.RawMessage {
		text, err := json.Marshal(d.resolve(object{"$ref": "#/components/schemas/" + name})["properties"])
		require.NoError(t, err)
		all := map[string]json.RawMessage{}
		require.NoError(t, json.Unmarshal(text, &all))
		return all
	}
	input := properties("ImportInput")
	delete(input, "upload")
	profile := input["profile"]
	delete(input, "profile")
	require.Equal(t, input, properties("ImportChanges"))
	input["profile"] = profile
	parameters := d.root["paths"].(object)["/upload_csv/"].(object)["post"].(object)["parameters"].([]any)
	require.Len(t, parameters, len(input)+1, "and the Idempotency-Key")
	for _, p := range parameters[:len(input)] {
		require.Contains(t, input, p.(object)["name"])
	}
}
