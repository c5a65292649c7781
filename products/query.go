package products

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Limits of Query.
const (
	DefaultLimit  = 20
	MaxLimit      = 1_000
	MaxConditions = 100
)

// Query selects and orders products. Its zero value is the first page of all products by ID.
type Query struct {
	// Name matches the whole name, character by character, whether its letters are composed (NFC) or decomposed (NFD):
	// see Spellings.
	Name string
	// SKU matches by key.
	SKU string
	// Search matches products with this text in their SKU, their name or a field with Field.Search, ignoring case, and
	// composed or decomposed as Name. A
	// text that is longer than a name can be matches nothing.
	Search string
	// Status matches products with this status.
	Status *bool
	// Where are conditions on fields of one's own, at most MaxConditions, that all must hold.
	Where []Condition
	// Order is one of the fields of OrderBy, with "-" before it for descending. Products that are equal by it come by
	// ID, in the same direction. Empty is by ID. Values are in the order of [Field.Compare]: text is compared byte by
	// byte, and null is the greatest value, so that it is last, and first in descending order.
	Order string
	// Limit is at most how many products: 1 to MaxLimit, 0 for DefaultLimit.
	Limit int
	// Offset skips so many products. It can't be combined with Cursor.
	Offset int
	// Cursor is the Next of an earlier page with the same Order: go on behind it. It costs the same on every page, and
	// no product is listed twice or left out because others come and go.
	Cursor string
	// MaxBytes bounds the page, unless it is 0: the Product.Bytes of its products are at most so many together, or it
	// is one product alone. Where that ends it before Limit it has a Next, and may even be empty.
	MaxBytes int
	// SkipCount leaves out Page.Count, which has to look at every match.
	SkipCount bool
	// CountUpTo lets the store estimate Page.Count where more products match: it need not look at more than so many.
	// 0 has all of them counted.
	CountUpTo int
}

// Page is a part of the products that match a query.
type Page struct {
	// Products is empty, not nil, where nothing matches.
	Products []Product
	// Count is how many products match in all; -1 with SkipCount.
	Count int64
	// CountEstimated says that Count is an estimate, and greater than Query.CountUpTo. It may be far off where no
	// statistics tell how many products match, as for text that is searched.
	CountEstimated bool
	// Next is the cursor to the next page, empty on the last.
	Next string
}

// OrderBy returns the fields that products of the schema can be ordered by: those that all products have, and those of
// one's own that are no lists.
func OrderBy(schema *Schema) []string {
	names := []string{"id", "name", "sku", "status", "created_at", "updated_at"}
	for _, f := range schema.All() {
		if f.orders() {
			names = append(names, f.Name)
		}
	}
	return names
}

// orders reports whether products can be ordered by the field, which is one of one's own.
func (f *Field) orders() bool { return !f.Builtin() && types[f.Type].measure != byEntries }

// Ordering is a parsed Query.Order.
type Ordering struct {
	Field string
	Desc  bool

	own *Field // nil for a field that all products have
}

// Own is the field of one's own that products are ordered by, nil for any other.
func (o Ordering) Own() *Field { return o.own }

// Position is a place in an ordered list: right behind a product.
type Position struct {
	Order string `json:"o"`
	// Value is the product's value of the ordering's field, as Ordering.Value gives it.
	Value string `json:"v"`
	ID    int64  `json:"i"`
	// SKU is the product's, unless Value is. It orders products that have one ID, which a store may have come by.
	SKU string `json:"s,omitempty"`
}

// QueryError says what is wrong with a [Query]. It is an [ErrQuery].
type QueryError struct {
	// Field is the parameter that is wrong, as the API calls it: limit, offset, cursor, ordering, name, sku, search, or
	// the name of a [Condition]. It is empty where it is none of them.
	Field string
	// Message is a sentence that begins with it.
	Message string
}

func (e *QueryError) Error() string { return ErrQuery.Error() + ": " + e.Message }

// Unwrap returns [ErrQuery].
func (e *QueryError) Unwrap() error { return ErrQuery }

