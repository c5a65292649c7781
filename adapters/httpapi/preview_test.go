package httpapi_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

// previewed is what a client reads of a preview.
type previewed struct {
	Upload  map[string]any
	Dialect *struct{ Encoding, Delimiter, Compression string }
	Columns []struct {
		Column  int
		Name    string
		Samples []string
		Filled  float64
		Use     string
		Field   *string
		Found   *string
	}
	Fields []struct {
		Name   string
		Column *int
	}
	Missing []struct {
		Field       string
		Suggestions []struct{ Column, Detail string }
	}
	Questions []struct {
		Parameter string
		Value     string
		Readings  []struct{ Answer, Reads string }
	}
	Hints   []string
	Records []struct {
		Line    int
		Product map[string]any
		Reject  *struct{ Column, Code, Reason, Value string }
	}
	Problem *struct{ Code, Detail string }
	Whole   bool
}

// preview stores the file and asks for its preview, which is checked against the OpenAPI document.
func (s *steps) preview(t *testing.T, d *document, file, query string) previewed {
	t.Helper()
	upload, err := s.service.Upload(t.Context(), "file.csv", user, strings.NewReader(file))
	require.NoError(t, err)
	w := s.call("GET", "/uploads/"+upload.ID+"/preview"+query, "")
	require.Equal(t, 200, w.Code, w.Body.String())
	require.Less(t, w.Body.Len(), 1<<20, "the answer is bounded")
	d.checkResponse("/uploads/{id}/preview", "GET", w)
	p := decode[previewed](t, w)
	require.Equal(t, upload.ID, p.Upload["id"])
	for _, list := range []string{`"columns":[`, `"missing":[`, `"questions":[`, `"hints":[`, `"records":[`} {
		require.Contains(t, w.Body.String(), list)
	}
	return p
}

func TestPreview(t *testing.T) {
	s := newSteps(t, products.Field{Name: "price", Type: products.Decimal, Scale: 2, Aliases: []string{"Preis"}},
		products.Field{Name: "from", Type: products.Date})
	d := openAPI(t, s.fixture)

	german := "SKU;Name;Preis;Farbe\n7;St\xfchle;1.234,50;gr\xfcn\n8;;5,00;rot\n9;K\xe4se;;wei\xdf\n"
	p := s.preview(t, d, german, "?mode=update&extra=keep&priority=3")
	require.Equal(t, "windows-1252", p.Dialect.Encoding)
	require.Equal(t, ";", p.Dialect.Delimiter)
	require.Equal(t, map[string]any{"sku": "7", "name": "Stühle", "price": "1234.50",
		"attributes": map[string]any{"Farbe": "grün"}}, p.Records[0].Product)
	require.Equal(t, "empty", p.Records[1].Reject.Code)
	require.Equal(t, "alias", *p.Columns[2].Found)
	require.Equal(t, 4, *columnOf(p, "price")+1)
	require.Nil(t, p.Problem)
	require.True(t, p.Whole)

	p = s.preview(t, d, german, "?mode=update&extra=keep&leave_out=farbe")
	require.Empty(t, p.Records[0].Product["attributes"])
	require.Equal(t, "ignored", p.Columns[3].Use)
	require.Equal(t, "given", *p.Columns[3].Found)

	p = s.preview(t, d, "Handle,Title,Preis\na,A,1.5\nb,B,2.5\n", "")
	require.Equal(t, "header", p.Problem.Code)
	require.Equal(t, "sku", p.Missing[0].Field)
	require.Equal(t, "Handle", p.Missing[0].Suggestions[0].Column)
	require.Equal(t, "2 values, all different", p.Missing[0].Suggestions[0].Detail)
	require.Equal(t, []string{"1.5", "2.5"}, p.Columns[2].Samples)
	p = s.preview(t, d, "Handle,Title,Preis\na,A,1.5\nb,B,2.5\n", "?map="+url.QueryEscape("sku=Handle"))
	require.Nil(t, p.Problem)
	require.Equal(t, "given", *p.Columns[0].Found)

	p = s.preview(t, d, gzipped(t, catalogue), "")
	require.Equal(t, "gzip", p.Dialect.Compression)
	require.Len(t, p.Records, 2)

	p = s.preview(t, d, "sku,name\n", "")
	require.Empty(t, p.Records)
	require.Nil(t, p.Problem)
	require.Contains(t, p.Hints[0], "no record")

	p = s.preview(t, d, "sku,name,price\nA,x,\"1,234\"\n", "")
	require.Equal(t, "question", p.Problem.Code)
	require.Equal(t, "number", p.Questions[0].Parameter)
	require.Equal(t, "1,234", p.Questions[0].Value)
	require.Equal(t, "1.234", p.Questions[0].Readings[0].Reads)
	p = s.preview(t, d, "sku,name,price\nA,x,\"1,234\"\n", "?number=price%3D.")
	require.Nil(t, p.Problem)
	require.Equal(t, "1234.00", p.Records[0].Product["price"])

	p = s.preview(t, d, "sku,name,from\nA,x,01/02/2026\n", "")
	require.Equal(t, "date", p.Questions[0].Parameter)
	require.Equal(t, "dmy", p.Questions[0].Readings[0].Answer)

	// What stood as an upload before it was refused at once, or comes from elsewhere.
	p = s.preview(t, d, "sku,na\"me\n1,2\n", "")
	require.Equal(t, "not_importable", p.Problem.Code)

	var wide strings.Builder
	wide.WriteString("sku,name")
	for i := range 300 {
		fmt.Fprintf(&wide, ",<img onerror> %d", i)
	}
	for i := range 40 {
		fmt.Fprintf(&wide, "\nK-%d,Kettle%s", i, strings.Repeat(","+strings.Repeat("<ü>", 300), 300))
	}
	p = s.preview(t, d, wide.String(), "?extra=keep")
	require.Len(t, p.Columns, 302)
	require.False(t, p.Whole)
	require.Equal(t, "attribute", p.Columns[2].Use)
}

// columnOf returns the index of a field's column.
func columnOf(p previewed, field string) *int {
	for _, f := range p.Fields {
		if f.Name == field {
			return f.Column
		}
	}
	return nil
}

func TestPreviewRefuses(t *testing.T) {
	s := newSteps(t)
	d := openAPI(t, s.fixture)
	path := "/uploads/" + s.stored(catalogue)["id"].(string) + "/preview"
	for _, test := range []struct {
		method, target string
		status         int
	}{
		{"GET", path + "?mode=x", 400}, {"GET", path + "?limit=5", 400}, {"GET", path + "?map=price=1", 400},
		{"GET", path + "?set=sku=1", 400}, {"GET", "/uploads/x/preview", 404}, {"GET", "/uploads/" + id(7) + "/preview", 404},
		{"POST", path, 405},
	} {
		w := s.call(test.method, test.target, "")
		problem(t, w, test.status)
		if test.status != 405 {
			d.checkResponse("/uploads/{id}/preview", "GET", w)
		}
	}
	require.Equal(t, 204, s.call("DELETE", strings.TrimSuffix(path, "/preview"), "").Code)
	require.Contains(t, problem(t, s.call("GET", path, ""), 404).Detail, "no such upload")
}
