package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"github.com/products-importer/products-importer/products"
)

// KeyRuleError says that the database was set up with another key rule.
type KeyRuleError struct {
	Recorded, Asked products.KeyRule
}

func (e *KeyRuleError) Error() string {
	return fmt.Sprintf("postgres: the database tells SKUs apart by the rule %q, which can't be changed to %q",
		e.Recorded, e.Asked)
}

// settleKeyRule records the key rule in a new database, and reads it from another.
func (db *DB) settleKeyRule(ctx context.Context) (rule products.KeyRule, err error) {
	asked := products.ExactKeys
	if db.options.KeyRule != nil {
		asked = *db.options.KeyRule
	}
	recorded, err := db.readKeyRule(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		err = db.transact(ctx, func(ctx context.Context, t *transaction) error {
			_, err := t.ExecContext(ctx,
				`INSERT INTO products_importer_settings (name, value) VALUES ('key_rule', $1)
					ON CONFLICT (name) DO NOTHING`, asked.String())
			return err
		})
		if err == nil {
			recorded, err = db.readKeyRule(ctx)
		}
	}
	if err != nil {
		return 0, translate(err)
	}
	if err = rule.UnmarshalText([]byte(recorded)); err != nil {
		return 0, err
	}
	if db.options.KeyRule != nil && rule != asked {
		return 0, &KeyRuleError{Recorded: rule, Asked: asked}
	}
	return rule, nil
}

func (db *DB) readKeyRule(ctx context.Context) (recorded string, err error) {
	err = db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		return sqlx.GetContext(ctx, q, &recorded,
			`SELECT value FROM products_importer_settings WHERE name = 'key_rule'`)
	})
	return recorded, err
}