// Check returns the query with its defaults filled in and the values of its conditions in their canonical form, its
// ordering and, where it has a cursor, the position behind which the page begins. Stores begin with it. The error is a
// [*QueryError].
func (q Query) Check(schema *Schema) (Query, Ordering, *Position, error) {
	fail := func(field, format string, a ...any) (Query, Ordering, *Position, error) {
		return q, Ordering{}, nil, &QueryError{Field: field, Message: fmt.Sprintf(format, a...)}
	}
	switch {
	case q.Limit < 0 || q.Limit > MaxLimit:
		return fail("limit", "limit must be between 1 and %d, not %d", MaxLimit, q.Limit)
	case q.Offset < 0:
		return fail("offset", "offset must not be negative, but is %d", q.Offset)
	case q.MaxBytes < 0:
		return fail("", "the bytes of a page must not be negative, but are %d", q.MaxBytes)
	case q.CountUpTo < 0:
		return fail("", "the products to count must not be negative, but are %d", q.CountUpTo)
	case q.Offset > 0 && q.Cursor != "":
		return fail("cursor", "offset and cursor can't be combined")
	}
	for _, f := range []struct{ name, text string }{{"name", q.Name}, {"sku", q.SKU}, {"search", q.Search}} {
		if !storable(f.text) {
			return fail(f.name, "%s must be valid UTF-8 without the character NUL, not %q", f.name, Shorten(f.text))
		}
	}
	if len(q.Where) > MaxConditions {
		return fail("", "there must be no more than %d conditions, but there are %d", MaxConditions, len(q.Where))
	}
	q.Where = slices.Clone(q.Where)
	for i := range q.Where {
		var wrong *FieldError
		if q.Where[i], wrong = q.Where[i].Check(schema); wrong != nil {
			return fail(wrong.Field, "%s", wrong.Message)
		}
	}
	if q.Limit == 0 {
		q.Limit = DefaultLimit
	}
	order := Ordering{Field: strings.TrimPrefix(q.Order, "-"), Desc: strings.HasPrefix(q.Order, "-")}
	if q.Order == "" {
		order.Field = "id"
	}
	if by := OrderBy(schema); !slices.Contains(by, order.Field) {
		return fail("ordering", "ordering must be one of %s, with - before it for descending, not %q", listed(by), Shorten(q.Order))
	}
	if f := schema.Find(order.Field); f != nil && !f.Builtin() {
		order.own = f
	}
	if q.Cursor == "" {
		return q, order, nil, nil
	}
	var at Position
	text, err := base64.RawURLEncoding.DecodeString(q.Cursor)
	if err == nil {
		err = json.Unmarshal(text, &at)
	}
	if err == nil && at.Order != order.String() {
		return fail("cursor", "cursor belongs to the ordering %q, not %q", Shorten(at.Order), order)
	}
	if err == nil {
		var edge Product
		// One that was written by somebody else may have what no product has, such as a time that no database takes.
		if edge, err = at.edge(order); err == nil && order.Cursor(&edge) != q.Cursor {
			err = errors.New("not ours")
		}
	}
	if err != nil {
		return fail("cursor", "cursor %q is none that this store gave out", Shorten(q.Cursor))
	}
	return q, order, &at, nil
}

// longestSpelling is how many characters may stand for one of a stored SKU where both have the same key: a key has up
// to nine for one (NFC splits some into three, and folding case makes three of some), and each of those can be written
// in four (a letter with three marks).
const longestSpelling = 36

// Spellings returns what a text may be stored as by who means the same: the text itself, then all of it composed (NFC),
// and all of it decomposed (NFD), each once. What is partly composed and partly decomposed is found as it is alone.
func Spellings(text string) []string {
	spellings := []string{text}
	for _, form := range []norm.Form{norm.NFC, norm.NFD} {
		if other := form.String(text); !slices.Contains(spellings, other) {
			spellings = append(spellings, other)
		}
	}
	return spellings
}

