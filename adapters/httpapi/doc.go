// Package httpapi serves the importer over HTTP: uploads, jobs and their progress as server-sent events, products and
// webhooks as REST, health and metrics.
//
//	client -> Protect (id, log, limits, log-in) -> a handler -> products.Store
//	                                                         -> job.Service -> upload, job -> a worker, anywhere
//	                                                         -> webhooks.Service, and its store
//	client <- server-sent events <- job.Watcher <- job.Reader   <- what that worker notes
//
// New returns the whole API as one http.Handler, to be mounted anywhere; its methods return the handlers one by one, to
// be mounted among an application's own. Run must run beside it while streams are served. Who may use it is decided by
// log-ins with passwords (package basicauth) or by the application (Options.Authenticate). Every user has a role, and
// every route is for certain roles, which the OpenAPI document names. A page logs in by POST /session, which sets a
// cookie; its requests are never asked for HTTP Basic authentication if they have a header X-Requested-With.
//
// A file is sent as a form's field "file", or as it is:
//
//	POST /upload_csv/?mode=update HTTP/1.1
//	Content-Type: text/csv
//
//	sku,name,status
//	L-1,Lamp,yes
//	L-2,,no
//
// It is stored, and the answer names the job that will import it:
//
//	HTTP/1.1 202 Accepted
//	Location: /imports/01990a5c-7e1f-7c55-9a0e-5a4b1f6f2c11
//	Content-Type: application/json
//
//	{"task_id":"01990a5c-7e1f-7c55-9a0e-5a4b1f6f2c11","id":"01990a5c-...","state":"PENDING",...}
//
// A file can also be stored first, by POST /uploads/, and imported with settings in JSON, as often as is wanted:
//
//	POST /imports/ HTTP/1.1
//	Content-Type: application/json
//
//	{"upload":"01990a5b-...","mode":"update","dry_run":true,"map":{"sku":"Handle"}}
//
// GET /uploads/{id}/preview takes the query of an upload, and says how an import with it reads the file: its columns
// with samples, what is missing, questions that somebody has to answer, and the first records as products or rejects.
//
// Settings can be kept under a name, by PUT /profiles/{name}, and named in "profile"; the preview of an upload proposes
// those of a file with the same columns. POST /imports/{id}/rerun with {"dry_run":false} imports then what was tried
// out, without sending the file again.
//
// GET /imports/{id}/events is its progress: any number of events "progress", then "done", "failed" or "cancelled", and
// the end of the stream. A client that comes back with Last-Event-ID misses nothing that counts, at any server.
//
//	event: progress
//	id: 3
//	data: {"id":"01990a5c-...","state":"PROGRESS","phase":"importing","progression":55.3,...}
//
//	event: done
//	id: 4
//	data: {"id":"01990a5c-...","state":"SUCCESS","phase":"done","progression":100,...,"created":1,...}
//
// GET /imports/{id}/rejects.csv is what was rejected, to be mended and imported again:
//
//	sku,name,status,_line,_column,_code,_reason
//	L-2,,no,3,name,empty,name must not be empty
//
// Every error is a problem document, RFC 9457, made in one place from the errors of the core packages; see Problem.
//
//	HTTP/1.1 422 Unprocessable Entity
//	Content-Type: application/problem+json
//
//	{"type":"about:blank","title":"Unprocessable Entity","status":422,"code":"invalid_field",
//	 "detail":"sku is missing","errors":[{"field":"sku","code":"missing","message":"sku is missing"}],
//	 "request_id":"3XH2B7O4Q5KLJ6WZ2M7YDPAE4T"}
//
// Products have the fields that the store's schema declares, in an object called fields: in GET, POST, PUT and PATCH,
// and as filters and orders of lists and exports.
//
//	GET /products/?price__gte=10&tags__contains=new&ordering=-price HTTP/1.1
//
//	{"count":1,"next":null,"previous":null,"results":[{"id":7,"name":"Lamp","sku":"L-1",...,
//	 "fields":{"price":"12.50","stock":3,"tags":["new","sale"],"available_from":"2026-11-28"},...}]}
//
// A filter is called as its field, or as the field with __gt, __gte, __lt, __lte or __isnull behind it; of a list with
// __contains or __isnull. What has no value comes last in an order by a field, and first in a descending one.
//
// GET /products/export.csv is what matches, with all fields and attributes, and imports again without any setting.
// GET /template.csv is a file to begin with: the header of all fields, and rows with examples.
//
// GET /openapi.json describes every route, with the fields of the schema.
package httpapi
