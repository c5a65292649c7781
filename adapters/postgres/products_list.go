package postgres

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/products-importer/products-importer/products"
)

// List returns the products that match. What is neither ordered by ID nor by a field with an index is found by looking
// at every product: an index of your own helps, such as CREATE INDEX CONCURRENTLY ON products (name) for the order by
// name. For searches see [DB.BuildSearchIndex].
func (p *Products) List(ctx context.Context, query products.Query) (products.Page, error) {
	query, order, behind, err := query.Check(p.layout.schema)
	if err != nil {
		return products.Page{}, err
	}
	if query.MatchesNothing() {
		return query.NoMatch(), nil
	}
	page, err := p.list(ctx, query, order, behind)
	if err != nil {
		return products.Page{}, fail(ctx, err, products.ErrNotFound)
	}
	return page, nil
}

func (p *Products) list(ctx context.Context, query products.Query, order products.Ordering,
	behind *products.Position) (products.Page, error) {
	page := products.Page{Products: []products.Product{}, Count: -1}
	s, err := p.selection(ctx, &query)
	if err != nil {
		return page, err
	}
	all := *s
	r := newPageReader(&query, order, p.layout, s, len(all.conditions) > 0)
	r.apart, r.from = &p.apart, behind
	if err := r.after(behind, p.rule); err != nil {
		return page, err
	}
	var rows *pageRows
	var found, n int
	what := listPurpose(&query, order, p.layout.schema)
	err = p.db.readByID(ctx, what, func(ctx context.Context, q querier, is Distribution) (err error) {
		r.ofIDs, r.sharded = nil, is == Citus()
		r.ahead, all.indexed = r.lookAhead(is), s.indexed && !r.sharded
		if is.byKeys() && query.SKU == "" && (query.Search == "" || r.ahead != nil) { // else all that match are sorted
			r.ofIDs, r.keys = p.db.ofIDs, p.db.allKeys()
		}
		if err = p.db.readSearch(ctx, q, r.ahead != nil, func(q querier) (err error) {
			rows, err = r.read(ctx, q)
			return err
		}); err != nil {
			return err
		}
		found = len(rows.rows)
		n = min(found, query.Limit)
		if query.MaxBytes > 0 {
			if is.byKeys() {
				rows.ofKeys = p.db.ofKeys("$1::text[]")
			}
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
			page.Products = append(page.Products, rows.rows[i].Product)
		}
	}
	if more {
		page.Next = order.Cursor(&rows.edge(n - 1).Product)
	}
	switch {
	case query.SkipCount:
	case !more && behind == nil && query.Offset == 0: // all there are
		page.Count = int64(found)
	default:
		err = p.db.read(ctx, countPurpose(&query), func(ctx context.Context, q querier) error {
			return p.db.readSearch(ctx, q, all.indexed, func(q querier) (err error) {
				page.Count, page.CountEstimated, err = all.count(ctx, q, query.CountUpTo)
				return err
			})
		})
	}
	return page, err
}

// pageReader reads the rows of one page.
type pageReader struct {
	query  *products.Query
	order  products.Ordering
	layout *layout
	s      *selection
	// parts, where there are any, are conditions one of which a row of the page meets, in the order in which rows that
	// meet them come.
	parts []string
	by    string // the exact order
	byID  string // the order by ID alone, empty where the page isn't ordered by ID
	lead  int    // how many rows in front of the page are read as well
	limit string // LIMIT and OFFSET
	last  string // those of the last row that is read
	upTo  string // how many rows there are up to that one
	ahead *ahead // nil for a page that the server finds by itself
	// position is the comparison of ID and key with the position behind which the page begins, where it is ordered by
	// them, empty for none.
	position string
	// ofIDs, if not nil, is DB.ofIDs, since the products are in partitions; then keys is DB.allKeys.
	ofIDs func(rest string) string
	keys  string
	// sorted says that the server may sort all that matches.
	sorted bool
	// sharded says that the products are on shards; see readBounded.
	sharded bool
	apart   *density
	from    *products.Position // behind which the page begins, nil for none
}

func newPageReader(query *products.Query, order products.Ordering, l *layout, s *selection,
	filtered bool) *pageReader {
	direction := ""
	if order.Desc {
		direction = " DESC"
	}
	byID := "id" + direction
	r := &pageReader{query: query, order: order, layout: l, s: s, by: byID + ", sku_key" + direction, sorted: filtered}
	switch own := order.Own(); {
	case own != nil:
		r.by, r.sorted = columnOf(own)+direction+", "+r.by, true
	case order.Field == "id":
		r.byID, r.lead = byID, min(query.Offset, 1)
	default:
		r.by, r.sorted = order.Field+direction+", "+r.by, true
	}
	// One row more than wanted shows whether there is a next page.
	limit, offset := s.arg(r.lead+query.Limit+1, "bigint"), s.arg(query.Offset-r.lead, "bigint")
	r.limit, r.upTo = ` LIMIT `+limit+` OFFSET `+offset, limit+` + `+offset
	r.last = ` LIMIT 1 OFFSET ` + r.upTo + ` - 1`
	return r
}

// read returns the page's rows, and the one behind them if there is one.
//
// Only in broken data do several products have one ID. The exact order costs the server a sort, since sku_key isn't in
// the index of IDs, so the rows are ordered by ID alone at first. Where all neighbours have different IDs that is the
// exact order, too. The row in front of the page is looked at as well: it may have the ID of the first.
func (r *pageReader) read(ctx context.Context, q querier) (rows *pageRows, err error) {
	if r.byID == "" {
		return r.readBy(ctx, q, r.by)
	}
	if r.isLongOnShards() {
		if rows, err = r.readBounded(ctx, q); err != nil {
			return nil, err
		}
	}
	if rows == nil {
		rows, err = r.readBy(ctx, q, r.byID)
	}
	if err == nil && rows.haveDoubledIDs() {
		rows, err = r.readBy(ctx, q, r.by)
	}
	if err != nil {
		return nil, err
	}
	rows.drop(r.lead)
	return rows, nil
}

// readBy returns the rows in an order.
func (r *pageReader) readBy(ctx context.Context, q querier, by string) (*pageRows, error) {
	page := &pageRows{layout: r.layout, whole: r.order.Own(), rows: make([]row, 0, r.lead+r.query.Limit+1)}
	from := r.source(by)
	if r.query.MaxBytes == 0 {
		rows, err := q.QueryxContext(ctx, `SELECT `+r.layout.selected+from, r.s.args...)
		if err != nil {
			return nil, err
		}
		page.rows, err = newRowReader(r.layout.columns, true).readAll(page.rows, rows)
		return page, err
	}
	if r.sorted && len(r.parts) == 0 && r.ahead == nil {
		// What is sorted first must not be unpacked before.
		from = ` FROM (SELECT ` + r.layout.selected + from + `) AS page ORDER BY ` + by
	}
	return page, page.scan(ctx, q, from, r.s, r.query.MaxBytes/r.query.Limit)
}

// source is the page's statement without its SELECT list, in an order.
func (r *pageReader) source(by string) string {
	switch {
	case r.ahead != nil:
		return r.fromSearch(by)
	case len(r.parts) > 0:
		return r.fromParts(by)
	case r.ofIDs != nil && r.byID != "":
		return r.fromKeys(by)
	}
	return ` FROM products` + r.where(`id, sku_key`) + ` ORDER BY ` + by + r.limit
}

// where is the WHERE clause, where the position is that of these columns.
func (r *pageReader) where(columns string) string {
	s := selection{conditions: r.s.conditions}
	if r.position != "" {
		s.conditions = append(slices.Clone(s.conditions), `(`+columns+`)`+r.position)
	}
	return s.where()
}

// fromKeys selects the page, which is ordered by ID, in the order of product_keys: in that of an index of each
// partition it would take the server longer the more of them there are.
func (r *pageReader) fromKeys(by string) string {
	if len(r.s.conditions) == 0 {
		return ` FROM ` + r.ofIDs(r.where(`id, sku_key`)+` ORDER BY `+r.by+r.limit) + ` ORDER BY ` + by
	}
	// Of those that match too: they are looked at one after the other until there are enough.
	by = strings.NewReplacer(`id`, `"an id"`, `sku_key`, `"its key"`).Replace(r.by)
	return ` FROM (SELECT id AS "an id", sku_key AS "its key" FROM ` + r.keys + `) AS k
		JOIN products ON sku_key = "its key" AND id = "an id"` + r.where(`"an id", "its key"`) + ` ORDER BY ` +
		by + r.limit
}

// fromParts selects the page from what each of the parts gives for it, so that an index of the order is of use for
// each.
func (r *pageReader) fromParts(by string) string {
	each := make([]string, len(r.parts))
	for i, part := range r.parts {
		s := selection{conditions: append(slices.Clone(r.s.conditions), part)}
		each[i] = `(SELECT ` + r.layout.selected + ` FROM products` + s.where() + ` ORDER BY ` + by + r.limit + `)`
	}
	return ` FROM (` + strings.Join(each, ` UNION ALL `) + `) AS page ORDER BY ` + by + r.limit
}

// farOffset is how many rows may be skipped in a list that isn't heavy yet.
const farOffset = 10_000

// listPurpose is heavy for a page for which more rows may be looked at than it has: only keys and IDs have an index
// that is always there. Where a field has one too, the page is found by it if it is ordered by the field, or by ID
// among products that are equal by it, and there are no conditions but on the field.
func listPurpose(query *products.Query, order products.Ordering, schema *products.Schema) purpose {
	filtered := query.Name != "" || query.Search != "" || query.Status != nil
	switch {
	case query.SKU != "":
		return forReading
	case filtered || query.Offset > farOffset:
		return forHeavy
	case order.Field == "id" && len(query.Where) == 0:
		return forReading
	}
	by := order.Own()
	if order.Field == "id" {
		by = schema.Find(query.Where[0].Field)
	}
	if by == nil || !by.Index {
		return forHeavy
	}
	for _, c := range query.Where {
		found := order.Own() != nil || c.Op == products.OpEqual || c.Op == products.OpIsNull && c.Value == "true"
		if c.Field != by.Name || !found {
			return forHeavy
		}
	}
	return forReading
}

// count counts what is selected. Where that is more than upTo, unless it is 0, the server estimates it, as it does for
// every statement that it plans.
func (s *selection) count(ctx context.Context, q querier, upTo int) (n int64, estimated bool, err error) {
	if upTo == 0 {
		err = sqlx.GetContext(ctx, q, &n, `SELECT count(*) FROM products`+s.where(), s.args...)
		return n, false, err
	}
	some := &selection{conditions: s.conditions, args: slices.Clone(s.args)}
	matching := `SELECT 1 FROM products` + some.where()
	if s.indexed { // or it is planned for what it takes to find some where many match, see fromSearch
		matching = `WITH matching AS MATERIALIZED (` + matching + `) SELECT 1 FROM matching`
	}
	err = sqlx.GetContext(ctx, q, &n, `SELECT count(*) FROM (`+matching+` LIMIT `+
		some.arg(int64(upTo)+1, "bigint")+`) AS counted`, some.args...)
	if err != nil || n <= int64(upTo) {
		return n, false, err
	}
	var plan []byte
	err = sqlx.GetContext(ctx, q, &plan, `EXPLAIN (FORMAT JSON) SELECT 1 FROM products`+s.where(), s.args...)
	if err != nil {
		return 0, false, err
	}
	planned, err := plannedRows(plan)
	return max(n, planned), true, err
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
	indexed    bool // there is an index for the search among the conditions
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
func (p *Products) selection(ctx context.Context, query *products.Query) (*selection, error) {
	s := &selection{}
	if query.Name != "" {
		var names []string
		for _, name := range products.Spellings(query.Name) {
			names = append(names, s.arg(name, "text"))
		}
		s.add("name IN (%s)", strings.Join(names, ", "))
	}
	if query.SKU != "" {
		s.add("sku_key = %s", s.arg(p.rule.Key(query.SKU), "text"))
	}
	if query.Search != "" {
		var index searchIndex
		if err := p.db.read(ctx, forReading, func(ctx context.Context, q querier) (err error) {
			index, err = readSearchIndex(ctx, q)
			return err
		}); err != nil {
			return nil, err
		}
		columns := []string{"sku", "name"}
		for _, f := range searched(p.layout.schema) {
			columns = append(columns, columnOf(f))
		}
		s.indexed = len(index.Cuts) > 0
		s.conditions = append(s.conditions, index.condition(columns, s.arg(searchPattern(query.Search), "text")))
	}
	if query.Status != nil {
		s.add("status = %s", s.arg(*query.Status, "boolean"))
	}
	for _, c := range query.Where {
		s.addCondition(c, p.layout.schema.Find(c.Field))
	}
	return s, nil
}

// comparisons are the operators of conditions in SQL.
var comparisons = map[products.Operator]string{products.OpEqual: "=", products.OpGreater: ">",
	products.OpAtLeast: ">=", products.OpLess: "<", products.OpAtMost: "<="}

// addCondition adds a condition on a field of one's own.
func (s *selection) addCondition(c products.Condition, f *products.Field) {
	column := columnOf(f)
	switch {
	case c.Op == products.OpIsNull && c.Value == "true":
		s.add("%s IS NULL", column)
	case c.Op == products.OpIsNull:
		s.add("%s IS NOT NULL", column)
	case c.Op == products.OpContains:
		s.add("%s @> ARRAY[%s]", column, s.arg(c.Value, "text"))
	default:
		s.add("%s %s %s", column, comparisons[c.Op], s.value(f, c.Value))
	}
}

// value adds a parameter for a value of the field's column.
func (s *selection) value(f *products.Field, text string) string {
	c := newColumn(f)
	return s.arg(c.single(text), c.column(f))
}

// after selects what comes after a position.
func (r *pageReader) after(at *products.Position, rule products.KeyRule) error {
	if at == nil {
		return nil
	}
	s, order := r.s, r.order
	if order.Own() != nil {
		r.parts = r.behind(at, rule)
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
		r.position = fmt.Sprintf(" %s (%s, %s)", operator, s.arg(at.ID, "bigint"), s.arg(rule.Key(sku), "text"))
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
	s.add("(%s, id, sku_key) %s (%s, %s, %s)", order.Field, operator, s.arg(value, sqlType), s.arg(at.ID, "bigint"),
		s.arg(rule.Key(sku), "text"))
	return nil
}

// behind returns the parts of what comes after a position in the order of a field of one's own, where null is greater
// than all values. A comparison with null is none, so that an OR would be needed for what is null, with which an index
// is of no use.
func (r *pageReader) behind(at *products.Position, rule products.KeyRule) []string {
	f := r.order.Own()
	column, operator := columnOf(f), ">"
	if r.order.Desc {
		operator = "<"
	}
	id, key := r.s.arg(at.ID, "bigint"), r.s.arg(rule.Key(at.SKU), "text")
	if at.Value == "" {
		nulls := fmt.Sprintf("%s IS NULL AND (id, sku_key) %s (%s, %s)", column, operator, id, key)
		if r.order.Desc {
			return []string{nulls, column + " IS NOT NULL"}
		}
		return []string{nulls}
	}
	values := fmt.Sprintf("(%s, id, sku_key) %s (%s, %s, %s)", column, operator, r.s.value(f, at.Value), id, key)
	if r.order.Desc || r.withoutNulls(f) {
		return []string{values}
	}
	return []string{values, column + " IS NULL"}
}

// withoutNulls reports whether the query's conditions leave out what is null.
func (r *pageReader) withoutNulls(f *products.Field) bool {
	return slices.ContainsFunc(r.query.Where, func(c products.Condition) bool {
		return c.Field == f.Name && !(c.Op == products.OpIsNull && c.Value == "true")
	})
}
