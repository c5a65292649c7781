package httpapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/products"
)

// fieldSchema has a field of each type, and rules of several kinds.
func fieldSchema(t testing.TB) *products.Schema {
	schema, err := products.NewSchema(
		products.Field{Name: "price", Type: products.Decimal, Scale: 2, Rules: "gte=0"},
		products.Field{Name: "weight", Type: products.Decimal, Scale: 3},
		products.Field{Name: "stock", Type: products.Integer},
		products.Field{Name: "brand", Type: products.Text, Rules: "max=100", Search: true},
		products.Field{Name: "currency", Type: products.Text, Rules: "oneof=EUR USD 'not known'"},
		products.Field{Name: "tags", Type: products.List, Separator: "|"},
		products.Field{Name: "available_from", Type: products.Date},
		products.Field{Name: "seen_at", Type: products.Timestamp},
		products.Field{Name: "fragile", Type: products.Boolean},
	)
	require.NoError(t, err)
	return schema
}

func newFieldFixture(t testing.TB) *fixture {
	return newFixtureOver(t, memory.New(memory.Options{Fields: fieldSchema(t)}).Products(), httpapi.Options{})
}

// withFields is a body of a product with fields.
func withFields(sku, fields string) string {
	return fmt.Sprintf(`{"name":"Lamp","sku":%q,"fields":%s}`, sku, fields)
}

// fieldsOf returns the fields of a response as JSON.
func fieldsOf(t *testing.T, body string) string {
	var p struct {
		Fields json.RawMessage `json:"fields"`
	}
	require.NoError(t, json.Unmarshal([]byte(body), &p))
	return string(p.Fields)
}

func TestFieldsOfProducts(t *testing.T) {
	f := newFieldFixture(t)
	w := f.call("POST", "/products/", withFields("A", `{"price":12.5,"weight":"1.2","stock":-5,"brand":"Acme",
		"currency":"EUR","tags":["new","sale"],"available_from":"2026-11-28",
		"seen_at":"2026-11-28T10:00:00.5+01:00","fragile":true}`))
	require.Equal(t, 201, w.Code, w.Body.String())
	const whole = `{"price":"12.50","weight":"1.200","stock":-5,"brand":"Acme","currency":"EUR","tags":["new","sale"],
		"available_from":"2026-11-28","seen_at":"2026-11-28T09:00:00.5Z","fragile":true}`
	require.JSONEq(t, whole, fieldsOf(t, w.Body.String()))
	one := w.Header().Get("Location")
	require.JSONEq(t, whole, fieldsOf(t, f.call("GET", one, "").Body.String()))

	for _, test := range []struct{ method, body, want string }{
		{"PATCH", `{"fields":{"price":"9.99"}}`, strings.Replace(whole, "12.50", "9.99", 1)},
		{"PATCH", `{"name":"Torch"}`, strings.Replace(whole, "12.50", "9.99", 1)},
		{"PATCH", `{"fields":{"tags":null,"seen_at":null,"brand":"","weight":null,"currency":null}}`,
			`{"price":"9.99","stock":-5,"available_from":"2026-11-28","fragile":true}`},
		{"PUT", withFields("A", `{"price":"1","tags":[]}`), `{"price":"1.00"}`},
		{"PUT", `{"name":"Lamp","sku":"A"}`, `{}`},
		{"PUT", withFields("A", `{"price":"2","stock":0}`), `{"price":"2.00","stock":0}`},
		{"PATCH", `{"fields":{}}`, `{"price":"2.00","stock":0}`},
		{"PATCH", `{"fields":null}`, `{}`},
		{"PUT", withFields("A", `null`), `{}`},
	} {
		w := f.call(test.method, one, test.body)
		require.Equal(t, 200, w.Code, "%s %s: %s", test.method, test.body, w.Body)
		require.JSONEq(t, test.want, fieldsOf(t, w.Body.String()), "%s %s", test.method, test.body)
	}
	tag := f.call("GET", one, "").Header().Get("ETag")
	w = f.call("PATCH", one, `{"fields":{"price":null}}`)
	require.Equal(t, tag, w.Header().Get("ETag"), "nothing changes")
	problem(t, f.call("PATCH", one, `{"fields":{"price":"1"}}`, `If-Match: "999"`), 412)
}

