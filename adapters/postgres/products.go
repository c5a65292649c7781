package postgres

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/products-importer/products-importer/products"
)

// Products is the products.Store in the table products.
type Products struct {
	db   *DB
	rule products.KeyRule
	ids  idPool
}

var _ products.Store = (*Products)(nil)

// KeyRule says which SKUs are the same: what is recorded in the database.
func (p *Products) KeyRule() products.KeyRule { return p.rule }

// columns are those of row.
const columns = `id, version, created_at, updated_at, status, sku_key, sku, name, description, attributes`

// row is a row of the table.
type row struct {
	ID          int64      `db:"id"`
	Version     int64      `db:"version"`
	CreatedAt   time.Time  `db:"created_at"`
	UpdatedAt   time.Time  `db:"updated_at"`
	Status      bool       `db:"status"`
	Key         string     `db:"sku_key"`
	SKU         string     `db:"sku"`
	Name        string     `db:"name"`
	Description string     `db:"description"`
	Attributes  attributes `db:"attributes"`
}

func (r *row) product() products.Product {
	return products.Product{
		ID: r.ID, Version: r.Version, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(), Status: r.Status,
		SKU: r.SKU, Name: r.Name, Description: r.Description, Attributes: r.Attributes,
	}
}

// attributes is a jsonb object of strings, never nil.
type attributes map[string]string

// Scan reads what the driver gives for jsonb.
func (a *attributes) Scan(value any) error {
	text, ok := value.([]byte)
	if !ok {
		return fmt.Errorf("postgres: attributes are %T, not JSON", value)
	}
	*a = attributes{}
	if string(text) == "{}" {
		return nil
	}
	return json.Unmarshal(text, a)
}

// Get returns a product.
func (p *Products) Get(ctx context.Context, id int64) (products.Product, error) {
	r, err := p.get(ctx, id)
	if err != nil {
		return products.Product{}, p.fail(ctx, err)
	}
	return r.product(), nil
}

func (p *Products) get(ctx context.Context, id int64) (r row, err error) {
	err = p.db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		rows, err := q.QueryxContext(ctx, `SELECT `+columns+` FROM products WHERE id = $1 LIMIT 2`, id)
		if err != nil {
			return err
		}
		defer rows.Close()
		if !rows.Next() {
			return errors.Join(rows.Err(), products.ErrNotFound)
		}
		if err := rows.StructScan(&r); err != nil || !rows.Next() {
			return errors.Join(err, rows.Err())
		}
		var other row
		if err := rows.StructScan(&other); err != nil {
			return err
		}
		return &DoubledIDError{ID: id, SKUs: [2]string{r.SKU, other.SKU}}
	})
	return r, err
}

// fail is the error of a call: the context's, when it has ended, else the translated one.
func (p *Products) fail(ctx context.Context, err error) error {
	if ctx.Err() != nil && !isUnknown(err) {
		return ctx.Err()
	}
	return translate(err)
}

// Create stores a new product.
func (p *Products) Create(ctx context.Context, product products.Product) (products.Product, error) {
	product.SKU = strings.TrimSpace(product.SKU)
	if err := product.Validate(); err != nil {
		return products.Product{}, err
	}
	err := p.db.join(ctx, func(ctx context.Context, t *transaction) (err error) {
		var from time.Time
		if product.ID, from, err = p.ids.take(ctx, t); err != nil {
			return err
		}
		product.Version = 1
		var server time.Time
		product, server, err = p.insert(ctx, t, product)
		if err == nil && !from.IsZero() && !from.Equal(server) {
			p.ids.keep(server)
			return errMoved
		}
		return err
	})
	if err != nil {
		return products.Product{}, p.fail(ctx, err)
	}
	return product, nil
}

