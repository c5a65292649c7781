package postgres

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/products-importer/products-importer/webhooks"
)

// Webhooks is the webhooks.Store in the tables whose names begin with webhook_.
//
// Rows are locked in this order, so that nobody waits in a circle:
//
//	an endpoint    to claim for it, to change it, to note its health, or to send again; ascending by ID
//	a claim        by Finish, and to take a delivery out of it; ascending by ID
//	a delivery     by who has its claim locked, or its endpoint if it is in none
//	numbers        by Append, ascending by import and type, until its transaction ends
//
// Claim and Prune wait for nobody: they pass over what is locked.
type Webhooks struct {
	db         *DB
	clock      clockWatch
	unreadable sync.Map // IDs of endpoints of which the log says that they are
}

var _ webhooks.Store = (*Webhooks)(nil)

// The prefixes of IDs.
const (
	endpointPrefix = "ep_"
	eventPrefix    = "evt_"
	claimPrefix    = "clm_"
)

// indexScans makes the planner look rows up by index, one after the other: how much waits changes faster than what it
// knows of that. Unlike them, a bitmap scan never marks the entries of rows that have gone: until the next vacuum each
// one would visit all of these again.
const indexScans = indexJoins + `; SET LOCAL enable_bitmapscan = off`

// joinFast calls f in the context's transaction, or in a new one, with indexScans, that is committed without waiting
// for the disk.
func (w *Webhooks) joinFast(ctx context.Context, f func(ctx context.Context, t *transaction) error) error {
	if w.db.current(ctx) != nil {
		return w.db.joinLimited(ctx, f)
	}
	return w.db.transact(ctx, func(ctx context.Context, t *transaction) error {
		_, err := t.ExecContext(ctx,
			fmt.Sprintf(`SET LOCAL idle_in_transaction_session_timeout = %d; SET LOCAL synchronous_commit = off; `,
				w.db.maxIdle.Milliseconds())+indexScans)
		if err != nil {
			return err
		}
		return f(ctx, t)
	})
}

// now returns the server's time.
func (w *Webhooks) now(ctx context.Context, t *transaction) (now time.Time, err error) {
	err = t.GetContext(ctx, &now, `SELECT clock_timestamp()`)
	return now.UTC(), err
}

// removeFromClaims takes deliveries out of the claims for which the condition is true; a claim without deliveries is
// deleted. The caller has locked the claims, or is the only one to change them.
func removeFromClaims(ctx context.Context, t *transaction, ids []int64, where string, arg any) error {
	if _, err := t.ExecContext(ctx, `DELETE FROM webhook_claims WHERE deliveries <@ $1::bigint[] AND `+where,
		intArray(ids), arg); err != nil {
		return err
	}
	_, err := t.ExecContext(ctx,
		`UPDATE webhook_claims SET deliveries = ARRAY (SELECT d FROM unnest(deliveries) AS d
			WHERE d <> ALL ($1::bigint[]))
		WHERE deliveries && $1::bigint[] AND `+where, intArray(ids), arg)
	return err
}

// Wake returns a channel that has a value soon after a delivery became due.
func (w *Webhooks) Wake(ctx context.Context) <-chan struct{} {
	return w.db.notifier.webhooks.listen(ctx)
}
