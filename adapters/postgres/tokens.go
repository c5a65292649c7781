package postgres

import (
	"context"
	"database/sql"
	"time"
)

// Tokens keeps the tokens of programs, in the table api_tokens. It is a basicauth.TokenStore; the methods join the
// transaction of a context that has one.
type Tokens struct{ db *DB }

// Tokens returns the store of tokens.
func (db *DB) Tokens() *Tokens { return &Tokens{db} }

// AddToken stores a token, unless there is one of that name or that hash: then added is false.
func (s *Tokens) AddToken(ctx context.Context, name string, hash []byte, role string,
	created time.Time) (added bool, err error) {
	added, err = s.change(ctx, `INSERT INTO api_tokens (name, hash, role, created_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT DO NOTHING`, name, hash, role, created.UTC().Truncate(time.Microsecond))
	return added, err
}

// RemoveToken removes the token of a name; removed is false where there is none.
func (s *Tokens) RemoveToken(ctx context.Context, name string) (removed bool, err error) {
	return s.change(ctx, `DELETE FROM api_tokens WHERE name = $1`, name)
}

// change runs a statement, and reports whether it changed a row.
func (s *Tokens) change(ctx context.Context, statement string, args ...any) (changed bool, err error) {
	err = s.db.joinLimited(ctx, func(ctx context.Context, t *transaction) error {
		result, err := t.ExecContext(ctx, statement, args...)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		changed = n > 0
		return err
	})
	if err != nil {
		return false, fail(ctx, err, sql.ErrNoRows)
	}
	return changed, nil
}

// tokenRow is a row of api_tokens.
type tokenRow struct {
	name, role string
	hash       []byte
	created    time.Time
}

// EachToken calls f with every token, in the order of the bytes of their names, until f returns an error, which it
// returns as it is.
func (s *Tokens) EachToken(ctx context.Context,
	f func(name string, hash []byte, role string, created time.Time) error) error {
	var all []tokenRow
	if err := s.db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		all = nil // it may be called again
		rows, err := q.QueryxContext(ctx, `SELECT name, hash, role, created_at FROM api_tokens ORDER BY name`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var r tokenRow
			if err := rows.Scan(&r.name, &r.hash, &r.role, &r.created); err != nil {
				return err
			}
			all = append(all, r)
		}
		return rows.Err()
	}); err != nil {
		return fail(ctx, err, sql.ErrNoRows)
	}
	for _, r := range all {
		if err := f(r.name, r.hash, r.role, r.created); err != nil {
			return err
		}
	}
	return nil
}
