package driver_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
	"github.com/products-importer/products-importer/webhooks/receive"
)

func sealer(t *testing.T, keys ...byte) *webhooks.Sealer {
	t.Helper()
	all := make([][]byte, len(keys))
	for i, k := range keys {
		all[i] = bytes.Repeat([]byte{k}, 32)
	}
	s, err := webhooks.NewSealer(all[0], all[1:]...)
	require.NoError(t, err)
	return s
}

func TestPackCredentials(t *testing.T) {
	credentials := webhooks.Credentials{Token: "the-token", Headers: webhooks.Headers{"X-Key": "value"},
		Secrets: []webhooks.LiveSecret{
			{Secret: receive.NewSecret()}, {Secret: receive.NewSecret(), Until: time.Date(2026, 1, 2, 3, 4, 5, 6_000,
				time.UTC)},
		}}
	one := sealer(t, 1)
	sealed, err := driver.PackCredentials(&credentials, one, "ep_1")
	require.NoError(t, err)
	require.NotContains(t, string(sealed), "the-token")
	plain, err := driver.PackCredentials(&credentials, nil, "ep_1")
	require.NoError(t, err)
	require.Contains(t, string(plain), "the-token")
	again, err := driver.PackCredentials(&credentials, one, "ep_1")
	require.NoError(t, err)
	require.NotEqual(t, sealed, again, "the same is never sealed the same way")

	for name, test := range map[string]struct {
		sealer *webhooks.Sealer
		stored []byte
	}{
		"with the key":                  {one, sealed},
		"with the key as an earlier":    {sealer(t, 2, 1), sealed},
		"readable, without a key":       {nil, plain},
		"readable, stored before a key": {one, plain},
	} {
		got, err := driver.UnpackCredentials(test.sealer, "ep_1", test.stored)
		require.NoError(t, err, name)
		require.Equal(t, credentials, got, name)
	}
	changed := bytes.Clone(sealed)
	changed[len(changed)-1]++
	for name, test := range map[string]struct {
		sealer *webhooks.Sealer
		id     string
		stored []byte
	}{
		"without a key":            {nil, "ep_1", sealed},
		"with another key":         {sealer(t, 2), "ep_1", sealed},
		"for another endpoint":     {one, "ep_2", sealed},
		"changed":                  {one, "ep_1", changed},
		"cut off":                  {one, "ep_1", sealed[:10]},
		"empty":                    {one, "ep_1", nil},
		"of a form that isn't one": {one, "ep_1", []byte{9}},
		"no JSON":                  {one, "ep_1", []byte{1, '{'}},
	} {
		got, err := driver.UnpackCredentials(test.sealer, test.id, test.stored)
		require.ErrorIs(t, err, webhooks.ErrUnreadable, name)
		require.Equal(t, webhooks.Credentials{Unreadable: true}, got, name)
		_, err = driver.PackCredentials(&got, one, test.id)
		require.ErrorIs(t, err, webhooks.ErrUnreadable, "what couldn't be read isn't written over")
		require.ErrorContains(t, err, test.id, name)
	}
	empty, err := driver.PackCredentials(&webhooks.Credentials{}, one, "ep_1")
	require.NoError(t, err)
	got, err := driver.UnpackCredentials(one, "ep_1", empty)
	require.NoError(t, err)
	require.Equal(t, webhooks.Credentials{}, got)
}
