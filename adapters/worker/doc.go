// Package worker does the imports that are waiting, and delivers webhooks: it looks for work, does several things at a
// time, and stops in good order.
//
//	job.Store      -> Worker -> job.Runner -> importer.Run
//	webhooks.Queue -> Worker -> webhooks.Dispatcher -> receivers
//
// Any number of workers, in any number of processes, may share a store; a worker may do one of both alone. When one
// vanishes, others go on with its work once its leases have run out.
//
// A worker runs until its context ends:
//
//	w, err := worker.New(runner, worker.Options{Concurrency: 2, Dispatcher: dispatcher, Logger: logger})
//	err = w.Run(ctx)
//
// and logs what it does:
//
//	level=INFO msg="worker begins" worker=host-17-K3WQ7A concurrency=2 imports=true webhooks=true
//	level=INFO msg="import begins" worker=host-17-K3WQ7A job=01936f… token=1 file=fruit.csv bytes=42 failed_attempts=0
//	level=INFO msg="import ended" worker=host-17-K3WQ7A job=01936f… token=1 state=SUCCESS counts.read=3 …
//	level=INFO msg="worker ends" worker=host-17-K3WQ7A drained=1.2ms
//
// For webhooks to have the events of imports, three things are set: job.RunnerOptions.Notifier, OnEnd of the store of
// jobs, and Options.Dispatcher, here or in another process. A worker warns at its start where one is missing.
package worker
