// Package worker does the imports that are waiting, and delivers webhooks: it looks for work, does several things at a
// time, and stops in good order.
//
//	job.Store      -> Worker -> job.Runner -> importer.Run
//	webhooks.Queue -> Worker -> webhooks.Dispatcher -> receivers
//
// Any number of workers, in any number of processes, may share a store; a worker may do one of both alone. One that vanishes
// costs nothing but the time that its leases still run.
package worker
