package memory

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"time"
)

// Tokens keeps the tokens of programs. It is a basicauth.TokenStore; the methods join the transaction of a context that
// has one.
type Tokens struct {
	db     *DB
	byName map[string]token
}

type token struct {
	hash    []byte
	role    string
	created time.Time
}

// Tokens returns the store of tokens.
func (db *DB) Tokens() *Tokens { return &db.tokens }

// AddToken stores a token, unless there is one of that name or that hash: then added is false.
func (s *Tokens) AddToken(ctx context.Context, name string, hash []byte, role string,
	created time.Time) (added bool, err error) {
	err = s.db.do(ctx, func(_ context.Context, t *tx) error {
		if _, taken := s.byName[name]; taken {
			return nil
		}
		for _, other := range s.byName {
			if bytes.Equal(other.hash, hash) {
				return nil
			}
		}
		s.byName[name] = token{bytes.Clone(hash), role, created.UTC().Truncate(time.Microsecond)}
		t.onRollback(func() { delete(s.byName, name) })
		added = true
		return nil
	})
	return added && err == nil, err
}

// RemoveToken removes the token of a name; removed is false where there is none.
func (s *Tokens) RemoveToken(ctx context.Context, name string) (removed bool, err error) {
	err = s.db.do(ctx, func(_ context.Context, t *tx) error {
		var old token
		if old, removed = s.byName[name]; removed {
			delete(s.byName, name)
			t.onRollback(func() { s.byName[name] = old })
		}
		return nil
	})
	return removed && err == nil, err
}

// EachToken calls f with every token, in the order of the bytes of their names, until f returns an error, which it
// returns as it is.
func (s *Tokens) EachToken(ctx context.Context,
	f func(name string, hash []byte, role string, created time.Time) error) error {
	var names []string
	var all map[string]token
	if err := s.db.do(ctx, func(context.Context, *tx) error {
		names, all = slices.Sorted(maps.Keys(s.byName)), maps.Clone(s.byName)
		return nil
	}); err != nil {
		return err
	}
	for _, name := range names {
		if err := f(name, bytes.Clone(all[name].hash), all[name].role, all[name].created); err != nil {
			return err
		}
	}
	return nil
}