func TestBadFields(t *testing.T) {
	f := newFieldFixture(t)
	p := f.add("A")[0]
	one := fmt.Sprintf("/products/%d", p.ID)
	for fields, want := range map[string][3]string{
		`[]`:                       {"fields", "wrong_type", "fields must be an object of fields, or null"},
		`"x"`:                      {"fields", "wrong_type", "fields must be an object of fields, or null"},
		`{"color":"red"}`:          {"fields.color", "unknown", `there is no field "color": want price, weight, stock, brand,`},
		`{"name":"red"}`:           {"fields.name", "unknown", `there is no field "name": want price,`},
		`{"Price":1}`:              {"fields.Price", "unknown", `there is no field "Price"`},
		`{"price":"cheap"}`:        {"fields.price", "bad_decimal", `price must be a number, such as 12.5, not "cheap"`},
		`{"price":true}`:           {"fields.price", "bad_decimal", "price must be a number, such as 12.5, not true"},
		`{"price":1.005}`:          {"fields.price", "too_precise", "price must have no more than 2 digits"},
		`{"price":-1}`:             {"fields.price", "below_minimum", "price must not be less than 0, but is -1.00"},
		`{"stock":1.5}`:            {"fields.stock", "bad_integer", "stock must be a whole number"},
		`{"stock":"1"}`:            {"fields.stock", "bad_integer", "stock must be a whole number"},
		`{"currency":"XXX"}`:       {"fields.currency", "not_allowed", "currency must be"},
		`{"tags":"a"}`:             {"fields.tags", "bad_list", "tags must be a list"},
		`{"tags":[1]}`:             {"fields.tags", "bad_list", "tags must be a list"},
		`{"tags":[" "]}`:           {"fields.tags", "bad_list", "tags must be a list"},
		`{"available_from":"now"}`: {"fields.available_from", "bad_date", "available_from must be a day"},
		`{"seen_at":"2026-11-28"}`: {"fields.seen_at", "bad_timestamp", "seen_at must be a time"},
		`{"fragile":1}`:            {"fields.fragile", "bad_boolean", "fragile must be true or false"},
		`{"brand":{"a":1}}`:        {"fields.brand", "bad_text", "brand must be a text"},
		`{"brand":"\u0000"}`:       {"fields.brand", "bad_character", "brand must not contain the character NUL"},
		`{"brand":"\ud800"}`:       {"fields", "bad_character", `fields has \ud800, half of a surrogate pair`},
		`{"price":1,"price":2}`:    {"fields.price", "duplicate", "fields.price is given twice"},
		`{"brand":"` + strings.Repeat("x", 101) + `"}`: {"fields.brand", "too_long", "brand must not be longer than 100"},
	} {
		for method, call := range map[string][2]string{
			"POST": {"/products/", withFields("B", fields)}, "PUT": {one, withFields("A", fields)},
			"PATCH": {one, `{"fields":` + fields + `}`},
		} {
			p := problem(t, f.call(method, call[0], call[1]), 422)
			require.Len(t, p.Errors, 1, fields)
			require.Equal(t, want[0], p.Errors[0].Field, fields)
			require.Equal(t, want[1], p.Errors[0].Code, fields)
			require.Contains(t, p.Errors[0].Message, want[2], fields)
			require.Equal(t, p.Errors[0].Message, p.Detail)
		}
	}
	all := problem(t, f.call("POST", "/products/", withFields("B", `{"stock":"x","price":"y","x":1}`)), 422)
	require.Len(t, all.Errors, 3, "all that are wrong are named")
	require.Equal(t, "fields.price", all.Errors[0].Field)
	broken := problem(t, f.call("POST", "/products/", withFields("B", `{"price":-1,"currency":"X"}`)), 422)
	require.Len(t, broken.Errors, 2)
	require.Equal(t, "fields.currency", broken.Errors[1].Field)
	many := make([]string, 500)
	for i := range many {
		many[i] = fmt.Sprintf(`"%s%d":1`, strings.Repeat("x", 300), i)
	}
	problem(t, f.call("POST", "/products/", withFields("B", "{"+strings.Join(many, ",")+"}")), 422)
	plain := newFixture(t, httpapi.Options{})
	require.Contains(t, problem(t, plain.call("POST", "/products/", withFields("B", `{"x":1}`)), 422).Detail,
		"no fields are declared")
	require.Equal(t, 201, plain.call("POST", "/products/", withFields("B", `{}`)).Code)
}

