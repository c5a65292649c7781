package basicauth_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
)

// newCrowd returns a fixture with the users admin, ann and bob, who all have the password.
func newCrowd(t *testing.T) *fixture {
	salt := []byte("sixteen bytes of") // thousands of hashes are made, so this is the cheapest there is
	key := argon2.IDKey([]byte(password), salt, 1, 8, 1, 16)
	encode := base64.RawStdEncoding.EncodeToString
	hash := "$argon2id$v=19$m=8,t=1,p=1$" + encode(salt) + "$" + encode(key)
	return newStaticFixture(t, map[string]string{user: hash, "ann": hash, "bob": hash})
}

// attacker tries new passwords until the test ends.
type attacker struct {
	f     *fixture
	stop  chan struct{}
	once  sync.Once
	group sync.WaitGroup
	tried atomic.Int64
	found atomic.Int64 // to be wrong, which takes a hash
}

func newAttacker(f *fixture) *attacker { return &attacker{f: f, stop: make(chan struct{})} }

// try tries one password.
func (a *attacker) try(address, name string) {
	n := a.tried.Add(1)
	if w := a.f.attempt(address+":1", name, fmt.Sprint("wrong", n)); w.Code == 401 {
		a.found.Add(1)
	}
}

// flood tries over and over from the addresses: so many at a time from each, with a pause after each.
func (a *attacker) flood(addresses []string, parallel int, pause time.Duration, name func(n int) string) {
	for _, address := range addresses {
		for range parallel {
			a.group.Go(func() {
				for n := 0; ; n++ {
					a.try(address, name(n))
					select {
					case <-a.stop:
						return
					case <-time.After(pause):
					}
				}
			})
		}
	}
}

func (a *attacker) end() {
	a.once.Do(func() { close(a.stop) })
	a.group.Wait()
}

func always(name string) func(int) string { return func(int) string { return name } }

func addresses(format string, n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf(format, i/250, 1+i%250))
	}
	return list
}

// TestWrongLogInsBehindOneProxy: somebody behind the proxy fails and goes on to fail.
func TestWrongLogInsBehindOneProxy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newCrowd(t)
		const proxy = "192.0.2.1:1"
		require.Zero(t, f.took(proxy, "bob"))
		attack := newAttacker(f)
		for range 10 {
			attack.try("192.0.2.1", user)
		}
		require.EqualValues(t, 10, attack.found.Load())
		require.Zero(t, f.took(proxy, "bob"), "who is known")
		require.Zero(t, f.took(proxy, "ann"), "another user")
		require.Zero(t, f.took("192.0.2.2:1", user), "the user from another address")
		require.LessOrEqual(t, f.took(proxy, user), 6*time.Second,
			"the user from the same address, once there is a turn")

		attack.flood([]string{"192.0.2.1"}, 20, time.Second, always("ann"))
		defer attack.end()
		for range 10 {
			time.Sleep(time.Minute)
			require.Zero(t, f.took(proxy, user))
			require.Zero(t, f.took(proxy, "ann"), "known from before")
			require.Zero(t, f.took(proxy, "bob"))
		}
		require.LessOrEqual(t, attack.found.Load()-10, int64(10+10*10+4), "ten a minute")
	})
}

// TestAttackOnOneUser: ten addresses try passwords of one user, for as long as they like.
func TestAttackOnOneUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newCrowd(t)
		require.Zero(t, f.took("192.0.2.1:1", user))
		attack := newAttacker(f)
		attack.flood(addresses("203.0.%d.%d", 10), 4, 2*time.Second, always(user))
		defer attack.end()
		for i := range 6 {
			time.Sleep(time.Minute)
			require.Zero(t, f.took("192.0.2.1:1", user), "who is known")
			require.Zero(t, f.took("192.0.2.77:1", user), "the same log-in from elsewhere")
			require.LessOrEqual(t, f.took(fmt.Sprintf("198.51.100.%d:1", i), "ann"), time.Second, "another user")
		}
		require.LessOrEqual(t, attack.found.Load(), int64(100+6*30+1), "thirty a minute")
		require.Greater(t, attack.found.Load(), int64(100+6*25), "they were at it")

		// The server starts again, and knows nobody.
		again := newCrowd(t)
		second := newAttacker(again)
		second.flood(addresses("203.0.%d.%d", 10), 4, 2*time.Second, always(user))
		defer second.end()
		time.Sleep(5 * time.Minute)
		require.LessOrEqual(t, again.took("192.0.2.1:1", user), 3*time.Second, "who hasn't failed goes first")
		require.Zero(t, again.took("192.0.2.1:1", user))
		require.Equal(t, 401, again.attempt("192.0.2.1:1", user, "mistyped").Code,
			"a slip of who is known isn't held up")
	})
}

