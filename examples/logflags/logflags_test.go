package logflags_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/examples/envflags"
	"github.com/products-importer/products-importer/examples/logflags"
	"github.com/products-importer/products-importer/products"
)

// newLogger returns a logger by the flags, and what it has written.
func newLogger(t *testing.T, args ...string) (*slog.Logger, *bytes.Buffer) {
	t.Helper()
	var s logflags.Settings
	flags := envflags.New("test", "")
	s.Add(flags)
	_, err := flags.Parse(args, func(string) string { return "" })
	require.NoError(t, err)
	var out bytes.Buffer
	return s.Logger(&out), &out
}

func TestFormats(t *testing.T) {
	write := func(logger *slog.Logger) {
		logger.With("job", "7").Warn("it waits", "took", 1500*time.Millisecond, "error",
			fmt.Errorf("worker: %w", errors.New("postgres: it went")))
		logger.Info("import ended", "error", "products: gone", "name", "products: a name")
		logger.Debug("more")
	}
	logger, out := newLogger(t)
	write(logger)
	lines := strings.Split(out.String(), "\n")
	require.Len(t, lines, 3)
	require.Regexp(t, `^time=\S+ level=WARN msg="it waits" job=7 took=1.5s error="it went"$`, lines[0])
	require.Regexp(t, `^time=\S+ level=INFO msg="import ended" error=gone name="products: a name"$`, lines[1])

	logger, out = newLogger(t, "-log-format", "json", "-log-level", "WARN")
	write(logger)
	var record map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &record), "one line of JSON")
	delete(record, "time")
	require.Equal(t, map[string]any{"level": "WARN", "msg": "it waits", "job": "7", "took": 1.5, "error": "it went"},
		record)

	for _, args := range [][]string{{"-log-format", "xml"}, {"-log-level", "loud"}} {
		var s logflags.Settings
		flags := envflags.New("test", "")
		s.Add(flags)
		_, err := flags.Parse(args, func(string) string { return "" })
		require.ErrorContains(t, err, args[0]+` "`+args[1]+`": is no `)
	}
}

// TestOutages: an outage is one line at its beginning and one at its end, whatever happens meanwhile.
func TestOutages(t *testing.T) {
	gone := fmt.Errorf("postgres: %w: nobody listens", products.ErrUnavailable)
	for _, c := range []struct {
		name string
		args []string
		away time.Duration // from now on; 0 for a connection that was lost alone
		want []string
	}{
		{"a connection", nil, 0, []string{"level=WARN msg=trying attempt=0 error=\"store unavailable: nobody listens\"",
			"level=INFO msg=other"}},
		{"an outage", nil, time.Minute, []string{
			"level=WARN msg=\"the database can't be reached: what needs it waits, or is answered with 503\" error=away",
			"level=INFO msg=other", "level=INFO msg=\"the database is there again\" away=1m0s"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				logger, out := newLogger(t, c.args...)
				began := time.Now()
				stop := logflags.Watch(t.Context(), logger, func(context.Context) error {
					if time.Since(began) < c.away {
						return errors.New("away")
					}
					return nil
				})
				for i := 0; time.Since(began) < max(c.away, 1); i++ {
					logger.Warn("trying", "attempt", i, "error", gone)
					time.Sleep(300 * time.Millisecond)
					if i == 5 || c.away == 0 {
						logger.Info("other")
					}
				}
				logger.Info("looking again", "after", gone)
				time.Sleep(5 * time.Second)
				stop()
				logged := strings.Split(strings.TrimSpace(out.String()), "\n")
				if c.away == 0 {
					require.Contains(t, logged[len(logged)-1], "looking again", "it is a line like others")
					logged = logged[:len(logged)-1]
				}
				for i := range logged {
					_, logged[i], _ = strings.Cut(logged[i], " ")
				}
				require.Equal(t, c.want, logged)
				out.Reset()
				logger.Warn("at the end", "error", gone)
				require.Contains(t, out.String(), "at the end", "nobody asks any more")
			})
		})
	}
	t.Run("every line is there at the level debug", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			logger, out := newLogger(t, "-log-level", "debug")
			stop := logflags.Watch(t.Context(), logger, func(context.Context) error { return gone })
			for range 10 {
				logger.With("job", 1).Warn("trying", "error", gone)
				time.Sleep(time.Second)
			}
			stop()
			require.Equal(t, 10, strings.Count(out.String(), "level=DEBUG msg=trying job=1"))
			require.Equal(t, 1, strings.Count(out.String(), "level=WARN"))
			require.NotContains(t, out.String(), "again", "it ended before")
		})
	})
}

// TestMessages: warnings and errors of what a program without a log uses are lines among its own.
func TestMessages(t *testing.T) {
	var out bytes.Buffer
	logger := logflags.Messages(&out, "importcsv").With("job", "7")
	logger.Info("it goes on")
	logger.Warn("it waits")
	logger.Warn("moved the products", "to", "hash:8", "products", 466_693, "took", 1500*time.Millisecond)
	logger.Error("it ended", "error", fmt.Errorf("worker: %w", errors.New("postgres: it went")))
	require.Equal(t, "importcsv: it waits\nimportcsv: moved the products (to hash:8, 466,693 products, took 1.5s)\n"+
		"importcsv: it ended (it went)\n", out.String())
}
