package outbox_test

import (
	"context"
	"fmt"
	"log"
	"slices"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/adapters/outbox"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

// An Outbox appends an event of every change to a product, and numbered events of an import, in the transactions of the
// changes. Here it does so in memory; with adapters/postgres it is wired in the same way.
func Example() {
	ctx := context.Background()
	db := memory.New(memory.Options{})
	store := db.Webhooks()
	if _, err := store.CreateEndpoint(ctx, webhooks.Endpoint{URL: "https://example.com/hook", Events: []string{"*"},
		Concurrency: 8}); err != nil {
		log.Fatal(err)
	}
	events, err := outbox.New(store)
	if err != nil {
		log.Fatal(err)
	}

	// Single changes are made through a store that notifies.
	shop, err := products.NewNotifyingStore(db.Products(), db.InTx, events)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := shop.Create(ctx, products.Product{SKU: "mug-1", Name: "Mug"}); err != nil {
		log.Fatal(err)
	}

	// Imports notify by themselves. Those that are jobs get it from job.RunnerOptions.Notifier, and their end from
	// OnEnd of the store of jobs.
	file := importer.Bytes([]byte("sku,name\nmug-1,Blue mug\nmug-2,Red mug\n"))
	if _, err := importer.Run(ctx, file, db.Products(), importer.Options{
		Mode: products.Update, Notifier: events.Import(job.Job{ID: "b2f1"})}); err != nil {
		log.Fatal(err)
	}

	deliveries, err := store.ListDeliveries(ctx, webhooks.DeliveryQuery{})
	if err != nil {
		log.Fatal(err)
	}
	for _, d := range slices.Backward(deliveries) {
		fmt.Printf("%s, import %q, number %d, lane %v\n", d.EventType, d.ImportID, d.Number, d.Lane)
	}
	// Output:
	// product.created, import "", number 0, lane urgent
	// product.created, import "b2f1", number 1, lane bulk
	// product.updated, import "b2f1", number 1, lane bulk
}
