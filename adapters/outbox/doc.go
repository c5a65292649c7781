// Package outbox makes webhooks of what happens: it is told of changes to products, of an import's batches and of its end,
// each inside the transaction in which it happens, and appends the events there.
//
//	products.Telling  -> Outbox                      product.created, updated, deleted, products.deleted_all
//	importer.Run      -> Outbox.Import -> Append     product.created, updated: up to 100 products each, numbered
//	job stores' OnEnd -> Outbox.JobEnded             import.completed, failed, cancelled, with counts
//
// Of a dry run, which changes nothing, nothing is told.
package outbox
