package postgres

import (
	"context"
	"fmt"

	"github.com/lib/pq"

	"github.com/products-importer/products-importer/products"
)

// setUp makes sure that the database can be used, and is in order.
func (db *DB) setUp(ctx context.Context) error {
	if err := db.fit(ctx); err != nil {
		return translate(err)
	}
	before, err := db.migrate(ctx)
	if err != nil {
		return refusal("looking at the schema, or bringing it up to date,", err)
	}
	if err := db.mayWrite(ctx); err != nil {
		return translate(refusal("looking at the tables", err))
	}
	if db.products.rule, err = db.settleKeyRule(ctx); err != nil {
		return refusal("looking at the rule of keys", err)
	}
	if err := db.settleFields(ctx); err != nil {
		return refusal("looking at the columns of fields, or adding them,", err)
	}
	if err := db.settleDistribution(ctx); err != nil {
		return refusal("looking at the distribution of the products, or changing it,", err)
	}
	if err := db.fillable(ctx); err != nil {
		return translate(err)
	}
	if err := db.dropOldSlots(ctx); err != nil {
		return err
	}
	moved, err := db.settleSequences(ctx)
	if err == nil && (moved || before > 0 && before < idsSafe) {
		err = db.findDoubled(ctx)
	}
	return err
}

// connect makes sure that the database answers.
func (db *DB) connect(ctx context.Context, config pq.Config) error {
	conn, err := db.take(ctx, forReading)
	if err == nil {
		conn.close()
		return nil
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case pq.As(err) != nil && !passing(err):
		return fmt.Errorf("postgres: can't connect: %w", err)
	}
	if len(config.Multi) > 0 {
		return fmt.Errorf("%w: can't connect to PostgreSQL: %w", products.ErrUnavailable, err)
	}
	return fmt.Errorf("%w: can't connect to PostgreSQL at %s:%d: %w", products.ErrUnavailable, config.Host, config.Port,
		err)
}
