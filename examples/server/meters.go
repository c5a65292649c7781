package main

import (
	"fmt"
	"log/slog"
	"net/http"

	"github.com/products-importer/products-importer/adapters/metrics"
	"github.com/products-importer/products-importer/examples/lifecycle"
	"github.com/products-importer/products-importer/examples/storeflags"
	"github.com/products-importer/products-importer/examples/version"
)

// meters are the metrics of this process, and where they are served without a log-in, if anywhere.
type meters struct {
	*metrics.Metrics
	front *lifecycle.Front
}

// openMeters serves the metrics at their address, from before the database is open. The caller shuts the front down.
func openMeters(s *settings, logger *slog.Logger) (*meters, error) {
	var options metrics.Options
	options.Version, options.Commit = version.Build()
	m, err := metrics.New(options)
	if err != nil {
		return nil, err
	}
	front, err := lifecycle.Listen(s.metricsAddr, logger)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.named("metrics-addr"), err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.Handler())
	front.Serve(mux)
	return &meters{m, front}, nil
}

// watch adds what the stores and the dispatcher say.
func (m *meters) watch(s *settings, db *storeflags.Stores, hooks *hooks) {
	m.Watch(metrics.Sources{Jobs: db.Jobs, Webhooks: db.Webhooks, Dispatcher: hooks.dispatcher, Pools: db.Pools,
		Slots: s.work.Workers})
}
