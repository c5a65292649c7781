// Package job makes an import durable: its upload is stored, its state is kept, and whoever works on it can vanish at any
// moment without a record being lost or counted twice.
//
//	upload -> Service.Submit -> Uploads, Store            a server
//	Store.Claim -> Runner.Run -> importer.Run -> Store    a worker, this one or another
//	Store.GetMany -> Watcher -> server-sent events        any server
//
// A worker holds a job by a lease. Each claim has a token higher than all before it, which is checked inside every
// transaction that is made for the job: a worker that lost its lease, however late it wakes, can commit nothing. A
// batch, its counts and its checkpoint are one transaction, so that the next worker goes on where the last one
// committed.
//
// Uploads are kept by the Store's database, in memory, or in a directory (Dir). Rejected and
// superseded records aren't kept: Service.Rejects and Service.Superseded find them again in the upload, the same ones
// whatever happened to the workers.
//
// Package jobtest holds the suites that every Store and every Uploads pass.
package job
