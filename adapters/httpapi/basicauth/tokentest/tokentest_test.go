package tokentest_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth/tokentest"
)

// row is what a store has of a token.
type row struct {
	name, role string
	hash       []byte
	created    time.Time
}

// store is a store that keeps the contract, but for what is broken in it.
type store struct {
	broken string
	mu     sync.Mutex
	rows   []row
}

func (s *store) AddToken(ctx context.Context, name string, hash []byte, role string, created time.Time) (bool, error) {
	if ctx.Err() != nil && s.broken != "context" {
		return false, ctx.Err()
	}
	if s.broken != "input" {
		hash = bytes.Clone(hash)
	}
	r := row{name, role, hash, created}
	if s.broken == "time" {
		r.created = created.Truncate(time.Second)
	}
	s.mu.Lock()
	taken := slices.IndexFunc(s.rows, func(r row) bool {
		return s.broken != "names" && r.name == name || s.broken != "hashes" && bytes.Equal(r.hash, hash) ||
			s.broken == "case" && strings.EqualFold(r.name, name)
	})
	if s.broken == "race" {
		s.mu.Unlock()
		time.Sleep(10 * time.Millisecond)
		s.mu.Lock()
	}
	defer s.mu.Unlock()
	switch {
	case taken >= 0 && s.broken == "overwrites":
		s.rows[taken].role = role
		return false, nil
	case taken >= 0:
		return false, nil
	}
	s.rows = append(s.rows, r)
	return true, nil
}

func (s *store) RemoveToken(ctx context.Context, name string) (bool, error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.rows)
	if s.broken != "remains" {
		s.rows = slices.DeleteFunc(s.rows, func(r row) bool {
			return r.name == name || s.broken == "pattern" && strings.HasPrefix(r.name, strings.TrimSuffix(name, "%")) &&
				strings.HasSuffix(name, "%")
		})
	}
	return len(s.rows) < before || s.broken == "remains" || s.broken == "removed", nil
}

func (s *store) EachToken(ctx context.Context, f func(string, []byte, string, time.Time) error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.mu.Lock()
	rows := slices.Clone(s.rows)
	s.mu.Unlock()
	slices.SortFunc(rows, func(a, b row) int {
		if s.broken == "order" {
			return strings.Compare(strings.ToLower(a.name), strings.ToLower(b.name))
		}
		return strings.Compare(a.name, b.name)
	})
	for _, r := range rows {
		hash := r.hash
		if s.broken != "output" {
			hash = bytes.Clone(hash)
		}
		if err := f(r.name, hash, r.role, r.created); err != nil && s.broken != "goes on" {
			return err
		}
	}
	return nil
}

// inTx is a transaction: nobody else is there.
func (s *store) inTx(ctx context.Context, f func(ctx context.Context) error) error {
	before := slices.Clone(s.rows)
	err := f(ctx)
	if err != nil && s.broken != "transaction" {
		s.rows = before
	}
	return err
}

// check runs the suite on a store that is broken in one way, and returns the names of the cases that fail.
func check(t *testing.T, broken string) (failed []string) {
	t.Helper()
	for _, c := range tokentest.Cases() {
		s := &store{broken: broken}
		if err := c.Check(t.Context(), tokentest.Stores{Tokens: s, InTx: s.inTx}); err != nil {
			failed = append(failed, c.Name)
		}
	}
	return failed
}

func TestTheSuiteFindsWhatIsBroken(t *testing.T) {
	require.Empty(t, check(t, ""), "a store that keeps the contract passes")
	for broken, name := range map[string]string{
		"context": "an ended context", "input": "hashes aren't shared", "output": "hashes aren't shared",
		"time": "as it was given", "names": "a name is taken once", "hashes": "a hash is taken once",
		"case": "a name is taken once", "overwrites": "a name is taken once", "race": "at the same time",
		"remains": "that is removed", "removed": "that is removed", "pattern": "that is removed",
		"order": "order of the bytes", "goes on": "an error ends", "transaction": "belong to the transaction",
	} {
		found := strings.Join(check(t, broken), "; ")
		require.Contains(t, found, name, broken)
	}
}

func TestTheSuiteWithoutTransactions(t *testing.T) {
	tokentest.Run(t, func(*testing.T) tokentest.Stores { return tokentest.Stores{Tokens: &store{}} })
}
