package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/receive"
)

const (
	// defaultGrace is how long a secret signs beside its successor.
	defaultGrace = 24 * time.Hour
	// testTime is how long a test may take: as long as a delivery, with some time for the store.
	testTime = webhooks.MaxTimeout + 5*time.Second
	// replayTime is how long a replay may take, of any number of deliveries. What it has done by then stays done.
	replayTime = 5 * time.Minute
)

// TestWebhook is the handler of POST /webhooks/{id}/test, which sends a webhook.test to an endpoint and answers with
// the attempt.
func (a *API) TestWebhook() http.Handler {
	return resource{testWebhookPath, methods{http.MethodPost: a.hook(a.testWebhook)}}
}

// PauseWebhook is the handler of POST /webhooks/{id}/pause, which lets an endpoint's deliveries wait.
func (a *API) PauseWebhook() http.Handler {
	return resource{pauseWebhookPath, methods{http.MethodPost: a.hook(func(w http.ResponseWriter,
		r *http.Request) error {
		return a.changeWebhook(w, r, func(e *webhooks.Endpoint) error {
			if !e.State.Receives() {
				return webhooks.ErrOff
			}
			e.Pause()
			return nil
		})
	})}}
}

// ResumeWebhook is the handler of POST /webhooks/{id}/resume, which has an endpoint's deliveries sent, whatever stopped
// them: those that wait for their next attempt are sent now.
func (a *API) ResumeWebhook() http.Handler {
	return resource{resumeWebhookPath, methods{http.MethodPost: a.hook(a.resumeWebhook)}}
}

// RotateSecret is the handler of POST /webhooks/{id}/rotate, which gives an endpoint a new secret.
func (a *API) RotateSecret() http.Handler {
	return resource{rotateSecretPath, methods{http.MethodPost: a.hook(a.rotateSecret)}}
}

// Replay is the handler of POST /webhooks/{id}/replay, which has an endpoint's deliveries since some time sent again.
func (a *API) Replay() http.Handler {
	return resource{replayPath, methods{http.MethodPost: a.hook(a.replay)}}
}

// attemptView is the result of a request to an endpoint.
type attemptView struct {
	At        time.Time             `json:"at"`
	Seconds   float64               `json:"seconds"`
	Delivered bool                  `json:"delivered"`
	Status    *int                  `json:"status"` // null without an answer
	Kind      *webhooks.FailureKind `json:"kind"`   // of failure
	Error     *string               `json:"error"`
	Response  string                `json:"response"` // its beginning
}

func viewOfAttempt(attempt *webhooks.Attempt) attemptView {
	return attemptView{
		At: attempt.At.UTC(), Seconds: attempt.Duration.Round(time.Microsecond).Seconds(),
		Delivered: attempt.Failure == "", Status: optional(attempt.Status),
		Kind: optional(attempt.Failure), Error: optional(attempt.Error), Response: string(attempt.Response),
	}
}

func (a *API) testWebhook(w http.ResponseWriter, r *http.Request) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	ctx, cancel, err := a.startLong(w, r, testTime)
	if err != nil {
		return err
	}
	defer cancel()
	attempt, err := a.options.Webhooks.Service.Test(ctx, id)
	if err != nil {
		return err
	}
	view := viewOfAttempt(&attempt)
	writeJSON(w, http.StatusOK, "application/json", &view)
	return nil
}

func (a *API) resumeWebhook(w http.ResponseWriter, r *http.Request) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	ctx, cancel, err := a.startLong(w, r, replayTime)
	if err != nil {
		return err
	}
	defer cancel()
	version, err := a.webhookPrecondition(ctx, r, id)
	if err != nil {
		return err
	}
	e, n, err := a.options.Webhooks.Service.Resume(ctx, id, version)
	if err != nil {
		return err
	}
	view := viewOfWebhook(&e)
	view.Resumed = &n
	w.Header().Set("ETag", etag(e.Version))
	writeJSON(w, http.StatusOK, "application/json", &view)
	return nil
}

func (a *API) rotateSecret(w http.ResponseWriter, r *http.Request) error {
	id, err := webhookID(r)
	if err != nil {
		return err
	}
	var text *string
	grace := defaultGrace
	err = a.readOptionalObject(w, r, setters{"secret": textSetter(&text),
		"grace": func(raw json.RawMessage) (err error) {
			if !isNull(raw) {
				grace, err = readSeconds(raw)
			}
			return err
		}})
	if err != nil {
		return err
	}
	var next receive.Secret
	if text != nil {
		if next, err = parseSecret(*text); err != nil {
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

// replayable are the states of deliveries that may be sent again, or sooner.
var replayable = []webhooks.DeliveryState{webhooks.Failed, webhooks.Skipped, webhooks.Pending, webhooks.Delivered}

// replayView is the answer to a replay.
type replayView struct {
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
	err = a.readSettings(w, r, []string{"application/json"}, setters{"since": timeSetter(&since),
		"states": func(raw json.RawMessage) error {
			if json.Unmarshal(raw, &states) != nil {
				return fmt.Errorf("a list of some of %v, or null", replayable)
			}
			for _, s := range states {
				if !slices.Contains(replayable, s) {
					return &innerError{code: codeValue, message: fmt.Sprintf("must have some of %v, not %q", replayable,
						products.Shorten(string(s)))}
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
	ctx, cancel, err := a.startLong(w, r, replayTime)
	if err != nil {
		return err
	}
	defer cancel()
	n, err := a.options.Webhooks.Service.Replay(ctx, id, *since, states...)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusAccepted, "application/json", &replayView{n})
	return nil
}
