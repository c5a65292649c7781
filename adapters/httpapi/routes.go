package httpapi

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// routePath is the path of a route below the place where the API is mounted. It may have one {id}, or one {name}.
type routePath string

// The paths of all routes. Nothing else writes one.
const (
	uploadPath       routePath = "/upload_csv/"
	uploadsPath      routePath = "/uploads/"
	storedUploadPath routePath = "/uploads/{id}"
	previewPath      routePath = "/uploads/{id}/preview"
	rerunPath        routePath = "/imports/{id}/rerun"
	undoPath         routePath = "/imports/{id}/undo"
	profilesPath     routePath = "/profiles/"
	profilePath      routePath = "/profiles/{name}"
	statusPath       routePath = "/status/"
	importsPath      routePath = "/imports/"
	importPath       routePath = "/imports/{id}"
	eventsPath       routePath = "/imports/{id}/events"
	cancelPath       routePath = "/imports/{id}/cancel"
	rejectsPath      routePath = "/imports/{id}/rejects.csv"
	supersededPath   routePath = "/imports/{id}/superseded.csv"
	skippedPath      routePath = "/imports/{id}/skipped.csv"
	changesPath      routePath = "/imports/{id}/changes"
	changesCSVPath   routePath = "/imports/{id}/changes.csv"
	productsPath     routePath = "/products/"
	productPath      routePath = "/products/{id}"
	historyPath      routePath = "/products/{id}/history"
	exportPath       routePath = "/products/export.csv"
	templatePath     routePath = "/template.csv"
	deleteAllPath    routePath = "/delete_all/"
	livePath         routePath = "/livez"
	readyPath        routePath = "/readyz"
	metricsPath      routePath = "/metrics"
	openAPIPath      routePath = "/openapi.json"

	sessionPath routePath = "/session"
	tokensPath  routePath = "/tokens/"
	tokenPath   routePath = "/tokens/{id}"

	webhooksPath      routePath = "/webhooks/"
	webhookPath       routePath = "/webhooks/{id}"
	testWebhookPath   routePath = "/webhooks/{id}/test"
	pauseWebhookPath  routePath = "/webhooks/{id}/pause"
	resumeWebhookPath routePath = "/webhooks/{id}/resume"
	rotateSecretPath  routePath = "/webhooks/{id}/rotate"
	replayPath        routePath = "/webhooks/{id}/replay"
	deliveriesPath    routePath = "/webhooks/{id}/deliveries"
	webhookStatsPath  routePath = "/webhooks/{id}/stats"
	attemptsPath      routePath = "/webhooks/deliveries/{id}/attempts"
	resendPath        routePath = "/webhooks/deliveries/{id}/resend"
	feedPath          routePath = "/changes"
)

// accesses says who may use the routes that want a log-in. A route that has no line is for admins alone.
var accesses = map[routePath]access{
	uploadPath:       {change: importers},
	uploadsPath:      {change: importers},
	storedUploadPath: {read: importers, change: importers},
	previewPath:      {read: importers},
	rerunPath:        {change: importers},
	undoPath:         {change: importers},
	profilesPath:     {read: everybody},
	profilePath:      {read: everybody, change: importers},
	statusPath:       {change: everybody}, // it reads
	importsPath:      {read: everybody, change: importers},
	importPath:       {read: everybody},
	eventsPath:       {read: everybody},
	cancelPath:       {change: importers},
	rejectsPath:      {read: everybody},
	supersededPath:   {read: everybody},
	skippedPath:      {read: everybody},
	changesPath:      {read: everybody},
	changesCSVPath:   {read: everybody},
	productsPath:     {read: viewers, change: editors},
	productPath:      {read: viewers, change: editors},
	historyPath:      {read: viewers},
	exportPath:       {read: viewers},
	templatePath:     {read: everybody},
	deleteAllPath:    {change: editors},
	metricsPath:      {read: viewers},
	openAPIPath:      {read: everybody},

	tokensPath: {read: admins, change: admins},
	tokenPath:  {change: admins},

	webhooksPath:      {read: viewers, change: admins},
	webhookPath:       {read: viewers, change: admins},
	testWebhookPath:   {change: admins},
	pauseWebhookPath:  {change: admins},
	resumeWebhookPath: {change: admins},
	rotateSecretPath:  {change: admins},
	replayPath:        {change: admins},
	deliveriesPath:    {read: viewers},
	webhookStatsPath:  {read: viewers},
	attemptsPath:      {read: viewers},
	resendPath:        {change: admins},
	feedPath:          {read: viewers},
}

// route is a path of the API and what is there.
type route struct {
	path    routePath
	handler http.Handler // a resource
	open    bool         // to everybody
}

