package httpapi_test

import (
	"encoding/csv"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// imported imports a file, and returns the job.
func (s *steps) imported(query, file string) job.Job {
	s.t.Helper()
	s.accepted(s.send(request("POST", "/upload_csv/"+query, file, "Content-Type: text/csv")))
	j := s.work()
	require.Equal(s.t, job.Success, j.State, j.Error)
	return j
}

// TestChanges: what an import did to each product, in JSON with the values of products, and as CSV.
func TestChanges(t *testing.T) {
	s := newSteps(t, products.Field{Name: "price", Type: products.Decimal, Scale: 2},
		products.Field{Name: "stock", Type: products.Integer}, products.Field{Name: "tags", Type: products.List, Separator: "|"})
	s.imported("", "sku,name,price,stock,tags\nb,=old,1.00,1,x|y\nc,same,1,1,\n")
	j := s.imported("?mode=update&extra=keep&changes=all", "sku,name,description,status,price,stock,tags,color\n"+
		"b,new,\"d\ne\",1,,2,,red\nc,same,,,1,1,,\na,+A,,,2.5,,x,\n")
	w := s.call("GET", "/imports/"+j.ID+"/changes", "")
	require.JSONEq(t, `{"next":null,"results":[
		{"kind":"created","key":"a","sku":"a","product_id":3,"version":1,"created_at":null,"reason":null,"fields":{
			"name":{"before":null,"after":"+A"},"status":{"before":null,"after":false},
			"price":{"before":null,"after":"2.50"},"tags":{"before":null,"after":["x"]}},"attributes":{}},
		{"kind":"updated","key":"b","sku":"b","product_id":1,"version":2,"created_at":null,"reason":null,"fields":{
			"name":{"before":"=old","after":"new"},"description":{"before":"","after":"d\ne"},
			"status":{"before":false,"after":true},"price":{"before":"1.00","after":null},
			"stock":{"before":1,"after":2},"tags":{"before":["x","y"],"after":null}},
			"attributes":{"color":{"before":null,"after":"red"}}}]}`, w.Body.String())

	w = s.call("GET", "/imports/"+j.ID+"/changes.csv?kind=updated&kind=deleted", "")
	require.Equal(t, `attachment; filename="changes-`+j.ID+`.csv"`, w.Header().Get("Content-Disposition"))
	rows, err := csv.NewReader(w.Body).ReadAll()
	require.NoError(t, err)
	require.Equal(t, [][]string{{"key", "kind", "field", "before", "after", "version", "reason"},
		{"b", "updated", "name", "'=old", "new", "2", ""}, {"b", "updated", "description", "", "d\ne", "2", ""},
		{"b", "updated", "status", "false", "true", "2", ""}, {"b", "updated", "price", "1.00", "", "2", ""},
		{"b", "updated", "stock", "1", "2", "2", ""}, {"b", "updated", "tags", "x|y", "", "2", ""},
		{"b", "updated", "attributes.color", "", "red", "2", ""}}, rows)
	require.Equal(t, "key,kind,field,before,after,version,reason\nb,updated,attributes.color,,red,2,\n",
		s.call("GET", "/imports/"+j.ID+"/changes.csv?field=attributes.color", "").Body.String())
	require.Equal(t, "key,kind,field,before,after,version,reason\n",
		s.call("GET", "/imports/"+j.ID+"/changes.csv?field=attributes.nothing", "").Body.String())
	d := openAPI(t, s.fixture)
	for _, list := range []string{"changes", "changes.csv"} {
		for _, field := range []string{"sku", "description&kind=deleted", "attributes.x"} {
			require.Equal(t, 200, s.call("GET", "/imports/"+j.ID+"/"+list+"?field="+field, "").Code, field)
		}
		w = s.call("GET", "/imports/"+j.ID+"/"+list+"?field=prize", "")
		require.Equal(t, `field: there is no field "prize": want sku, name, description, status, price, stock, tags, or `+
			"attributes.NAME", problem(t, w, 400).Detail)
		d.checkResponse("/imports/{id}/"+list, "GET", w)
		problem(t, s.call("GET", "/imports/01936f00-0000-7000-8000-000000000000/"+list+"?field=prize", ""), 404)
	}
}

// TestChangesAreListedByCursor: page by page, each once, and of a dry run too.
func TestChangesAreListedByCursor(t *testing.T) {
	s := newSteps(t)
	var file strings.Builder
	file.WriteString("sku,name\n")
	for i := range 50 {
		fmt.Fprintf(&file, "s %02d,n\n", i)
	}
	j := s.imported("?dry_run=true", file.String())
	next, n := "/imports/"+j.ID+"/changes?kind=created&field=name&limit=20", 0
	for pages := 1; next != ""; pages++ {
		w := s.call("GET", next, "")
		require.Equal(t, 200, w.Code, w.Body.String())
		page := decode[struct {
			Next    *string
			Results []struct {
				SKU       string
				ProductID *int64 `json:"product_id"`
			}
		}](t, w)
		for _, c := range page.Results {
			require.Equal(t, fmt.Sprintf("s %02d", n), c.SKU)
			require.Nil(t, c.ProductID)
			n++
		}
		if next = ""; page.Next != nil {
			next = *page.Next
			require.Contains(t, next, "kind=created")
		} else {
			require.Equal(t, 3, pages)
		}
	}
	require.Equal(t, 50, n)
	for query, what := range map[string]string{"kind=lost": "kind must be one of", "cursor=x": "cursor must be one",
		"cursor=eyJCYXRjaCI6LTEsIktleSI6ImEifQ": "cursor must be one", // batch -1
		"cursor=eyJzaW5nbGUiOjEsInNrdSI6ImEifQ": "cursor must be one", // of a history
		"cursor=e30":                            "cursor must be one",
		"limit=1001":                            "limit must be", "fields=x": `no parameter "fields"`} {
		require.Contains(t, problem(t, s.call("GET", "/imports/"+j.ID+"/changes?"+query, ""), 400).Detail, what)
	}
	problem(t, s.call("GET", "/imports/"+j.ID+"/changes.csv?limit=1", ""), 400)
}

// TestChangesThatAreNotKept: a sentence says why there are none.
func TestChangesThatAreNotKept(t *testing.T) {
	s := newSteps(t)
	j := s.imported("", catalogue)
	for _, path := range []string{"/changes", "/changes.csv"} {
		p := problem(t, s.call("GET", "/imports/"+j.ID+path, ""), 409)
		require.Equal(t, "no_changes", p.Code)
		require.Contains(t, p.Detail, "changes=all")
		problem(t, s.call("GET", "/imports/x"+path, ""), 404)
		problem(t, s.call("GET", "/imports/"+id(7)+path, ""), 404)
	}
	p := problem(t, s.send(request("POST", "/upload_csv/?changes=some", catalogue, "Content-Type: text/csv")), 400)
	require.Contains(t, p.Detail, `unknown changes "some": want none or all`)
}

func TestOpenAPIDescribesChanges(t *testing.T) {
	s := newSteps(t, products.Field{Name: "price", Type: products.Decimal, Scale: 2})
	d := openAPI(t, s.fixture)
	kept, none := s.imported("?extra=keep&changes=all", "sku,name,price,color\na,b,1,red\n"), s.imported("", catalogue)
	for _, test := range []struct {
		path, target string
		status       int
	}{
		{"/imports/{id}/changes", kept.ID + "/changes", 200}, {"/imports/{id}/changes", kept.ID + "/changes?limit=0", 400},
		{"/imports/{id}/changes", none.ID + "/changes", 409}, {"/imports/{id}/changes", "x/changes", 404},
		{"/imports/{id}/changes.csv", kept.ID + "/changes.csv", 200},
		{"/imports/{id}/changes.csv", none.ID + "/changes.csv", 409},
		{"/imports/{id}/changes.csv", "x/changes.csv", 404},
	} {
		w := s.call("GET", "/imports/"+test.target, "")
		require.Equal(t, test.status, w.Code, test.target)
		d.checkResponse(test.path, "GET", w)
	}
}
