package httpapi_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
)

// sender sends files to a server as programs do.
type sender struct {
	*steps
	url string
}

func newSender(t *testing.T) *sender {
	t.Helper()
	s := newSteps(t)
	server := httptest.NewServer(s.api)
	t.Cleanup(server.Close)
	return &sender{s, server.URL}
}

// post sends a body, and returns the answer's status and its fields.
func (s *sender) post(path, body string, header http.Header) (status int, answer map[string]any) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+path, strings.NewReader(body))
	require.NoError(s.t, err)
	r.Header = header
	r.SetBasicAuth(user, password)
	response, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	require.NoError(s.t, json.Unmarshal(text, &answer), "%s", text)
	return response.StatusCode, answer
}

// encoding is that with which the newest import reads its file, as its settings have it.
func (s *sender) encoding(answer map[string]any) string {
	s.t.Helper()
	j, err := s.service.Get(s.t.Context(), answer["task_id"].(string))
	require.NoError(s.t, err)
	return j.Settings.Encoding
}

// formPart is a part of a form.
type formPart struct{ disposition, contentType, body string }

// parts makes a form of parts, and returns it with its header.
func parts(t *testing.T, all []formPart) (string, http.Header) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range all {
		header := textproto.MIMEHeader{"Content-Disposition": {"form-data; " + p.disposition}}
		if p.contentType != "" {
			header.Set("Content-Type", p.contentType)
		}
		part, err := w.CreatePart(header)
		require.NoError(t, err)
		_, err = io.WriteString(part, p.body)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.String(), http.Header{"Content-Type": {w.FormDataContentType()}}
}

// inUTF16 is the text in UTF-16, little-endian, without a mark.
func inUTF16(text string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return string(b)
}

// TestUploadForms sends forms with more in them than the file.
func TestUploadForms(t *testing.T) {
	file := formPart{`name="file"; filename="a.csv"`, "text/csv", catalogue}
	named := func(disposition string) formPart { return formPart{disposition, "text/csv", catalogue} }
	token := formPart{`name="csrfmiddlewaretoken"`, "", "x"}
	for name, test := range map[string]struct {
		parts  []formPart
		status int
		field  string
		says   string
	}{
		"a token before":            {[]formPart{token, file}, 0, "", ""},
		"metadata before and after": {[]formPart{{`name="_charset_"`, "", "utf-8"}, file, token, {`name="meta"`, "application/json", `{"a":1}`}}, 0, "", ""},
		"file[]":                    {[]formPart{named(`name="file[]"; filename="a.csv"`)}, 0, "", ""},
		"files[]":                   {[]formPart{token, named(`name="files[]"; filename="a.csv"`)}, 0, "", ""},
		"files":                     {[]formPart{named(`name="files"; filename*=UTF-8''a.csv`)}, 0, "", ""},
		"an empty input beside it":  {[]formPart{{`name="files"; filename=""`, "application/octet-stream", ""}, file}, 0, "", ""},
		"nothing but tokens":        {[]formPart{token, token}, 422, "file", "no field file"},
		"nothing chosen":            {[]formPart{{`name="file"; filename=""`, "application/octet-stream", ""}}, 422, "file", "no field file"},
		"two files":                 {[]formPart{file, token, named(`name="file"; filename="b.csv"`)}, 422, "file", `two files, "a.csv" and "b.csv"`},
		"two of files[]":            {[]formPart{named(`name="files[]"; filename="a.csv"`), named(`name="files[]"; filename="c.csv"`)}, 422, "files[]", `"c.csv"`},
		"a file of another name":    {[]formPart{named(`name="upload"; filename="a.csv"`)}, 422, "upload", `it must be "file"`},
		"another file behind it":    {[]formPart{file, named(`name="image"; filename="a.png"`)}, 422, "image", `"image"`},
		"a setting before":          {[]formPart{{`name="mode"`, "", "update"}, file}, 422, "mode", "in the query"},
		"a setting behind":          {[]formPart{file, {`name="leave_out"`, "", "a"}}, 422, "leave_out", "in the query"},
		"a profile":                 {[]formPart{file, {`name="profile"`, "", "a"}}, 422, "profile", "in the query"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSender(t)
			body, header := parts(t, test.parts)
			for path, accepted := range map[string]int{"/upload_csv/": 202, "/uploads/": 201} {
				status, answer := s.post(path, body, header)
				if test.status == 0 {
					require.Equal(t, accepted, status, "%v", answer)
					require.Equal(t, "a.csv", answer["file_name"])
					continue
				}
				require.Equal(t, test.status, status, "%v", answer)
				require.Contains(t, answer["detail"], test.says)
				require.Equal(t, test.field, answer["errors"].([]any)[0].(map[string]any)["field"])
			}
			if test.status != 0 {
				keys, err := s.db.Uploads().Sweep(t.Context(), -1)
				require.NoError(t, err)
				require.Empty(t, keys, "nothing is stored")
			}
		})
	}
}

