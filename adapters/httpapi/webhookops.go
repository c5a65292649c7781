package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

const (
	// usualGrace is how long a secret is good beside its successor, where that isn't said.
	usualGrace = 24 * time.Hour
	// testTime is how long a test may take: as long as a delivery, with some time for the store.
	testTime = webhooks.MaxTimeout + 5*time.Second
	// replayTime is how long it may take to have any number of deliveries sent again. What is done by then stays done.
	replayTime = 5 * time.Minute
)

// TestWebhook is the handler that sends a webhook.test to an endpoint, and says what came of it: POST. The pattern that it
// is mounted under has {id}.
func (a *API) TestWebhook() http.Handler { return methods{http.MethodPost: a.hook(a.testWebhook)} }

// PauseWebhook is the handler that lets an endpoint's deliveries wait: POST. The pattern that it is mounted under has {id}.
func (a *API) PauseWebhook() http.Handler {
	return methods{http.MethodPost: a.hook(func(w http.ResponseWriter, r *http.Request) error {
		return a.changeWebhook(w, r, func(e *webhooks.Endpoint) error {
			if !e.State.Receives() {
				return webhooks.ErrOff
			}
			e.Pause()
			return nil
		})
	})}
}

// ResumeWebhook is the handler that has an endpoint's deliveries sent, whatever stopped them: POST. The pattern that it is
// mounted under has {id}.
func (a *API) ResumeWebhook() http.Handler {
	return methods{http.MethodPost: a.hook(func(w http.ResponseWriter, r *http.Request) error {
		return a.changeWebhook(w, r, func(e *webhooks.Endpoint) error { e.Resume(); return nil })
	})}
}

// RotateSecret is the handler that gives an endpoint a new secret: POST. The pattern that it is mounted under has {id}.
func (a *API) RotateSecret() http.Handler { return methods{http.MethodPost: a.hook(a.rotateSecret)} }

// Replay is the handler that has an endpoint's deliveries since some time sent again: POST. The pattern that it is mounted
// under has {id}.
func (a *API) Replay() http.Handler { return methods{http.MethodPost: a.hook(a.replay)} }

// attemptView is what came of a request to an endpoint.
type attemptView struct {
	At        time.Time      `json:"at"`
	Seconds   float64        `json:"seconds"`
	Delivered bool           `json:"delivered"`
	Status    *int           `json:"status"` // null without an answer
	Kind      *webhooks.Kind `json:"kind"`   // of failure
	Error     *string        `json:"error"`
	Response  string         `json:"response"` // its beginning
}

func viewOfAttempt(attempt *webhooks.Attempt) attemptView {
	return attemptView{
		At: attempt.At.UTC(), Seconds: attempt.Duration.Round(time.Microsecond).Seconds(), Delivered: attempt.Kind == "", Status: optional(attempt.Status),
		Kind: optional(attempt.Kind), Error: optional(attempt.Error), Response: string(attempt.Response),
	}
}

func (a *API) testWebhook(w http.ResponseWriter, r *http.Request) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	extendDeadline(w, testTime+writeTime)
	ctx, cancel := withTimeout(r, testTime)
	defer cancel()
	attempt, err := a.options.Webhooks.Service.Test(ctx, id)
	if err != nil {
		return err
	}
	view := viewOfAttempt(&attempt)
	writeJSON(w, http.StatusOK, "application/json", &view)
	return nil
}

func (a *API) rotateSecret(w http.ResponseWriter, r *http.Request) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	var text *string
	grace := usualGrace
	err = a.readOptionalObject(w, r, setters{"secret": textSetter(&text), "grace": func(raw json.RawMessage) (err error) {
		if !isNull(raw) {
			grace, err = readSeconds(raw)
		}
		return err
	}})
	if err != nil {
		return err
	}
	var next webhooks.Secret
	if text != nil {
		if next, err = webhooks.ParseSecret(*text); err != nil {
			return err
		}
	}
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	version, err := a.webhookPrecondition(ctx, r, id)
	if err != nil {
		return err
	}
	e, err := a.options.Webhooks.Service.Rotate(ctx, id, version, next, grace)
	if err != nil {
		return err
	}
	writeSecret(w, http.StatusOK, &e)
	return nil
}

// replayable are the states of deliveries that may be sent again.
var replayable = []webhooks.DeliveryState{webhooks.Failed, webhooks.Skipped, webhooks.Delivered}

// replayed is the answer to a replay.
type replayed struct {
	Replayed int64 `json:"replayed"`
}

func (a *API) replay(w http.ResponseWriter, r *http.Request) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	var (
		since  *time.Time
		states []webhooks.DeliveryState
	)
	err = a.readSettings(w, r, []string{"application/json"}, setters{"since": timeSetter(&since), "states": func(raw json.RawMessage) error {
		if json.Unmarshal(raw, &states) != nil {
			return fmt.Errorf("a list of some of %v, or null", replayable)
		}
		for _, s := range states {
			if !slices.Contains(replayable, s) {
				return &innerError{code: codeValue, message: fmt.Sprintf("must have some of %v, not %q", replayable, products.Shorten(string(s)))}
			}
		}
		return nil
	}})
	if err != nil {
		return err
	}
	if since == nil {
		return fieldProblem(http.StatusUnprocessableEntity, "since", codeMissing, "since is missing")
	}
	extendDeadline(w, replayTime+writeTime)
	ctx, cancel := withTimeout(r, replayTime)
	defer cancel()
	n, err := a.options.Webhooks.Service.Replay(ctx, id, *since, states...)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusAccepted, "application/json", &replayed{n})
	return nil
}

// readOptionalObject is readSettings where there may be no body.
func (a *API) readOptionalObject(w http.ResponseWriter, r *http.Request, fields setters) error {
	if r.ContentLength == 0 {
		return nil
	}
	return a.readSettings(w, r, []string{"application/json"}, fields)
}
