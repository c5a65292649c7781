package httpapi

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// route is a path of the API and what is there.
type route struct {
	path    string
	handler http.Handler
	open    bool // to those who haven't logged in
}

// routes are all there are. Each is served with and without a slash at its end.
func (a *API) routes() []route {
	routes := []route{
		{path: "/upload_csv/", handler: a.Upload()},
		{path: "/status/", handler: a.Status()},
		{path: "/imports/", handler: a.Imports()},
		{path: "/imports/{id}", handler: a.Import()},
		{path: "/imports/{id}/events", handler: a.Events()},
		{path: "/imports/{id}/cancel", handler: a.Cancel()},
		{path: "/imports/{id}/rejects.csv", handler: a.Rejects()},
		{path: "/imports/{id}/superseded.csv", handler: a.Superseded()},
		{path: "/products/", handler: a.Products()},
		{path: "/products/{id}", handler: a.Product()},
		{path: "/products/export.csv", handler: a.Export()},
		{path: "/delete_all/", handler: a.DeleteAll()},
		{path: "/livez", handler: a.Live(), open: true},
		{path: "/readyz", handler: a.Ready(), open: true},
		{path: "/metrics", handler: a.Metrics()},
		{path: "/openapi.json", handler: a.OpenAPI()},
	}
	if a.options.Webhooks.given() {
		routes = append(routes, a.webhookRoutes()...)
	}
	return routes
}

// webhookRoutes are there where there are webhooks. An endpoint's ID is never "deliveries".
func (a *API) webhookRoutes() []route {
	return []route{
		{path: "/webhooks/", handler: a.Webhooks()},
		{path: "/webhooks/{id}", handler: a.Webhook()},
		{path: "/webhooks/{id}/test", handler: a.TestWebhook()},
		{path: "/webhooks/{id}/pause", handler: a.PauseWebhook()},
		{path: "/webhooks/{id}/resume", handler: a.ResumeWebhook()},
		{path: "/webhooks/{id}/rotate", handler: a.RotateSecret()},
		{path: "/webhooks/{id}/replay", handler: a.Replay()},
		{path: "/webhooks/{id}/deliveries", handler: a.Deliveries()},
		{path: "/webhooks/deliveries/{id}/attempts", handler: a.Attempts()},
		{path: "/webhooks/deliveries/{id}/resend", handler: a.Resend()},
	}
}

// newMux returns the mux with every route. Methods are told apart by the handlers, so that what is not there and what
// isn't possible are problems like all others.
func (a *API) newMux() *http.ServeMux {
	mux := http.NewServeMux()
	for _, r := range a.routes() {
		handler := a.common(r.path, r.handler)
		if !r.open {
			handler = a.Protect(r.path, r.handler)
		}
		path := strings.TrimSuffix(r.path, "/")
		mux.Handle(path, handler)
		mux.Handle(path+"/{$}", handler)
	}
	mux.Handle("/", a.Protect("other", a.handle(func(_ http.ResponseWriter, r *http.Request) error {
		return newProblem(http.StatusNotFound, "not_found", fmt.Sprintf("there is nothing at %q", products.Shorten(r.URL.Path)))
	})))
	return mux
}
