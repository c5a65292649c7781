package memory

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// List finds products. By ID it takes the time of a page, if there is no filter or no count; else it looks at every
// product.
func (p *Products) List(ctx context.Context, query products.Query) (products.Page, error) {
	q, order, at, err := query.Check(p.schema)
	if err != nil {
		return products.Page{}, err
	}
	if q.MatchesNothing() {
		return q.NoMatch(), nil
	}
	l := newLister(q, order, at, p.schema)
	page := products.Page{Count: -1}
	err = p.db.do(ctx, func(context.Context, *tx) error {
		l.run(p)
		if !q.SkipCount {
			page.Count = l.count
		}
		page.Products = make([]products.Product, 0, min(q.Limit, len(l.picked)))
		bytes := 0
		for _, r := range l.picked[min(q.Offset, len(l.picked)):] {
			n := len(page.Products)
			if q.MaxBytes > 0 {
				bytes += r.Bytes()
			}
			if n == q.Limit || n > 0 && bytes > q.MaxBytes {
				page.Next = order.Cursor(&page.Products[n-1])
				break
			}
			page.Products = append(page.Products, r.Product)
		}
		return nil
	})
	if err != nil {
		return products.Page{}, err
	}
	for i := range page.Products {
		page.Products[i] = page.Products[i].Owned()
	}
	return page, nil
}

// lister finds the rows of one page.
type lister struct {
	query  products.Query
	order  products.Ordering
	at     *products.Position
	names  []string          // spellings of query.Name
	search []string          // spellings of query.Search, in lower case
	within []*products.Field // beside SKU and name, where search looks
	fields []*products.Field // those of query.Where
	// picked are the rows that come first in the query's order, at most keep of them: one more than the page needs.
	picked []*row
	keep   int
	full   bool // picked[:keep] is sorted, and what is behind its last can be passed over
	count  int64
}

func newLister(q products.Query, order products.Ordering, at *products.Position, schema *products.Schema) *lister {
	l := &lister{query: q, order: order, at: at, names: products.Spellings(q.Name)}
	for _, text := range products.Spellings(q.Search) {
		l.search = append(l.search, strings.ToLower(text))
	}
	for _, c := range q.Where {
		l.fields = append(l.fields, schema.Find(c.Field))
	}
	for _, f := range schema.All() {
		if f.Search && !f.Builtin() {
			l.within = append(l.within, f)
		}
	}
	return l
}

func (l *lister) run(p *Products) {
	q := &l.query
	l.keep = min(q.Offset, len(p.rows)) + q.Limit + 1
	all := q.Name == "" && q.SKU == "" && q.Status == nil && q.Search == "" && len(q.Where) == 0
	byID := l.order.Field == "id"
	// Rows are in the order of their IDs: where they needn't be counted, begin behind the cursor and end with the page.
	quick := byID && (all || q.SkipCount)
	rows := p.candidates(q)
	var edge products.Product
	if l.at != nil {
		edge = l.order.Edge(l.at)
		if quick && q.SKU == "" {
			rows = p.beyond(edge.ID, l.order.Desc)
		}
	}
	walk := slices.All(rows)
	if byID && l.order.Desc {
		walk = slices.Backward(rows)
	}
	for _, r := range walk {
		if !l.matches(r) {
			continue
		}
		l.count++
		if l.at != nil && l.order.Compare(&r.Product, &edge) <= 0 {
			continue
		}
		if l.pick(r); quick && len(l.picked) == l.keep {
			break
		}
	}
	l.cut()
	if all {
		l.count = int64(p.byKey.n)
	}
}

// candidates returns the rows among which those are that match.
func (p *Products) candidates(q *products.Query) []*row {
	if q.SKU == "" {
		return p.rows
	}
	key := p.rule.Key(q.SKU)
	if r := p.byKey.get(hashKey(key), key); r != nil {
		return []*row{r}
	}
	return nil
}

// beyond returns the rows with greater IDs, or smaller ones.
func (p *Products) beyond(id int64, smaller bool) []*row {
	at, found := p.search(id)
	if smaller {
		return p.rows[:at]
	}
	if found {
		at++
	}
	return p.rows[at:]
}

// matches applies the filters, except that for the SKU.
func (l *lister) matches(r *row) bool {
	q := &l.query
	if r.Version == 0 || q.Name != "" && !slices.Contains(l.names, r.Name) ||
		q.Status != nil && r.Status != *q.Status {
		return false
	}
	for i, f := range l.fields {
		if !q.Where[i].Matches(f, r.Text(f)) {
			return false
		}
	}
	return q.Search == "" || l.found(r)
}

// found reports whether the search finds the row.
func (l *lister) found(r *row) bool {
	has := func(text string) bool {
		text = strings.ToLower(text)
		return slices.ContainsFunc(l.search, func(search string) bool { return strings.Contains(text, search) })
	}
	return has(r.SKU) || has(r.Name) || slices.ContainsFunc(l.within, func(f *products.Field) bool {
		return has(r.Text(f))
	})
}

// AttributeNames looks at every product that matches.
func (p *Products) AttributeNames(ctx context.Context, query products.Query, most int) ([]string, error) {
	q, order, _, err := query.Check(p.schema)
	if err != nil || q.MatchesNothing() {
		return nil, err
	}
	l := newLister(q, order, nil, p.schema)
	names := map[string]bool{}
	err = p.db.do(ctx, func(context.Context, *tx) error {
		for _, r := range p.candidates(&q) {
			if len(names) >= most {
				break
			}
			if l.matches(r) {
				for name := range r.Attributes {
					names[name] = true
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	found := slices.Sorted(maps.Keys(names))
	return found[:min(most, len(found))], nil
}

// pick takes the row in, unless keep others come before it.
func (l *lister) pick(r *row) {
	if l.full && l.order.Compare(&r.Product, &l.picked[l.keep-1].Product) > 0 {
		return
	}
	if l.picked = append(l.picked, r); len(l.picked) >= 2*l.keep {
		l.cut()
	}
}

// cut sorts what is picked and drops what is too much.
func (l *lister) cut() {
	slices.SortFunc(l.picked, func(a, b *row) int { return l.order.Compare(&a.Product, &b.Product) })
	if len(l.picked) > l.keep {
		l.picked, l.full = l.picked[:l.keep], true
	}
}
