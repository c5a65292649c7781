package postgres_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/products"
)

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		name    string
		options postgres.Options
		want    string
	}{
		{"negative", postgres.Options{MaxConns: -1}, "postgres: Options.MaxConns must be between 1 and 1000, not -1"},
		{"too many", postgres.Options{MaxConns: 1001},
			"postgres: Options.MaxConns must be between 1 and 1000, not 1001"},
		{"no schema", postgres.Options{Fields: new(products.Schema)},
			"postgres: Options.Fields has not even the standard fields: make it with products.NewSchema"},
		{"unknown rule", postgres.Options{KeyRule: rule(7)}, "postgres: Options.KeyRule is unknown: 7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := postgres.Open(t.Context(), "postgres://127.0.0.1:1/db", c.options)
			require.EqualError(t, err, c.want)
		})
	}
}

// TestOpenFails opens what can't be opened. Every password is hunter2, with something in it that breaks a URL.
func TestOpenFails(t *testing.T) {
	const closed = "127.0.0.1:1"
	for _, c := range []struct {
		name, url   string
		unavailable bool
	}{
		{"nobody listens", "postgres://u:hunter2@" + closed + "/db", true},
		{"connection string", "host=127.0.0.1 port=1 user=u password=hunter2", true},
		{"several hosts", "host=127.0.0.1,127.0.0.1 port=1,2 password=hunter2", true},
		{"no such host", "postgres://u:hunter2@host.invalid/db", true},
		{"percent-encoded password", "postgres://u:%2Fhunter2@" + closed + "/db", true},
		{"@ in a setting", "postgres://" + closed + "/db?user=u@x&password=hunter2@", true},
		{"slash in password", "postgres://u:hunter2/x@" + closed + "/db", false},
		{"slash behind digits", "postgres://u:42/hunter2@" + closed + "/db", false},
		{"question mark behind digits", "postgres://u:42?hunter2@" + closed + "/db", false},
		{"hash behind digits", "postgres://u:42#hunter2@" + closed + "/db", false},
		{"percent in password", "postgres://u:hunter2%zz@" + closed + "/db", false},
		{"bad port", "postgres://u:hunter2@127.0.0.1:port/db", false},
		{"large port", "postgres://u:hunter2@127.0.0.1:99999/db", false},
		{"bad host", "postgres://u:hunter2@[::1/db", false},
		{"bad sslmode", "postgres://u:hunter2@" + closed + "/db?sslmode=maybe", false},
		{"no slashes", "postgres:u:hunter2@" + closed + "/db", false},
		{"no scheme", "u:hunter2@" + closed + "/db", false},
		{"another database", "mysql://u:hunter2@" + closed + "/db", false},
		{"unclosed quote", "host=127.0.0.1 password='hunter2", false},
		{"space in password", "host=127.0.0.1 password=x hunter2", false},
		{"bad setting", "password=hunter2 port=x", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := postgres.Open(t.Context(), c.url, postgres.Options{})
			require.Error(t, err)
			require.NotContains(t, err.Error(), "hunter2")
			require.NotContains(t, err.Error(), "u:42", "the beginning of a password")
			require.NotContains(t, err.Error(), "\n", "it is one line")
			if c.unavailable {
				require.ErrorIs(t, err, products.ErrUnavailable)
			} else {
				require.NotErrorIs(t, err, products.ErrUnavailable)
				require.True(t, strings.HasPrefix(err.Error(), "postgres: bad database URL: "), err.Error())
			}
		})
	}
}

func TestOpenWrongDatabase(t *testing.T) {
	url := pgtest.URL(t)
	name := scan[string](t, url, `SELECT current_database()`)
	_, err := postgres.Open(t.Context(), strings.Replace(url, name, "missing", 1), postgres.Options{})
	require.ErrorContains(t, err, `database "missing" does not exist`)
	require.NotErrorIs(t, err, products.ErrUnavailable, "trying again doesn't help")
}

// TestOpenSilence opens a database on a server that takes connections and says nothing.
func TestOpenSilence(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	accepted := make(chan net.Conn, 10)
	go func() {
		defer close(accepted)
		for {
			conn, err := server.Accept()
			if err != nil {
				return
			}
			accepted <- conn
		}
	}()
	defer func() {
		require.NoError(t, server.Close())
		for conn := range accepted {
			_ = conn.Close()
		}
	}()
	url := fmt.Sprintf("postgres://u:hunter2@%s/db", server.Addr())

	t.Run("connect_timeout", func(t *testing.T) {
		_, err := postgres.Open(t.Context(), url+"?sslmode=disable&connect_timeout=1", postgres.Options{})
		require.ErrorIs(t, err, products.ErrUnavailable)
		_ = (<-accepted).Close()
	})
	for _, sslmode := range []string{"disable", "prefer"} {
		t.Run("the context ends, sslmode="+sslmode, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() {
				_, err := postgres.Open(ctx, url+"?connect_timeout=60&sslmode="+sslmode, postgres.Options{})
				ended <- err
			}()
			conn := <-accepted // so Open waits for an answer when the context ends
			defer func() { _ = conn.Close() }()
			cancel()
			select {
			case err := <-ended:
				require.ErrorIs(t, err, context.Canceled)
				require.NotErrorIs(t, err, products.ErrUnavailable)
			case <-time.After(time.Minute):
				require.Fail(t, "Open goes on")
			}
		})
	}
	t.Run("the context has ended", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := postgres.Open(ctx, url, postgres.Options{})
		require.ErrorIs(t, err, context.Canceled)
	})
}
