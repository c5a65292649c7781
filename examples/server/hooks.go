package main

import (
	"log/slog"
	"time"

	"github.com/products-importer/products-importer/adapters/outbox"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

// hooks are the webhooks: what happens goes into the outbox, and the dispatcher sends it.
type hooks struct {
	outbox     *outbox.Outbox
	products   *products.Telling // the products, whose changes are told
	service    *webhooks.Service
	dispatcher *webhooks.Dispatcher // nil where the deliveries are made elsewhere
}

// newHooks has the changes of the stores told.
func newHooks(s *settings, db *stores, logger *slog.Logger) (h hooks, err error) {
	s.hooks.Warn(logger, s.databaseURL != "")
	policy := s.hooks.Policy()
	sender, err := webhooks.NewSender(webhooks.SenderOptions{Policy: policy})
	if err != nil {
		return h, err
	}
	keeping := webhooks.ServiceOptions{Policy: policy, Logger: logger}
	if s.databaseURL == "" { // memory is dear
		keeping.KeepDelivered, keeping.KeepOthers = time.Hour, 24*time.Hour
	}
	if h.service, err = webhooks.NewService(db.webhooks, sender, keeping); err != nil {
		return h, err
	}
	if s.deliveries > 0 {
		if h.dispatcher, err = webhooks.NewDispatcher(db.webhooks, sender, webhooks.DispatcherOptions{Concurrency: s.deliveries, Logger: logger}); err != nil {
			return h, err
		}
	}
	if h.outbox, err = outbox.New(db.webhooks); err != nil {
		return h, err
	}
	db.jobs.OnEnd(h.outbox.JobEnded)
	h.products, err = products.NewTelling(db.products, db.inTx, h.outbox)
	return h, err
}
