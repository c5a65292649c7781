package driver

import (
	"fmt"
	"time"

	"github.com/products-importer/products-importer/webhooks"
)

// Hours counts deliveries by the hours in which they ended, for webhooks.Deliveries.Hours.
type Hours []webhooks.Hour

// NewHours returns the last n hours, without any delivery, or an error for an n out of bounds.
func NewHours(now time.Time, n int) (Hours, error) {
	if n < 1 || n > 168 {
		return nil, fmt.Errorf("webhooks: hours must be between 1 and 168, not %d", n)
	}
	hours := make(Hours, n)
	for i := range hours {
		hours[i].Start = now.UTC().Truncate(time.Hour).Add(time.Duration(i+1-n) * time.Hour)
	}
	return hours, nil
}

// Add counts n deliveries with the state that ended at some time of an hour. Those of other hours are passed over.
func (h Hours) Add(at time.Time, state webhooks.DeliveryState, n int64) {
	from := at.Sub(h[0].Start)
	i := int(from / time.Hour)
	if from < 0 || i >= len(h) {
		return
	}
	switch state {
	case webhooks.Delivered:
		h[i].Delivered += n
	case webhooks.Failed:
		h[i].Failed += n
	case webhooks.Skipped:
		h[i].Skipped += n
	}
}
