package sqlite

import (
	"context"
	"time"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// Hours counts deliveries by the hour.
func (w *Webhooks) Hours(ctx context.Context, endpointID string, n int) (counted []webhooks.Hour, err error) {
	hours, err := driver.NewHours(w.db.now(), n)
	if err != nil {
		return nil, err
	}
	err = w.db.read(ctx, func(ctx context.Context, q querier) error {
		if _, err := w.endpoint(ctx, q, endpointID, 0); err != nil {
			return err
		}
		return each(ctx, q, `SELECT finished_at / ?1, state, count(*) FROM webhook_deliveries
			WHERE endpoint = ?2 AND state <> 'pending' AND finished_at >= ?3 GROUP BY 1, 2`,
			func(scan func(...any) error) error {
				var hour, count int64
				var state webhooks.DeliveryState
				err := scan(&hour, &state, &count)
				if err == nil {
					hours.Add(time.UnixMicro(hour*time.Hour.Microseconds()), state, count)
				}
				return err
			}, time.Hour.Microseconds(), endpointID, hours[0].Start.UnixMicro())
	})
	if err != nil {
		return nil, err
	}
	return hours, nil
}
