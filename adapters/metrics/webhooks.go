package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/products-importer/products-importer/webhooks"
)

// The metrics of the store, the same in all processes.
var (
	descDue = desc("webhook_deliveries_due", "Deliveries to active endpoints that could be sent now, by lane.",
		"lane")
	descHookLater = desc("webhook_deliveries_later",
		"Deliveries to active endpoints that wait for their next attempt, by lane.", "lane")
	descHookOldest = desc("webhook_oldest_due_seconds",
		"How long the delivery that waits longest has been due, by lane; 0 where none is.", "lane")
	descEndpoints = desc("webhook_endpoints",
		"Endpoints by state; failing ones are counted among the active ones too.", "state")

	backlogDescs = []*prometheus.Desc{descDue, descHookLater, descHookOldest, descEndpoints}
)

// The metrics of the dispatcher.
var (
	descInFlight = desc("webhook_in_flight", "Attempts of this process that are under way.")
	descClaimed  = desc("webhook_claims_total",
		"Deliveries that this process took, each counted as often as it did.")
	descAttempts = desc("webhook_attempts_total",
		"Attempts of this process by what came of them: the endpoint took it, there will be another one, or none.",
		"outcome")
	descFailures = desc("webhook_attempt_failures_total", "Attempts of this process that failed, by the kind of failure.",
		"kind")
	descAttempt = desc("webhook_attempt_duration_seconds", "How long the attempts of this process took.")
	descDelay   = desc("webhook_delivery_duration_seconds",
		"Time from an event to its delivery by this process, over all attempts, without what was sent again by hand; "+
			"by lane.", "lane")
	descGivenBack = desc("webhook_given_back_total", "Deliveries that this process took and did not try.")
	descLost      = desc("webhook_lost_total", "Results of this process that counted for nothing, or could not be stored.")
	descOverdue   = desc("webhook_overdue_attempts_total",
		"Attempts of this process that didn't end when their time was over, and were left to themselves.")
	descHanging = desc("webhook_hanging_attempts", "Overdue attempts of this process that haven't ended yet.")
	descOutages = desc("webhook_outages_total",
		"Looks for deliveries by this process that failed, since the database could not be asked.")

	dispatcherDescs = []*prometheus.Desc{descInFlight, descClaimed, descAttempts, descFailures, descAttempt, descDelay,
		descGivenBack, descLost, descOverdue, descHanging, descOutages}
)

// backlog sends what waits to be delivered.
func (s sender) backlog(b *webhooks.Backlog) {
	for _, lane := range []webhooks.Lane{webhooks.Urgent, webhooks.Bulk} {
		s.gauge(descDue, float64(b.Due[lane]), lane.String())
		s.gauge(descHookLater, float64(b.Later[lane]), lane.String())
		s.gauge(descHookOldest, b.Oldest[lane].Seconds(), lane.String())
	}
	for _, state := range []webhooks.EndpointState{webhooks.Active, webhooks.Paused, webhooks.Inactive,
		webhooks.Disabled} {
		s.gauge(descEndpoints, float64(b.Endpoints[state]), string(state))
	}
	s.gauge(descEndpoints, float64(b.Failing), "failing")
}

// dispatcher sends what a dispatcher does.
func (s sender) dispatcher(d *webhooks.Stats) {
	s.gauge(descInFlight, float64(d.InFlight))
	s.counter(descClaimed, float64(d.Claimed))
	s.counter(descAttempts, float64(d.Delivered), "delivered")
	s.counter(descAttempts, float64(d.Retried), "retried")
	s.counter(descAttempts, float64(d.Failed), "failed")
	for kind, n := range d.Failures {
		s.counter(descFailures, float64(n), string(kind))
	}
	s.histogram(descAttempt, &d.AttemptTimes)
	for _, lane := range []webhooks.Lane{webhooks.Urgent, webhooks.Bulk} {
		s.histogram(descDelay, &d.DeliveryTimes[lane], lane.String())
	}
	s.counter(descGivenBack, float64(d.Released))
	s.counter(descLost, float64(d.Lost))
	s.counter(descOverdue, float64(d.Overdue))
	s.gauge(descHanging, float64(d.Hanging))
	s.counter(descOutages, float64(d.Outages))
}

func (s sender) histogram(d *prometheus.Desc, h *webhooks.Histogram, labels ...string) {
	within := map[float64]uint64{}
	for bound, n := range h.Buckets() {
		within[bound.Seconds()] = uint64(n)
	}
	s.to <- prometheus.MustNewConstHistogram(d, uint64(h.Count), h.Sum.Seconds(), within, labels...)
}
