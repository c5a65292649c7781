package main

import (
	"log/slog"
	"time"

	"github.com/products-importer/products-importer/adapters/outbox"
	"github.com/products-importer/products-importer/examples/storeflags"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

// hooks are the webhooks: events of what happens go into the outbox, and the dispatcher sends them.
type hooks struct {
	outbox     *outbox.Outbox
	products   *products.NotifyingStore // the products, whose changes become events; nil with a table of one's own
	service    *webhooks.Service
	dispatcher *webhooks.Dispatcher // nil where the deliveries are made elsewhere
}

// newHooks has events made of the stores' changes.
func newHooks(s *settings, db *storeflags.Stores, logger *slog.Logger) (h hooks, err error) {
	s.hooks.Warn(logger, s.database.URL.Stored())
	policy := s.hooks.Policy()
	sender, err := webhooks.NewSender(webhooks.SenderOptions{Policy: policy})
	if err != nil {
		return h, err
	}
	options := webhooks.ServiceOptions{Policy: policy, Logger: logger, KeepDelivered: s.work.KeepDelivered,
		KeepOthers: s.work.KeepFailed}
	if !s.database.URL.Stored() { // memory is scarce
		options.KeepDelivered, options.KeepOthers = time.Hour, 24*time.Hour
	}
	if h.service, err = webhooks.NewService(db.Webhooks, sender, options); err != nil {
		return h, err
	}
	if s.work.Deliveries > 0 {
		if h.dispatcher, err = webhooks.NewDispatcher(db.Webhooks, sender,
			webhooks.DispatcherOptions{Concurrency: s.work.Deliveries, Logger: logger}); err != nil {
			return h, err
		}
	}
	if h.outbox, err = outbox.New(db.Webhooks); err != nil {
		return h, err
	}
	db.Jobs.OnEnd(h.outbox.JobEnded)
	if s.table.Options != nil {
		return h, nil
	}
	historian, err := products.NewHistorian(db.History, s.fields.Schema, h.outbox)
	if err != nil {
		return h, err
	}
	h.products, err = products.NewNotifyingStore(db.Products, db.InTx, historian)
	return h, err
}
