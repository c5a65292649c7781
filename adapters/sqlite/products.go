package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// Products is the products.Store in the table products.
type Products struct {
	db     *DB
	layout *layout
	counts counter
}

var (
	_ products.Store    = (*Products)(nil)
	_ products.Replacer = (*Products)(nil)

	_ importer.BatchSizer = (*Products)(nil)
)

// Products returns the store of products.
func (db *DB) Products() *Products { return &db.products }

// KeyRule says which SKUs are the same: what is recorded in the file.
func (p *Products) KeyRule() products.KeyRule { return p.db.rule }

// Schema says which fields products have: that of the Options.
func (p *Products) Schema() *products.Schema { return p.layout.schema }

// Get returns a product.
func (p *Products) Get(ctx context.Context, id int64) (product products.Product, err error) {
	err = p.db.read(ctx, func(ctx context.Context, q querier) error {
		product, err = p.get(ctx, q, id)
		return err
	})
	return product, err
}

func (p *Products) get(ctx context.Context, q querier, id int64) (products.Product, error) {
	product, err := p.layout.newReader().read(q.QueryRowxContext(ctx, p.layout.byID, id))
	if errors.Is(err, sql.ErrNoRows) {
		err = products.ErrNotFound
	}
	return product, err
}

// getVersion is get for a caller who names a version, or 0.
func (p *Products) getVersion(ctx context.Context, q querier, id, version int64) (products.Product, error) {
	product, err := p.get(ctx, q, id)
	if err == nil && version != 0 && version != product.Version {
		err = products.ErrVersion
	}
	return product, err
}

// stamp is the time of what is written now, as it is stored.
func stamp() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Create stores a new product.
func (p *Products) Create(ctx context.Context, product products.Product) (products.Product, error) {
	product.SKU, product.Fields = strings.TrimSpace(product.SKU), p.layout.schema.Canonical(product.Fields)
	if err := p.layout.schema.Validate(&product); err != nil {
		return products.Product{}, err
	}
	product.Version, product.CreatedAt = 1, stamp()
	product.UpdatedAt = product.CreatedAt
	product = product.Owned()
	err := p.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		args, err := p.layout.values(&product, p.db.rule.Key(product.SKU))
		if err != nil {
			return err
		}
		err = t.QueryRowxContext(ctx, p.layout.create, args...).Scan(&product.ID)
		if errors.Is(err, sql.ErrNoRows) {
			err = products.ErrExists
		}
		return err
	})
	if err != nil {
		return products.Product{}, err
	}
	return product, nil
}

// Update applies a patch.
func (p *Products) Update(ctx context.Context, id, version int64, patch products.Patch) (products.Product, error) {
	_, after, err := p.Replace(ctx, id, version, patch)
	return after, err
}

// Replace applies a patch, and returns the product as it was, too.
func (p *Products) Replace(ctx context.Context, id, version int64,
	patch products.Patch) (before, after products.Product, err error) {
	err = p.db.inTx(ctx, func(ctx context.Context, t *transaction) (err error) {
		if before, err = p.getVersion(ctx, t, id, version); err != nil {
			return err
		}
		after = patch.Apply(before)
		after.SKU, after.Fields = strings.TrimSpace(after.SKU), p.layout.schema.Canonical(after.Fields)
		if products.SameContent(before, after) {
			return nil
		}
		if err := p.layout.schema.ValidateChange(&after, &before); err != nil {
			return err
		}
		key := p.db.rule.Key(after.SKU)
		if key != p.db.rule.Key(before.SKU) {
			var taken bool
			if err := t.GetContext(ctx, &taken, `SELECT count(*) FROM products WHERE sku_key = ?`, key); err != nil {
				return err
			}
			if taken {
				return products.ErrExists
			}
		}
		after.Version++
		after.UpdatedAt = stamp()
		args, err := p.layout.values(&after, key)
		if err != nil {
			return err
		}
		_, err = t.ExecContext(ctx, p.layout.replace, append(args, id)...)
		return err
	})
	if err != nil {
		return products.Product{}, products.Product{}, err
	}
	return before, after, nil
}

// Delete removes a product.
func (p *Products) Delete(ctx context.Context, id, version int64) error {
	_, err := p.Remove(ctx, id, version)
	return err
}

// Remove removes a product, and returns it.
func (p *Products) Remove(ctx context.Context, id, version int64) (removed products.Product, err error) {
	err = p.db.inTx(ctx, func(ctx context.Context, t *transaction) (err error) {
		if removed, err = p.getVersion(ctx, t, id, version); err != nil {
			return err
		}
		_, err = t.ExecContext(ctx, `DELETE FROM products WHERE id = ?`, id)
		return err
	})
	if err != nil {
		return products.Product{}, err
	}
	return removed, nil
}

// DeleteAll removes every product. Without a condition SQLite frees whole pages, and no ID is given again.
func (p *Products) DeleteAll(ctx context.Context) (n int64, err error) {
	err = p.db.inTx(ctx, func(ctx context.Context, t *transaction) error {
		resume, err := emptySearchIndex(ctx, t)
		if err != nil {
			return err
		}
		deleted, err := t.ExecContext(ctx, `DELETE FROM products`)
		if err != nil {
			return err
		}
		if n, err = deleted.RowsAffected(); err != nil {
			return err
		}
		return resume()
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}
