package sqlite

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/products-importer/products-importer/products"
)

// List returns the products that match.
func (p *Products) List(ctx context.Context, query products.Query) (products.Page, error) {
	query, order, behind, err := query.Check(p.layout.schema)
	if err != nil {
		return products.Page{}, err
	}
	if query.MatchesNothing() {
		return query.NoMatch(), nil
	}
	page := products.Page{Count: -1}
	all, err := p.selection(ctx, &query)
	if err != nil {
		return products.Page{}, err
	}
	l := &lister{products: p, query: &query, order: order, all: all}
	if err := l.split(behind); err != nil {
		return products.Page{}, err
	}
	if len(l.parts) == 1 && !l.parts[0].sorted {
		err = p.db.read(ctx, l.read) // one statement
	} else {
		err = p.db.snapshot(ctx, l.read)
	}
	if err == nil && !query.SkipCount {
		if !l.more && behind == nil && query.Offset == 0 {
			page.Count = int64(len(l.found)) // all there are
		} else {
			page.Count, err = p.count(ctx, l.all)
		}
	}
	if err != nil {
		return products.Page{}, err
	}
	if page.Products = l.found; l.more {
		page.Next = order.Cursor(&l.found[len(l.found)-1])
	}
	return page, nil
}

// lister reads one page.
type lister struct {
	products *Products
	query    *products.Query
	order    products.Ordering
	all      *selection
	// parts are what the page is found in, one after the other, each in the order by.
	parts []part
	found []products.Product
	more  bool // whether others come behind found
	bytes int
}

// part selects some of what the query does.
type part struct {
	*selection
	by string
	// sorted: no index has the order, so that all that is selected is sorted.
	sorted bool
}

// split makes the parts. In the order of a field of one's own null is greater than all values, but for SQLite it is
// less, so these are a part of their own.
func (l *lister) split(behind *products.Position) error {
	direction, operator := "", ">"
	if l.order.Desc {
		direction, operator = " DESC", "<"
	}
	byID := "id" + direction
	if own := l.order.Own(); own != nil {
		column := columnOf(own)
		values := part{l.all.and(column + " IS NOT NULL"), column + direction + ", " + byID, indexOf(own) == ""}
		nulls := part{l.all.and(column + " IS NULL"), byID, false}
		l.parts = []part{values, nulls}
		if l.order.Desc {
			l.parts = []part{nulls, values}
		}
		if behind == nil {
			return nil
		}
		if behind.Value == "" {
			nulls.selection = nulls.and("id "+operator+" ?", behind.ID)
			l.parts = []part{nulls}
			if l.order.Desc {
				l.parts = []part{nulls, values}
			}
			return nil
		}
		value, err := stored(own, behind.Value)
		if err != nil {
			return err
		}
		values.selection = l.all.and("("+column+", id) "+operator+" (?, ?)", value, behind.ID)
		l.parts = []part{values}
		if !l.order.Desc {
			l.parts = append(l.parts, nulls)
		}
		return nil
	}
	one := part{l.all, byID, false}
	if l.order.Field != "id" {
		one.by, one.sorted = l.order.Field+direction+", "+byID, true
	}
	if behind != nil {
		if l.order.Field == "id" {
			one.selection = one.and("id "+operator+" ?", behind.ID)
		} else {
			value, err := l.value(behind)
			if err != nil {
				return err
			}
			one.selection = one.and("("+l.order.Field+", id) "+operator+" (?, ?)", value, behind.ID)
		}
	}
	l.parts = []part{one}
	return nil
}

// value is the position's value of a field that all products have, as it is stored.
func (l *lister) value(at *products.Position) (any, error) {
	switch l.order.Field {
	case "status":
		return booleanValue(at.Value)
	case "created_at", "updated_at":
		when, err := time.Parse(time.RFC3339Nano, at.Value)
		if err != nil {
			return nil, fmt.Errorf("%w: cursor: %w", products.ErrQuery, err)
		}
		return when.UnixMicro(), nil
	}
	return at.Value, nil
}

// read reads the page.
func (l *lister) read(ctx context.Context, q querier) error {
	l.found, l.more, l.bytes = []products.Product{}, false, 0
	skip := l.query.Offset
	for i, one := range l.parts {
		before := len(l.found)
		if err := l.readPart(ctx, q, one, skip); err != nil || l.more {
			return err
		}
		if skip == 0 || i == len(l.parts)-1 {
			continue
		}
		if len(l.found) > before {
			skip = 0
			continue
		}
		var n int
		if err := sqlx.GetContext(ctx, q, &n, `SELECT count(*) FROM products`+one.where(), one.args...); err != nil {
			return err
		}
		skip -= n
	}
	return nil
}

