package driver_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

func TestHours(t *testing.T) {
	now := time.Date(2026, 3, 29, 3, 59, 59, 0, time.FixedZone("", 1800)) // 3:29:59
	hours, err := driver.NewHours(now, 3)
	require.NoError(t, err)
	for at, state := range map[string]webhooks.DeliveryState{
		"00:59:59.999999": webhooks.Failed, "01:00:00": webhooks.Delivered, "01:59:59.999999": webhooks.Delivered,
		"02:00:00": webhooks.Failed, "03:59:59": webhooks.Skipped, "03:00:00": webhooks.Pending,
		"04:00:00": webhooks.Delivered,
	} {
		clock, err := time.Parse(time.TimeOnly, at)
		require.NoError(t, err)
		hours.Add(time.Date(2026, 3, 29, clock.Hour(), clock.Minute(), clock.Second(), clock.Nanosecond(), time.UTC), state, 2)
	}
	start := func(h int) time.Time { return time.Date(2026, 3, 29, h, 0, 0, 0, time.UTC) }
	require.Equal(t, driver.Hours{{Start: start(1), Delivered: 4}, {Start: start(2), Failed: 2},
		{Start: start(3), Skipped: 2}}, hours)
	for _, n := range []int{0, -1, 169} {
		_, err := driver.NewHours(now, n)
		require.ErrorContains(t, err, "between 1 and 168")
	}
}
