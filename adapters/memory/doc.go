// Package memory keeps everything in the memory of one process: it is the reference for the contracts of the core
// packages, and what an application uses that has no database.
//
// A DB is one set of data with one transaction at a time, so transactions are serializable. Its parts are reached
// through it, and what is written to several parts with one context of InTx is committed or rolled back together:
//
//	DB -> Products, Jobs, Webhooks
//	   -> Uploads, which know no transactions
//
// An import of two records leaves two products:
//
//	store := memory.New(memory.Options{}).Products()
//	result, err := importer.Run(ctx, importer.Bytes("sku,name\nA-1,Apple\nA-2,Banana\n"), store, importer.Options{})
//	// result.Created is 2
//
// Nothing outlives the process.
package memory
