package driver_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks/driver"
)

func TestNewID(t *testing.T) {
	now := time.Now()
	id := driver.NewID("evt_", now)
	require.Regexp(t, `^evt_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$`, id)
	require.NotEqual(t, id, driver.NewID("evt_", now))
	require.Greater(t, driver.NewID("evt_", now.Add(time.Millisecond)), id)

	uuid, ok := driver.ParseID("evt_", id)
	require.True(t, ok)
	require.Equal(t, id, driver.FormatID("evt_", uuid))
	for _, bad := range []string{"", "evt_", id[4:], id[:35], id + "0", "ep_" + id[4:], strings.ToUpper(id),
		"evt_" + strings.ToUpper(id[4:]), id[:35] + "g"} {
		_, ok := driver.ParseID("evt_", bad)
		require.False(t, ok, bad)
	}
}
