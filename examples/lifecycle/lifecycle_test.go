package lifecycle_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/examples/envflags"
	"github.com/products-importer/products-importer/examples/lifecycle"
	"github.com/products-importer/products-importer/products"
)

func TestSettings(t *testing.T) {
	for _, c := range []struct {
		environment map[string]string
		args        []string
		want        lifecycle.Settings
		says        string
	}{
		{want: lifecycle.Settings{Wait: time.Minute, Drain: 5 * time.Second}},
		{environment: map[string]string{"WAIT": "2m", "DRAIN": "0"}, want: lifecycle.Settings{Wait: 2 * time.Minute}},
		{environment: map[string]string{"WAIT": "2m", "DRAIN": "x"}, args: []string{"-wait", "0", "-drain", "1s"},
			want: lifecycle.Settings{Drain: time.Second}},
		{environment: map[string]string{"DRAIN": "2h"}, says: `DRAIN "2h": must be between 0 and 1h`},
		{args: []string{"-wait", "-1s"}, says: `-wait "-1s": must be between 0 and 24h`},
	} {
		var s lifecycle.Settings
		flags := envflags.New("server", "")
		s.AddWait(flags)
		s.AddDrain(flags)
		flags.FromEnv()
		_, err := flags.Parse(c.args, func(name string) string { return c.environment[name] })
		if c.says != "" {
			require.EqualError(t, err, c.says)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, c.want, s)
	}
}

// nowhere is a front that serves nothing.
func nowhere(t *testing.T) *lifecycle.Front {
	t.Helper()
	front, err := lifecycle.Listen("", slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.Nil(t, front.Addr())
	require.NoError(t, front.Shutdown(time.Second))
	return front
}

func TestAwait(t *testing.T) {
	away := fmt.Errorf("%w: nobody listens", products.ErrUnavailable)
	for _, c := range []struct {
		name  string
		wait  time.Duration
		comes time.Duration // after which there is a database
		other error         // in its place
		took  time.Duration
		says  string // the error
		lines []string
	}{
		{name: "it is there"},
		{name: "it comes", wait: time.Minute, comes: 40 * time.Second, took: 40 * time.Second,
			lines: []string{"waiting for the database, which can't be reached", "the database is there"}},
		{name: "it doesn't come", wait: 10 * time.Second, comes: time.Hour, took: 10 * time.Second,
			says:  "waited 10s for the database: " + away.Error(),
			lines: []string{"waiting for the database, which can't be reached"}},
		{name: "one try", comes: time.Hour, says: away.Error()},
		{name: "it isn't right", wait: time.Minute, comes: 5 * time.Second, other: errors.New("a wrong password"),
			took: 5 * time.Second, says: "a wrong password",
			lines: []string{"waiting for the database, which can't be reached"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				began := time.Now()
				s := lifecycle.Settings{Wait: c.wait}
				err := s.Await(t.Context(), nowhere(t), slog.New(slog.NewTextHandler(&log, nil)),
					func(context.Context) error {
						if time.Since(began) < c.comes {
							return away
						}
						return c.other
					})
				if c.says == "" {
					require.NoError(t, err)
				} else {
					require.EqualError(t, err, c.says)
				}
				require.InDelta(t, c.took, time.Since(began), float64(time.Second))
				require.Equal(t, len(c.lines), strings.Count(log.String(), "\n"), "said once, not once a try: %s", &log)
				for _, line := range c.lines {
					require.Contains(t, log.String(), line)
				}
			})
		})
	}
	t.Run("it is stopped", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			s := lifecycle.Settings{Wait: time.Minute}
			require.ErrorIs(t, s.Await(ctx, nowhere(t), slog.New(slog.DiscardHandler),
				func(context.Context) error { return away }), context.DeadlineExceeded)
			require.Equal(t, 3*time.Second, time.Since(began))
		})
	})
}

// TestSignals sends the process signals.
func TestSignals(t *testing.T) {
	self, err := os.FindProcess(os.Getpid())
	require.NoError(t, err)
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		ctx, stop := lifecycle.Signals(t.Context())
		if err := self.Signal(signal); err != nil {
			stop()
			t.Skip("this system sends no signals: ", err)
		}
		<-ctx.Done()
		stop()
		var cause *lifecycle.Stop
		require.ErrorAs(t, context.Cause(ctx), &cause)
		require.Equal(t, signal, cause.Signal)
		require.ErrorIs(t, cause, context.Canceled, "a stop in good order is no trouble")
		require.ErrorContains(t, cause, "stopped by the signal ")
	}
	ctx, stop := lifecycle.Signals(t.Context())
	stop()
	require.ErrorIs(t, ctx.Err(), context.Canceled)
}

// TestDrain: how long connections are taken depends on what ended the program.
func TestDrain(t *testing.T) {
	for _, c := range []struct {
		cause error
		want  time.Duration
	}{
		{&lifecycle.Stop{Signal: syscall.SIGTERM}, 5 * time.Second},
		{nil, 5 * time.Second},
		{&lifecycle.Stop{Signal: os.Interrupt}, 0},
		{errors.New("trouble"), 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(c.cause)
			front := nowhere(t)
			began := time.Now()
			front.Drain(ctx, &lifecycle.Settings{Drain: 5 * time.Second})
			require.Equal(t, c.want, time.Since(began), c.cause)
		})
	}
}
