package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/webhooks"
)

// Problem is the body of every error, application/problem+json of RFC 9457. It is an error too, with which
// Options.Authenticate says exactly what the client gets.
type Problem struct {
	// Type is about:blank, which an empty one stands for: Title and Status say what kind of problem it is.
	Type string `json:"type"`
	// Title is the text of the status, which an empty one stands for.
	Title string `json:"title"`
	// Status is 400 to 599.
	Status int `json:"status"`
	// Code is stable, for programs: not_found, sku_exists, invalid_field and so on.
	Code string `json:"code"`
	// Detail is a sentence for people.
	Detail string `json:"detail"`
	// Errors names the fields or parameters that are wrong.
	Errors []products.FieldError `json:"errors,omitempty"`
	// Roles are those that may do what the user's role may not, the least first.
	Roles []basicauth.Role `json:"roles,omitempty"`
	// Cursor is where to go on in GET /changes, once everything was read anew.
	Cursor string `json:"cursor,omitempty"`
	// RequestID is the X-Request-Id of the response, by which the request is found in the log.
	RequestID string `json:"request_id,omitempty"`
	// Header is added to the response's.
	Header http.Header `json:"-"`

	retryAfter time.Duration
	cause      error
}

func (p *Problem) Error() string { return p.Detail }

// Unwrap returns the error that the problem was made of, if any.
func (p *Problem) Unwrap() error { return p.cause }

// Unauthorized returns a problem of status 401, for Options.Authenticate to return where a request is no user's. The
// challenge is the value of the header WWW-Authenticate, such as `Bearer realm="shop"`, which says how to log in; the
// detail is a sentence for people.
func Unauthorized(challenge, detail string) *Problem {
	p := newProblem(http.StatusUnauthorized, "unauthorized", detail)
	p.Header = http.Header{"Www-Authenticate": {challenge}}
	return p
}

// refusedProblem returns the problem for a log-in that was refused.
func refusedProblem(refused *basicauth.Error) *Problem {
	code := "unauthorized"
	switch refused.Status {
	case http.StatusTooManyRequests:
		code = "too_many_failures"
	case http.StatusServiceUnavailable:
		code = "unavailable"
	}
	p := newProblem(refused.Status, code, refused.Reason)
	p.Header, p.retryAfter, p.cause = http.Header{}, refused.RetryAfter, refused
	if refused.Status == http.StatusServiceUnavailable {
		p.retryAfter = retryAfter
	}
	refused.SetHeader(p.Header)
	return p
}

// newProblem returns a problem without fields.
func newProblem(status int, code, detail string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail}
}

// busyProblem returns the problem for a request that there is no room for at the moment.
func busyProblem(detail string) *Problem {
	p := newProblem(http.StatusServiceUnavailable, "busy", detail)
	p.retryAfter = retryAfter
	return p
}

// retryAfter is how long a client should wait before it tries again what failed for a reason that passes.
const retryAfter = 5 * time.Second

// kinds is the one table from errors to what a client gets. The first that matches counts. An empty detail stands for
// the error's own text, which is written for people.
var kinds = []struct {
	err    error
	status int
	code   string
	detail string
	retry  bool
}{
	{products.ErrNotFound, http.StatusNotFound, "not_found", "there is no such product", false},
	{products.ErrExists, http.StatusConflict, "sku_exists", "another product has this sku", false},
	{products.ErrVersion, http.StatusPreconditionFailed, "version_changed",
		"the product has changed since the version that If-Match names", false},
	{products.ErrQuery, http.StatusBadRequest, "invalid_query", "", false},
	{products.ErrBusy, http.StatusServiceUnavailable, "busy", "", true},
	{errStopping, http.StatusServiceUnavailable, "unavailable", "the server is stopping; try again", true},
	{products.ErrUnavailable, http.StatusServiceUnavailable, "unavailable", "the store can't be reached; try again",
		true},
	{products.ErrCommitUnknown, http.StatusServiceUnavailable, "outcome_unknown",
		"the store went away while it committed: look whether the change was made before trying again", true},
	{job.ErrFileGone, http.StatusGone, "file_gone", "the import's file was deleted; send it again", false},
	{job.ErrInUse, http.StatusConflict, "upload_in_use", "an import that has not ended uses the upload", false},
	{job.ErrManyProfiles, http.StatusConflict, "too_many_profiles", "there are as many profiles as there may be; delete " +
		"one", false},
	{job.ErrKeyMismatch, http.StatusUnprocessableEntity, "idempotency_key_mismatch", "the Idempotency-Key is that of an " +
		"import of another upload, or with other settings", false},
	{job.ErrNotFound, http.StatusNotFound, "not_found", "there is no such import", false},
	{job.ErrFinal, http.StatusConflict, "import_ended", "the import has ended", false},
	{job.ErrNotKept, http.StatusConflict, "not_kept", "the skipped records are kept in mode existing alone, and not of a " +
		"dry run", false},
	{job.ErrNoChanges, http.StatusConflict, "no_changes", "the import keeps no changes, so that they can be neither shown " +
		"nor undone: changes=all keeps those of an import", false},
	{job.ErrNotEnded, http.StatusConflict, "import_not_ended", "the import has not ended: wait for its end, or cancel it, " +
		"and undo it then", false},
	{job.ErrDryRun, http.StatusConflict, "dry_run", "the import was a dry run: there is nothing to be undone", false},
	{job.ErrKeyUsed, http.StatusConflict, "idempotency_key_used", "another import has this Idempotency-Key", false},
	{job.ErrBusy, http.StatusServiceUnavailable, "busy", "too many reports or previews are being made at the same " +
		"time; try again",
		true},
	{job.ErrFull, http.StatusInsufficientStorage, "no_room", "there is no room for the file", false},
	{importer.ErrTooLarge, http.StatusRequestEntityTooLarge, "too_large", "", false},
	{webhooks.ErrNotFound, http.StatusNotFound, "not_found", "there is no such webhook or delivery", false},
	{webhooks.ErrVersion, http.StatusPreconditionFailed, "version_changed",
		"the webhook has changed since the version that If-Match names", false},
	{webhooks.ErrOff, http.StatusConflict, "webhook_off", "the webhook is switched off: make it active first", false},
	{webhooks.ErrUnreadable, http.StatusServiceUnavailable, "secrets_unreadable", "the webhook's secrets were sealed with a " +
		"key that the server doesn't have, and without them it can only be looked at and deleted", false},
	{webhooks.ErrNoFeed, http.StatusConflict, "no_feed", "no feed is kept: the server's setting -feed, or FEED in its " +
		"environment, says for how long events are to be kept for it", false},
	{importer.ErrInput, http.StatusUnprocessableEntity, "not_importable", "", false},
	{os.ErrDeadlineExceeded, http.StatusRequestTimeout, "request_timeout", "the request came too slowly", false},
	{io.ErrUnexpectedEOF, http.StatusBadRequest, "cut_off", "the request's body ended too early", false},
	{context.DeadlineExceeded, http.StatusServiceUnavailable, "timeout", "it took too long; try again", true},
}

