package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// Products is what the API needs of a [products.Store].
type Products interface {
	products.Reader
	products.AttributeReader
	products.Writer
	products.Purger
	// Schema says which fields products have. It never changes.
	Schema() *products.Schema
}

// Jobs is what the API needs of a [*job.Service].
type Jobs interface {
	Submit(ctx context.Context, request job.Request, r io.Reader) (j job.Job, created bool, err error)
	Upload(ctx context.Context, fileName, user string, r io.Reader) (job.Upload, error)
	GetUpload(ctx context.Context, id string) (job.Upload, error)
	DeleteUpload(ctx context.Context, id string) error
	Preview(ctx context.Context, uploadID string, settings job.Settings) (*job.Preview, error)
	Fingerprint(ctx context.Context, uploadID string, settings job.Settings) (string, error)
	PutProfile(ctx context.Context, profile job.Profile) (job.Profile, error)
	GetProfile(ctx context.Context, name string) (job.Profile, error)
	FindProfile(ctx context.Context, fingerprint string) (job.Profile, error)
	ListProfiles(ctx context.Context) ([]job.Profile, error)
	DeleteProfile(ctx context.Context, name string) error
	Import(ctx context.Context, uploadID string, request job.Request) (j job.Job, created bool, err error)
	Rerun(ctx context.Context, id string, change func(request *job.Request) error) (j job.Job, created bool, err error)
	Get(ctx context.Context, id string) (job.Job, error)
	List(ctx context.Context, q job.Query) (jobs []job.Job, count int64, err error)
	Cancel(ctx context.Context, id string) (job.Job, error)
	Rejects(ctx context.Context, id string, w io.Writer) error
	Superseded(ctx context.Context, id string, w io.Writer) error
	Skipped(ctx context.Context, id string, w io.Writer) error
	Undo(ctx context.Context, id string, request job.UndoRequest) (j job.Job, created bool, err error)
	Changes(ctx context.Context, id string, query job.ChangeQuery, limit int) (page []job.Change, next *job.ChangePlace,
		err error)
	ChangesCSV(ctx context.Context, id string, query job.ChangeQuery, w io.Writer) (changes int64, err error)
	ChangesOf(ctx context.Context, sku, below string, jobs int) (found []job.ProductChange, next string, err error)
}

// API is the importer over HTTP. It is an [http.Handler] with every route, to be mounted at the root of a server or, by
// [http.StripPrefix], below any path. Its methods return the handlers of single routes, to be mounted one by one, where
// the pattern of a route with {id} or {name} has that too. These are bare: [API.Protect] adds to one what the API adds
// to all.
//
// Every link in a response (Location, next and previous of a list, the server of the OpenAPI document) leads to where
// the API is mounted: to Options.PublicURL or, without it, to what stands before the route's path in the path of the
// request. So a single handler may stand below any prefix, the same one for those that lead to each other, at a path
// that ends as its route's does. It works at any other path too, but can't know where the others are then, and its
// responses have no Location.
//
// Every route is for certain roles of users, which the OpenAPI document names as x-roles; others get 403. A handler
// looks for the role where [API.Protect] and [basicauth.NewContext] put it. Behind an authentication of the
// application's own that says nothing of roles, a bare handler serves everybody who comes there.
//
// It is safe for concurrent use.
type API struct {
	products Products // nil for none
	schema   *products.Schema
	jobs     Jobs
	reader   job.Reader
	watcher  *job.Watcher[*frame]
	auth     *basicauth.Authenticator // nil with Options.Authenticate
	tokens   *basicauth.Tokens        // nil for none
	options  Options
	public   *url.URL // nil without Options.PublicURL
	origins  *http.CrossOriginProtection
	counts   counts
	bodies   bodyBudget
	reads    readBudget
	health   *Health
	mux      *http.ServeMux

	streams  atomic.Int64
	began    atomic.Bool     // Run was called
	draining atomic.Bool     // Drain was called
	running  context.Context // ends with Run
	stop     context.CancelFunc
	polling  context.Context // ends with Run, or with Drain
	endPolls context.CancelFunc
}