// readPart appends what the part gives for the page.
func (l *lister) readPart(ctx context.Context, q querier, one part, skip int) error {
	// One more than wanted shows whether there is a next page.
	from := ` FROM products` + one.where() + ` ORDER BY ` + one.by + ` LIMIT ? OFFSET ?`
	args := append(slices.Clip(one.args), l.query.Limit+1-len(l.found), skip)
	if one.sorted {
		return l.readSorted(ctx, q, `SELECT id`+from, args)
	}
	rows, err := q.QueryxContext(ctx, `SELECT `+l.products.layout.columns+from, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	reader := l.products.layout.newReader()
	for !l.more && rows.Next() {
		product, err := reader.read(rows)
		if err != nil {
			return err
		}
		l.add(product)
	}
	return rows.Err()
}

// readSorted appends the products with the IDs that a query gives: whole products may be large, so they aren't sorted.
func (l *lister) readSorted(ctx context.Context, q querier, query string, args []any) error {
	var ids []int64
	if err := sqlx.SelectContext(ctx, q, &ids, query, args...); err != nil {
		return err
	}
	for _, id := range ids {
		product, err := l.products.get(ctx, q, id)
		if err != nil {
			return err
		}
		if l.add(product); l.more {
			return nil
		}
	}
	return nil
}

// add adds the next product, unless the page is full.
func (l *lister) add(product products.Product) {
	n := len(l.found)
	if l.query.MaxBytes > 0 {
		l.bytes += product.Bytes()
	}
	if n == l.query.Limit || n > 0 && l.query.MaxBytes > 0 && l.bytes > l.query.MaxBytes {
		l.more = true
		return
	}
	l.found = append(l.found, product)
}

// selection is a WHERE clause with its parameters.
type selection struct {
	conditions []string
	args       []any
}

func (s *selection) add(condition string, args ...any) {
	s.conditions = append(s.conditions, condition)
	s.args = append(s.args, args...)
}

// and returns a selection with one condition more.
func (s *selection) and(condition string, args ...any) *selection {
	narrower := &selection{slices.Clone(s.conditions), slices.Clone(s.args)}
	narrower.add(condition, args...)
	return narrower
}

func (s *selection) where() string {
	if len(s.conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(s.conditions, " AND ")
}

// selection selects what the query's filters match.
func (p *Products) selection(ctx context.Context, query *products.Query) (*selection, error) {
	s := &selection{}
	if query.Name != "" {
		var names []any
		for _, name := range products.Spellings(query.Name) {
			names = append(names, name)
		}
		s.add("name IN (?"+strings.Repeat(", ?", len(names)-1)+")", names...)
	}
	if query.SKU != "" {
		s.add("sku_key = ?", p.db.rule.Key(query.SKU))
	}
	if query.Status != nil {
		s.add("status = ?", *query.Status)
	}
	for _, c := range query.Where {
		s.addCondition(c, p.layout.schema.Find(c.Field))
	}
	if query.Search == "" {
		return s, nil
	}
	return s, p.addSearch(ctx, s, query.Search)
}

// comparisons are the operators of conditions in SQL.
var comparisons = map[products.Operator]string{products.OpEqual: "=", products.OpGreater: ">",
	products.OpAtLeast: ">=", products.OpLess: "<", products.OpAtMost: "<="}

// addCondition adds a condition on a field of one's own.
func (s *selection) addCondition(c products.Condition, f *products.Field) {
	column := columnOf(f)
	switch {
	case c.Op == products.OpIsNull && c.Value == "true":
		s.add(column + " IS NULL")
	case c.Op == products.OpIsNull:
		s.add(column + " IS NOT NULL")
	case c.Op == products.OpContains:
		s.add("EXISTS (SELECT 1 FROM json_each("+column+") WHERE value = ?)", c.Value)
	default:
		value, err := stored(f, c.Value)
		if err != nil {
			s.add("false") // no value of the field is so
			return
		}
		s.add(column+" "+comparisons[c.Op]+" ?", value)
	}
}

// AttributeNames looks at all products that match.
func (p *Products) AttributeNames(ctx context.Context, query products.Query, most int) ([]string, error) {
	query, _, _, err := query.Check(p.layout.schema)
	if err != nil || query.MatchesNothing() {
		return nil, err
	}
	s, err := p.selection(ctx, &query)
	if err != nil {
		return nil, err
	}
	s.add("attributes <> '" + noAttributes + "'")
	names := map[string]bool{}
	err = p.db.read(ctx, func(ctx context.Context, q querier) error {
		var found []string
		err := sqlx.SelectContext(ctx, q, &found, `SELECT DISTINCT key FROM (SELECT attributes FROM products`+s.where()+
			`), json_each(attributes) LIMIT ?`, append(s.args, most)...)
		for _, name := range found {
			names[name] = true
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(names)), nil
}
