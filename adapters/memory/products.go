package memory

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/products-importer/products-importer/products"
)

// Products keeps the products of a DB. It is a products.Store. The methods join the transaction of a context that
// carries one.
type Products struct {
	db     *DB
	rule   products.KeyRule
	schema *products.Schema
	lastID int64
	// Both hold every product. rows is ordered by ID and has those deleted too, until tidy.
	rows  []*row
	byKey index
	dead  int
}

var (
	_ products.Store    = (*Products)(nil)
	_ products.Replacer = (*Products)(nil)
)

// row is a stored product. Its Fields and Attributes are nil when there are none, and replaced rather than changed, so
// that copies of a row may share them. Version is 0 once it is deleted.
type row struct {
	products.Product
	key  string
	hash uint64 // of the key
	next *row   // in the index

	restored products.Restored
}

// copy returns the product for a caller to keep and change.
func (r *row) copy() products.Product { return r.Product.Owned() }

// dropEmpty makes maps that have nothing nil.
func (r *row) dropEmpty() {
	if len(r.Fields) == 0 {
		r.Fields = nil
	}
	if len(r.Attributes) == 0 {
		r.Attributes = nil
	}
}

// now is the time as PostgreSQL keeps it too.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// KeyRule is that of the DB's Options.
func (p *Products) KeyRule() products.KeyRule { return p.rule }

// Schema is that of the DB's Options.
func (p *Products) Schema() *products.Schema { return p.schema }

// Get finds the product by its ID.
func (p *Products) Get(ctx context.Context, id int64) (product products.Product, err error) {
	err = p.db.do(ctx, func(context.Context, *tx) error {
		r, err := p.find(id)
		if err == nil {
			product = r.copy()
		}
		return err
	})
	return product, err
}

// find returns the row with the ID, or ErrNotFound.
func (p *Products) find(id int64) (*row, error) {
	at, found := p.search(id)
	if !found || p.rows[at].Version == 0 {
		return nil, fmt.Errorf("%w: %d", products.ErrNotFound, id)
	}
	return p.rows[at], nil
}

// search returns where in rows the ID is or would be.
func (p *Products) search(id int64) (at int, found bool) {
	return slices.BinarySearchFunc(p.rows, id, func(r *row, id int64) int { return cmp.Compare(r.ID, id) })
}

// findVersion is find for a caller who names a version.
func (p *Products) findVersion(id, version int64) (*row, error) {
	r, err := p.find(id)
	if err == nil && version != 0 && r.Version != version {
		return nil, fmt.Errorf("%w: %d is at version %d, not %d", products.ErrVersion, id, r.Version, version)
	}
	return r, err
}

// Create stores a product.
func (p *Products) Create(ctx context.Context, product products.Product) (products.Product, error) {
	product.SKU, product.Fields = strings.TrimSpace(product.SKU), p.schema.Canonical(product.Fields)
	if err := p.schema.Validate(&product); err != nil {
		return products.Product{}, err
	}
	fresh := []row{{Product: product}}
	fresh[0].setKey(p.rule.Key(product.SKU))
	fresh[0].Attributes = maps.Clone(product.Attributes)
	fresh[0].dropEmpty()
	err := p.db.do(ctx, func(_ context.Context, t *tx) error {
		if p.byKey.get(fresh[0].hash, fresh[0].key) != nil {
			return fmt.Errorf("%w: %q", products.ErrExists, product.SKU)
		}
		p.insert(t, fresh)
		product = fresh[0].Product
		return nil
	})
	if err != nil {
		return products.Product{}, err
	}
	return product.Owned(), nil
}

func (r *row) setKey(key string) { r.key, r.hash = key, hashKey(key) }

// insert takes in new rows, which stay where they are.
func (p *Products) insert(t *tx, fresh []row) {
	before, at := len(p.rows), now()
	p.rows = slices.Grow(p.rows, len(fresh))
	for i := range fresh {
		r := &fresh[i]
		p.lastID++
		r.ID, r.Version, r.CreatedAt, r.UpdatedAt = p.lastID, 1, at, at
		p.rows = append(p.rows, r)
		p.byKey.put(r)
	}
	t.onRollback(func() {
		for _, r := range p.rows[before:] {
			p.byKey.remove(r)
		}
		clear(p.rows[before:])
		p.rows = p.rows[:before]
	})
}

