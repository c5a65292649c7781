package postgres_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/webhooks"
)

// BenchmarkListDeliveries asks 1,100,000 deliveries, of 550,000 events to two endpoints, for the newest 50 of some.
// What is rare comes first, behind all others. median-ms is the middle of the times.
func BenchmarkListDeliveries(b *testing.B) {
	url := migrated(b)
	w := open(b, url, postgres.Options{}).Webhooks()
	var last webhooks.Endpoint
	for range 2 {
		e, err := w.CreateEndpoint(b.Context(), endpointAt("https://example.com"))
		require.NoError(b, err)
		last = e
	}
	query(b, url, `INSERT INTO webhook_events (id, happened_at, lane, packed, type, import_id, data)
			SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, now(), 1, false,
				CASE WHEN n <= 20 THEN 'product.deleted' WHEN n <= 5000 OR n % 2 = 0 THEN 'product.created' ELSE 'product.updated' END,
				CASE WHEN n <= 20 THEN '' WHEN n <= 5000 THEN 'rare' ELSE 'frequent' END, '{"products":[{"id":1,"sku":"one"}]}'
			FROM generate_series(1, 550000) n;
		INSERT INTO webhook_deliveries (number, endpoint, event, not_before, created_at, finished_at, last_attempt, attempts, last_status, lane, state)
			SELECT 1, o.id, e.id, now(), now(), now(), now(), 1, 204, 1, CASE WHEN e.type = 'product.deleted' THEN 'failed' ELSE 'delivered' END
			FROM webhook_events e CROSS JOIN webhook_endpoints o ORDER BY e.id`)
	query(b, url, `VACUUM ANALYZE webhook_events, webhook_deliveries, webhook_endpoints`)
	for _, c := range []struct {
		name  string
		query webhooks.DeliveryQuery
		found int
	}{
		{"all", webhooks.DeliveryQuery{}, 50},
		{"endpoint", webhooks.DeliveryQuery{EndpointID: last.ID}, 50},
		{"type=frequent", webhooks.DeliveryQuery{EventType: webhooks.ProductUpdated}, 50},
		{"type=rare", webhooks.DeliveryQuery{EventType: webhooks.ProductDeleted}, 40},
		{"type=rare/endpoint", webhooks.DeliveryQuery{EventType: webhooks.ProductDeleted, EndpointID: last.ID}, 20},
		{"type=none", webhooks.DeliveryQuery{EventType: webhooks.ProductsDeletedAll}, 0},
		{"import=frequent", webhooks.DeliveryQuery{ImportID: "frequent"}, 50},
		{"import=rare", webhooks.DeliveryQuery{ImportID: "rare"}, 50},
		{"import=rare/type/endpoint", webhooks.DeliveryQuery{ImportID: "rare", EventType: webhooks.ProductCreated,
			EndpointID: last.ID}, 50},
		{"import=none", webhooks.DeliveryQuery{ImportID: "none"}, 0},
		{"state=failed", webhooks.DeliveryQuery{States: []webhooks.DeliveryState{webhooks.Failed}}, 40},
		{"state=pending", webhooks.DeliveryQuery{States: []webhooks.DeliveryState{webhooks.Pending}}, 0},
	} {
		b.Run(c.name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				list, err := w.ListDeliveries(b.Context(), c.query)
				took = append(took, time.Since(began))
				require.NoError(b, err)
				require.Len(b, list, c.found)
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1e3, "median-ms")
		})
	}
}
