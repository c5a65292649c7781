package httpapi

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/products-importer/products-importer/webhooks"
)

// WebhookCollector collects what waits to be delivered, and what a dispatcher does, as metrics. It asks the store
// whenever it is collected; webhook_store_up is 0 where that fails, and there are no figures of what waits then.
type WebhookCollector struct {
	store      webhooks.Deliveries
	dispatcher *webhooks.Dispatcher
}

var _ prometheus.Collector = (*WebhookCollector)(nil)

// NewWebhookCollector returns a collector. The dispatcher is this process's, and may be nil where it has none.
func NewWebhookCollector(store webhooks.Deliveries, dispatcher *webhooks.Dispatcher) *WebhookCollector {
	return &WebhookCollector{store, dispatcher}
}

func webhookDesc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("webhook_"+name, help, labels, nil)
}

// The metrics of the store, the same in all processes.
var (
	descStoreUp = webhookDesc("store_up", "Whether the store could say what waits.")
	descDue     = webhookDesc("deliveries_due", "Deliveries to active endpoints that could be sent now, by lane.",
		"lane")
	descLater = webhookDesc("deliveries_later",
		"Deliveries to active endpoints that wait for their next attempt, by lane.", "lane")
	descOldest = webhookDesc("oldest_due_seconds", "How long the delivery that waits longest has been due, by lane.",
		"lane")
	descEndpoints = webhookDesc("endpoints", "Endpoints by state; failing ones are counted among the active ones too.",
		"state")
)

// The metrics of the dispatcher.
var (
	descInFlight = webhookDesc("in_flight", "Attempts of this process that are under way.")
	descClaimed  = webhookDesc("claimed_total", "Deliveries that this process took, each counted as often as it did.")
	descAttempts = webhookDesc("attempts_total",
		"Attempts of this process by what came of them: the endpoint took it, there will be another one, or none.",
		"outcome")
	descErrors = webhookDesc("attempt_errors_total", "Attempts of this process that failed, by the kind of failure.",
		"kind")
	descAttempt  = webhookDesc("attempt_duration_seconds", "How long the attempts of this process took.")
	descDelivery = webhookDesc("delivery_duration_seconds",
		"Time from an event to its delivery by this process, over all attempts, without what was sent again by hand; "+
			"by lane.", "lane")
	descGivenBack = webhookDesc("given_back_total", "Deliveries that this process took and did not try.")
	descLost      = webhookDesc("lost_total",
		"Results of this process that counted for nothing, or could not be stored.")
	descOverdue = webhookDesc("overdue_attempts_total",
		"Attempts of this process that didn't end when their time was over, and were left to themselves.")
	descHanging = webhookDesc("hanging_attempts", "Overdue attempts of this process that haven't ended yet.")
	descOutages = webhookDesc("outages_total", "How often this process's look for deliveries failed.")
)

// Describe sends the descriptions.
func (c *WebhookCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descStoreUp, descDue, descLater, descOldest, descEndpoints} {
		to <- d
	}
	if c.dispatcher == nil {
		return
	}
	for _, d := range []*prometheus.Desc{descInFlight, descClaimed, descAttempts, descErrors, descAttempt, descDelivery,
		descGivenBack, descLost, descOverdue, descHanging, descOutages} {
		to <- d
	}
}

// Collect sends the figures of this moment.
func (c *WebhookCollector) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	c.collectBacklog(gauge)
	if c.dispatcher == nil {
		return
	}
	counter := func(d *prometheus.Desc, value int64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(value), labels...)
	}
	s := c.dispatcher.Stats()
	gauge(descInFlight, float64(s.InFlight))
	counter(descClaimed, s.Claimed)
	counter(descAttempts, s.Delivered, "delivered")
	counter(descAttempts, s.Retried, "retried")
	counter(descAttempts, s.Failed, "failed")
	for kind, n := range s.Failures {
		counter(descErrors, n, string(kind))
	}
	histogram := func(d *prometheus.Desc, t *webhooks.Histogram, labels ...string) {
		within := map[float64]uint64{}
		for bound, n := range t.Buckets() {
			within[bound.Seconds()] = uint64(n)
		}
		to <- prometheus.MustNewConstHistogram(d, uint64(t.Count), t.Sum.Seconds(), within, labels...)
	}
	histogram(descAttempt, &s.AttemptTimes)
	for _, lane := range []webhooks.Lane{webhooks.Urgent, webhooks.Bulk} {
		histogram(descDelivery, &s.DeliveryTimes[lane], lane.String())
	}
	counter(descGivenBack, s.Released)
	counter(descLost, s.Lost)
	counter(descOverdue, s.Overdue)
	gauge(descHanging, float64(s.Hanging))
	counter(descOutages, s.Outages)
}

func (c *WebhookCollector) collectBacklog(gauge func(d *prometheus.Desc, value float64, labels ...string)) {
	ctx, cancel := context.WithTimeout(context.Background(), healthTime)
	defer cancel()
	b, err := c.store.Backlog(ctx)
	if err != nil {
		gauge(descStoreUp, 0)
		return
	}
	gauge(descStoreUp, 1)
	for _, lane := range []webhooks.Lane{webhooks.Urgent, webhooks.Bulk} {
		gauge(descDue, float64(b.Due[lane]), lane.String())
		gauge(descLater, float64(b.Later[lane]), lane.String())
		gauge(descOldest, b.Oldest[lane].Seconds(), lane.String())
	}
	for _, state := range []webhooks.EndpointState{webhooks.Active, webhooks.Paused, webhooks.Inactive,
		webhooks.Disabled} {
		gauge(descEndpoints, float64(b.Endpoints[state]), string(state))
	}
	gauge(descEndpoints, float64(b.Failing), "failing")
}
