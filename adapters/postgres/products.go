package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lib/pq"

	"github.com/products-importer/products-importer/products"
)

// Products is the products.Store in the table products.
type Products struct {
	db      *DB
	rule    products.KeyRule
	layout  *layout
	ids     idPool
	leaving leaving
	apart   density
}

var (
	_ products.Store    = (*Products)(nil)
	_ products.Replacer = (*Products)(nil)
)

// KeyRule says which SKUs are the same: what is recorded in the database.
func (p *Products) KeyRule() products.KeyRule { return p.rule }

// Schema says which fields products have: that of the Options.
func (p *Products) Schema() *products.Schema { return p.layout.schema }

// Get returns a product.
func (p *Products) Get(ctx context.Context, id int64) (products.Product, error) {
	r, err := p.get(ctx, id)
	if err != nil {
		return products.Product{}, fail(ctx, err, products.ErrNotFound)
	}
	return r.Product, nil
}

func (p *Products) get(ctx context.Context, id int64) (r row, err error) {
	err = p.db.readByID(ctx, forReading, func(ctx context.Context, q querier, is Distribution) error {
		from := `products`
		if is.byKeys() {
			from = p.db.ofIDs(` WHERE id = $1::bigint`)
		}
		// Without a LIMIT, which costs some 3 % of the call: there is more than one row in broken data alone.
		rows, err := q.QueryxContext(ctx, `SELECT `+p.layout.selected+` FROM `+from+` WHERE id = $1::bigint`, id)
		if err != nil {
			return err
		}
		all, err := newRowReader(p.layout.columns, true).readAll(nil, rows)
		switch {
		case err != nil:
			return err
		case len(all) == 0:
			return products.ErrNotFound
		case len(all) > 1:
			return &DoubledIDError{ID: id, SKUs: [2]string{all[0].SKU, all[1].SKU}, space: p.db.space}
		}
		r = all[0]
		return nil
	})
	return r, err
}

// Create stores a new product.
func (p *Products) Create(ctx context.Context, product products.Product) (products.Product, error) {
	product.SKU, product.Fields = strings.TrimSpace(product.SKU), p.layout.schema.Canonical(product.Fields)
	if err := p.layout.schema.Validate(&product); err != nil {
		return products.Product{}, err
	}
	err := p.db.join(ctx, func(ctx context.Context, t *transaction) (err error) {
		var from time.Time
		if product.ID, from, err = p.ids.take(ctx, t); err != nil {
			return err
		}
		product.Version = 1
		var server time.Time
		product, server, err = p.insert(ctx, t, product, nil)
		if err == nil && !from.IsZero() && !from.Equal(server) {
			p.ids.keep(server)
			return errMoved
		}
		return err
	})
	if err != nil {
		return products.Product{}, fail(ctx, err, products.ErrNotFound)
	}
	return product, nil
}

