package hookflags_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/sqlite"
	"github.com/products-importer/products-importer/examples/envflags"
	"github.com/products-importer/products-importer/examples/hookflags"
	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/receive"
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
		flags := envflags.New("test", "")
		s.Add(flags)
		_, err := flags.Parse(c.args, func(string) string { return "" })
		require.NoError(t, err)
		var log strings.Builder
		s.Warn(slog.New(slog.NewTextHandler(&log, nil)), c.stored)
		require.Equal(t, len(c.warns), strings.Count(log.String(), "\n"), log.String())
		for _, about := range c.warns {
			require.Contains(t, log.String(), about)
		}
		require.Equal(t, len(c.args) > 0, s.Policy().AllowHTTP)
	}
}

// sealed makes a file with a webhook whose secrets are sealed with the key.
func sealed(t *testing.T, key string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "products.db")
	sealer, err := webhooks.ParseSealer(key)
	require.NoError(t, err)
	db, err := sqlite.Open(t.Context(), path, sqlite.Options{Sealer: sealer})
	require.NoError(t, err)
	for range 2 {
		_, err = db.Webhooks().CreateEndpoint(t.Context(), webhooks.Endpoint{URL: "https://shop.example/", Concurrency: 1,
			Events: []string{"*"}, Timeout: time.Second,
			Credentials: webhooks.Credentials{Secrets: []webhooks.LiveSecret{{Secret: receive.NewSecret()}}}})
		require.NoError(t, err)
	}
	require.NoError(t, db.Close())
	return path
}

// TestKeyCheck: a key that is missing, or another one, is told at the start, and by readiness until it is the right one.
func TestKeyCheck(t *testing.T) {
	keyOf := func(b byte) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{b}, 32)) }
	path := sealed(t, keyOf(1))
	for _, c := range []struct{ key, says string }{
		{"", "they are sealed, and WEBHOOKS_KEY names no key"},
		{keyOf(2), "they were sealed with another key than WEBHOOKS_KEY names"},
		{keyOf(1), ""},
		{keyOf(2) + "," + keyOf(1), ""},
	} {
		var s hookflags.Settings
		flags := envflags.New("test", "")
		s.AddKey(flags)
		_, err := flags.Parse(nil, func(name string) string { return map[string]string{"WEBHOOKS_KEY": c.key}[name] })
		require.NoError(t, err)
		db, err := sqlite.Open(t.Context(), path, sqlite.Options{Sealer: s.Sealer})
		require.NoError(t, err)
		sender, err := webhooks.NewSender(webhooks.SenderOptions{})
		require.NoError(t, err)
		service, err := webhooks.NewService(db.Webhooks(), sender, webhooks.ServiceOptions{})
		require.NoError(t, err)
		var log strings.Builder
		check := s.NewKeyCheck(t.Context(), service, slog.New(slog.NewTextHandler(&log, nil)))
		require.Nil(t, check.After(nil), "nothing is asked of memory")
		gone := errors.New("gone")
		require.ErrorIs(t, check.After(func(context.Context) error { return gone })(t.Context()), gone)
		ready := check.After(db.Ping)
		if c.says == "" {
			require.Empty(t, log.String())
			require.NoError(t, ready(t.Context()))
			require.NoError(t, ready(t.Context()))
		} else {
			require.Contains(t, log.String(), c.says)
			require.Contains(t, log.String(), "webhooks=2 of=2")
			require.Equal(t, 1, strings.Count(log.String(), "\n"))
			require.ErrorContains(t, ready(t.Context()), c.says)
			all, _, err := db.Webhooks().ListEndpoints(t.Context(), 10, 0)
			require.NoError(t, err)
			for _, e := range all[1:] {
				require.NoError(t, db.Webhooks().DeleteEndpoint(t.Context(), e.ID, 0))
			}
			require.ErrorContains(t, ready(t.Context()), c.says, "one is left")
			path = sealed(t, keyOf(1))
		}
		require.NoError(t, db.Close())
	}
}
