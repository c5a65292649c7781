package postgres

import (
	"context"
	"database/sql"

	"github.com/jmoiron/sqlx"
)

// TxSQL runs SQL of one's own in a transaction of a DB: see [Tx]. It has no Commit and no Rollback, since the
// transaction belongs to what began it. Its methods are those of sqlx.Tx, so it is a sqlx.QueryerContext and a
// sqlx.ExecerContext, and what generators of code take in the place of a *sql.Tx. As with a *sql.Tx, rows are closed
// before the next statement; after the transaction every method returns sql.ErrTxDone.
type TxSQL struct{ t *transaction }

// txKey is where a context has the innermost transaction, whatever its DB.
type txKey struct{}

// Tx returns what runs SQL of one's own in the transaction that the context belongs to, and reports whether it belongs
// to one. That is so for the contexts that these functions are called with:
//
//   - the function that is given to DB.InTx,
//   - importer.WebhookNotifier, and Batch.BeforeCommit and Batch.Changed, in the transaction of an import's batch,
//   - a ChangeNotifier of products, and the hook of Jobs.OnEnd.
//
// What is written through it is committed if and only if the rest of the transaction is. Names are looked up by the
// connection's search_path, whatever Options.Schema says.
//
// A transaction that meets a failure that can pass is run again from the top, on another connection perhaps: then the
// function is called again, and nothing of what it did before is left. So it has no other effects, and keeps neither
// the context nor rows. An error of the database is returned as it came, or wrapped: by that one sees whether it can
// pass. After it the transaction takes no statements any more; to go on all the same, put a SAVEPOINT before the
// statement, and ROLLBACK TO it. BEGIN, COMMIT, ROLLBACK and SET without LOCAL are not for it, nor is writing to this
// package's tables.
//
// Locks are held until the batch is committed, and writers of an import run side by side: rows that several batches
// write, such as a counter, make them wait for each other, and in different orders they deadlock, which costs a try
// each. PostgreSQL ends a transaction whose client is silent for 30 seconds, or for the lease of the import's worker
// where that is shorter; so one doesn't wait for anything else in it.
//
// Where transactions of two DBs are open, it is that of the inner one.
func Tx(ctx context.Context) (tx *TxSQL, ok bool) {
	t, ok := ctx.Value(txKey{}).(*transaction)
	if !ok {
		return nil, false
	}
	return &TxSQL{t}, true
}

// ready returns the transaction, planning statements as the database's owner wants it.
func (tx *TxSQL) ready(ctx context.Context) (*sqlx.Tx, error) { return tx.t.tx, tx.t.planFreely(ctx) }

// ExecContext runs a statement that returns no rows.
func (tx *TxSQL) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	t, err := tx.ready(ctx)
	if err != nil {
		return nil, err
	}
	return t.ExecContext(ctx, query, args...)
}

// QueryContext runs a statement that returns rows.
func (tx *TxSQL) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	t, err := tx.ready(ctx)
	if err != nil {
		return nil, err
	}
	return t.QueryContext(ctx, query, args...)
}

// QueryRowContext runs a statement that returns one row at most.
func (tx *TxSQL) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	t, _ := tx.ready(ctx) // after an error the transaction takes no statement, which says so again
	return t.QueryRowContext(ctx, query, args...)
}

// QueryxContext is QueryContext with rows that can be read into structs and maps.
func (tx *TxSQL) QueryxContext(ctx context.Context, query string, args ...any) (*sqlx.Rows, error) {
	t, err := tx.ready(ctx)
	if err != nil {
		return nil, err
	}
	return t.QueryxContext(ctx, query, args...)
}

// QueryRowxContext is QueryRowContext with a row that can be read into a struct or map.
func (tx *TxSQL) QueryRowxContext(ctx context.Context, query string, args ...any) *sqlx.Row {
	t, _ := tx.ready(ctx)
	return t.QueryRowxContext(ctx, query, args...)
}

// GetContext reads one row into dest, a value or a struct. sql.ErrNoRows where there is none.
func (tx *TxSQL) GetContext(ctx context.Context, dest any, query string, args ...any) error {
	return sqlx.GetContext(ctx, tx, dest, query, args...)
}

// SelectContext reads all rows into dest, a slice of values or structs.
func (tx *TxSQL) SelectContext(ctx context.Context, dest any, query string, args ...any) error {
	return sqlx.SelectContext(ctx, tx, dest, query, args...)
}

// PrepareContext prepares a statement, of COPY as well. It ends with the transaction.
func (tx *TxSQL) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	t, err := tx.ready(ctx)
	if err != nil {
		return nil, err
	}
	return t.PrepareContext(ctx, query)
}
