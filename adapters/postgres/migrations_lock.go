package postgres

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/lib/pq"

	"github.com/products-importer/products-importer/products"
)

// processLock is a lock that one process at a time holds. It is a row with a lease, not a session's advisory lock,
// which a pooler may give to one session and release in another.
type processLock struct {
	id       int64         // in lockTable
	interval time.Duration // between two tries to take it
	tries    int
}

const (
	lockTable = "products_importer_migrations_lock"
	lockLease = 30 * time.Second
	// unlockTimeout is how long giving a lock back may take. Where it fails the lease ends soon.
	unlockTimeout = 5 * time.Second
	// lockSaid is how long a wait for a lock is before the log says what is waited for.
	lockSaid = 2 * time.Second
)

var (
	// Wait for another process for as long as its lease may last, and longer for its work.
	migrationLock = processLock{id: 4097083626, interval: 100 * time.Millisecond, tries: 1200}
	// Indexes are built in the background, for hours perhaps.
	indexLock = processLock{id: 4097083627, interval: time.Second, tries: 100_000}
)

// locked calls f while this process alone holds the lock.
func (db *DB) locked(ctx context.Context, l processLock, f func(ctx context.Context) error) error {
	return db.holding(ctx, l, func(ctx context.Context, _ *lockHolder) error { return f(ctx) })
}

// holding is locked for an f that needs the lock itself.
func (db *DB) holding(ctx context.Context, l processLock, f func(ctx context.Context, h *lockHolder) error) error {
	pool, closePool := db.buildingPool(ctx)
	defer closePool()
	if err := makeLockTable(ctx, pool); err != nil {
		return err
	}
	h := &lockHolder{pool: pool, lock: l, name: rand.Text(), db: db}
	if err := h.take(ctx); err != nil {
		return err
	}
	defer h.release(ctx)
	renewing, stop := context.WithCancel(ctx)
	var renewed sync.WaitGroup
	renewed.Go(func() { h.renew(renewing) })
	defer renewed.Wait()
	defer stop()
	return f(ctx, h)
}

func makeLockTable(ctx context.Context, pool statements) error {
	there := func() (exists bool, err error) {
		err = pool.GetContext(ctx, &exists, `SELECT to_regclass(`+
			pq.QuoteLiteral(pool.space.of(lockTable))+`) IS NOT NULL`)
		return exists, err
	}
	exists, err := there()
	if err != nil || exists {
		return err
	}
	_, err = pool.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS `+pool.space.of(lockTable)+` (
		lock_id          bigint  NOT NULL PRIMARY KEY,
		locked           boolean NOT NULL DEFAULT false,
		locked_at        timestamptz,
		locked_by        text,
		lease_expires_at timestamptz,
		updated_at       timestamptz)`)
	if err == nil {
		return nil
	}
	if exists, again := there(); again == nil && exists { // another process was faster
		return nil
	}
	return err
}

// lockHolder takes a lock. Its statements have no parameters, so that each is one message.
type lockHolder struct {
	pool statements
	lock processLock
	name string // of this holder, hexadecimal or the like
	db   *DB
}

// write runs a statement, and reports whether it wrote the lock's row.
func (h *lockHolder) write(ctx context.Context, statement string) (wrote bool, err error) {
	result, err := h.pool.ExecContext(ctx, statement)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n == 1, err
}

// take waits for the lock.
func (h *lockHolder) take(ctx context.Context) error {
	statement := fmt.Sprintf(`INSERT INTO %s AS l (lock_id, locked, locked_at, locked_by, lease_expires_at, updated_at)
		VALUES (%d, true, now(), %s, now() + interval '%d seconds', now())
		ON CONFLICT (lock_id) DO UPDATE SET locked = true, locked_at = excluded.locked_at,
			locked_by = excluded.locked_by, lease_expires_at = excluded.lease_expires_at,
			updated_at = excluded.updated_at
		WHERE NOT l.locked OR l.lease_expires_at < now() OR l.locked_by LIKE '%%%s' AND pg_try_advisory_xact_lock(%s)`,
		h.pool.space.of(lockTable), h.lock.id, pq.QuoteLiteral(h.name), lockLease/time.Second, bound, lockKey)
	said := false
	for try := 0; ; try++ {
		taken, err := h.write(ctx, statement)
		if err == nil && !taken && !said && time.Duration(try)*h.lock.interval >= lockSaid {
			said = true
			h.db.options.Logger.WarnContext(ctx, "waiting for another process to end its work on the schema; of one that was "+
				"killed the lock ends by itself", "within", lockLease)
		}
		switch {
		case taken:
			return nil
		case err != nil && (!passing(err) || try >= h.lock.tries):
			return err
		case try >= h.lock.tries:
			return fmt.Errorf("%w: another process has not ended its work on the schema", products.ErrUnavailable)
		}
		if err := sleep(ctx, h.lock.interval); err != nil {
			return err
		}
	}
}

// condition is where the lock is held by this holder.
func (h *lockHolder) condition() string {
	return fmt.Sprintf(` WHERE lock_id = %d AND locked AND locked_by IN (%s, %s)`, h.lock.id, pq.QuoteLiteral(h.name),
		pq.QuoteLiteral(h.name+bound))
}

// bound stands behind the name of a holder that is bound to a transaction, which has locked lockKey of the lock's row
// l.
const bound, lockKey = " in a transaction", "l.tableoid::int, hashint8(l.lock_id)"

// bind has others take the lock without waiting for the end of the lease where this process dies in the transaction.
// The server notices that within a second, whatever it does. The caller calls unbind before the transaction ends.
func (h *lockHolder) bind(ctx context.Context, t *transaction) (unbind func(), err error) {
	if _, err = t.ExecContext(ctx, `DO $$ BEGIN SET LOCAL client_connection_check_interval = 1000;
		EXCEPTION WHEN invalid_parameter_value THEN NULL; -- where the server's system can't tell
		END $$; SELECT pg_advisory_xact_lock(`+lockKey+`) FROM `+h.pool.space.of(lockTable)+` AS l WHERE lock_id = `+
		strconv.FormatInt(h.lock.id, 10)); err != nil {
		return nil, err
	}
	rename := func(name string) error {
		_, err := h.write(ctx, `UPDATE `+h.pool.space.of(lockTable)+` SET locked_by = `+pq.QuoteLiteral(name)+h.condition())
		return err
	}
	// What fails leaves it to the lease.
	return func() { _ = rename(h.name) }, rename(h.name + bound)
}

// renew renews the lease until the context ends.
func (h *lockHolder) renew(ctx context.Context) {
	ticker := time.NewTicker(lockLease / 6)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		renewed, err := h.write(ctx, fmt.Sprintf(
			`UPDATE %s SET lease_expires_at = now() + interval '%d seconds', updated_at = now()`,
			h.pool.space.of(lockTable), lockLease/time.Second)+h.condition())
		if ctx.Err() == nil && !renewed {
			h.db.options.Logger.WarnContext(ctx, "could not renew the lock of the schema", "error", err)
		}
	}
}

// release gives the lock back.
func (h *lockHolder) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unlockTimeout)
	defer cancel()
	_, err := h.write(ctx, `UPDATE `+h.pool.space.of(lockTable)+
		` SET locked = false, locked_at = NULL, locked_by = NULL, lease_expires_at = NULL, updated_at = now()`+
		h.condition())
	if err != nil {
		h.db.options.Logger.WarnContext(ctx, "could not give the lock of the schema back", "error", err)
	}
}
