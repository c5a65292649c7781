package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
	"github.com/products-importer/products-importer/products"
)

// Options are the settings of an API. The zero value works.
type Options struct {
	// Logger gets a record of every request, and why one failed; nil for none.
	Logger *slog.Logger
	// Authenticate returns the name of the user who makes a request, which the log has too. It is given instead of the
	// users of New, by an application with log-ins of its own. It is called once for each request, except to /livez and
	// /readyz, must be safe for concurrent use, and must not read the request's body.
	//
	// Its error ends the request. A [*Problem] is the answer, see [Unauthorized]; a [*basicauth.Error] is answered as
	// it says, an error that wraps products.ErrUnavailable with 503, and any other with 500. An empty name without an
	// error is a mistake, which is answered with 500 too. An application that redirects to a log-in page does that in a
	// handler in front of the API, and has Authenticate return the name from the request's context.
	Authenticate func(r *http.Request) (user string, err error)
	// Role returns the role of a user whom Authenticate has let in, by which the API decides what the request may do;
	// nil gives every user all rights, as basicauth.Admin has them. It is called once for each such request and must be
	// safe for concurrent use. Its error ends the request as one of Authenticate does; a role that there isn't is
	// answered with 500.
	Role func(r *http.Request, user string) (basicauth.Role, error)
	// Tokens keeps the tokens with which programs log in, "Authorization: Bearer TOKEN", beside the users of New; nil
	// for no tokens. They are made and withdrawn under /tokens/, and by basicauth.NewTokens over the same store.
	Tokens basicauth.TokenStore
	// Fields are those that files may have, where New is given no products, which have a schema of their own.
	Fields *products.Schema
	// PublicURL is where clients see the API, https://shop.example/api for instance: links begin with it, and locations
	// with its path. It is for an API behind a proxy that changes the path or the host; where an application mounts the
	// API, it finds its place by itself. Without it the links in lists have no host, since anybody may have written
	// the Host of a request; only where that is the address that the request came in by, as in http://127.0.0.1:8080/,
	// they have it too.
	PublicURL string
	// TrustedOrigins are web pages' origins, such as https://shop.example, from which a browser may change things,
	// beside the API's own.
	TrustedOrigins []string
	// TrustedProxies are the networks of the proxies in front of the API. They are believed which client they pass a
	// request on for, see [basicauth.TrustedProxies], and which host and scheme that has asked, see
	// [basicauth.Forwarded]: so a page of that host is the API's own, and a session's cookie is for https alone.
	TrustedProxies []netip.Prefix
	// ClientAddress names the client of a request, for the log, for the bounds that each client has, and to slow down
	// those whose log-ins fail; nil is what TrustedProxies say. It must not believe what a client can write itself.
	ClientAddress func(r *http.Request) string
	// MaxUploadBytes is the length of the longest upload, as it is sent: at least 1, 0 for 4 GiB.
	MaxUploadBytes int64
	// MaxFileBytes is the length of the longest file without its compression: at least 1, 0 for MaxUploadBytes.
	MaxFileBytes int64
	// MaxBodyBytes is the length of the longest JSON body: 1 KiB to 256 MiB, 0 for 4 MiB.
	MaxBodyBytes int64
	// MaxBodiesBytes is how many bytes of JSON bodies are held at the same time, but for the first 16 KiB of each: at
	// least MaxBodyBytes, 0 for 64 MiB or MaxBodyBytes. One client has a quarter of them at most, or one body. A body
	// for which there is no room is answered with 503.
	MaxBodiesBytes int64
	// MaxReadBytes is about how much text of products responses hold in memory at the same time: 8 MiB or more, 0 for
	// 48 MiB. Half of it is for large responses that are being written, however slow their clients are. A request that
	// finds no room within 5 seconds is answered with 503.
	MaxReadBytes int64
	// ProgressInterval is the least time between two frames of a stream, but for the terminal one: 100 ms to 1 minute,
	// 0 for 250 ms.
	ProgressInterval time.Duration
	// MaxStreams is how many streams, and requests that wait for events of the feed, are served at the same time: at
	// least 1, 0 for 20,000.
	MaxStreams int
	// Ping returns nil if the store can be reached, for /readyz, see [NewHealth]; nil reads a product and an import
	// that don't exist. A store that keeps a connection for it, as postgres.DB.Ping does, answers also when it is busy.
	Ping func(ctx context.Context) error
	// History is what was changed one product at a time, for GET /products/{id}/history; nil where that isn't kept. It
	// has what a products.Historian puts there.
	History products.History
	// Webhooks, where they are given, are managed under /webhooks/.
	Webhooks Webhooks
	// Meter, if not nil, is told what the API does. Metrics is what GET /metrics shows; without it there is no such
	// route. Package adapters/metrics has both.
	Meter   Meter
	Metrics http.Handler
}

// pollInterval is how often the store is asked for the imports that are watched: several times per frame, so that
// frames are new when they leave, and terminal events come soon.
const pollInterval = 100 * time.Millisecond

// withDefaults returns the options with the defaults filled in, or an error that names the first bad one.
func (o Options) withDefaults() (Options, error) {
	if err := o.Webhooks.check(); err != nil {
		return o, err
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Meter == nil {
		o.Meter = noMeter{}
	}
	if o.ClientAddress == nil {
		o.ClientAddress = basicauth.TrustedProxies(o.TrustedProxies...)
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
			return o, fmt.Errorf("httpapi: Options.%s must be between %d and %d, not %d", n.name, n.least, n.most,
				n.value)
		}
	}
	return o, nil
}
