// Package driver is for those who write a store of jobs, a [job.Store], or a place for uploads, a [job.Uploads]. Who
// only uses one needs nothing of it.
//
// The functions that change a job are the rules of its life, named as the methods of [job.Store] that need them. A
// store reads the job, calls one of them, and writes the job back, all in one transaction; so jobs live the same life
// in every store:
//
//	            Create                Claim                Renew
//	submitted ---------->  PENDING  ---------->  STARTED  ----------> PROGRESS
//	                          ^                     |                    |
//	                          |       Release       |                    |
//	                          +---------------------+--------------------+
//	                          |                     |                    |
//	                     Cancel, Claim        Finish, Release      Finish, Release
//	                          v                     v                    v
//	                  REVOKED, FAILURE            SUCCESS, FAILURE, REVOKED
//
// A job whose worker let its lease run out is claimed as it is, by [Abandon] and then [Claim]. Whoever has to know that
// a lease or a wait is over calls [Expired], which allows for a clock that was set back.
//
// What a store promises beyond that stands with the interfaces in package job, and is checked by the suites of package
// jobtest.
package driver
