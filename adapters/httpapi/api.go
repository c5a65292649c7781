package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// Products is what the API needs of a products.Store.
type Products interface {
	products.Reader
	products.Writer
	products.Purger
}

// Jobs is what the API needs of a *job.Service.
type Jobs interface {
	Submit(ctx context.Context, request job.Request, r io.Reader) (j job.Job, created bool, err error)
	Get(ctx context.Context, id string) (job.Job, error)
	List(ctx context.Context, limit, offset int, states ...job.State) (jobs []job.Job, count int64, err error)
	Cancel(ctx context.Context, id string) (job.Job, error)
	Rejects(ctx context.Context, id string, w io.Writer) error
	Superseded(ctx context.Context, id string, w io.Writer) error
}

// Options are the settings of an API. The zero value works.
type Options struct {
	// Logger hears of every request, and why one failed; nil for nobody.
	Logger *slog.Logger
	// PublicURL is where clients see the API, https://shop.example/api for instance: links begin with it, and locations
	// with its path. Without it the links in lists are relative, since the Host of a request may be anybody's word; only
	// where that is the very address that the request came in by, as in http://127.0.0.1:8080/, they have it too.
	PublicURL string
	// TrustedOrigins are web pages' origins, such as https://shop.example, from which a browser may change things, beside
	// the API's own.
	TrustedOrigins []string
	// ClientAddress tells clients apart, for the log and to slow down those whose log-ins fail; nil for ClientAddress,
	// which sees only the proxy where there is one: see TrustedProxies. It must not believe what a client can write itself.
	ClientAddress func(r *http.Request) string
	// MaxUploadBytes is the length of the longest upload, as it is sent: at least 1, 0 for 4 GiB.
	MaxUploadBytes int64
	// MaxFileBytes is the length of the longest file without its compression: at least 1, 0 for MaxUploadBytes.
	MaxFileBytes int64
	// MaxBodyBytes is the length of the longest JSON body: 1 KiB to 256 MiB, 0 for 4 MiB.
	MaxBodyBytes int64
	// MaxBodiesBytes is how many bytes of JSON bodies are held at the same time, but for the first 16 KiB of each: at least
	// MaxBodyBytes, 0 for 64 MiB or MaxBodyBytes. One client has a quarter of them at most, or one body. A body for which
	// there is no room is answered with 503.
	MaxBodiesBytes int64
	// MaxReadBytes is about how much text of products responses hold in memory at the same time: 8 MiB or more, 0 for 48
	// MiB. A half is for those that are large and being written, however slow their clients are. Who finds no room within 15
	// seconds gets 503, to try again.
	MaxReadBytes int64
	// ProgressInterval is the least time between two frames of a stream, but for the terminal one: 100 ms to 1 minute, 0
	// for 250 ms.
	ProgressInterval time.Duration
	// MaxStreams is how many streams are served at the same time: at least 1, 0 for 20,000.
	MaxStreams int
	// Ping asks whether the store can be reached, for /readyz, see NewHealth; nil for reading a product and an import that
	// can't be there. A store that keeps a connection for it, as postgres.DB.Ping does, answers also when it is busy.
	Ping func(ctx context.Context) error
	// Webhooks, where they are given, are managed under /webhooks/.
	Webhooks Webhooks
	// Registry collects the metrics that /metrics shows; nil for one of the API's own, with those of the process too. Two
	// APIs can't share one.
	Registry *prometheus.Registry
}

// lookInterval is how often the store is asked for the imports that are watched: several times per frame, so that
// frames are new when they leave, and terminal events come soon.
const lookInterval = 100 * time.Millisecond

