// Package metrics shows Prometheus what an importer does. Nothing else links Prometheus: the packages that do the work
// say what they do through interfaces of their own, which Metrics implements.
//
//	httpapi.API -> httpapi.Meter --+
//	job.Runner  -> job.Meter ------+-> Metrics -> GET /metrics -> Prometheus
//	stores, dispatcher, pools <- Watch +
//
// A server and a worker have the same metrics, each those of what it does:
//
//	m, err := metrics.New(metrics.Options{})
//	runner, err := job.NewRunner(jobs, uploads, products, job.RunnerOptions{Meter: m})
//	api, err := httpapi.New(products, service, jobs, users, httpapi.Options{Meter: m, Metrics: m.Handler()})
//	m.Watch(metrics.Sources{Jobs: jobs, Webhooks: hooks, Pools: db.Pools})
//
// All names begin with importer_, but for those of the process and of Go's runtime. What a process does itself is
// counted there, and its sum over all processes is what all of them did. What waits is read from the store whenever a
// process is scraped, and so it is the same in all of them: take its maximum. A store that doesn't answer costs a
// scrape at most 3 seconds; importer_database_up is 0 then, and there are no figures of what waits.
//
// importer_build_info says which version a process is, importer_worker_slots how many imports it does at a time.
// examples/alerts.yml has rules for Prometheus over these.
package metrics
