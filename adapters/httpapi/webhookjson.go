package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/receive"
)

// webhookView is an endpoint.
type webhookView struct {
	ID          string `json:"id"`
	Version     int64  `json:"version"`
	CallbackURL string `json:"callback_url"`
	ClientName  string `json:"client_name"`
	// IsActive reports whether events are delivered, now or once it isn't paused any more.
	IsActive       bool                   `json:"is_active"`
	State          webhooks.EndpointState `json:"state"`
	DisabledReason *string                `json:"disabled_reason"`
	Events         []string               `json:"events"`
	SummariesOnly  bool                   `json:"summaries_only"`
	Concurrency    int                    `json:"concurrency"`
	RateLimit      int                    `json:"rate_limit"`
	Timeout        float64                `json:"timeout"` // seconds
	HasToken       bool                   `json:"has_token"`
	HeaderNames    []string               `json:"header_names"`
	// SecretsReadable says that the server has the key for secrets, token and headers. Without it they look like none.
	SecretsReadable bool `json:"secrets_readable"`
	// Secret is shown when it is new, and never again.
	Secret       string       `json:"secret,omitempty"`
	Secrets      []secretView `json:"secrets"` // that sign, the newest first
	Failures     int          `json:"failures"`
	FailingSince *time.Time   `json:"failing_since"`
	LastSuccess  *time.Time   `json:"last_success"`
	PausedUntil  *time.Time   `json:"paused_until"` // by its failures
	// Resumed is how many deliveries the request to resume brought forward; other answers don't have it.
	Resumed   *int64    `json:"resumed,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// secretView is a secret that signs, without the secret.
type secretView struct {
	Until *time.Time `json:"until"` // null for no end
}

func viewOfWebhook(e *webhooks.Endpoint) webhookView {
	v := webhookView{
		ID: e.ID, Version: e.Version, CallbackURL: e.URL, ClientName: e.ClientName, IsActive: e.State.Receives(),
		State:          e.State,
		DisabledReason: optional(e.DisabledReason), Events: e.Events, SummariesOnly: e.SummariesOnly,
		Concurrency: e.Concurrency,
		RateLimit:   e.RateLimit, Timeout: e.Timeout.Seconds(), HasToken: e.Token != "",
		HeaderNames: slices.Sorted(maps.Keys(e.Headers)), SecretsReadable: !e.Unreadable,
		Secrets: []secretView{}, Failures: e.Failures, FailingSince: optionalTime(e.FailingSince),
		LastSuccess: optionalTime(e.LastSuccess),
		PausedUntil: optionalTime(e.PausedUntil), CreatedAt: e.CreatedAt, UpdatedAt: e.UpdatedAt,
	}
	if v.HeaderNames == nil {
		v.HeaderNames = []string{}
	}
	now := time.Now()
	for _, s := range e.Secrets {
		if s.Until.IsZero() || s.Until.After(now) {
			v.Secrets = append(v.Secrets, secretView{optionalTime(s.Until)})
		}
	}
	return v
}

// webhookSettings are the fields that a request has of an endpoint, nil for others. A number or list that is null is
// zero, which stands for the default.
type webhookSettings struct {
	url, clientName, state, secret, token *string
	active, summariesOnly                 *bool
	events                                *[]string
	concurrency, rateLimit                *int
	timeout                               *time.Duration
	headers                               map[string]*string // nil for one that is removed
	noHeaders                             bool               // besides these

	mount string // where the API is, for messages
	// noProducts: no events of products are ever sent.
	noProducts bool
}

// setters returns setters that read the fields. Those that belong to the server are accepted and ignored, so that a
// client can send back what it got.
func (s *webhookSettings) setters() setters {
	fields := setters{
		"callback_url": textSetter(&s.url), "client_name": clearableSetter(&s.clientName),
		"state":  textSetter(&s.state),
		"secret": textSetter(&s.secret), "token": clearableSetter(&s.token),
		"is_active": flagSetter(&s.active), "summaries_only": boolSetter(&s.summariesOnly),
		"events": s.readEvents, "headers": s.readHeaders,
		"concurrency": defaultSetter(&s.concurrency), "rate_limit": numberSetter(&s.rateLimit), "timeout": s.readTimeout,
	}
	for _, name := range []string{"id", "version", "created_at", "updated_at", "disabled_reason", "has_token",
		"header_names", "secrets",
		"failures", "failing_since", "last_success", "paused_until", "resumed",
		"secrets_readable"} {
		fields[name] = ignoreSetter
	}
	return fields
}

func (s *webhookSettings) readEvents(raw json.RawMessage) error {
	s.events = new([]string)
	if json.Unmarshal(raw, s.events) != nil {
		return errors.New("a list of strings, or null")
	}
	if !isNull(raw) && len(*s.events) == 0 {
		return &innerError{code: webhooks.CodeEmpty, message: `must not be empty: "*" is for all`}
	}
	if i := slices.IndexFunc(*s.events, isOfProducts); i >= 0 && s.noProducts {
		return &innerError{code: webhooks.CodeUnknown, message: fmt.Sprintf("has %q, and here no events of products are "+
			"sent: this server imports into a table of its owner's", (*s.events)[i])}
	}
	return nil
}

func (s *webhookSettings) readTimeout(raw json.RawMessage) error {
	d, err := readSeconds(raw)
	if err == nil && d == 0 && !isNull(raw) {
		return errZero
	}
	s.timeout = &d
	return err
}

func (s *webhookSettings) readHeaders(raw json.RawMessage) error {
	var values map[string]json.RawMessage
	if json.Unmarshal(raw, &values) != nil {
		return errors.New("an object of strings, or null")
	}
	s.headers, s.noHeaders = make(map[string]*string, len(values)), isNull(raw)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		canonical := http.CanonicalHeaderKey(name)
		if _, twice := s.headers[canonical]; twice {
			return &innerError{name, codeTwice, "is given twice"}
		}
		var value *string
		if json.Unmarshal(values[name], &value) != nil {
			return &innerError{name, codeType, "must be a string or null"}
		}
		s.headers[canonical] = value
	}
	return nil
}

// create sets the fields of a new endpoint.
func (s *webhookSettings) create(e *webhooks.Endpoint) error {
	if s.secret != nil {
		secret, err := parseSecret(*s.secret)
		if err != nil {
			return err
		}
		e.Secrets, s.secret = []webhooks.LiveSecret{{Secret: secret}}, nil
	}
	return s.replace(e)
}

// parseSecret reads a secret that a client gives.
func parseSecret(text string) (receive.Secret, error) {
	secret, err := receive.ParseSecret(text)
	if err != nil {
		return secret, fieldProblem(http.StatusUnprocessableEntity, "secret", webhooks.CodeInvalid,
			"secret must be whsec_ and 24 to 64 bytes in base64")
	}
	return secret, nil
}

// replace sets all fields of an endpoint that responses show; those that the request doesn't have get their defaults.
// Token and headers, which no response shows, and the state stay unless the request has them.
func (s *webhookSettings) replace(e *webhooks.Endpoint) error {
	if s.url == nil {
		return fieldProblem(http.StatusUnprocessableEntity, "callback_url", codeMissing, "callback_url is missing")
	}
	s.noHeaders = s.noHeaders || s.headers != nil
	e.URL, e.ClientName, e.Events, e.SummariesOnly, e.Concurrency, e.RateLimit, e.Timeout = "", "", nil, false, 0, 0, 0
	return s.change(e)
}

// change sets the fields that the request has. It may be called several times.
func (s *webhookSettings) change(e *webhooks.Endpoint) error {
	if s.secret != nil {
		return fieldProblem(http.StatusUnprocessableEntity, "secret", webhooks.CodeForbidden,
			"secret can't be changed here, but with POST "+s.mount+string(rotateSecretPath))
	}
	if s.state != nil && *s.state != string(e.State) {
		return fieldProblem(http.StatusUnprocessableEntity, "state", webhooks.CodeForbidden,
			"state can't be set: use is_active, or POST "+s.mount+string(pauseWebhookPath)+" and resume")
	}
	set(&e.URL, s.url)
	set(&e.ClientName, s.clientName)
	set(&e.Events, s.events)
	set(&e.SummariesOnly, s.summariesOnly)
	set(&e.Concurrency, s.concurrency)
	set(&e.RateLimit, s.rateLimit)
	set(&e.Timeout, s.timeout)
	if s.token != nil {
		e.Token = webhooks.Token(*s.token)
	}
	if s.noHeaders {
		e.Headers = nil
	}
	for name, value := range s.headers {
		if value == nil {
			delete(e.Headers, name)
			continue
		}
		if e.Headers == nil {
			e.Headers = webhooks.Headers{}
		}
		e.Headers[name] = *value
	}
	if s.active != nil && *s.active != e.State.Receives() {
		if *s.active {
			e.Resume()
		} else {
			e.State = webhooks.Inactive
		}
	}
	return nil
}

func set[V any](to, value *V) {
	if value != nil {
		*to = *value
	}
}
