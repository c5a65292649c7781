package postgres

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/products-importer/products-importer/products"
)

const (
	// slotUses is how many transactions use a row of products_importer_commits. While a snapshot is held for long, as
	// by a dump, PostgreSQL can't remove old versions of the row, and every use has to read past them.
	slotUses = 1_000
	// resolveMost bounds resolve.
	resolveMost = time.Hour
	// slotsKept is when a row that nobody uses any more is removed: far behind resolveMost, whatever somebody does to
	// the server's clock meanwhile.
	slotsKept = "7 days"
)

// slots lend the rows of products_importer_commits, one to each open transaction. The last statement of a transaction
// that has written something is to put a token into its row. When the answer to COMMIT is lost, the transaction was
// committed if and only if its token is there. The transaction's number would not do: a server that crashed
// gives the numbers of lost transactions to others, and so does a server that took over.
type slots struct {
	mu   sync.Mutex
	free []*slot // the one that was used last is the last
	none bool    // there are no rows: what became of a lost COMMIT isn't known
}

// slot is a row.
type slot struct {
	id     uuid
	token  int64 // the last one that was put in, or was tried to
	before uuid  // the row that this one replaces, which is to be removed; zero for none
}

// take returns a slot that nobody else has, nil where there are none.
func (s *slots) take() *slot {
	if s.none {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.free) - 1
	if last < 0 {
		return newSlot()
	}
	taken := s.free[last]
	s.free = s.free[:last]
	return taken
}

// give takes a slot back. One whose row a transaction may still have locked isn't given back: the next one would wait.
func (s *slots) give(back *slot) {
	if back == nil {
		return
	}
	if back.token >= slotUses {
		fresh := newSlot()
		fresh.before = back.id
		back = fresh
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, back)
}

func newSlot() *slot {
	s := new(slot)
	_, _ = rand.Read(s.id[:]) // it never fails
	return s
}

// putToken puts a token into a row.
const putToken = `INSERT INTO products_importer_commits (slot, token, written_at) %s
	ON CONFLICT (slot) DO UPDATE SET token = excluded.token, written_at = excluded.written_at`

// withMark returns the statement, extended so that it writes the transaction's mark as well: that saves the transaction
// a statement. It is for statements that write something whenever they do anything, and may begin with WITH.
func (t *transaction) withMark(statement string, args ...any) (string, []any) {
	s := t.slot
	if t.marked || s.before != (uuid{}) || t.separateMark {
		return statement, args
	}
	t.marked = true
	s.token++
	n := len(args)
	put := fmt.Sprintf(putToken, fmt.Sprintf(`VALUES ($%d::uuid, $%d::bigint, now())`, n+1, n+2))
	with := `WITH mark AS (` + put + `)`
	if rest, others := strings.CutPrefix(statement, `WITH `); others {
		return with + `, ` + rest, append(args, s.id, s.token)
	}
	return with + ` ` + statement, append(args, s.id, s.token)
}

// mark makes sure that the next token is in the transaction's slot if the transaction has written something, and
// reports whether it has.
func (t *transaction) mark(ctx context.Context) (wrote bool, err error) {
	switch {
	case t.reads:
		return false, nil
	case t.marked || t.slot == nil:
		return true, nil
	}
	t.marked = true
	s := t.slot
	s.token++
	statement, args := putTokenIfWritten, []any{s.id, s.token}
	if t.citus {
		statement = putTokenAnyway
	}
	if s.before != (uuid{}) {
		statement = `WITH gone AS (DELETE FROM products_importer_commits WHERE slot = $3) ` + statement
		args = append(args, s.before)
	}
	result, err := t.ExecContext(ctx, statement, args...)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

var putTokenIfWritten = fmt.Sprintf(putToken,
	`SELECT $1::uuid, $2::bigint, now() WHERE pg_current_xact_id_if_assigned() IS NOT NULL`)

// putTokenAnyway is for Citus, whose coordinator doesn't know what a transaction has written on other nodes.
var putTokenAnyway = fmt.Sprintf(putToken, `VALUES ($1::uuid, $2::bigint, now())`)

// committed notes that the slot's last transaction, which had written something, was committed.
func (s *slot) committed() {
	if s != nil {
		s.before = uuid{}
	}
}

// resolve finds out, over another connection, whether a transaction was committed whose connection was lost in COMMIT.
// It returns nil if so, the cause if it wasn't, and else ErrCommitUnknown.
func (db *DB) resolve(ctx context.Context, s *slot, cause error) error {
	if s == nil {
		return fmt.Errorf("%w: %w", products.ErrCommitUnknown, cause)
	}
	ctx, cancel := context.WithTimeout(ctx, db.resolveFor())
	defer cancel()
	for attempt := 0; ; attempt++ {
		// Writing waits for the end of the transaction, if the server is still busy with it, and is refused by a
		// standby, which may not know yet how it ended.
		var token int64
		err := db.read(ctx, forWriting, func(ctx context.Context, q querier) error {
			return sqlx.GetContext(ctx, q, &token,
				`INSERT INTO products_importer_commits (slot, token, written_at) VALUES ($1, 0, now())
				ON CONFLICT (slot) DO UPDATE SET written_at = excluded.written_at RETURNING token`, s.id)
		})
		switch {
		case err == nil && token == s.token:
			return nil
		case err == nil:
			return cause
		}
		if sleep(ctx, backoff(attempt)) != nil {
			return fmt.Errorf("%w: %w", products.ErrCommitUnknown, cause)
		}
	}
}

func (db *DB) resolveFor() time.Duration {
	return min(max(db.options.RetryFor, time.Second), resolveMost)
}

// dropOldSlots removes the rows of processes that have ended.
func (db *DB) dropOldSlots(ctx context.Context) error {
	return translate(db.read(ctx, forWriting, func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, `DELETE FROM products_importer_commits WHERE written_at < now() - interval '`+
			slotsKept+`'`)
		return err
	}))
}
