// Package outbox makes webhook events of changes: of single changes to products, of the batches of imports, and of the
// end of imports. It appends them to a store of webhooks inside the transaction of the change, so that an event exists
// if and only if its change was committed.
//
//	products.NotifyingStore -> Outbox                    product.created, updated, deleted, products.deleted_all
//	importer.Run            -> Outbox.Import -> Append   product.created, updated: up to 100 products each, numbered
//	job stores' OnEnd       -> Outbox.JobEnded           import.completed, failed, cancelled, with counts
//
// An import of a file with one new and one changed product appends these data:
//
//	product.created   {"products":[{"id":2,"name":"Red mug","sku":"mug-2","description":"","status":false,
//	                   "attributes":{},"created_at":"2026-05-03T03:02:01Z","updated_at":"2026-05-03T03:02:01Z",
//	                   "version":1}]}
//	product.updated   {"products":[{"id":1,"name":"Blue mug","sku":"mug-1", ..., "version":2}]}
//	import.completed  {"state":"SUCCESS","file_name":"mugs.csv","mode":"update",
//	                   "counts":{"read":2,"created":1,"updated":1, ...},
//	                   "events":{"product.created":1,"product.updated":1}, ...}
//
// Where an import is undone, that event has no mode, but undo, the import's ID, and in its counts read is the sum of
// created (brought back), updated, unchanged, deleted and kept; counts that are 0 may be left out.
//
// The counts of the last event, and how many numbered events there were of each type, let a receiver prove that nothing
// is missing: see webhooks/receive. No events are made that nobody listens to, and none of a dry run, which changes
// nothing.
package outbox