func TestRequiredFields(t *testing.T) {
	schema, err := products.NewSchema(products.Field{Name: "price", Type: products.Decimal, Scale: 2, Rules: "required"})
	require.NoError(t, err)
	f := newFixtureOver(t, memory.New(memory.Options{Fields: schema}).Products(), httpapi.Options{})
	w := f.call("POST", "/products/", withFields("A", `{"price":"1"}`))
	require.Equal(t, 201, w.Code, w.Body.String())
	one := w.Header().Get("Location")
	for _, body := range []string{withFields("B", `{}`), `{"name":"Lamp","sku":"B"}`,
		withFields("B", `{"price":null}`)} {
		p := problem(t, f.call("POST", "/products/", body), 422)
		require.Equal(t, products.FieldError{Field: "fields.price", Code: "missing", Message: "price is missing"},
			p.Errors[0])
	}
	for _, call := range [][2]string{
		{"PATCH", `{"fields":{"price":null}}`}, {"PATCH", `{"fields":null}`},
		{"PUT", `{"name":"Lamp","sku":"A"}`}, {"PUT", withFields("A", `{"price":""}`)},
	} {
		p := problem(t, f.call(call[0], one, call[1]), 422)
		require.Equal(t, "fields.price", p.Errors[0].Field)
		require.Equal(t, "empty", p.Errors[0].Code)
	}
	require.Equal(t, 200, f.call("PATCH", one, `{"name":"Torch"}`).Code)
}

func TestFilterByFields(t *testing.T) {
	f := newFieldFixture(t)
	for sku, fields := range map[string]string{
		"A": `{"price":"9.50","stock":3,"brand":"Acme","tags":["new","big sale"],"fragile":true}`,
		"B": `{"price":"10","stock":-1,"brand":"acme","tags":["new"],"fragile":false,"available_from":"2026-11-28"}`,
		"C": `{"price":"100","brand":"Zed","seen_at":"2026-11-28T09:00:00Z"}`,
		"D": `{}`,
	} {
		require.Equal(t, 201, f.call("POST", "/products/", withFields(sku, fields)).Code)
	}
	for query, want := range map[string]string{
		"price=10": "B", "price=%2B10.0": "B", "price__gte=10": "B C", "price__gt=10": "C", "price__lt=10": "A",
		"price__lte=10.00": "A B", "price__gte=9.5&price__lt=100": "A B", "price__isnull=true": "D",
		"price__isnull=False": "A B C", "price__isnull=": "A B C D", "price=&price__gte=": "A B C D",
		"stock__lt=0": "B", "stock=-1": "B", "brand=Acme": "A", "brand__gt=a": "B", "tags__contains=new": "A B",
		"tags__contains=big%20sale": "A", "tags__contains=sale": "", "tags__isnull=1": "C D", "fragile=true": "A",
		"fragile=0": "B", "fragile=False": "B", "available_from__lte=2026-11-28": "B",
		"seen_at=2026-11-28T10:00:00%2B01:00": "C", "search=ACM": "A B", "search=zed": "C", "sku=A&price=1": "",
		"price__gte=1&status=true": "", "price__gte=1&name=Lamp&search=z": "C",
	} {
		l := decode[list](t, f.call("GET", "/products/?ordering=sku&"+query, ""))
		require.Equal(t, want, strings.Join(l.skus(), " "), query)
		require.EqualValues(t, len(l.Results), l.Count, query)
		records := exported(t, f, "?"+query)
		require.Len(t, records, 1+len(l.Results), "an export takes the filters too: %s", query)
	}
	for ordering, want := range map[string]string{"price": "A B C D", "-price": "D C B A", "brand": "A C B D",
		"fragile": "B A C D"} {
		l := decode[list](t, f.call("GET", "/products/?ordering="+ordering, ""))
		require.Len(t, l.Results, 4)
		if ordering != "fragile" { // C and D are equal, and their IDs are in a map's order
			require.Equal(t, want, strings.Join(l.skus(), " "), ordering)
		}
		link := func(l list) *string { return l.Next }
		var paged []string
		for _, page := range f.follow("/products/?cursor=&limit=1&ordering="+ordering, link) {
			paged = append(paged, page...)
		}
		require.Equal(t, l.skus(), paged, ordering)
	}
	next := decode[list](t, f.call("GET", "/products/?price__gte=1&limit=1&ordering=-price", "")).Next
	require.Equal(t, "/products/?limit=1&offset=1&ordering=-price&price__gte=1", *next)
}

