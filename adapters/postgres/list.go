package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"github.com/products-importer/products-importer/products"
)

// List returns the products that match.
func (p *Products) List(ctx context.Context, query products.Query) (products.Page, error) {
	query, order, behind, err := query.Check()
	if err != nil {
		return products.Page{}, err
	}
	if query.MatchesNothing() {
		return query.NoMatch(), nil
	}
	page, err := p.list(ctx, query, order, behind)
	if err != nil {
		return products.Page{}, p.fail(ctx, err)
	}
	return page, nil
}

func (p *Products) list(ctx context.Context, query products.Query, order products.Ordering, behind *products.Position) (products.Page, error) {
	page := products.Page{Products: []products.Product{}, Count: -1}
	s := p.selection(&query)
	all := *s
	if err := s.behind(order, behind, p.rule); err != nil {
		return page, err
	}
	by, direction := order.Field, ""
	if order.Desc {
		direction = " DESC"
	}
	if by != "id" {
		by += direction + ", id"
	}
	by += direction + ", sku_key" // should several have one ID
	// One row more than wanted tells whether there is a next page.
	from := ` FROM products` + s.where() + ` ORDER BY ` + by + direction +
		` LIMIT ` + s.arg(query.Limit+1, "bigint") + ` OFFSET ` + s.arg(query.Offset, "bigint")
	if query.MaxBytes > 0 && (order.Field != "id" || len(all.conditions) > 0) {
		// What is sorted first must not be unpacked before.
		from = ` FROM (SELECT ` + columns + from + `) AS page ORDER BY ` + by + direction
	}
	var rows listed
	var found, n int
	err := p.db.read(ctx, listPurpose(&query, order), func(ctx context.Context, q querier) (err error) {
		rows = listed{rows: make([]row, 0, query.Limit+1)}
		if query.MaxBytes == 0 {
			err = sqlx.SelectContext(ctx, q, &rows.rows, `SELECT `+columns+from, s.args...)
		} else {
			err = rows.scan(ctx, q, from, s, query.MaxBytes/query.Limit)
		}
		found = len(rows.rows)
		n = min(found, query.Limit)
		if err == nil && query.MaxBytes > 0 {
			n, err = rows.complete(ctx, q, n, query.MaxBytes)
		}
		return err
	})
	if err != nil {
		return page, err
	}
	more := found > n
	for i := range n {
		if !rows.isPartial(i) {
			page.Products = append(page.Products, rows.rows[i].product())
		}
	}
	if more {
		last := rows.edge(n - 1).product()
		page.Next = order.Cursor(&last)
	}
	switch {
	case query.SkipCount:
	case !more && behind == nil && query.Offset == 0: // all there are
		page.Count = int64(found)
	default:
		err = p.db.read(ctx, countPurpose(&query), func(ctx context.Context, q querier) error {
			return sqlx.GetContext(ctx, q, &page.Count, `SELECT count(*) FROM products`+all.where(), all.args...)
		})
	}
	return page, err
}

// farOffset is how many rows may be skipped in a list that isn't heavy yet.
const farOffset = 10_000

// listPurpose is heavy for a page for which more rows may be looked at than it has: only keys and IDs have an index that
// is always there.
func listPurpose(query *products.Query, order products.Ordering) purpose {
	filtered := query.Name != "" || query.Search != "" || query.Status != nil
	if query.SKU == "" && (filtered || order.Field != "id" || query.Offset > farOffset) {
		return forHeavy
	}
	return forReading
}

// countPurpose is heavy for whatever isn't found by its key.
func countPurpose(query *products.Query) purpose {
	if query.SKU == "" {
		return forHeavy
	}
	return forReading
}

// selection is a WHERE clause with its parameters.
type selection struct {
	conditions []string
	args       []any
}

// arg adds a parameter and returns how the statement names it.
func (s *selection) arg(value any, sqlType string) string {
	s.args = append(s.args, value)
	return "$" + strconv.Itoa(len(s.args)) + "::" + sqlType
}

func (s *selection) where() string {
	if len(s.conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(s.conditions, " AND ")
}

func (s *selection) add(format string, a ...any) {
	s.conditions = append(s.conditions, fmt.Sprintf(format, a...))
}

// selection selects what the query's filters match.
func (p *Products) selection(query *products.Query) *selection {
	s := &selection{}
	for _, text := range []string{query.Name, query.SKU, query.Search} {
		if !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 {
			s.add("false") // no product has such text, and the server refuses it
			return s
		}
	}
	if query.Name != "" {
		s.add("name = %s", s.arg(query.Name, "text"))
	}
	if query.SKU != "" {
		s.add("sku_key = %s", s.arg(p.rule.Key(query.SKU), "text"))
	}
	if query.Search != "" {
		pattern := s.arg(searchPattern(query.Search), "text")
		s.add("(sku ~ %s OR name ~ %[1]s)", pattern)
	}
	if query.Status != nil {
		s.add("status = %s", s.arg(*query.Status, "boolean"))
	}
	return s
}

// behind selects what comes behind a position.
func (s *selection) behind(order products.Ordering, at *products.Position, rule products.KeyRule) error {
	if at == nil {
		return nil
	}
	operator := ">"
	if order.Desc {
		operator = "<"
	}
	var value any = at.Value
	sqlType, sku := "text", at.SKU
	switch order.Field {
	case "id":
		s.add("(id, sku_key) %s (%s, %s)", operator, s.arg(at.ID, "bigint"), s.arg(rule.Key(sku), "text"))
		return nil
	case "sku":
		sku = at.Value
	case "status":
		sqlType, value = "boolean", at.Value == "true"
	case "created_at", "updated_at":
		when, err := time.Parse(time.RFC3339Nano, at.Value)
		if err != nil {
			return fmt.Errorf("%w: cursor: %w", products.ErrQuery, err)
		}
		sqlType, value = "timestamptz", when
	}
	s.add("(%s, id, sku_key) %s (%s, %s, %s)", order.Field, operator, s.arg(value, sqlType), s.arg(at.ID, "bigint"), s.arg(rule.Key(sku), "text"))
	return nil
}
