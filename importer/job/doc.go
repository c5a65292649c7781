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
// What ends an attempt is one of three kinds. Trouble of the database passes by itself, be it away, full, short of
// connections or made to break off what it does: the job waits for it, with pauses that grow, says what it waits for, and
// fails only once the pauses since its last committed batch add up to RunnerOptions.MaxWait, an hour. A worker that
// vanishes, as on a file that kills it, and an upload that can't be read are failed attempts, of which
// RunnerOptions.MaxAttempts in a row without a committed batch end the job. Anything else, a header that is missing or too
// many rejects, ends it at once. An outage of the database makes no worker vanish: whoever comes back to the database gives
// the others, whose leases ran out meanwhile, the time to come back to their jobs.
//
// Leases and waits are measured by the store's clock. Where that is set back none lasts for longer than it is long, and a
// cancel takes effect at once; where it is set forward they end early, and the tokens keep the workers apart.
//
// Uploads are kept by the Store's database, in memory, or in a directory (Dir). Rejected and
// superseded records aren't kept: Service.Rejects and Service.Superseded find them again in the upload, the same ones
// whatever happened to the workers.
//
// Package jobtest holds the suites that every Store and every Uploads pass.
package job
