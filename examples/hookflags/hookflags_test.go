package hookflags_test

import (
	"flag"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/examples/hookflags"
)

func TestSettings(t *testing.T) {
	for _, c := range []struct {
		args   []string
		stored bool
		warns  []string
	}{
		{},
		{stored: true, warns: []string{"WEBHOOKS_KEY"}},
		{args: []string{"-allow-private-webhooks"}, warns: []string{"-allow-private-webhooks"}},
		{args: []string{"-allow-private-webhooks"}, stored: true,
			warns: []string{"WEBHOOKS_KEY", "-allow-private-webhooks"}},
	} {
		var s hookflags.Settings
		flags := flag.NewFlagSet("test", flag.ContinueOnError)
		s.Add(flags)
		require.NoError(t, flags.Parse(c.args))
		require.NoError(t, s.ReadKey(func(string) string { return "" }))
		var log strings.Builder
		s.Warn(slog.New(slog.NewTextHandler(&log, nil)), c.stored)
		require.Equal(t, len(c.warns), strings.Count(log.String(), "\n"), log.String())
		for _, about := range c.warns {
			require.Contains(t, log.String(), about)
		}
		require.Equal(t, len(c.args) > 0, s.Policy().AllowHTTP)
	}
}
