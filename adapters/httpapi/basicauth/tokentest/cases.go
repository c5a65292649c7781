package tokentest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
)

// check is a case under way.
type check struct {
	casetest.T
	Stores
}

// token is what a store keeps of one.
type token struct {
	name    string
	hash    []byte
	role    string
	created time.Time
}

// made is when the tokens of the cases were made.
var made = time.Date(2026, 11, 29, 12, 30, 15, 123_456_000, time.UTC)

func hashOf(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// named is a token whose hash is that of its name.
func named(name string) token { return token{name, hashOf(name), "viewer", made} }

// add stores a token, and reports whether there was none of its name or hash.
func (c *check) add(ctx context.Context, t token) bool {
	c.Helper()
	added, err := c.Tokens.AddToken(ctx, t.name, t.hash, t.role, t.created)
	require.NoError(c, err, "adding %q", t.name)
	return added
}

// holds fails the case unless the store has the tokens, in this order.
func (c *check) holds(promise string, want ...token) {
	c.Helper()
	var got []token
	require.NoError(c, c.Tokens.EachToken(c.Context(), func(name string, hash []byte, role string,
		created time.Time) error {
		got = append(got, token{name, hash, role, created.UTC()})
		return nil
	}))
	require.Equal(c, want, got, promise)
}

// Cases returns the cases of the suite.
func Cases() []Case {
	return []Case{
		{"an empty store has no token", func(c *check) { c.holds("there is none") }},
		{"what is added is there as it was given", func(c *check) {
			later := made.Add(time.Hour + time.Microsecond)
			ci, shop := named("ci"), token{"shop-2.x_Y", hashOf("another"), "admin", later.In(time.FixedZone("", 3600))}
			require.True(c, c.add(c.Context(), ci))
			require.True(c, c.add(c.Context(), shop))
			shop.created = later
			c.holds("name, hash, role, and time to the microsecond", ci, shop)
		}},
		{"tokens come in the order of the bytes of their names", func(c *check) {
			for _, name := range []string{"b", "a-b", "B", "a.b", "a", "ab", "10", "9"} {
				require.True(c, c.add(c.Context(), named(name)))
			}
			c.holds("as bytes are ordered, whatever the language", named("10"), named("9"), named("B"), named("a"),
				named("a-b"), named("a.b"), named("ab"), named("b"))
		}},
		{"a name is taken once", func(c *check) {
			require.True(c, c.add(c.Context(), named("ci")))
			require.False(c, c.add(c.Context(), token{"ci", hashOf("other"), "admin", made.Add(time.Hour)}), "added is false")
			c.holds("nothing is changed", named("ci"))
			require.True(c, c.add(c.Context(), named("CI")), "names are compared exactly")
		}},
		{"a hash is taken once", func(c *check) {
			require.True(c, c.add(c.Context(), named("ci")))
			require.False(c, c.add(c.Context(), token{"other", hashOf("ci"), "admin", made}), "added is false")
			c.holds("nothing is changed", named("ci"))
		}},
		{"a token that is removed is gone", func(c *check) {
			require.True(c, c.add(c.Context(), named("ci")))
			require.True(c, c.add(c.Context(), named("shop")))
			removed, err := c.Tokens.RemoveToken(c.Context(), "ci")
			require.NoError(c, err)
			require.True(c, removed)
			c.holds("the others stay", named("shop"))
			for _, name := range []string{"ci", "SHOP", "", "sho%", "shop "} {
				removed, err = c.Tokens.RemoveToken(c.Context(), name)
				require.NoError(c, err)
				require.False(c, removed, "there is none called %q", name)
			}
			c.holds("nothing else is removed", named("shop"))
			again := token{"ci", hashOf("new"), "editor", made}
			require.True(c, c.add(c.Context(), again), "its name is free")
			c.holds("only the new one is there", again, named("shop"))
		}},
		{"an error ends the calls and is returned", func(c *check) {
			for _, name := range []string{"a", "b", "c"} {
				require.True(c, c.add(c.Context(), named(name)))
			}
			stop, calls := errors.New("enough"), 0
			err := c.Tokens.EachToken(c.Context(), func(string, []byte, string, time.Time) error {
				if calls++; calls == 2 {
					return stop
				}
				return nil
			})
			require.ErrorIs(c, err, stop, "it is returned")
			require.Equal(c, 2, calls, "no call comes after it")
		}},
		{"hashes aren't shared with the store", func(c *check) {
			given := named("ci")
			given.hash = bytes.Clone(given.hash)
			require.True(c, c.add(c.Context(), given))
			given.hash[0]++
			c.holds("what was given is the caller's", named("ci"))
			require.NoError(c, c.Tokens.EachToken(c.Context(), func(_ string, hash []byte, _ string,
				_ time.Time) error {
				hash[0]++
				return nil
			}))
			c.holds("what was returned is the caller's", named("ci"))
		}},
		{"of several that add a name at the same time one succeeds", func(c *check) {
			var successes atomic.Int64
			c.Together(8, "nobody gets an error", func(ctx context.Context, i int) error {
				added, err := c.Tokens.AddToken(ctx, "ci", hashOf(fmt.Sprint(i)), "viewer", made)
				if added {
					successes.Add(1)
				}
				return err
			})
			require.EqualValues(c, 1, successes.Load(), "added is true once")
		}},
		{"an ended context is an error", func(c *check) {
			require.True(c, c.add(c.Context(), named("ci")))
			ended, cancel := context.WithCancel(c.Context())
			cancel()
			_, err := c.Tokens.AddToken(ended, "other", hashOf("other"), "viewer", made)
			require.ErrorIs(c, err, context.Canceled, "adding")
			_, err = c.Tokens.RemoveToken(ended, "ci")
			require.ErrorIs(c, err, context.Canceled, "removing")
			err = c.Tokens.EachToken(ended, func(string, []byte, string, time.Time) error { return nil })
			require.ErrorIs(c, err, context.Canceled, "reading")
			c.holds("nothing is changed", named("ci"))
		}},
		{"changes belong to the transaction of their context", func(c *check) {
			if c.InTx == nil {
				return
			}
			require.True(c, c.add(c.Context(), named("ci")))
			undo := errors.New("undo")
			require.ErrorIs(c, c.InTx(c.Context(), func(ctx context.Context) error {
				require.True(c, c.add(ctx, named("other")))
				removed, err := c.Tokens.RemoveToken(ctx, "ci")
				require.NoError(c, err)
				require.True(c, removed)
				return undo
			}), undo)
			c.holds("what is rolled back wasn't", named("ci"))
			require.NoError(c, c.InTx(c.Context(), func(ctx context.Context) error {
				require.True(c, c.add(ctx, named("other")))
				require.False(c, c.add(ctx, named("other")))
				return nil
			}), "a name that is taken is no trouble for a transaction")
			c.holds("what is committed was", named("ci"), named("other"))
		}},
	}
}
