package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/products-importer/products-importer/adapters/worker"
)

// statsCollector shows a worker's counts as metrics.
type statsCollector struct{ worker *worker.Worker }

var (
	running = prometheus.NewDesc("importer_worker_running", "Imports that this worker works on now.", nil, nil)
	claimed = prometheus.NewDesc("importer_worker_claimed_total", "Imports that this worker took.", nil, nil)
	ended   = prometheus.NewDesc("importer_worker_ended_total", "Imports that left this worker, by how.",
		[]string{"how"}, nil)
	outages = prometheus.NewDesc("importer_worker_outages_total", "How often a look for work failed.", nil, nil)
)

// Describe sends the descriptions.
func (c statsCollector) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, to) }

// Collect sends the counts of this moment.
func (c statsCollector) Collect(to chan<- prometheus.Metric) {
	s := c.worker.Stats()
	to <- prometheus.MustNewConstMetric(running, prometheus.GaugeValue, float64(s.Running))
	to <- prometheus.MustNewConstMetric(claimed, prometheus.CounterValue, float64(s.Claimed))
	to <- prometheus.MustNewConstMetric(outages, prometheus.CounterValue, float64(s.Outages))
	for how, n := range map[string]int64{"success": s.Success, "failure": s.Failure, "revoked": s.Revoked,
		"given_back": s.Released, "retried": s.Retried, "lost": s.Lost} {
		to <- prometheus.MustNewConstMetric(ended, prometheus.CounterValue, float64(n), how)
	}
}
