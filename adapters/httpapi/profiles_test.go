package httpapi_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

const germanFile = "Nr;Titel;Preis\nA-1;Apfel;1.234,50\nA-2;Birne;2,50\n"

// TestProfiles keeps settings with one file, and takes them for the next one that has the same columns.
func TestProfiles(t *testing.T) {
	s := newSteps(t, products.Field{Name: "price", Type: products.Decimal, Scale: 2})
	const settings = `{"mode":"update","map":{"sku":"Nr","name":"Titel","price":3},"number":{"price":","}}`
	first := s.stored(germanFile)["id"].(string)
	preview := decode[map[string]any](t, s.call("GET", "/uploads/"+first+"/preview", ""))
	require.Nil(t, preview["profile"])
	const name = "Möbel 1/2 \"neu\""
	path := "/profiles/" + url.PathEscape(name)
	w := s.call("PUT", path, `{"settings":`+settings+`,"upload":"`+first+`"}`)
	require.Equal(t, 200, w.Code, w.Body.String())
	put := decode[map[string]any](t, w)
	require.Equal(t, name, put["name"])
	require.Equal(t, user, put["user"])
	require.Equal(t, preview["fingerprint"], put["fingerprint"])
	require.Equal(t, map[string]any{"mode": "update", "map": map[string]any{"sku": "Nr", "name": "Titel", "price": "3"},
		"number": map[string]any{"price": ","}}, put["settings"])
	require.Equal(t, put, decode[map[string]any](t, s.call("GET", path+"/", "")))
	require.Equal(t, map[string]any{"results": []any{put}}, decode[map[string]any](t, s.call("GET", "/profiles", "")))

	second := s.stored("NR;titel;PREIS\nB-1;Brot;3,00\n")["id"].(string)
	preview = decode[map[string]any](t, s.call("GET", "/uploads/"+second+"/preview", ""))
	require.Equal(t, map[string]any{"name": name, "settings": put["settings"]}, preview["profile"])
	other := s.stored("Nr;Titel\nB-1;Brot\n")["id"].(string)
	require.Nil(t, decode[map[string]any](t, s.call("GET", "/uploads/"+other+"/preview", ""))["profile"])

	// Settings of the request count more than the profile's, one by one.
	body := fmt.Sprintf(`{"upload":%q,"profile":%q,"dry_run":true,"map":{"sku":"1","name":"2"}}`, second, name)
	got := s.accepted(s.call("POST", "/imports/", body)).Settings
	require.Equal(t, products.Update, got.Mode)
	require.True(t, got.DryRun)
	require.Equal(t, map[string]string{"sku": "1", "name": "2"}, got.Map)
	require.Equal(t, map[string]string{"price": ","}, got.Number)
	query := "?profile=" + url.QueryEscape(name) + "&dry_run=true&map=sku=1&map=name=2"
	require.Equal(t, got, s.accepted(s.send(request("POST", "/upload_csv/"+query, germanFile,
		"Content-Type: text/csv"))).Settings)
	unset := s.accepted(s.send(request("POST", "/upload_csv/"+query+"&mode=&number=price=.", germanFile,
		"Content-Type: text/csv"))).Settings
	require.Equal(t, products.Ignore, unset.Mode)
	require.Equal(t, map[string]string{"price": "."}, unset.Number)
	read := decode[map[string]any](t, s.call("GET", "/uploads/"+second+"/preview?profile="+url.QueryEscape(name), ""))
	require.Nil(t, read["problem"], "the profile's settings read the file")

	// Without an upload the fingerprint stays, null removes it.
	kept := decode[map[string]any](t, s.call("PUT", path, `{"settings":{}}`))
	require.Equal(t, put["fingerprint"], kept["fingerprint"])
	require.Equal(t, map[string]any{"mode": "ignore"}, kept["settings"])
	require.Nil(t, decode[map[string]any](t, s.call("PUT", path, `{"settings":{},"upload":null}`))["fingerprint"])
	// A job's file does as well, also where it came with the job.
	j := s.accepted(s.send(request("POST", "/upload_csv/?map=sku=Nr&map=name=Titel", germanFile,
		"Content-Type: text/csv")))
	kept = decode[map[string]any](t, s.call("PUT", path, `{"settings":{},"upload":"`+j.Upload+`"}`))
	require.Equal(t, put["fingerprint"], kept["fingerprint"])

	require.Equal(t, 204, s.call("DELETE", path, "").Code)
	require.Contains(t, problem(t, s.call("DELETE", path, ""), 404).Detail, "no profile")
	require.Contains(t, problem(t, s.call("GET", path, ""), 404).Detail, "no profile")
	require.Contains(t, problem(t, s.call("POST", "/imports/", body), 404).Detail, "no profile")
	problem(t, s.send(request("POST", "/upload_csv/"+query, germanFile, "Content-Type: text/csv")), 404)
	require.Equal(t, map[string]any{"results": []any{}}, decode[map[string]any](t, s.call("GET", "/profiles/", "")))
}

