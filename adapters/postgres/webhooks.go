package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/products-importer/products-importer/webhooks"
)

// Webhooks is the webhooks.Store in the tables whose names begin with webhook_.
//
// Rows are locked in this order, so that nobody waits in a circle:
//
//	an endpoint    by whoever claims for it, changes it, notes its health, or sends again; ascending by ID
//	a claim        by Finish, and by whoever takes a delivery out of it; ascending by ID
//	a delivery     by who has its claim locked, or its endpoint if it is in none
//	numbers        by Append, ascending by import and type, until its transaction ends
//
// Claim and Expire wait for nobody: they pass over what is locked.
type Webhooks struct {
	db    *DB
	clock clockWatch
}

var _ webhooks.Store = (*Webhooks)(nil)

// The prefixes of IDs.
const (
	endpointPrefix = "ep_"
	eventPrefix    = "evt_"
	claimPrefix    = "clm_"
)

// plainScans makes the planner look rows up by index, one after the other: how much waits changes faster than what it knows
// of that. Unlike them, a bitmap scan never marks the entries of rows that have gone: until the next vacuum each one would
// visit all of these again.
const plainScans = indexJoins + `; SET LOCAL enable_bitmapscan = off`

// quick calls f in the context's transaction, or in a new one with plainScans that is committed without waiting for the
// disk.
func (w *Webhooks) quick(ctx context.Context, f func(ctx context.Context, t *transaction) error) error {
	if w.db.current(ctx) != nil {
		return w.db.short(ctx, f)
	}
	return w.db.transact(ctx, func(ctx context.Context, t *transaction) error {
		_, err := t.ExecContext(ctx, fmt.Sprintf(`SET LOCAL idle_in_transaction_session_timeout = %d; SET LOCAL synchronous_commit = off; `,
			w.db.hung.Milliseconds())+plainScans)
		if err != nil {
			return err
		}
		return f(ctx, t)
	})
}

// fail is the error of a call.
func (w *Webhooks) fail(ctx context.Context, err error) error {
	return failAs(ctx, err, webhooks.ErrNotFound)
}

// now returns the server's time.
func (w *Webhooks) now(ctx context.Context, t *transaction) (now time.Time, err error) {
	err = t.GetContext(ctx, &now, `SELECT clock_timestamp()`)
	return now.UTC(), err
}

// unhold takes deliveries out of claims, which are locked, or the only ones that the condition is true for. With its last
// delivery a claim goes.
func unhold(ctx context.Context, t *transaction, ids []int64, where string, arg any) error {
	if _, err := t.ExecContext(ctx, `DELETE FROM webhook_claims WHERE deliveries <@ $1::bigint[] AND `+where, intArray(ids), arg); err != nil {
		return err
	}
	_, err := t.ExecContext(ctx, `UPDATE webhook_claims SET deliveries = ARRAY (SELECT d FROM unnest(deliveries) AS d WHERE d <> ALL ($1::bigint[]))
		WHERE deliveries && $1::bigint[] AND `+where, intArray(ids), arg)
	return err
}