func TestBadFilters(t *testing.T) {
	f := newFieldFixture(t)
	for query, want := range map[string][2]string{
		"color=red":                 {"color", "or a field to filter by: want price, weight,"},
		"color__gte=1":              {"color__gte", `there is no field "color" to filter by: want one of price,`},
		"name__gte=1":               {"name__gte", `there is no field "name" to filter by`},
		"price__like=1":             {"price__like", "there is no filter price__like, since price is a field of the type decimal"},
		"price__eq=1":               {"price__eq", `there is no parameter "price__eq"`},
		"price__contains=1":         {"price__contains", "want one of price, price__gt"},
		"price__gte__lt=1":          {"price__gte__lt", "there is no filter price__gte__lt"},
		"tags=a":                    {"tags", "want one of tags__contains, tags__isnull"},
		"fragile__gt=true":          {"fragile__gt", "there is no filter"},
		"price__gte=cheap":          {"price__gte", `price__gte must be a number, such as 12.5, not "cheap"`},
		"price=1,50":                {"price", "price must be a number"},
		"price__lt=1.005":           {"price__lt", "price__lt must have no more than 2 digits"},
		"stock__lt=x":               {"stock__lt", "stock__lt must be a whole number"},
		"fragile=maybe":             {"fragile", "fragile must be true or false"},
		"price__isnull=x":           {"price__isnull", "price__isnull must be true or false"},
		"price__gte=1&price__gte=2": {"price__gte", "is given twice"},
		"available_from=soon":       {"available_from", "available_from must be a day"},
		"price__=1":                 {"price__", "there is no filter price__"},
		"__gte=1":                   {"__gte", "there is no field"},
		"brand=%00":                 {"brand", "brand must not contain the character NUL"},
		"color__gte=":               {"color__gte", "there is no field"},
		"price__like=":              {"price__like", "there is no filter"},
	} {
		for _, path := range []string{"/products/?", "/products/export.csv?"} {
			p := problem(t, f.call("GET", path+query, ""), 400)
			require.Equal(t, want[0], p.Errors[0].Field, query)
			require.Contains(t, p.Detail, want[1], query)
		}
	}
	require.Contains(t, problem(t, f.call("GET", "/products/?ordering=tags", ""), 400).Detail, "ordering")
	require.NotContains(t, problem(t, newFixture(t, httpapi.Options{}).call("GET", "/products/?color=1", ""), 400).Detail,
		"filter by")
}
