package sqlite

import (
	"context"
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
	err = s.db.inTx(ctx, func(ctx context.Context, t *transaction) (err error) {
		added, err = t.changes(ctx, `INSERT INTO api_tokens (name, hash, role, created_at) VALUES (?, ?, ?, ?)
			ON CONFLICT DO NOTHING`, name, hash, role, created.UnixMicro())
		return err
	})
	return added && err == nil, err
}

// RemoveToken removes the token of a name; removed is false where there is none.
func (s *Tokens) RemoveToken(ctx context.Context, name string) (removed bool, err error) {
	err = s.db.inTx(ctx, func(ctx context.Context, t *transaction) (err error) {
		removed, err = t.changes(ctx, `DELETE FROM api_tokens WHERE name = ?`, name)
		return err
	})
	return removed && err == nil, err
}

// tokenRow is a row of api_tokens.
type tokenRow struct {
	name, role string
	hash       []byte
	created    int64
}

// EachToken calls f with every token, in the order of the bytes of their names, until f returns an error, which it
// returns as it is.
func (s *Tokens) EachToken(ctx context.Context,
	f func(name string, hash []byte, role string, created time.Time) error) error {
	var all []tokenRow
	if err := s.db.read(ctx, func(ctx context.Context, q querier) error {
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
		return err
	}
	for _, r := range all {
		if err := f(r.name, r.hash, r.role, timeOf(r.created)); err != nil {
			return err
		}
	}
	return nil
}