// withDefaults returns the options with the defaults filled in, or an error that names the first bad one.
func (o Options) withDefaults() (Options, error) {
	if err := o.Webhooks.check(); err != nil {
		return o, err
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.ClientAddress == nil {
		o.ClientAddress = ClientAddress
	}
	const most = 1 << 62
	if o.MaxUploadBytes == 0 {
		o.MaxUploadBytes = 4 << 30
	}
	if o.MaxFileBytes == 0 {
		o.MaxFileBytes = o.MaxUploadBytes
	}
	if o.MaxBodyBytes == 0 {
		o.MaxBodyBytes = 4 << 20
	}
	if o.MaxBodiesBytes == 0 {
		o.MaxBodiesBytes = max(64<<20, o.MaxBodyBytes)
	}
	if o.MaxReadBytes == 0 {
		o.MaxReadBytes = 48 << 20
	}
	if o.ProgressInterval == 0 {
		o.ProgressInterval = 250 * time.Millisecond
	}
	if o.MaxStreams == 0 {
		o.MaxStreams = 20_000
	}
	for _, n := range []struct {
		name               string
		value, least, most int64
	}{
		{"MaxUploadBytes", o.MaxUploadBytes, 1, most},
		{"MaxFileBytes", o.MaxFileBytes, 1, most},
		{"MaxBodyBytes", o.MaxBodyBytes, 1 << 10, 256 << 20},
		{"MaxBodiesBytes", o.MaxBodiesBytes, o.MaxBodyBytes, most},
		{"MaxReadBytes", o.MaxReadBytes, 8 << 20, most},
		{"ProgressInterval", int64(o.ProgressInterval), int64(100 * time.Millisecond), int64(time.Minute)},
		{"MaxStreams", int64(o.MaxStreams), 1, most},
	} {
		if n.value < n.least || n.value > n.most {
			return o, fmt.Errorf("httpapi: Options.%s must be between %d and %d, not %d", n.name, n.least, n.most, n.value)
		}
	}
	return o, nil
}

// API is the importer over HTTP. It is an http.Handler with every route; see Handlers of single routes among its methods.
// Those are bare: Protect adds to one what the API adds to all. It is safe for concurrent use.
type API struct {
	products Products
	jobs     Jobs
	watcher  *job.Watcher[*frame]
	auth     *authenticator
	options  Options
	public   *url.URL // nil without Options.PublicURL
	origins  *http.CrossOriginProtection
	metrics  *metrics
	counts   counts
	bodies   bodies
	reads    reads
	health   *Health
	mux      *http.ServeMux

	streams atomic.Int64
	running context.Context // ends with Run
	stop    context.CancelFunc
}

// New returns the API over a catalogue and its imports. The reader is the store of the service's jobs; it is asked for
// those that are watched. All four are required.
func New(catalogue Products, jobs Jobs, reader job.Reader, users Users, options Options) (*API, error) {
	switch {
	case catalogue == nil:
		return nil, errors.New("httpapi: the products are missing")
	case jobs == nil:
		return nil, errors.New("httpapi: the jobs are missing")
	case reader == nil:
		return nil, errors.New("httpapi: the reader of jobs is missing")
	case users == nil:
		return nil, errors.New("httpapi: the users are missing")
	}
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	a := &API{products: catalogue, jobs: jobs, options: options, reads: newReads(options.MaxReadBytes), origins: http.NewCrossOriginProtection()}
	a.bodies = bodies{most: options.MaxBodiesBytes, mostOfClient: max(options.MaxBodiesBytes/4, options.MaxBodyBytes), client: options.ClientAddress, byClient: map[string]int64{}}
	ask := options.Ping
	if ask == nil {
		ask = func(ctx context.Context) error { return reachable(ctx, catalogue, reader) }
	}
	a.health = NewHealth(ask)
	a.watcher = job.NewWatcher(reader, lookInterval, render)
	if a.auth, err = newAuthenticator(users); err != nil {
		return nil, err
	}
	if options.PublicURL != "" {
		a.public, err = url.Parse(options.PublicURL)
		if err != nil || a.public.Scheme != "http" && a.public.Scheme != "https" || a.public.Host == "" || a.public.RawQuery != "" || a.public.Fragment != "" || a.public.User != nil {
			return nil, fmt.Errorf("httpapi: Options.PublicURL must be an http or https URL without a query, not %q", options.PublicURL)
		}
		// A page that comes from there is the API's own, whatever host the proxy names.
		options.TrustedOrigins = append([]string{a.public.Scheme + "://" + a.public.Host}, options.TrustedOrigins...)
	}
	for _, origin := range options.TrustedOrigins {
		if err := a.origins.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("httpapi: Options.TrustedOrigins: %w", err)
		}
	}
	a.origins.SetDenyHandler(a.handle(func(http.ResponseWriter, *http.Request) error {
		return newProblem(http.StatusForbidden, "cross_origin", "a page of another origin may not change anything here")
	}))
	if a.metrics, err = newMetrics(options.Registry, &a.streams, &options.Webhooks); err != nil {
		return nil, err
	}
	a.running, a.stop = context.WithCancel(context.Background())
	a.auth.logins.stopping = a.running.Done()
	a.mux = a.newMux()
	return a, nil
}

// ServeHTTP serves every route.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// Run follows the imports that are watched until the context ends, and ends all streams then: their clients come back,
// to this server or another; then it returns nil. It is to be called once. Shut the server down afterwards, since a stream holds its
// connection; /readyz says no by then.
func (a *API) Run(ctx context.Context) error {
	defer a.stop()
	if err := a.watcher.Run(ctx); ctx.Err() == nil {
		return err
	}
	return nil
}