// problemOf returns what a client gets for the error.
func problemOf(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	var refused *basicauth.Error
	if errors.As(err, &refused) {
		return refusedProblem(refused)
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return newProblem(http.StatusRequestEntityTooLarge, "too_large", "the body is longer than the limit of "+
			strconv.FormatInt(tooLarge.Limit, 10)+" bytes")
	}
	var invalid *products.ValidationError
	if errors.As(err, &invalid) && len(invalid.Fields) > 0 {
		p = newProblem(http.StatusUnprocessableEntity, "invalid_field", invalid.Fields[0].Message)
		p.Errors, p.cause = invalid.Fields, err
		return p
	}
	var settings *webhooks.ValidationError
	if errors.As(err, &settings) && len(settings.Fields) > 0 {
		p = newFieldProblem(fieldsOf(settings))
		p.cause = err
		return p
	}
	var setting *job.SettingsError
	if errors.As(err, &setting) {
		return badParameter(setting.Field, codeValue, setting.Field+": "+setting.Message)
	}
	for _, k := range kinds {
		if !errors.Is(err, k.err) {
			continue
		}
		detail := k.detail
		if detail == "" {
			detail = strings.TrimPrefix(err.Error(), k.err.Error()+": ")
		}
		p = newProblem(k.status, k.code, detail)
		if k.retry {
			p.retryAfter = retryAfter
		}
		if k.code == "sku_exists" {
			p.Errors = []products.FieldError{{Field: "sku", Code: codeExists, Message: detail}}
		}
		var query *products.QueryError
		if errors.As(err, &query) && query.Field != "" {
			p.Errors = []products.FieldError{{Field: query.Field, Code: codeValue, Message: query.Message}}
		}
		var header *importer.HeaderError
		if errors.As(err, &header) {
			p.Errors = headerErrors(header)
		}
		p.cause = err
		return p
	}
	return internalProblem(err)
}

// headerErrors names the fields that the columns of a file lack, each with the column that may be meant.
func headerErrors(header *importer.HeaderError) (fields []products.FieldError) {
	for _, field := range header.Missing {
		message := "no column is known as the " + field
		if column := header.Suggestions[field]; column != "" {
			message += fmt.Sprintf("; did you mean %q? Then say map=%s=%s", products.Shorten(column), field,
				products.Shorten(column))
		}
		fields = append(fields, products.FieldError{Field: field, Code: codeMissing, Message: message})
	}
	return fields
}

// internalProblem returns the problem for every other error, which only the log shows.
func internalProblem(err error) *Problem {
	p := newProblem(http.StatusInternalServerError, "internal",
		"something went wrong; the log knows what, by the request's id")
	p.cause = err
	return p
}

// writeProblem answers with the problem that the error stands for, and logs one of the server's with its cause.
func writeProblem(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		panic(http.ErrAbortHandler) // the client has gone
	}
	p := *problemOf(err)
	if p.Status < http.StatusBadRequest || p.Status > 599 {
		p = *internalProblem(err) // an application's own
	}
	if p.Type == "" {
		p.Type = "about:blank"
	}
	if p.Title == "" {
		p.Title = http.StatusText(p.Status)
	}
	p.RequestID = w.Header().Get(headerRequestID)
	if p.Status >= http.StatusInternalServerError {
		level := slog.LevelError
		if errors.Is(err, errStopping) {
			level = slog.LevelDebug // it is meant to
		}
		log.Log(r.Context(), level, "request failed", "status", p.Status, "error", err, "request_id", p.RequestID)
	}
	h := w.Header()
	for _, name := range []string{"ETag", "Location", "Content-Disposition", "Last-Modified"} {
		h.Del(name)
	}
	for name, values := range p.Header {
		h[http.CanonicalHeaderKey(name)] = values
	}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((p.retryAfter+time.Second-1)/time.Second), 10))
	}
	h.Set("Cache-Control", "no-store")
	writeJSON(w, p.Status, "application/problem+json", &p)
}

// bodyProblem returns the problem for a body that couldn't be read. Whatever the error is, a broken chunk or a lost
// connection, it is the client's.
func bodyProblem(err error) error {
	if errors.Is(err, io.EOF) || problemOf(err).Status != http.StatusInternalServerError {
		return err
	}
	p := newProblem(http.StatusBadRequest, "malformed_body", "the request's body is malformed, or ends too early")
	p.cause = err
	return p
}
