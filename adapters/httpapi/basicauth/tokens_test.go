package basicauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
)

// tokenStore is tokens in memory. It counts how often it is read.
type tokenStore struct {
	mu    sync.Mutex
	names []string
	rows  map[string]basicauth.Token
	hash  map[string][]byte
	reads int
	slow  time.Duration
	err   error
}

func newTokenStore() *tokenStore {
	return &tokenStore{rows: map[string]basicauth.Token{}, hash: map[string][]byte{}}
}

func (s *tokenStore) AddToken(_ context.Context, name string, hash []byte, role string, at time.Time) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.rows[name]; taken {
		return false, nil
	}
	s.names = append(s.names, name)
	s.rows[name], s.hash[name] = basicauth.Token{Name: name, Role: basicauth.Role(role), CreatedAt: at}, hash
	return true, nil
}

func (s *tokenStore) RemoveToken(_ context.Context, name string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, known := s.rows[name]
	delete(s.rows, name)
	return known, nil
}

func (s *tokenStore) EachToken(ctx context.Context, f func(string, []byte, string, time.Time) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reads++; s.err != nil {
		return s.err
	}
	for _, name := range s.names {
		if row, known := s.rows[name]; known {
			if err := f(name, s.hash[name], string(row.Role), row.CreatedAt); err != nil {
				return err
			}
		}
	}
	s.mu.Unlock()
	defer s.mu.Lock()
	select { // the answer takes a while, and is old when it comes
	case <-time.After(s.slow):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *tokenStore) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reads
}

// server is one of several that have the same store of tokens.
type server struct {
	tokens *basicauth.Tokens
	auth   *basicauth.Authenticator
}

func newServer(t testing.TB, store basicauth.TokenStore) *server {
	t.Helper()
	users, err := basicauth.NewStaticUsers(map[string]string{user: cheapHash(t, password)})
	require.NoError(t, err)
	tokens, err := basicauth.NewTokens(store)
	require.NoError(t, err)
	auth, err := basicauth.New(users, basicauth.Options{Tokens: tokens})
	require.NoError(t, err)
	return &server{tokens, auth}
}

// as returns who makes a request with the header Authorization.
func (s *server) as(ctx context.Context, authorization string) (basicauth.Identity, error) {
	r := httptest.NewRequest("GET", "/", nil).WithContext(ctx)
	r.Header.Set("Authorization", authorization)
	return s.auth.Identify(r)
}

// TestTokensAtOtherServers: a token is taken everywhere at once, and nowhere two seconds after it was withdrawn.
func TestTokensAtOtherServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newTokenStore()
		here, there := newServer(t, store), newServer(t, store)
		_, _, err := here.tokens.Add(t.Context(), "first", basicauth.Viewer)
		require.NoError(t, err)
		_, err = there.as(t.Context(), "Bearer x")
		require.Error(t, err)
		token, text, err := here.tokens.Add(t.Context(), "ci", basicauth.Importer)
		require.NoError(t, err)
		require.Equal(t, "token:ci", token.User())
		for _, s := range []*server{here, there} {
			identity, err := s.as(t.Context(), "Bearer "+text)
			require.NoError(t, err)
			require.Equal(t, basicauth.Identity{User: "token:ci", Role: basicauth.Importer}, identity)
		}
		require.NoError(t, here.tokens.Remove(t.Context(), "ci"))
		_, err = here.as(t.Context(), "Bearer "+text)
		require.Error(t, err, "at once, at this server")
		time.Sleep(2 * time.Second)
		_, err = there.as(t.Context(), "Bearer "+text)
		require.Error(t, err)
		require.ErrorIs(t, here.tokens.Remove(t.Context(), "ci"), basicauth.ErrNoToken)
	})
}

// TestStrangersDoNotBotherTheStore: whatever they send, it is asked five times a second.
func TestStrangersDoNotBotherTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newTokenStore()
		s := newServer(t, store)
		_, text, err := s.tokens.Add(t.Context(), "ci", basicauth.Importer)
		require.NoError(t, err)
		before := store.count()
		for i := range 1_000 {
			_, err := s.as(t.Context(), fmt.Sprintf("Bearer pit_%043d", i))
			require.Error(t, err)
			time.Sleep(time.Millisecond)
		}
		require.LessOrEqual(t, store.count()-before, 6)
		before = store.count()
		for range 1_000 {
			_, err := s.as(t.Context(), "Bearer "+text)
			require.NoError(t, err)
			time.Sleep(10 * time.Millisecond)
		}
		require.LessOrEqual(t, store.count()-before, 6, "a token that is known is asked for every two seconds")

		time.Sleep(time.Minute)
		before = store.count()
		store.slow = time.Second
		var wait sync.WaitGroup
		for range 100 {
			wait.Go(func() {
				if _, err := s.as(t.Context(), "Bearer "+text); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		require.Equal(t, before+1, store.count(), "all wait for one answer")
	})
}

