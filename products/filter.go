package products

import (
	"fmt"
	"slices"
	"strings"
)

// Filter adds the filter of a text as the list of products takes it, "brand=Acme", "price__gte=10" or "status=true":
// name, sku, status, search, or a [Condition] by its name. The error is a [*QueryError].
func (q Query) Filter(schema *Schema, text string) (Query, error) {
	fail := func(field, format string, a ...any) (Query, error) {
		return q, &QueryError{Field: field, Message: fmt.Sprintf(format, a...)}
	}
	name, value, assigns := strings.Cut(text, "=")
	if !assigns {
		return fail("", "%q is no filter: want FIELD=VALUE", Shorten(text))
	}
	for _, one := range []struct {
		name string
		to   *string
	}{{"name", &q.Name}, {"sku", &q.SKU}, {"search", &q.Search}} {
		switch {
		case one.name != name:
		case *one.to != "":
			return fail(name, "%s is given twice", name)
		case Blank(value):
			return fail(name, "%s must not be empty", name)
		default:
			*one.to = value
			_, _, _, err := q.Check(schema)
			return q, err
		}
	}
	if name == "status" {
		is := value == "true"
		switch {
		case q.Status != nil:
			return fail(name, "status is given twice")
		case !is && value != "false":
			return fail(name, "status must be true or false, not %q", Shorten(value))
		}
		q.Status = &is
		return q, nil
	}
	field, op, compares := strings.Cut(name, "__")
	c := Condition{Field: field, Op: OpEqual, Value: value}
	if compares {
		c.Op = Operator(op)
	}
	q.Where = append(slices.Clip(q.Where), c)
	_, _, _, err := q.Check(schema)
	return q, err
}
