package driver_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

func TestRewindEndpoint(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		name         string
		health, want webhooks.Health
	}{
		{"healthy", webhooks.Health{LastSuccess: now.Add(time.Hour)}, webhooks.Health{LastSuccess: now.Add(time.Hour)}},
		{"a pause", webhooks.Health{Pauses: 1, PausedUntil: now.Add(time.Minute)},
			webhooks.Health{Pauses: 1, PausedUntil: now.Add(time.Minute)}},
		{"a pause that lasts too long", webhooks.Health{Pauses: 1, PausedUntil: now.Add(time.Hour)},
			webhooks.Health{Pauses: 1, PausedUntil: now.Add(time.Minute)}},
		{"the fourth pause", webhooks.Health{Pauses: 4, PausedUntil: now.Add(time.Hour)},
			webhooks.Health{Pauses: 4, PausedUntil: now.Add(8 * time.Minute)}},
		{"the hundredth pause", webhooks.Health{Pauses: 100, PausedUntil: now.Add(time.Hour)},
			webhooks.Health{Pauses: 100, PausedUntil: now.Add(time.Hour)}},
		{"the hundredth pause, too long", webhooks.Health{Pauses: 100, PausedUntil: now.Add(61 * time.Minute)},
			webhooks.Health{Pauses: 100, PausedUntil: now.Add(time.Hour)}},
		{"a rate limit", webhooks.Health{Spent: now.Add(time.Second)}, webhooks.Health{Spent: now.Add(time.Second)}},
		{"a rate limit that is used up for too long", webhooks.Health{Spent: now.Add(time.Hour)},
			webhooks.Health{Spent: now}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := webhooks.Endpoint{Health: c.health}
			require.Equal(t, c.health != c.want, driver.RewindEndpoint(&e, now))
			require.Equal(t, c.want, e.Health)
			require.False(t, driver.RewindEndpoint(&e, now), "once is enough")
		})
	}
}

func TestRewindDelivery(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	later := now.Add(time.Hour)
	for _, c := range []struct {
		name     string
		delivery webhooks.Delivery
		due      bool
	}{
		{"due", webhooks.Delivery{State: webhooks.Pending, NotBefore: now}, false},
		{"never tried", webhooks.Delivery{State: webhooks.Pending, NotBefore: later}, true},
		{"sent again", webhooks.Delivery{State: webhooks.Pending, NotBefore: later, Attempts: 3, Earlier: 3,
			LastAttempt: now.Add(-time.Hour)}, true},
		{"tried before", webhooks.Delivery{State: webhooks.Pending, NotBefore: later, Attempts: 3,
			LastAttempt: now.Add(-time.Second)}, false},
		{"tried in the future", webhooks.Delivery{State: webhooks.Pending, NotBefore: later, Attempts: 3,
			LastAttempt: now.Add(time.Second)}, true},
		{"delivered", webhooks.Delivery{State: webhooks.Delivered, NotBefore: later}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			want := c.delivery
			if c.due {
				want.NotBefore = now
			}
			require.Equal(t, c.due, driver.RewindDelivery(&c.delivery, now))
			require.Equal(t, want, c.delivery)
		})
	}
}
