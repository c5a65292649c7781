package postgres

import (
	"context"
	"time"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/driver"
)

// Hours counts deliveries by the hour.
func (w *Webhooks) Hours(ctx context.Context, endpointID string, n int) ([]webhooks.Hour, error) {
	hours, err := driver.NewHours(time.Now(), n)
	if err != nil {
		return nil, err
	}
	err = w.db.read(ctx, forReading, func(ctx context.Context, q querier) error {
		r, err := w.endpoint(ctx, q, endpointID, ``)
		if err != nil {
			return err
		}
		if hours, err = driver.NewHours(r.now, n); err != nil {
			return err
		}
		rows, err := q.QueryxContext(ctx, `SELECT floor(extract(epoch FROM finished_at) / 3600)::bigint, state, count(*)
			FROM webhook_deliveries_ended WHERE endpoint = $1 AND finished_at >= $2 GROUP BY 1, 2`, r.id, hours[0].Start)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var hour, count int64
			var state webhooks.DeliveryState
			if err := rows.Scan(&hour, &state, &count); err != nil {
				return err
			}
			hours.Add(time.Unix(hour*3600, 0), state, count)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fail(ctx, err, webhooks.ErrNotFound)
	}
	return hours, nil
}