// TestTokenWithdrawnMeanwhile: an answer that was asked for before counts no more.
func TestTokenWithdrawnMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newTokenStore()
		s := newServer(t, store)
		_, text, err := s.tokens.Add(t.Context(), "ci", basicauth.Importer)
		require.NoError(t, err)
		store.slow = time.Second
		asked := make(chan error, 1)
		go func() {
			_, err := s.as(t.Context(), "Bearer "+text)
			asked <- err
		}()
		synctest.Wait()
		require.NoError(t, s.tokens.Remove(t.Context(), "ci"))
		require.NoError(t, <-asked, "it was asked before")
		_, err = s.as(t.Context(), "Bearer "+text)
		require.Error(t, err)
	})
}

// TestTokensOfAStoreInTrouble: nobody is let in, or sent away for good, by a store that doesn't answer.
func TestTokensOfAStoreInTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newTokenStore()
		s := newServer(t, store)
		_, text, err := s.tokens.Add(t.Context(), "ci", basicauth.Importer)
		require.NoError(t, err)
		gone := errors.New("gone")
		store.err = gone
		_, err = s.as(t.Context(), "Bearer "+text)
		require.ErrorIs(t, err, gone)
		_, _, err = s.tokens.Add(t.Context(), "other", basicauth.Viewer)
		require.ErrorIs(t, err, gone)
		store.err = nil
		_, err = s.as(t.Context(), "Bearer "+text)
		require.NoError(t, err, "an error isn't kept")

		time.Sleep(time.Minute)
		store.slow = time.Hour
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = s.as(ctx, "Bearer "+text)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		began := time.Now()
		_, err = s.as(t.Context(), "Bearer "+text)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.LessOrEqual(t, time.Since(began), 5*time.Second)
	})
}

func TestTokensOfOddRoles(t *testing.T) {
	store := newTokenStore()
	s := newServer(t, store)
	_, text, err := s.tokens.Add(t.Context(), "ci", basicauth.Viewer)
	require.NoError(t, err)
	for _, role := range []basicauth.Role{"", "boss"} {
		_, _, err = s.tokens.Add(t.Context(), "other", role)
		require.ErrorContains(t, err, "is no role")
		row := store.rows["ci"]
		row.Role = role
		store.rows["ci"] = row
		_, err = newServer(t, store).as(t.Context(), "Bearer "+text)
		require.Error(t, err, "what has no role may nothing")
	}
	_, err = basicauth.NewTokens(nil)
	require.Error(t, err)
}

func TestTooManyTokens(t *testing.T) {
	store := newTokenStore()
	s := newServer(t, store)
	for i := range 10_000 {
		_, err := store.AddToken(t.Context(), fmt.Sprint(i), fmt.Appendf(nil, "%032d", i), "viewer", time.Now())
		require.NoError(t, err)
	}
	_, _, err := s.tokens.Add(t.Context(), "ci", basicauth.Viewer)
	require.ErrorIs(t, err, basicauth.ErrTooManyTokens)
}

// FuzzAuthorization: whatever a stranger sends, it is no log-in.
func FuzzAuthorization(f *testing.F) {
	store := newTokenStore()
	s := newServer(f, store)
	_, text, err := s.tokens.Add(f.Context(), "ci", basicauth.Viewer)
	require.NoError(f, err)
	for _, seed := range []string{"", "Bearer", "Bearer ", "bearer x", "Bearer pit_", "Bearer pit_" + strings.Repeat("A", 43),
		"Bearer " + text[:46] + "!", "Basic", "Basic Og==", "Basic YWRtaW46", basic(user, "wrong"), "\x00 \xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, authorization string) {
		if strings.Contains(authorization, text) || strings.Contains(authorization, basic(user, password)[6:]) {
			t.Skip("somebody who knows")
		}
		s := newServer(t, store) // so that failures of before don't count
		_, err := s.as(t.Context(), authorization)
		var refused *basicauth.Error
		require.ErrorAs(t, err, &refused)
		require.Equal(t, http.StatusUnauthorized, refused.Status)
	})
}
