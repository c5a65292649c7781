package products

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of Query.
const (
	DefaultLimit = 20
	MaxLimit     = 1_000
)

// Query selects and orders products. Its zero value is the first page of all products by ID.
type Query struct {
	// Name matches the whole name, character by character.
	Name string
	// SKU matches by key.
	SKU string
	// Search matches products with this text in their SKU or name, ignoring case.
	Search string
	// Status matches products with this status.
	Status *bool
	// Order is one of the OrderBy names, with "-" before it for descending. Products that are equal by it come by ID,
	// in the same direction. Empty is by ID. Text is compared byte by byte.
	Order string
	// Limit is at most how many products: 1 to MaxLimit, 0 for DefaultLimit.
	Limit int
	// Offset skips so many products. It can't be combined with Cursor.
	Offset int
	// Cursor is the Next of an earlier page with the same Order: go on behind it. It costs the same on every page, and
	// no product is listed twice or left out because others come and go.
	Cursor string
	// MaxBytes bounds the page, unless it is 0: the Product.Bytes of its products are at most so many together, or it is one
	// product alone. Where that ends it before Limit it has a Next, and may even be empty.
	MaxBytes int
	// SkipCount leaves out Page.Count, which has to look at every match.
	SkipCount bool
}

// Page is a part of the products that match a query.
type Page struct {
	// Products is empty, not nil, where nothing matches.
	Products []Product
	// Count is how many products match in all; -1 with SkipCount.
	Count int64
	// Next is the cursor to the next page, empty on the last.
	Next string
}

// OrderBy lists the fields that products can be ordered by.
var OrderBy = []string{"id", "name", "sku", "status", "created_at", "updated_at"}

// Ordering is a parsed Query.Order.
type Ordering struct {
	Field string
	Desc  bool
}

// Position is a place in an ordered list: right behind a product.
type Position struct {
	Order string `json:"o"`
	// Value is the product's value of the ordering's field, as Ordering.Value gives it.
	Value string `json:"v"`
	ID    int64  `json:"i"`
	// SKU is the product's, unless Value is. It orders products that have one ID, which a store may have come by.
	SKU string `json:"s,omitempty"`
}

// Check returns the query with its defaults filled in, its ordering and, where it has a cursor, the position behind
// which the page begins. Stores begin with it. The error is an ErrQuery that names the field.
func (q Query) Check() (Query, Ordering, *Position, error) {
	fail := func(format string, a ...any) (Query, Ordering, *Position, error) {
		return q, Ordering{}, nil, fmt.Errorf("%w: %s", ErrQuery, fmt.Sprintf(format, a...))
	}
	switch {
	case q.Limit < 0 || q.Limit > MaxLimit:
		return fail("limit must be between 1 and %d, not %d", MaxLimit, q.Limit)
	case q.Offset < 0:
		return fail("offset must not be negative, but is %d", q.Offset)
	case q.MaxBytes < 0:
		return fail("the bytes of a page must not be negative, but are %d", q.MaxBytes)
	case q.Offset > 0 && q.Cursor != "":
		return fail("offset and cursor can't be combined")
	}
	for _, f := range []struct{ name, text string }{{"name", q.Name}, {"sku", q.SKU}, {"search", q.Search}} {
		if !storable(f.text) {
			return fail("%s must be valid UTF-8 without the character NUL, not %q", f.name, Shorten(f.text))
		}
	}
	if q.Limit == 0 {
		q.Limit = DefaultLimit
	}
	order := Ordering{Field: strings.TrimPrefix(q.Order, "-"), Desc: strings.HasPrefix(q.Order, "-")}
	if q.Order == "" {
		order.Field = "id"
	}
	known := false
	for _, f := range OrderBy {
		known = known || f == order.Field
	}
	if !known {
		return fail("ordering must be one of %s, with - before it for descending, not %q", strings.Join(OrderBy, ", "), q.Order)
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
		return fail("cursor belongs to the ordering %q, not %q", Shorten(at.Order), order)
	}
	if err == nil {
		var edge Product
		// One that was written by somebody else may have what no product has, such as a time that no database takes.
		if edge, err = at.edge(order.Field); err == nil && order.Cursor(&edge) != q.Cursor {
			err = errors.New("not ours")
		}
	}
	if err != nil {
		return fail("cursor %q is none that this store gave out", Shorten(q.Cursor))
	}
	return q, order, &at, nil
}

// longestSpelling is how many characters may stand for one of a stored SKU where both have the same key: a key has up to
// nine for one (NFC splits some into three, and folding case makes three of some), and each of those can be written in
// four (a letter with three marks).
const longestSpelling = 36

// MatchesNothing reports whether a filter is longer than what it is compared with can be, in characters, so that no
// product matches. Stores answer such a query at once: a long text is slow to look for.
func (q *Query) MatchesNothing() bool {
	return longer(q.Name, MaxName) || longer(q.Search, max(MaxName, MaxSKU)) || longer(strings.TrimSpace(q.SKU), MaxSKU*longestSpelling)
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
// and false, IDs as nothing, since Position has them.
func (o Ordering) Value(p *Product) string {
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
	p, err := at.edge(o.Field)
	must(err)
	return p
}

func (at *Position) edge(field string) (p Product, err error) {
	p.ID, p.SKU = at.ID, at.SKU
	switch field {
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