// TestGuessesAreBounded: whatever the addresses and the users, so many passwords can be tried.
func TestGuessesAreBounded(t *testing.T) {
	for _, test := range []struct {
		name      string
		addresses []string
		user      func(n int) string
		burst     int64
		minute    int64
	}{
		{"one user, one address", addresses("203.0.%d.%d", 1), always(user), 10, 10},
		{"one user, many addresses", addresses("203.0.%d.%d", 150), always(user), 100, 30},
		{"one user, one network", addresses("[2001:db8:1:2::%x:%x]", 100), always(user), 10, 10},
		{"nobody, one address", addresses("203.0.%d.%d", 1), always("nobody"), 10, 10},
		{"all users, one address", addresses("203.0.%d.%d", 1), func(n int) string { return fmt.Sprint("user", n) },
			100, 60},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				attack := newAttacker(newCrowd(t))
				attack.flood(test.addresses, max(1, 40/len(test.addresses)), 3*time.Second, test.user)
				const minutes = 2
				time.Sleep(minutes*time.Minute + time.Millisecond)
				found := attack.found.Load()
				attack.end()
				require.LessOrEqual(t, found, test.burst+minutes*test.minute+1)
				require.GreaterOrEqual(t, found, test.burst+minutes*test.minute*8/10, "nobody is shut out")
			})
		})
	}
}

// TestSameWrongLogIn: a program with an old password, which is refused every second, holds nobody up.
func TestSameWrongLogIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newCrowd(t)
		for range 1_000 {
			require.Equal(t, 401, f.attempt("192.0.2.1:1", user, "old").Code)
			time.Sleep(time.Second)
		}
		require.Zero(t, f.took("192.0.2.1:1", user))
	})
}

func TestLogInsThatCannotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newCrowd(t)
		attack := newAttacker(f)
		attack.flood([]string{"192.0.2.1"}, 30, time.Second, always(user))
		defer attack.end()
		// Between the attackers' turns: in the same instant it would be chance who gets the try that comes free.
		time.Sleep(time.Minute + time.Second/2)
		began := time.Now()
		w := f.attempt("192.0.2.1:1", user, "wrong once more")
		require.Equal(t, 429, w.Code)
		require.Regexp(t, "^[1-6]$", w.Header().Get("Retry-After"))
		require.Zero(t, time.Since(began), "at once")
		attack.end()
		require.LessOrEqual(t, f.took("192.0.2.1:1", user), 30*time.Second, "once it is over")
	})
}

// TestManyAtOnce: whoever logs in for the first time, over many connections at once, waits for one hash.
func TestManyAtOnce(t *testing.T) {
	began := time.Now()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
	require.NoError(t, err)
	one := time.Since(began)
	f := newFixture(t, costly{hash: string(hash)}, basicauth.Options{})
	began = time.Now()
	var group sync.WaitGroup
	for range 500 {
		group.Go(func() { f.took("192.0.2.1:1", user) })
	}
	group.Wait()
	require.Less(t, time.Since(began), 100*one, "500 hashes take much longer, if not many processors make them")
}

// TestPendingLogIns: a thousand log-ins are under way, over real connections; a right one from another address doesn't
// wait for them, and one that is known not at all.
func TestPendingLogIns(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	require.NoError(t, err)
	f := newStaticFixture(t, map[string]string{user: string(hash), "ann": string(hash)})
	server := httptest.NewServer(f.handler)
	defer server.Close()
	address := server.Listener.Addr().String()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	from := func(ip, name, password string) (status int, err error) {
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
		transport := &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}
		r, err := http.NewRequestWithContext(ctx, "GET", "http://"+address+"/", nil)
		if err != nil {
			return 0, err
		}
		r.SetBasicAuth(name, password)
		response, err := transport.RoundTrip(r)
		if err != nil {
			return 0, err
		}
		return response.StatusCode, response.Body.Close()
	}
	if _, err := from("127.0.0.2", user, password); err != nil {
		t.Skip("this machine has one loopback address alone:", err)
	}
	var group sync.WaitGroup
	var refused atomic.Int64
	for i := range 1_000 {
		group.Go(func() {
			for n := 0; ; n++ {
				status, err := from(fmt.Sprintf("127.0.1.%d", 1+i%10), []string{user, "ann", "nobody"}[i%3],
					fmt.Sprint(i, "-", n))
				if err == nil && status == 429 {
					refused.Add(1)
				}
				select {
				case <-ctx.Done():
					return
				case <-time.After(10 * time.Second): // so that the machine has time for the others
				}
			}
		})
	}
	for refused.Load() < 700 {
		time.Sleep(10 * time.Millisecond)
	}
	for i, test := range []struct{ ip, name string }{{"127.0.0.2", user}, {"127.0.0.3", user}, {"127.0.0.4", "ann"}} {
		began := time.Now()
		status, err := from(test.ip, test.name, password)
		require.NoError(t, err)
		require.Equal(t, 200, status, i)
		require.Less(t, time.Since(began), time.Minute, i) // on a machine that is busy with the others
	}
	stop()
	group.Wait()
	require.Positive(t, refused.Load(), "those that fail most are told to come again")
}

// TestClose ends the wait of those who wait for their turn, and of those who come later.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newCrowd(t)
		require.Zero(t, f.took("192.0.2.2:1", "ann"))
		attack := newAttacker(f)
		for range 10 {
			attack.try("192.0.2.1", user)
		}
		waiting := make(chan *httptest.ResponseRecorder)
		go func() { waiting <- f.attempt("192.0.2.1:1", user, "wrong") }()
		synctest.Wait()
		began := time.Now()
		f.auth.Close()
		require.Equal(t, 503, (<-waiting).Code)
		require.Equal(t, 503, f.attempt("192.0.2.1:1", user, "wrong").Code)
		require.Zero(t, time.Since(began))
		require.Zero(t, f.took("192.0.2.2:1", "ann"), "who is known needn't wait")
		f.auth.Close()
	})
}
