package memory

import (
	"context"
	"slices"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// List finds products. By ID it takes the time of a page, if there is no filter or no count; else it looks at every
// product.
func (p *Products) List(ctx context.Context, query products.Query) (products.Page, error) {
	q, order, at, err := query.Check()
	if err != nil {
		return products.Page{}, err
	}
	if q.MatchesNothing() {
		return q.NoMatch(), nil
	}
	l := &listing{query: q, order: order, at: at, search: strings.ToLower(q.Search)}
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
		page.Products[i] = owned(page.Products[i])
	}
	return page, nil
}

// listing is the work on one query.
type listing struct {
	query  products.Query
	order  products.Ordering
	at     *products.Position
	search string // in lower case
	// picked are the first rows in the query's order: keep of them in the end, one more than the page needs.
	picked []*row
	keep   int
	full   bool // picked[:keep] is sorted, and what is behind its last can be passed over
	count  int64
}

func (l *listing) run(p *Products) {
	q := &l.query
	l.keep = min(q.Offset, len(p.rows)) + q.Limit + 1
	all := q.Name == "" && q.SKU == "" && q.Status == nil && q.Search == ""
	byID := l.order.Field == "id"
	// Rows are in the order of their IDs: where they needn't be counted, begin behind the cursor and end with the page.
	quick := byID && (all || q.SkipCount)
	rows := p.rows
	var edge products.Product
	if l.at != nil {
		edge = l.order.Edge(l.at)
		if quick {
			rows = p.beyond(edge.ID, l.order.Desc)
		}
	}
	if q.SKU != "" {
		rows = nil
		key := p.rule.Key(q.SKU)
		if r := p.byKey.get(hashKey(key), key); r != nil {
			rows = []*row{r}
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
func (l *listing) matches(r *row) bool {
	q := &l.query
	return r.Version > 0 && (q.Name == "" || r.Name == q.Name) && (q.Status == nil || r.Status == *q.Status) &&
		(q.Search == "" || strings.Contains(strings.ToLower(r.SKU), l.search) || strings.Contains(strings.ToLower(r.Name), l.search))
}

// pick takes the row in, unless keep others come before it.
func (l *listing) pick(r *row) {
	if l.full && l.order.Compare(&r.Product, &l.picked[l.keep-1].Product) > 0 {
		return
	}
	if l.picked = append(l.picked, r); len(l.picked) >= 2*l.keep {
		l.cut()
	}
}

// cut sorts what is picked and drops what is too much.
func (l *listing) cut() {
	slices.SortFunc(l.picked, func(a, b *row) int { return l.order.Compare(&a.Product, &b.Product) })
	if len(l.picked) > l.keep {
		l.picked, l.full = l.picked[:l.keep], true
	}
}