// insert inserts a product with the ID and version that it has, and with the transaction's time; CreatedAt counts
// unless it is zero. With the row that it replaces it takes over that one's other columns, which this process doesn't
// know. It returns when the server was started, too. ErrExists leaves the transaction usable.
func (p *Products) insert(ctx context.Context, t *transaction, product products.Product,
	replaced *row) (_ products.Product, server time.Time, err error) {
	created := sql.NullTime{Time: product.CreatedAt, Valid: product.Version > 1}
	product = product.Owned()
	args := p.layout.appendValues([]any{product.ID, product.Version, created, p.rule.Key(product.SKU), product.SKU,
		string(appendJSON(nil, product.Attributes))}, &product)
	others := ""
	if replaced != nil {
		if others, err = p.otherColumns(ctx, t); err != nil {
			return product, server, err
		}
	}
	statement := `INSERT INTO products (` + p.layout.inserted + others + `) `
	if others == "" {
		statement += `VALUES (` + p.layout.values + `)`
	} else {
		n := len(args)
		statement += fmt.Sprintf(`SELECT `+p.layout.values+others+
			` FROM products WHERE sku_key = $%d AND id = $%d AND version = $%d`, n+1, n+2, n+3)
		args = append(args, replaced.Key, replaced.ID, replaced.Version)
	}
	statement += ` ON CONFLICT (sku_key) DO NOTHING RETURNING created_at, updated_at`
	scanned := []any{&product.CreatedAt, &product.UpdatedAt}
	if t.citus { // RETURNING is evaluated where the row is
		if err = t.GetContext(ctx, &server, `SELECT pg_postmaster_start_time()`); err != nil {
			return product, server, err
		}
	} else {
		statement += `, pg_postmaster_start_time()`
		scanned = append(scanned, &server)
	}
	statement, args = t.withMark(statement, args...)
	err = t.QueryRowxContext(ctx, statement, args...).Scan(scanned...)
	if errors.Is(err, sql.ErrNoRows) {
		return product, server, products.ErrExists
	}
	product.CreatedAt, product.UpdatedAt = product.CreatedAt.UTC(), product.UpdatedAt.UTC()
	return product, server, err
}

// otherColumns lists the columns of the table that this process doesn't know and that can be written, each with a comma
// before it. Until the transaction ends no column is added or dropped, since it has read the table.
func (p *Products) otherColumns(ctx context.Context, t *transaction) (list string, err error) {
	known := pq.StringArray{"id", "version", "created_at", "updated_at", "sku_key", "sku", "attributes"}
	for _, f := range p.layout.fields {
		known = append(known, f.Name)
	}
	err = t.GetContext(ctx, &list, `SELECT coalesce(string_agg(', ' || quote_ident(attname), '' ORDER BY attnum), '')
		FROM pg_attribute WHERE attrelid = 'products'::regclass AND attnum > 0 AND NOT attisdropped
			AND attgenerated = '' AND attidentity <> 'a' AND attname <> ALL ($1::text[])`, known)
	return list, err
}

// Update applies a patch.
func (p *Products) Update(ctx context.Context, id, version int64, patch products.Patch) (products.Product, error) {
	_, after, err := p.Replace(ctx, id, version, patch)
	return after, err
}

// Replace applies a patch, and returns the product as it was, too.
func (p *Products) Replace(ctx context.Context, id, version int64,
	patch products.Patch) (before, after products.Product, err error) {
	err = p.db.join(ctx, func(ctx context.Context, t *transaction) error {
		// A row is written only if it still has the version that was read; else this begins again with what it has
		// become.
		for {
			r, err := p.get(ctx, id)
			if err != nil {
				return err
			}
			before = r.Product
			if version != 0 && version != before.Version {
				return products.ErrVersion
			}
			after = patch.Apply(before)
			after.SKU, after.Fields = strings.TrimSpace(after.SKU), p.layout.schema.Canonical(after.Fields)
			if products.SameContent(before, after) {
				return nil
			}
			if err := p.layout.schema.ValidateChange(&after, &before); err != nil {
				return err
			}
			after.Version++
			var done bool
			if p.rule.Key(after.SKU) == r.Key {
				done, err = p.overwrite(ctx, t, &r, &after)
			} else {
				done, err = p.rename(ctx, t, &r, &after)
			}
			if done || err != nil {
				return err
			}
		}
	})
	if err != nil {
		return products.Product{}, products.Product{}, fail(ctx, err, products.ErrNotFound)
	}
	return before, after, nil
}

// overwrite writes the product over the row, unless that has changed.
func (p *Products) overwrite(ctx context.Context, t *transaction, r *row,
	product *products.Product) (done bool, err error) {
	args := p.layout.appendValues([]any{product.Version, product.SKU, string(appendJSON(nil, product.Attributes)),
		r.Key, r.ID, r.Version}, product)
	statement, args := t.withMark(`UPDATE products SET updated_at = now(), `+p.layout.set+` WHERE `+
		strings.Join(overwriteParameters[overwriteSet:], " AND ")+` RETURNING updated_at`, args...)
	err = t.QueryRowxContext(ctx, statement, args...).Scan(&product.UpdatedAt)
	product.UpdatedAt = product.UpdatedAt.UTC()
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return true, err
}

