// Package worker does the imports that are waiting: it looks for jobs, works on several at a time, and stops in good
// order.
//
//	job.Store -> Worker -> job.Runner -> importer.Run
//
// Any number of workers, in any number of processes, may share a store. A worker that vanishes costs nothing but the time
// that its leases still run.
package worker
