package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/products-importer/products-importer/importer/job"
)

// acceptedView is the answer to an upload. ID and TaskID are the same: older clients read the latter.
type acceptedView struct {
	TaskID      string    `json:"task_id"`
	ID          string    `json:"id"`
	State       job.State `json:"state"`
	FileName    string    `json:"file_name"`
	Bytes       int64     `json:"total_bytes"`
	SHA256      string    `json:"sha256"`
	DuplicateOf *string   `json:"duplicate_of"`
}

// Upload is the handler of POST /upload_csv/, which stores a file and creates the job that imports it.
func (a *API) Upload() http.Handler {
	return resource{uploadPath, methods{http.MethodPost: a.handle(a.upload)}}
}

func (a *API) upload(w http.ResponseWriter, r *http.Request) error {
	request, err := a.readUploadRequest(r)
	if err != nil {
		return err
	}
	var j job.Job
	var created bool
	if err := a.receive(w, r, func(ctx context.Context, file *sentFile) (err error) {
		request.FileName = file.name
		if err := a.setCharset(&request.Settings, file.charset); err != nil {
			return err
		}
		j, created, err = a.jobs.Submit(ctx, request, file)
		return err
	}); err != nil {
		return err
	}
	a.accept(w, r, uploadPath, &j, created)
	return nil
}

// headerIdempotencyKey has the key of a request that may be repeated.
const headerIdempotencyKey = "Idempotency-Key"

// accept answers with the job that a request to the route has created, or that an earlier one with its key has.
func (a *API) accept(w http.ResponseWriter, r *http.Request, from routePath, j *job.Job, created bool) {
	if !created {
		w.Header().Set("Idempotency-Replayed", "true")
	}
	noteJob(r, j.ID)
	a.setLocation(w, r, from, importPath, j.ID)
	writeJSON(w, http.StatusAccepted, "application/json", &acceptedView{
		TaskID: j.ID, ID: j.ID, State: j.State, FileName: j.FileName, Bytes: j.Size, SHA256: j.SHA256,
		DuplicateOf: optional(j.DuplicateOf),
	})
}

// errSlowStore ends the context of an upload.
var errSlowStore = fmt.Errorf("the store has taken longer than %v: %w", requestTime, context.DeadlineExceeded)

// receive calls take with the file in the request's body, and a context that ends once the store has been waited for
// too long since the client was.
func (a *API) receive(w http.ResponseWriter, r *http.Request,
	take func(ctx context.Context, file *sentFile) error) error {
	if r.ContentLength > a.options.MaxUploadBytes {
		return &http.MaxBytesError{Limit: a.options.MaxUploadBytes}
	}
	ctx, end := context.WithCancelCause(r.Context())
	defer end(nil)
	patience := time.AfterFunc(requestTime, func() { end(errSlowStore) })
	defer patience.Stop()
	file, err := a.openFile(w, r, patience)
	if err != nil {
		return err
	}
	defer file.Close()
	err = take(ctx, file)
	a.options.Meter.Received(file.received())
	extendDeadline(w, writeTime) // the answer is due once the file is there
	if err != nil && file.err != nil && !errors.Is(file.err, io.EOF) {
		return file.err // what the client sent was wrong, whatever became of it on the way
	}
	if errors.Is(err, context.Canceled) && r.Context().Err() == nil {
		return context.Cause(ctx)
	}
	return err
}

// readUploadRequest reads the settings of an import from the query and the header.
func (a *API) readUploadRequest(r *http.Request) (request job.Request, err error) {
	p := readParameters(r, append(settingParameters(), "priority")...)
	if p.err != nil {
		return request, p.err
	}
	request.Priority = p.number("priority", -job.MaxPriority, job.MaxPriority, 0)
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	if request.Settings, err = a.querySettings(ctx, p); err != nil {
		return request, err
	}
	// Before anything is read of the file.
	if err := a.checkSettings(request.Settings); err != nil {
		return request, err
	}
	request.IdempotencyKey, request.User = r.Header.Get(headerIdempotencyKey), asker(r.Context())
	return request, nil
}