// rename replaces the row by one with another key, unless it has changed. The key may decide where a row is kept, so it
// can't be updated in place. The new row comes first, as the order of locks wants it: see batchWrite.
func (p *Products) rename(ctx context.Context, t *transaction, r *row,
	product *products.Product) (done bool, err error) {
	t.separateMark = true // no mark where it may be rolled back
	if _, err := t.ExecContext(ctx, `SAVEPOINT rename`); err != nil {
		return false, err
	}
	inserted, _, err := p.insert(ctx, t, *product, r)
	if errors.Is(err, products.ErrExists) {
		// Or there was nothing to take other columns from.
		same, err := p.isStill(ctx, t, r)
		if err != nil || !same {
			return false, err
		}
		return false, products.ErrExists
	}
	if err != nil {
		return false, err
	}
	deleted, err := t.ExecContext(ctx, `DELETE FROM products WHERE sku_key = $1 AND id = $2 AND version = $3`, r.Key,
		r.ID, r.Version)
	if err != nil {
		return false, err
	}
	if n, err := deleted.RowsAffected(); err != nil || n == 1 {
		*product = inserted
		return true, err
	}
	_, err = t.ExecContext(ctx, `ROLLBACK TO SAVEPOINT rename`)
	return false, err
}

// isStill reports whether the row has not changed.
func (p *Products) isStill(ctx context.Context, t *transaction, r *row) (same bool, err error) {
	err = t.GetContext(ctx, &same, `SELECT EXISTS (SELECT 1 FROM products WHERE sku_key = $1 AND id = $2
		AND version = $3)`, r.Key, r.ID, r.Version)
	return same, err
}

// Delete removes a product.
func (p *Products) Delete(ctx context.Context, id, version int64) error {
	_, err := p.Remove(ctx, id, version)
	return err
}

// Remove removes a product, and returns it.
func (p *Products) Remove(ctx context.Context, id, version int64) (removed products.Product, err error) {
	err = p.db.join(ctx, func(ctx context.Context, t *transaction) error {
		for {
			r, err := p.get(ctx, id)
			if err != nil {
				return err
			}
			if version != 0 && version != r.Version {
				return products.ErrVersion
			}
			removed = r.Product
			statement, args := t.withMark(`DELETE FROM products WHERE sku_key = $1 AND id = $2 AND version = $3`, r.Key,
				r.ID, r.Version)
			deleted, err := t.ExecContext(ctx, statement, args...)
			if err != nil {
				return err
			}
			if n, err := deleted.RowsAffected(); err != nil || n == 1 {
				return err
			}
		}
	})
	if err != nil {
		return products.Product{}, fail(ctx, err, products.ErrNotFound)
	}
	return removed, nil
}

// DeleteAll removes every product. It waits for the transactions that write products, and holds up those that come
// later: taking rows one by one, against a batch that takes them by key, would deadlock. Reading goes on meanwhile,
// which TRUNCATE would not allow.
func (p *Products) DeleteAll(ctx context.Context) (n int64, err error) {
	err = p.db.joinFor(ctx, forBulk, func(ctx context.Context, t *transaction) error {
		if _, err := t.ExecContext(ctx, `LOCK TABLE products IN EXCLUSIVE MODE`); err != nil {
			return err
		}
		deleted, err := t.ExecContext(ctx, `DELETE FROM products`)
		if err != nil {
			return err
		}
		n, err = deleted.RowsAffected()
		return err
	})
	if err != nil {
		return 0, fail(ctx, err, products.ErrNotFound)
	}
	return n, nil
}