// New returns the API over a catalogue and its imports. The reader is the store of the service's jobs; it is asked for
// those that are watched. All of them are required, and either users, who log in with HTTP Basic authentication, or
// Options.Authenticate.
//
// The catalogue may be nil where imports write to a table that the API can't read: Options.Fields has its schema then.
// The routes of products, of their history and export, of /delete_all/ and of undoing an import aren't in the OpenAPI
// document, and answer with 404 that says why.
func New(catalogue Products, jobs Jobs, reader job.Reader, users basicauth.Users, options Options) (*API, error) {
	switch {
	case catalogue == nil && options.Fields == nil:
		return nil, errors.New("httpapi: the products are missing, and Options.Fields too")
	case jobs == nil:
		return nil, errors.New("httpapi: the jobs are missing")
	case reader == nil:
		return nil, errors.New("httpapi: the reader of jobs is missing")
	}
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	schema := options.Fields
	if catalogue != nil {
		schema = catalogue.Schema()
	}
	a := &API{products: catalogue, schema: schema, jobs: jobs, reader: reader, options: options,
		reads: newReadBudget(options.MaxReadBytes), origins: http.NewCrossOriginProtection()}
	a.bodies = newBodyBudget(options)
	ask := options.Ping
	if ask == nil {
		ask = func(ctx context.Context) error { return reachable(ctx, catalogue, reader) }
	}
	a.health = NewHealth(ask)
	a.watcher = job.NewWatcher(reader, pollInterval, render)
	if options.Tokens != nil {
		if a.tokens, err = basicauth.NewTokens(options.Tokens); err != nil {
			return nil, err
		}
	}
	if a.auth, err = newAuthenticator(users, a.tokens, &options); err != nil {
		return nil, err
	}
	if options.PublicURL != "" {
		a.public, err = url.Parse(options.PublicURL)
		if err != nil || a.public.Scheme != "http" && a.public.Scheme != "https" || a.public.Host == "" ||
			a.public.RawQuery != "" || a.public.Fragment != "" || a.public.User != nil {
			return nil, fmt.Errorf("httpapi: Options.PublicURL must be an http or https URL without a query, not %q",
				options.PublicURL)
		}
		// A page that comes from there is the API's own, whatever host the proxy names.
		options.TrustedOrigins = append([]string{a.public.Scheme + "://" + a.public.Host}, options.TrustedOrigins...)
	}
	for _, origin := range options.TrustedOrigins {
		if err := a.origins.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("httpapi: Options.TrustedOrigins: %w", err)
		}
	}
	a.running, a.stop = context.WithCancel(context.Background())
	a.polling, a.endPolls = context.WithCancel(a.running)
	if a.auth != nil {
		context.AfterFunc(a.running, a.auth.Close) // nobody waits for a log-in's turn any more
	}
	a.mux = a.newMux()
	return a, nil
}

// ServeHTTP serves every route.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !redirectUnclean(w, r) {
		a.mux.ServeHTTP(w, r)
	}
}

// Run follows the imports that are watched until the context ends. Then it ends all streams, whose clients connect
// again, to this server or another, and returns nil. It is called once. Shut the server down afterwards, since a stream
// holds its connection; /readyz answers with 503 from then on. Until Run is called streams of imports that haven't
// ended are refused with 503, since nobody would follow them.
func (a *API) Run(ctx context.Context) error {
	a.began.Store(true)
	defer a.stop()
	if err := a.watcher.Run(ctx); ctx.Err() == nil {
		return err
	}
	return nil
}

// Drain has /readyz answer with 503 from now on, and requests for the feed no longer wait for events, while everything
// else is served as before. A server that is to stop calls it first, waits until nobody sends it requests any more,
// ends [API.Run], and shuts down.
func (a *API) Drain() {
	a.draining.Store(true)
	a.endPolls()
}
