// Package postgres keeps products, imports and their files in PostgreSQL 15 or newer, through sqlx and lib/pq.
//
// Open connects and brings the schema up to date; the DB's parts are the stores of products, jobs, uploads and
// webhooks:
//
//	db, err := postgres.Open(ctx, "postgres://user:password@localhost/shop", postgres.Options{})
//	..
//	result, err := importer.Run(ctx, importer.Bytes("sku,name\nA-1,Apple\n"), db.Products(), importer.Options{})
//	// result.Created is 1
//
// What is written to several of them with the context of one DB.InTx is committed together, or not at all; Tx gives an
// application's own SQL the transaction of its context, that of an import's batch too. OpenDB works over a pool that
// the application has, and Options.Schema puts all tables into a schema beside the application's.
//
// The four stores stand side by side: files are named after the one that they are part of (products_copy.go), or after
// what all of them use (connection.go, transaction.go, errors.go).
//
// An import's batch goes this way:
//
//	records -> sorted by key -> probe: which exist, which differ
//	        -> COPY of the new -> UPDATE of the different -> COMMIT
//
// A batch that is expected to be new skips the probe, and comes back to it when it was not: COPY runs behind a
// savepoint.
//
// No index of the table has a column that every update changes, but that for searches, where it was built. So where a
// page has room for a row's new version beside the old one, PostgreSQL leaves the indexes alone (HOT). A new table has
// no such room. Who has most products changed by every import may give it some, of which rows that are written from
// then on make use:
//
//	ALTER TABLE products SET (fillfactor = 50)
//
// To change 466,693 products then took 3.1 processor seconds of the server instead of 6.2; to create them, or to find
// them unchanged, as many as before. But the table takes twice the space from the beginning, and what reads all of it,
// as an export and the count of a filtered list do, 1.4 to 2.2 times as long. A table without room gets there by the
// first import that changes everything, with indexes that are half as large again.
//
// DB.Jobs is the job.Store and DB.Uploads the job.Uploads: a batch's checkpoint is committed with the batch. NOTIFY
// only wakes workers; nothing depends on its coming through.
//
// The SQL keeps to what pgbouncer in transaction mode and a table that is partitioned or distributed by sku_key can do:
// no session state (advisory locks, temporary tables, LISTEN, search_path), no unique column beside sku_key, no trigger
// but those that partitions bring with them (setup_partitions.go). Where Citus distributes products, statements over
// many keys go shard by shard (products_shards.go). Statements have the names of tables alone; a DB with a schema puts
// it before them (space.go). Parameters travel with their statement in one message (lib/pq's binary_parameters),
// whatever the URL says, since otherwise a pooler hands statements of different clients each other's parameters. Over a
// pool without that, statements with parameters are in transactions.
package postgres
