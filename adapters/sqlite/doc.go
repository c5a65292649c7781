// Package sqlite keeps products, imports and their files in one file, through sqlx and modernc.org/sqlite, which
// needs no C compiler and nothing that is installed.
//
// Open makes the file where there is none, and brings its schema up to date; the DB's parts are the stores:
//
//	db, err := sqlite.Open(ctx, "products.db", sqlite.Options{})
//	..
//	result, err := importer.Run(ctx, importer.Bytes("sku,name\nA-1,Apple\n"), db.Products(), importer.Options{})
//	// result.Created is 1
//
// What is written to several of them with the context of one DB.InTx is committed together, or not at all.
//
// The file is in WAL mode: beside it stand FILE-wal and FILE-shm while it is open, and after a crash, when they
// belong to it and must be moved with it. It belongs on a local disk, since the processes that use it share memory.
//
// One writes at a time. Within a process writers queue up for the one connection that writes, first come, first served;
// other processes on the same file are waited for. So there are no deadlocks, no order of locks, and nothing is tried
// again but the beginning. Readers have connections of their own, wait for nobody, and see what was committed.
//
// A call that has returned is on the disk (synchronous=FULL): a power cut costs what was under way, and nothing else,
// as far as the disk keeps what it says it has kept. Killing the process costs no more than that.
//
// Times are integers, microseconds since 1970 in UTC. Text is compared byte by byte.
package sqlite