// TestUploadEncodings sends files that are compressed in ways that are read, and in others.
func TestUploadEncodings(t *testing.T) {
	var deflated bytes.Buffer
	w := zlib.NewWriter(&deflated)
	_, err := io.WriteString(w, catalogue)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	formBody, formHeader := parts(t, []formPart{{`name="file"; filename="a.csv"`, "text/csv", catalogue}})
	encoded := func(encoding string) http.Header {
		return http.Header{"Content-Type": {"text/csv"}, "Content-Encoding": {encoding}}
	}
	gzippedForm := formHeader.Clone()
	gzippedForm.Set("Content-Encoding", "gzip")
	identity := formHeader.Clone()
	identity.Set("Content-Encoding", "Identity")
	base64Body := strings.Replace(formBody, "Content-Type", "Content-Transfer-Encoding: base64\r\nContent-Type", 1)
	s := newSender(t)
	for name, test := range map[string]struct {
		body   string
		header http.Header
		status int
		says   string
	}{
		"gzip":             {gzipped(t, catalogue), encoded("gzip"), 0, ""},
		"zstd":             {zstandard(t, catalogue), encoded("zstd"), 0, ""},
		"deflate":          {deflated.String(), encoded("deflate"), 415, "gzip or zstd"},
		"br":               {catalogue, encoded("br"), 415, "gzip or zstd"},
		"a form in gzip":   {gzipped(t, formBody), gzippedForm, 415, "compress the file in it"},
		"a form as it is":  {formBody, identity, 0, ""},
		"a part in base64": {base64Body, formHeader, 415, "base64"},
	} {
		for path, accepted := range map[string]int{"/upload_csv/": 202, "/uploads/": 201} {
			status, answer := s.post(path, test.body, test.header)
			if test.status == 0 {
				require.Equal(t, accepted, status, "%s: %v", name, answer)
				continue
			}
			require.Equal(t, test.status, status, "%s: %v", name, answer)
			require.Contains(t, answer["detail"], test.says, name)
		}
	}
}

// TestUploadCharset: the charset of a Content-Type is the encoding, or is refused.
func TestUploadCharset(t *testing.T) {
	const umlaut = "name,sku\nK\xe4se,K-1\nB\xe4r,B-1\n"
	for name, test := range map[string]struct {
		charset, query, body string
		status               int    // of POST /upload_csv/
		want                 string // the encoding, or what the problem says
		alone                int    // the status of POST /uploads/
		says                 string
	}{
		"none":                       {"", "", catalogue, 202, "", 201, ""},
		"utf-8":                      {"utf-8", "", catalogue, 202, "utf-8", 201, ""},
		"quoted":                     {`"UTF8"`, "", "name,sku\nKäse,1\n", 202, "utf-8", 201, ""},
		"ASCII":                      {"us-ascii", "", catalogue, 202, "utf-8", 201, ""},
		"another":                    {"iso-8859-15", "", umlaut, 202, "iso-8859-15", 415, "encoding=iso-8859-15"},
		"what is said too":           {"utf-8", "?encoding=UTF8", catalogue, 202, "utf-8", 201, ""},
		"auto":                       {"windows-1252", "?encoding=auto", umlaut, 202, "windows-1252", 415, "encoding=windows-1252"},
		"another than is said":       {"utf-8", "?encoding=windows-1252", catalogue, 422, "encoding says windows-1252, but the charset of the Content-Type utf-8", 201, ""},
		"one that isn't known":       {"ebcdic", "", catalogue, 415, `the charset "ebcdic"`, 415, `the charset "ebcdic"`},
		"utf-8 on UTF-16":            {"utf-8", "", inUTF16(catalogue), 422, "", 422, "byte 2 of the file"},
		"utf-8 on UTF-16 and a mark": {"utf-8", "", "\xff\xfe" + inUTF16(catalogue), 422, "utf-16le", 422, "byte 1 of the file"},
		"utf-8 on something else":    {"utf-8", "", umlaut, 202, "utf-8", 422, "byte 11 of the file"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSender(t)
			contentType := "text/csv"
			if test.charset != "" {
				contentType += "; charset=" + test.charset
			}
			form, formHeader := parts(t, []formPart{{`name="file"; filename="a.csv"`, contentType, test.body}})
			for _, sent := range []struct {
				body   string
				header http.Header
			}{{test.body, http.Header{"Content-Type": {contentType}}}, {form, formHeader},
				{gzipped(t, test.body), http.Header{"Content-Type": {contentType}, "Content-Encoding": {"gzip"}}}} {
				status, answer := s.post("/upload_csv/"+test.query, sent.body, sent.header)
				require.Equal(t, test.status, status, "%v", answer)
				if status == 202 {
					require.Equal(t, test.want, strings.TrimPrefix(s.encoding(answer), "auto"))
				} else {
					require.Contains(t, answer["detail"], test.want)
				}
				status, answer = s.post("/uploads/", sent.body, sent.header)
				require.Equal(t, test.alone, status, "%v", answer)
				if status != 201 {
					require.Contains(t, answer["detail"], test.says)
				}
			}
		})
	}
}

// TestUploadCharsetLater: only the beginning is held against it, and a character that it cuts is none that is broken.
func TestUploadCharsetLater(t *testing.T) {
	s := newSteps(t)
	api, err := httpapi.New(s.db.Products(), s.service, s.db.Jobs(), newUsers(t), httpapi.Options{})
	require.NoError(t, err)
	s.api = api
	for _, before := range []string{"", "x"} {
		file := "name,sku\n" + before + strings.Repeat("ä", 40_000) + "\xff,1\n"
		w := s.send(request("POST", "/uploads/", file, "Content-Type: text/csv; charset=utf-8"))
		require.Equal(t, 201, w.Code, w.Body.String())
		w = s.send(request("POST", "/uploads/", file[:20_000]+"\xff"+file[20_000:], "Content-Type: text/csv; charset=utf-8"))
		require.Equal(t, "charset", problem(t, w, 422).Code)
	}
}
