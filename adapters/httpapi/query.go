package httpapi

import (
	"encoding"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// parameters are a request's query parameters, read strictly: one that is unknown, or comes twice where it may not, is
// an error that names it.
type parameters struct {
	values url.Values
	where  []products.Condition // those of readFilters
	err    error                // the first there was
}

// readParameters reads the query. Names that end in "..." may come several times.
func readParameters(r *http.Request, names ...string) *parameters { return readQuery(r, nil, names) }

// filterParameters are the filters of products that don't depend on the schema.
var filterParameters = []string{"name", "sku", "status", "search"}

// readFilters is readParameters with the filters of products, those on fields of one's own too: price, price__gte and
// so on.
func (a *API) readFilters(r *http.Request, names ...string) *parameters {
	return readQuery(r, a.schema, slices.Concat(names, filterParameters))
}

// filters returns the query of the filters.
func (p *parameters) filters() products.Query {
	return products.Query{Name: p.text("name"), SKU: p.text("sku"), Search: p.text("search"),
		Status: p.boolean("status"), Where: p.where}
}

// readQuery reads the query. A schema that is not nil allows the filters on its fields too.
func readQuery(r *http.Request, schema *products.Schema, names []string) *parameters {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return &parameters{err: newProblem(http.StatusBadRequest, "malformed_query", "the query is malformed: "+
			err.Error())}
	}
	p := &parameters{values: values}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		filter, isFilter := filterOf(name, schema)
		switch {
		case slices.Contains(names, name+"..."):
		case !slices.Contains(names, name) && !isFilter:
			known := make([]string, len(names))
			for i := range names {
				known[i] = strings.TrimSuffix(names[i], "...")
			}
			want := "none is known here"
			if len(known) > 0 {
				want = "want " + strings.Join(known, ", ")
			}
			if schema != nil && schema.Len() > products.Standard().Len() {
				want += ", or a field to filter by: " + wantFields(schema)
			}
			p.fail(products.Shorten(name), codeUnknown, fmt.Sprintf("there is no parameter %q: %s",
				products.Shorten(name), want))
		case len(values[name]) > 1:
			p.fail(products.Shorten(name), codeTwice, products.Shorten(name)+" is given twice")
		case isFilter:
			p.addFilter(filter, schema)
		}
	}
	return p
}

// filterOf returns the condition that a parameter of the name may set, and whether it looks like one.
func filterOf(name string, schema *products.Schema) (c products.Condition, ok bool) {
	if schema == nil {
		return c, false
	}
	field, op, compares := strings.Cut(name, "__")
	c = products.Condition{Field: field, Op: products.OpEqual}
	if compares {
		c.Op = products.Operator(op)
		return c, op != string(products.OpEqual)
	}
	f := schema.Find(field)
	return c, f != nil && !f.Builtin()
}

// addFilter adds a condition with the value that is given for it. An empty one is no condition, as with other filters.
func (p *parameters) addFilter(c products.Condition, schema *products.Schema) {
	c.Value = p.text(c.Name())
	f := schema.Find(c.Field)
	if f != nil && (c.Op == products.OpIsNull || f.Type == products.Boolean) {
		switch c.Value {
		case "True", "1":
			c.Value = "true"
		case "False", "0":
			c.Value = "false"
		}
	}
	checked, wrong := c.Check(schema)
	switch {
	case wrong == nil:
		p.where = append(p.where, checked)
	case c.Value == "" && f != nil && !f.Builtin() && slices.Contains(f.Operators(), c.Op):
	default:
		p.fail(wrong.Field, wrong.Code, wrong.Message)
	}
}

func (p *parameters) fail(name, code, message string) {
	if p.err == nil {
		p.err = badParameter(name, code, message)
	}
}

func (p *parameters) text(name string) string { return p.values.Get(name) }

// texts returns the values of a parameter that may come several times, without empty ones.
func (p *parameters) texts(name string) []string {
	return slices.DeleteFunc(slices.Clone(p.values[name]), func(text string) bool { return text == "" })
}

func (p *parameters) has(name string) bool { return p.values.Has(name) }

// boolean returns what true, false, 1 or 0 says; nil without the parameter.
func (p *parameters) boolean(name string) *bool { return p.booleanOr(name, "true or false") }

// booleanOr is boolean of a parameter whose other words the caller knows, which are all named in wanted.
func (p *parameters) booleanOr(name, wanted string) *bool {
	switch text := p.text(name); text {
	case "":
		return nil
	case "true", "True", "1":
		value := true
		return &value
	case "false", "False", "0":
		return new(bool)
	default:
		p.fail(name, codeValue, fmt.Sprintf("%s must be %s, not %q", name, wanted, products.Shorten(text)))
		return nil
	}
}

// unmarshal sets a setting to the parameter's value, which the setting itself parses; without the parameter it stays.
func (p *parameters) unmarshal(name string, setting encoding.TextUnmarshaler) {
	if text := p.text(name); text != "" {
		if err := setting.UnmarshalText([]byte(text)); err != nil {
			p.fail(name, codeValue, name+": "+err.Error())
		}
	}
}

// number returns a whole number within the bounds, or byDefault without the parameter.
func (p *parameters) number(name string, least, most, byDefault int) int {
	text := p.text(name)
	if text == "" {
		return byDefault
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		p.fail(name, codeValue, fmt.Sprintf("%s must be a whole number between %d and %d, not %q", name, least, most,
			products.Shorten(text)))
		return byDefault
	}
	return n
}

// readStates returns the states that the parameter "state" names, which may come several times. fold spells one as the
// known states are spelled.
func readStates[S ~string](p *parameters, known []S, fold func(text string) string) (states []S) {
	for _, text := range p.values["state"] {
		state := S(fold(text))
		if !slices.Contains(known, state) {
			p.fail("state", codeValue, fmt.Sprintf("state must be one of %v, not %q", known, products.Shorten(text)))
		}
		states = append(states, state)
	}
	return states
}