// insert inserts a product with the ID and version that it has, and with the transaction's time; CreatedAt counts
// unless it is zero. It tells when the server was started. ErrExists leaves the transaction usable.
func (p *Products) insert(ctx context.Context, t *transaction, product products.Product) (_ products.Product, server time.Time, err error) {
	created := sql.NullTime{Time: product.CreatedAt, Valid: product.Version > 1}
	own := attributes{}
	for name, value := range product.Attributes {
		own[name] = value
	}
	product.Attributes = own
	statement, args := t.marking(`INSERT INTO products (id, version, created_at, status, sku_key, sku, name, description, attributes)
		VALUES ($1, $2, coalesce($3::timestamptz, now()), $4, $5, $6, $7, $8, $9::text::jsonb)
		ON CONFLICT (sku_key) DO NOTHING RETURNING created_at, updated_at, pg_postmaster_start_time()`,
		product.ID, product.Version, created, product.Status, p.rule.Key(product.SKU), product.SKU, product.Name,
		product.Description, string(appendJSON(nil, own)))
	err = t.QueryRowxContext(ctx, statement, args...).Scan(&product.CreatedAt, &product.UpdatedAt, &server)
	if errors.Is(err, sql.ErrNoRows) {
		return product, server, products.ErrExists
	}
	product.CreatedAt, product.UpdatedAt = product.CreatedAt.UTC(), product.UpdatedAt.UTC()
	return product, server, err
}

// Update applies a patch.
func (p *Products) Update(ctx context.Context, id, version int64, patch products.Patch) (products.Product, error) {
	var result products.Product
	err := p.db.join(ctx, func(ctx context.Context, t *transaction) error {
		// A row is written only if it still has the version that was read; else this begins again with what it has become.
		for {
			r, err := p.get(ctx, id)
			if err != nil {
				return err
			}
			before := r.product()
			if version != 0 && version != before.Version {
				return products.ErrVersion
			}
			result = patch.Apply(before)
			result.SKU = strings.TrimSpace(result.SKU)
			if products.SameContent(before, result) {
				result = before
				return nil
			}
			if err := result.ValidateChange(&before); err != nil {
				return err
			}
			result.Version++
			var done bool
			if p.rule.Key(result.SKU) == r.Key {
				done, err = p.replace(ctx, t, &r, &result)
			} else {
				done, err = p.rename(ctx, t, &r, &result)
			}
			if done || err != nil {
				return err
			}
		}
	})
	if err != nil {
		return products.Product{}, p.fail(ctx, err)
	}
	return result, nil
}

// replace writes the product over the row, unless that has changed.
func (p *Products) replace(ctx context.Context, t *transaction, r *row, product *products.Product) (done bool, err error) {
	statement, args := t.marking(`UPDATE products SET version = $1, updated_at = now(), status = $2, sku = $3, name = $4, description = $5, attributes = $6::text::jsonb
		WHERE sku_key = $7 AND id = $8 AND version = $9 RETURNING updated_at`,
		product.Version, product.Status, product.SKU, product.Name, product.Description, string(appendJSON(nil, product.Attributes)),
		r.Key, r.ID, r.Version)
	err = t.QueryRowxContext(ctx, statement, args...).Scan(&product.UpdatedAt)
	product.UpdatedAt = product.UpdatedAt.UTC()
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return true, err
}

// rename replaces the row by one with another key, unless it has changed. The key may decide where a row is kept, so it
// can't be updated in place. The new row comes first, as the order of locks wants it: see batch.go.
func (p *Products) rename(ctx context.Context, t *transaction, r *row, product *products.Product) (done bool, err error) {
	t.plain = true // no mark where it may be rolled back
	if _, err := t.ExecContext(ctx, `SAVEPOINT rename`); err != nil {
		return false, err
	}
	*product, _, err = p.insert(ctx, t, *product)
	if err != nil {
		return false, err
	}
	deleted, err := t.ExecContext(ctx, `DELETE FROM products WHERE sku_key = $1 AND id = $2 AND version = $3`, r.Key, r.ID, r.Version)
	if err != nil {
		return false, err
	}
	if n, err := deleted.RowsAffected(); err != nil || n == 1 {
		return true, err
	}
	_, err = t.ExecContext(ctx, `ROLLBACK TO SAVEPOINT rename`)
	return false, err
}

// Delete removes a product.
func (p *Products) Delete(ctx context.Context, id, version int64) error {
	err := p.db.join(ctx, func(ctx context.Context, t *transaction) error {
		for {
			r, err := p.get(ctx, id)
			if err != nil {
				return err
			}
			if version != 0 && version != r.Version {
				return products.ErrVersion
			}
			statement, args := t.marking(`DELETE FROM products WHERE sku_key = $1 AND id = $2 AND version = $3`, r.Key, r.ID, r.Version)
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
		return p.fail(ctx, err)
	}
	return nil
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
		return 0, p.fail(ctx, err)
	}
	return n, nil
}