// MatchesNothing reports whether a filter is longer than what it is compared with can be, in characters, so that no
// product matches. Stores answer such a query at once: a long text is slow to look for.
func (q *Query) MatchesNothing() bool {
	return longInAny(q.Name, MaxName) || longInAny(q.Search, max(MaxName, MaxSKU)) ||
		longer(strings.TrimSpace(q.SKU), MaxSKU*longestSpelling) ||
		slices.ContainsFunc(q.Where, func(c Condition) bool {
			// Not Field.MaxLength: what is stored may be older than the rule.
			return (c.Op == OpEqual || c.Op == OpContains) && longer(c.Value, MaxDescription)
		})
}

// longInAny reports whether each of the text's spellings is longer.
func longInAny(text string, most int) bool {
	return longer(text, most) && longer(norm.NFC.String(text), most)
}

// longer reports whether the text has more characters than that.
func longer(text string, most int) bool {
	return len(text) > most && utf8.RuneCountInString(text) > most
}

// NoMatch is the page of a query that no product matches.
func (q *Query) NoMatch() Page {
	page := Page{Products: []Product{}}
	if q.SkipCount {
		page.Count = -1
	}
	return page
}

func (o Ordering) String() string {
	if o.Desc {
		return "-" + o.Field
	}
	return o.Field
}

// Value is the product's value of the ordering's field as text: times in RFC 3339 with nanoseconds, booleans as true
// and false, IDs as nothing, since Position has them, and those of a field of one's own in their canonical form.
func (o Ordering) Value(p *Product) string {
	if o.own != nil {
		return p.Text(o.own)
	}
	switch o.Field {
	case "name":
		return p.Name
	case "sku":
		return p.SKU
	case "status":
		return fmt.Sprint(p.Status)
	case "created_at":
		return p.CreatedAt.UTC().Format(time.RFC3339Nano)
	case "updated_at":
		return p.UpdatedAt.UTC().Format(time.RFC3339Nano)
	}
	return ""
}

// Cursor returns the Query.Cursor that goes on behind the product.
func (o Ordering) Cursor(p *Product) string {
	at := Position{Order: o.String(), Value: o.Value(p), ID: p.ID}
	if o.Field != "sku" {
		at.SKU = p.SKU
	}
	text, err := json.Marshal(at)
	must(err)
	return base64.RawURLEncoding.EncodeToString(text)
}

// Edge returns a product that is ordered exactly where the position is. What Check accepted has one: a page begins with
// the first product that Compare puts behind it.
func (o Ordering) Edge(at *Position) Product {
	p, err := at.edge(o)
	must(err)
	return p
}

func (at *Position) edge(o Ordering) (p Product, err error) {
	p.ID, p.SKU = at.ID, at.SKU
	if o.own != nil {
		if canonical, wrong := o.own.Parse(at.Value); wrong != nil || canonical != at.Value {
			return p, errors.New("no value of the field")
		}
		p.Set(o.own, at.Value)
	}
	switch o.Field {
	case "name":
		p.Name = at.Value
	case "sku":
		p.SKU = at.Value
	case "status":
		if p.Status = at.Value == "true"; !p.Status && at.Value != "false" {
			err = errors.New("no boolean")
		}
	case "created_at":
		p.CreatedAt, err = time.Parse(time.RFC3339Nano, at.Value)
	case "updated_at":
		p.UpdatedAt, err = time.Parse(time.RFC3339Nano, at.Value)
	}
	if !storable(at.Value) || !storable(at.SKU) {
		err = errors.New("not text")
	}
	return p, err
}

// Compare orders two products as the ordering wants it, IDs last.
func (o Ordering) Compare(a, b *Product) int {
	c := 0
	if o.own != nil {
		c = o.own.Compare(a.Text(o.own), b.Text(o.own))
	}
	switch o.Field {
	case "name":
		c = cmp.Compare(a.Name, b.Name)
	case "sku":
		c = cmp.Compare(a.SKU, b.SKU)
	case "status":
		switch {
		case a.Status && !b.Status:
			c = 1
		case b.Status && !a.Status:
			c = -1
		}
	case "created_at":
		c = a.CreatedAt.Compare(b.CreatedAt)
	case "updated_at":
		c = a.UpdatedAt.Compare(b.UpdatedAt)
	}
	if c == 0 {
		c = cmp.Compare(a.ID, b.ID)
	}
	if o.Desc {
		return -c
	}
	return c
}
