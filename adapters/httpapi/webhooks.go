package httpapi

import (
	"context"
	"errors"
	"math"
	"net/http"

	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

// WebhookStore is what the API needs of a [webhooks.Store].
type WebhookStore interface {
	webhooks.Endpoints
	webhooks.Deliveries
	webhooks.Feed
}

// Webhooks is the part of the API that manages webhooks. Without it there are no such routes.
type Webhooks struct {
	// Service changes the endpoints of the Store. Both are given, or none for an API without webhooks.
	Service *webhooks.Service
	Store   WebhookStore
}

// check returns an error that names what is missing.
func (h *Webhooks) check() error {
	switch {
	case h.Service == nil && h.Store != nil:
		return errors.New("httpapi: Options.Webhooks.Service is missing")
	case h.Service != nil && h.Store == nil:
		return errors.New("httpapi: Options.Webhooks.Store is missing")
	}
	return nil
}

func (h *Webhooks) given() bool { return h.Service != nil }

// Webhooks is the handler of GET /webhooks/, the list of endpoints, and of POST /webhooks/, which creates one.
func (a *API) Webhooks() http.Handler {
	return resource{webhooksPath, methods{
		http.MethodGet: a.hook(a.listWebhooks), http.MethodPost: a.hook(a.createWebhook),
	}}
}

// Webhook is the handler of GET, PUT, PATCH and DELETE /webhooks/{id}, one endpoint.
func (a *API) Webhook() http.Handler {
	return resource{webhookPath, methods{
		http.MethodGet: a.hook(a.getWebhook), http.MethodPut: a.hook(a.putWebhook),
		http.MethodPatch: a.hook(a.patchWebhook), http.MethodDelete: a.hook(a.deleteWebhook),
	}}
}

// hook is handle for routes that need webhooks.
func (a *API) hook(f func(w http.ResponseWriter, r *http.Request) error) http.Handler {
	if !a.options.Webhooks.given() {
		f = func(http.ResponseWriter, *http.Request) error {
			return newProblem(http.StatusNotFound, "not_found", "there are no webhooks here")
		}
	}
	return a.handle(f)
}

func (a *API) listWebhooks(w http.ResponseWriter, r *http.Request) error {
	p := readParameters(r, "limit", "offset")
	limit, offset := p.number("limit", 1, 1_000, products.DefaultLimit), p.number("offset", 0, math.MaxInt32, 0)
	if p.err != nil {
		return p.err
	}
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	endpoints, count, err := a.options.Webhooks.Store.ListEndpoints(ctx, limit, offset)
	if err != nil {
		return err
	}
	writePage(a, w, r, webhooksPath, p, limit, offset, count, endpoints, viewOfWebhook)
	return nil
}

func (a *API) createWebhook(w http.ResponseWriter, r *http.Request) error {
	s := webhookSettings{noProducts: a.products == nil}
	s.mount, _ = a.mount(r, webhooksPath)
	if err := a.readSettings(w, r, []string{"application/json"}, s.setters()); err != nil {
		return err
	}
	e := webhooks.Endpoint{State: webhooks.Active}
	if err := s.create(&e); err != nil {
		return err
	}
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	e, err := a.options.Webhooks.Service.Create(ctx, e)
	if err != nil {
		return err
	}
	a.setLocation(w, r, webhooksPath, webhookPath, e.ID)
	writeSecret(w, http.StatusCreated, &e)
	return nil
}

func (a *API) getWebhook(w http.ResponseWriter, r *http.Request) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	e, err := a.options.Webhooks.Store.Endpoint(ctx, id)
	if err != nil {
		return err
	}
	// There is no 304: the endpoint's health changes, and its version, which is the tag, doesn't.
	if match, given := readTags(r.Header, "If-Match"); given && !match.matches(etag(e.Version)) {
		return webhooks.ErrVersion
	}
	writeWebhook(w, http.StatusOK, &e)
	return nil
}

func (a *API) putWebhook(w http.ResponseWriter, r *http.Request) error {
	return a.readWebhook(w, r, []string{"application/json"}, (*webhookSettings).replace)
}

func (a *API) patchWebhook(w http.ResponseWriter, r *http.Request) error {
	return a.readWebhook(w, r, []string{"application/merge-patch+json", "application/json"}, (*webhookSettings).change)
}

// readWebhook reads settings and changes the endpoint by them.
func (a *API) readWebhook(w http.ResponseWriter, r *http.Request, contentTypes []string,
	apply func(s *webhookSettings, e *webhooks.Endpoint) error) error {
	s := webhookSettings{noProducts: a.products == nil}
	s.mount, _ = a.mount(r, webhookPath)
	if _, err := webhookID(r); err != nil {
		return err
	}
	if err := a.readSettings(w, r, contentTypes, s.setters()); err != nil {
		return err
	}
	return a.changeWebhook(w, r, func(e *webhooks.Endpoint) error { return apply(&s, e) })
}

// changeWebhook changes the path's endpoint and answers with it.
func (a *API) changeWebhook(w http.ResponseWriter, r *http.Request, change func(e *webhooks.Endpoint) error) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	version, err := a.webhookPrecondition(ctx, r, id)
	if err != nil {
		return err
	}
	e, err := a.options.Webhooks.Service.Update(ctx, id, version, change)
	if err != nil {
		return err
	}
	writeWebhook(w, http.StatusOK, &e)
	return nil
}

func (a *API) deleteWebhook(w http.ResponseWriter, r *http.Request) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	version, err := a.webhookPrecondition(ctx, r, id)
	if err != nil {
		return err
	}
	if err := a.options.Webhooks.Store.DeleteEndpoint(ctx, id, version); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *API) webhookPrecondition(ctx context.Context, r *http.Request, id string) (version int64, err error) {
	return precondition(r.Header, webhooks.ErrVersion, func() (int64, error) {
		e, err := a.options.Webhooks.Store.Endpoint(ctx, id)
		return e.Version, err
	})
}

func writeWebhook(w http.ResponseWriter, status int, e *webhooks.Endpoint) {
	view := viewOfWebhook(e)
	w.Header().Set("ETag", etag(e.Version))
	writeJSON(w, status, "application/json", &view)
}

// writeSecret is writeWebhook with the secret, which is shown this once.
func writeSecret(w http.ResponseWriter, status int, e *webhooks.Endpoint) {
	view := viewOfWebhook(e)
	view.Secret = e.Secrets[0].Reveal()
	w.Header().Set("ETag", etag(e.Version))
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, status, "application/json", &view)
}
