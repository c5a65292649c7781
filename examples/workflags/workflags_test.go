package workflags_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/examples/envflags"
	"github.com/products-importer/products-importer/examples/workflags"
	"github.com/products-importer/products-importer/webhooks"
)

// TestFeed: who says nothing of the feed leaves it as it is, and who says something changes it for all.
func TestFeed(t *testing.T) {
	store := memory.New(memory.Options{}).Webhooks()
	keep := func() time.Duration {
		ends, err := store.FeedEnds(t.Context())
		if err != nil {
			require.ErrorIs(t, err, webhooks.ErrNoFeed)
		}
		return ends.Keep
	}
	start := func(value string, args ...string) error {
		var s workflags.Settings
		flags := envflags.New("server", "")
		s.AddKept(flags)
		flags.FromEnv()
		_, err := flags.Parse(args, func(name string) string {
			return map[string]string{"FEED": value}[name]
		})
		if err != nil {
			return err
		}
		return s.KeepFeed(t.Context(), store, slog.New(slog.DiscardHandler))
	}
	for _, test := range []struct {
		env  string
		args []string
		want time.Duration
	}{
		{"", nil, 0}, {"", []string{"-feed", "168h"}, 168 * time.Hour}, {"", nil, 168 * time.Hour},
		{"1m", nil, time.Minute}, {"1m", []string{"-feed", "2m"}, 2 * time.Minute}, {"", []string{"-feed", ""}, 2 * time.Minute},
		{"0", nil, 0}, {"", nil, 0},
	} {
		require.NoError(t, start(test.env, test.args...))
		require.Equal(t, test.want, keep(), "FEED=%s %v", test.env, test.args)
	}
	for _, bad := range []string{"7d", "59s", "-1h", "90000h", "on"} {
		require.Error(t, start("", "-feed", bad), bad)
		require.Zero(t, keep())
	}
	require.ErrorContains(t, start("99999999h"), `FEED "99999999h": must be between 1m and `)
}
