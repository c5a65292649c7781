// Package job makes an import durable: its upload is stored, its state is kept, and its worker can vanish at any moment
// without a record being lost or counted twice.
//
//	upload -> Service.Submit -> Uploads, Store            a server
//	Store.Claim -> Runner.Run -> importer.Run -> Store    a worker, this one or another
//	Store.GetMany -> Watcher -> server-sent events        any server
//
// A [Service] accepts a file, here with three records, and answers with a job:
//
//	service.Submit(ctx, job.Request{FileName: "fruit.csv"}, file)
//
//	sku,name
//	A-1,Apple
//	A-2,
//	A-1,Apple again
//
// A [Runner] claims the job and runs the import. The job's states on the way are PENDING, STARTED while the file is
// checked, PROGRESS while products are written, and one of SUCCESS, FAILURE and REVOKED. Then the job says what became
// of the file (one record created, one superseded, one rejected), and Service.Rejects writes what can be mended:
//
//	sku,name,_line,_column,_code,_reason
//	A-2,,3,name,empty,name must not be empty
//
// # Workers that vanish
//
// A worker holds a job by a lease. Each claim has a token higher than all before it, which is checked inside every
// transaction that is made for the job: a worker that lost its lease can commit nothing, however late it wakes. A
// batch, its counts and its checkpoint are one transaction, so that the next worker goes on where the last one
// committed.
//
// Leases and waits are measured by the store's clock. When it is set back, none lasts longer than its length, and a
// cancel takes effect at once; when it is set forward they end early, and the tokens keep the workers apart.
//
// # Trouble
//
// What ends an attempt is one of three kinds. Trouble of the database passes by itself, be it away, full, short of
// connections or made to break off what it does: the job waits for it, with pauses that grow, and its Error says what
// it waits for; it fails only once the pauses since its last committed batch add up to RunnerOptions.MaxWait, an hour.
// A worker that vanishes, as on a file that kills it, and an upload that can't be read are failed attempts, of which
// RunnerOptions.MaxAttempts in a row without a committed batch end the job. Anything else, such as a header that is
// missing or too many rejects, ends it at once. An outage of the database is no vanished worker: whoever reaches the
// database first leaves the others, whose leases ran out meanwhile, the time to return to their jobs.
//
// # Two steps
//
// A file can also be stored first, by Service.Upload, and imported as often as is wanted, by Service.Import: a dry run,
// say, and then by Service.Rerun the same with other settings, for which nothing is sent again. The jobs share the
// bytes, which are deleted with the last of those that have them. An [Upload] that nobody uses is forgotten after a
// day.
//
// # What is kept
//
// Uploads are kept by the Store's database, in memory, or in a directory (Dir), compressed: see [Compressed]. Rejected
// and superseded records aren't kept: Service.Rejects and Service.Superseded find them again in the upload, the same
// ones whatever happened to the workers. Only what the store of products refuses while it writes can't be found again:
// it is kept with its batch. The same bytes are stored once, for all jobs and uploads with them (Job.File).
// Once the job has ended such a report is kept for a while, as an upload of its own.
//
// Package driver has what those need who write a Store or an Uploads, package jobtest the suites that every Store and
// every Uploads pass.
package job