// Update patches a product.
func (p *Products) Update(ctx context.Context, id, version int64, patch products.Patch) (products.Product, error) {
	_, after, err := p.Replace(ctx, id, version, patch)
	return after, err
}

// Replace patches a product, and returns it as it was, too.
func (p *Products) Replace(ctx context.Context, id, version int64,
	patch products.Patch) (before, after products.Product, err error) {
	err = p.db.do(ctx, func(_ context.Context, t *tx) error {
		r, err := p.findVersion(id, version)
		if err != nil {
			return err
		}
		next := row{Product: patch.Apply(r.Product), restored: r.restored}
		next.SKU, next.Fields = strings.TrimSpace(next.SKU), p.schema.Canonical(next.Fields)
		if err := p.schema.ValidateChange(&next.Product, &r.Product); err != nil {
			return err
		}
		before = r.copy()
		if products.SameContent(r.Product, next.Product) {
			after = r.copy()
			return nil
		}
		next.setKey(p.rule.Key(next.SKU))
		if other := p.byKey.get(next.hash, next.key); other != nil && other != r {
			return fmt.Errorf("%w: %q", products.ErrExists, next.SKU)
		}
		next.dropEmpty()
		next.Version++
		next.UpdatedAt = now()
		was := *r
		p.setRow(r, next)
		t.onRollback(func() { p.setRow(r, was) })
		after = r.copy()
		return nil
	})
	if err != nil {
		return products.Product{}, products.Product{}, err
	}
	return before, after, nil
}

// setRow changes a row, its key included.
func (p *Products) setRow(r *row, next row) {
	p.byKey.remove(r)
	*r = next
	p.byKey.put(r)
}

// Delete removes a product.
func (p *Products) Delete(ctx context.Context, id, version int64) error {
	_, err := p.Remove(ctx, id, version)
	return err
}

// Remove removes a product, and returns it.
func (p *Products) Remove(ctx context.Context, id, version int64) (removed products.Product, err error) {
	err = p.db.do(ctx, func(_ context.Context, t *tx) error {
		r, err := p.findVersion(id, version)
		if err != nil {
			return err
		}
		removed = r.copy()
		p.removeRow(t, r)
		return nil
	})
	if err != nil {
		return products.Product{}, err
	}
	return removed, nil
}

// removeRow deletes a row.
func (p *Products) removeRow(t *tx, r *row) {
	p.byKey.remove(r)
	was := *r
	*r = row{Product: products.Product{ID: r.ID}}
	p.dead++
	t.onRollback(func() {
		*r = was
		p.byKey.put(r)
		p.dead--
	})
}

// DeleteAll removes every product.
func (p *Products) DeleteAll(ctx context.Context) (n int64, err error) {
	err = p.db.do(ctx, func(_ context.Context, t *tx) error {
		n = int64(p.byKey.n)
		rows, byKey, dead := p.rows, p.byKey, p.dead
		p.clear()
		t.onRollback(func() { p.rows, p.byKey, p.dead = rows, byKey, dead })
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

func (p *Products) clear() { p.rows, p.byKey, p.dead = nil, index{byHash: map[uint64]*row{}}, 0 }

// tidy gives back the memory of deleted rows once they are many. It must not be called within a transaction.
func (p *Products) tidy() {
	if p.dead < 1_000 || p.dead < len(p.rows)/2 {
		return
	}
	slab := make([]row, 0, p.byKey.n)
	rows := make([]*row, 0, p.byKey.n)
	p.byKey = index{byHash: make(map[uint64]*row, p.byKey.n)}
	for _, r := range p.rows {
		if r.Version > 0 {
			slab = append(slab, *r)
			r = &slab[len(slab)-1]
			rows = append(rows, r)
			p.byKey.put(r)
		}
	}
	p.rows, p.dead = rows, 0
}