// routes returns all routes that the API serves, each with and without a slash at its end.
func (a *API) routes() []route {
	routes := []route{
		{path: uploadPath, handler: a.Upload()},
		{path: uploadsPath, handler: a.Uploads()},
		{path: storedUploadPath, handler: a.StoredUpload()},
		{path: previewPath, handler: a.Preview()},
		{path: rerunPath, handler: a.Rerun()},
		{path: undoPath, handler: a.Undo()},
		{path: profilesPath, handler: a.Profiles()},
		{path: profilePath, handler: a.Profile()},
		{path: statusPath, handler: a.Status()},
		{path: importsPath, handler: a.Imports()},
		{path: importPath, handler: a.Import()},
		{path: eventsPath, handler: a.Events()},
		{path: cancelPath, handler: a.Cancel()},
		{path: rejectsPath, handler: a.Rejects()},
		{path: supersededPath, handler: a.Superseded()},
		{path: skippedPath, handler: a.Skipped()},
		{path: changesPath, handler: a.Changes()},
		{path: changesCSVPath, handler: a.ChangesCSV()},
		{path: productsPath, handler: a.Products()},
		{path: productPath, handler: a.Product()},
		{path: historyPath, handler: a.ProductHistory()},
		{path: exportPath, handler: a.Export()},
		{path: templatePath, handler: a.Template()},
		{path: deleteAllPath, handler: a.DeleteAll()},
		{path: livePath, handler: a.Live(), open: true},
		{path: readyPath, handler: a.Ready(), open: true},
		{path: openAPIPath, handler: a.OpenAPI()},
		{path: sessionPath, handler: a.Session(), open: true},
	}
	if handler := a.Metrics(); handler != nil {
		routes = append(routes, route{path: metricsPath, handler: handler})
	}
	if a.tokens != nil {
		routes = append(routes, a.tokenRoutes()...)
	}
	if a.options.Webhooks.given() {
		routes = append(routes, a.webhookRoutes()...)
	}
	return routes
}

// tokenRoutes returns those that are served where there are tokens.
func (a *API) tokenRoutes() []route {
	return []route{{path: tokensPath, handler: a.Tokens()}, {path: tokenPath, handler: a.Token()}}
}

// webhookRoutes returns those that are served where there are webhooks. An endpoint's ID is never "deliveries".
func (a *API) webhookRoutes() []route {
	return []route{
		{path: webhooksPath, handler: a.Webhooks()},
		{path: webhookPath, handler: a.Webhook()},
		{path: testWebhookPath, handler: a.TestWebhook()},
		{path: pauseWebhookPath, handler: a.PauseWebhook()},
		{path: resumeWebhookPath, handler: a.ResumeWebhook()},
		{path: rotateSecretPath, handler: a.RotateSecret()},
		{path: replayPath, handler: a.Replay()},
		{path: deliveriesPath, handler: a.Deliveries()},
		{path: webhookStatsPath, handler: a.WebhookStats()},
		{path: attemptsPath, handler: a.Attempts()},
		{path: resendPath, handler: a.Resend()},
		{path: feedPath, handler: a.Feed()},
	}
}

// newMux returns the mux with every route. It leaves methods to the handlers, so that a wrong path and a wrong method
// are answered with problems as all other errors are.
func (a *API) newMux() *http.ServeMux {
	mux := http.NewServeMux()
	for _, r := range a.routes() {
		var handler http.Handler
		if r.open {
			handler = a.common(string(r.path), a.refuseCrossOrigin(r.handler))
		} else {
			handler = a.Protect(string(r.path), guarded(r.path, r.handler))
		}
		path := strings.TrimSuffix(string(r.path), "/")
		mux.Handle(path, handler)
		mux.Handle(path+"/{$}", handler)
	}
	mux.Handle("/", a.Protect("other", a.handle(func(_ http.ResponseWriter, r *http.Request) error {
		return newProblem(http.StatusNotFound, "not_found", fmt.Sprintf("there is nothing at %q",
			products.Shorten(requestURL(r).Path)))
	})))
	return mux
}

// guarded returns the handler of a route that wants a log-in, which looks for the user's role also where it isn't a
// resource.
func guarded(path routePath, handler http.Handler) http.Handler {
	if _, guards := handler.(resource); guards {
		return handler
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := refusal(path, r); p != nil {
			writeProblem(w, r, slog.New(slog.DiscardHandler), p)
			return
		}
		handler.ServeHTTP(w, r)
	})
}

// with returns the path with its {id} replaced.
func (p routePath) with(id string) string {
	return strings.Replace(string(p), "{id}", url.PathEscape(id), 1)
}

// mount returns what stands before the route in the path of a request, without a slash at the end, and whether the path
// ends with the route at all, with or without a slash. Both paths are escaped as in a URL.
func (p routePath) mount(path string) (prefix string, ok bool) {
	segments := strings.Split(strings.Trim(string(p), "/"), "/")
	prefix = strings.TrimSuffix(path, "/")
	for i := len(segments) - 1; i >= 0; i-- {
		at := strings.LastIndexByte(prefix, '/')
		if at < 0 {
			return "", false
		}
		segment, err := url.PathUnescape(prefix[at+1:])
		if err != nil || segment == "" || !strings.HasPrefix(segments[i], "{") && segments[i] != segment {
			return "", false
		}
		prefix = prefix[:at]
	}
	// What begins with two slashes would name another host in a link.
	return prefix, !strings.HasPrefix(prefix, "//")
}