func TestProfilesRefuse(t *testing.T) {
	s := newSteps(t)
	for body, field := range map[string]string{
		`{}`: "settings", `{"settings":null}`: "settings", `{"settings":[]}`: "settings", `{"settings":"x"}`: "settings",
		`{"settings":{"mode":"x"}}`: "settings.mode", `{"settings":{"zone":"x"}}`: "settings.zone",
		`{"settings":{"no_such":1}}`: "settings.no_such", `{"settings":{"priority":1}}`: "settings.priority",
		`{"settings":{"map":{"sku":[]}}}`: "settings.map[sku]", `{"settings":{},"upload":7}`: "upload",
		`{"settings":{},"name":"x"}`: "name", `{"settings":{"map":{"price":"1"}}}`: "settings.map",
	} {
		require.Equal(t, field, problem(t, s.call("PUT", "/profiles/p", body), 422).Errors[0].Field, body)
	}
	for _, name := range []string{"%20a", "a%0A", strings.Repeat("a", 101), "%00"} {
		require.Equal(t, "name", problem(t, s.call("PUT", "/profiles/"+name, `{"settings":{}}`), 422).Errors[0].Field)
		problem(t, s.call("GET", "/profiles/"+name, ""), 404)
		problem(t, s.call("DELETE", "/profiles/"+name, ""), 404)
	}
	for _, upload := range []string{"x", id(7), "x-rejects"} {
		problem(t, s.call("PUT", "/profiles/p", `{"settings":{},"upload":"`+upload+`"}`), 404)
	}
	problem(t, s.call("GET", "/profiles/?x=1", ""), 400)
	problem(t, s.call("GET", "/profiles/p", ""), 404)
	for i := range job.MaxProfiles {
		_, err := s.service.PutProfile(t.Context(), job.Profile{Name: fmt.Sprint(i)})
		require.NoError(t, err)
	}
	require.Equal(t, "too_many_profiles", problem(t, s.call("PUT", "/profiles/p", `{"settings":{}}`), 409).Code)
	require.Equal(t, 200, s.call("PUT", "/profiles/7", `{"settings":{}}`).Code)
}

// TestOpenAPIDescribesProfiles checks the responses against the document.
func TestOpenAPIDescribesProfiles(t *testing.T) {
	s := newSteps(t)
	d := openAPI(t, s.fixture)
	upload := s.stored(catalogue)["id"].(string)
	for _, test := range []struct {
		path, method, target, body string
		status                     int
		header                     string
	}{
		{"/profiles/{name}", "PUT", "/profiles/a", `{"settings":{"mode":"update"},"upload":"` + upload + `"}`, 200, "X: y"},
		{"/profiles/{name}", "PUT", "/profiles/b", `{"settings":{}}`, 200, "X: y"},
		{"/profiles/{name}", "PUT", "/profiles/b", `{`, 400, "X: y"},
		{"/profiles/{name}", "PUT", "/profiles/b", `{}`, 403, "Origin: https://evil.example"},
		{"/profiles/{name}", "PUT", "/profiles/b", `{}`, 415, "Content-Type: text/plain"},
		{"/profiles/{name}", "PUT", "/profiles/b", `{}`, 422, "X: y"},
		{"/profiles/{name}", "PUT", "/profiles/b", strings.Repeat(" ", 70_000), 413, "X: y"},
		{"/profiles/{name}", "PUT", "/profiles/b", `{"settings":{},"upload":"x"}`, 404, "X: y"},
		{"/profiles/{name}", "GET", "/profiles/a", "", 200, "X: y"},
		{"/profiles/{name}", "GET", "/profiles/c", "", 404, "X: y"},
		{"/profiles/", "GET", "/profiles/", "", 200, "X: y"}, {"/profiles/", "GET", "/profiles/?x=1", "", 400, "X: y"},
		{"/uploads/{id}/preview", "GET", "/uploads/" + upload + "/preview?profile=a", "", 200, "X: y"},
		{"/uploads/{id}/preview", "GET", "/uploads/" + upload + "/preview?profile=c", "", 404, "X: y"},
		{"/upload_csv/", "POST", "/upload_csv/?profile=c", catalogue, 404, "Content-Type: text/csv"},
		{"/profiles/{name}", "DELETE", "/profiles/a", "", 204, "X: y"},
		{"/profiles/{name}", "DELETE", "/profiles/a", "", 404, "X: y"},
	} {
		w := s.call(test.method, test.target, test.body, test.header)
		require.Equal(t, test.status, w.Code, "%s %s %s", test.method, test.target, w.Body)
		d.checkResponse(test.path, test.method, w)
	}
}
