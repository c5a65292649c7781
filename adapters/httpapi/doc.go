// Package httpapi serves the importer over HTTP: uploads, jobs and their progress as server-sent events, products and
// webhooks as REST, health and metrics.
//
//	client -> middleware (id, log, limits, log-in) -> a handler -> products.Store
//	                                                            -> job.Service -> upload, job -> a worker, anywhere
//	                                                            -> webhooks.Service, and its store
//	client <- server-sent events <- job.Watcher <- job.Reader   <- what that worker notes
//
// New returns the whole API as one http.Handler; its methods return the handlers one by one, to be mounted under an
// application's own routes. Run must run beside it while streams are served.
//
// Every error is a problem document, RFC 9457, made in one place from the errors of the core packages; see Problem.
package httpapi
