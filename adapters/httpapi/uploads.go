package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/products-importer/products-importer/importer/job"
)

// uploadView is a file that stands alone.
type uploadView struct {
	ID        string    `json:"id"`
	FileName  string    `json:"file_name"`
	Size      int64     `json:"size"`
	SHA256    string    `json:"sha256"`
	CreatedAt time.Time `json:"created_at"`
	// ExpiresAt is when it is deleted unless it is used until then.
	ExpiresAt time.Time `json:"expires_at"`
	User      *string   `json:"user"`
}

func uploadViewOf(u *job.Upload) uploadView {
	return uploadView{ID: u.ID, FileName: u.FileName, Size: u.Size, SHA256: u.SHA256, CreatedAt: u.CreatedAt,
		ExpiresAt: u.ExpiresAt, User: optional(u.User)}
}

// Uploads is the handler of POST /uploads/, which stores a file to be looked at and imported.
func (a *API) Uploads() http.Handler {
	return resource{uploadsPath, methods{http.MethodPost: a.handle(a.storeUpload)}}
}

// StoredUpload is the handler of GET and DELETE /uploads/{id}.
func (a *API) StoredUpload() http.Handler {
	return resource{storedUploadPath, methods{
		http.MethodGet:    a.handle(a.getUpload),
		http.MethodDelete: a.handle(a.deleteUpload),
	}}
}

func (a *API) storeUpload(w http.ResponseWriter, r *http.Request) error {
	if p := readParameters(r); p.err != nil {
		return p.err
	}
	var upload job.Upload
	if err := a.receive(w, r, func(ctx context.Context, file *sentFile) error {
		in, err := checkCharset(file, file.charset)
		if err == nil {
			upload, err = a.jobs.Upload(ctx, file.name, asker(ctx), in)
		}
		return err
	}); err != nil {
		return err
	}
	view := uploadViewOf(&upload)
	a.setLocation(w, r, uploadsPath, storedUploadPath, upload.ID)
	writeJSON(w, http.StatusCreated, "application/json", &view)
	return nil
}

func (a *API) getUpload(w http.ResponseWriter, r *http.Request) error {
	id, err := uploadID(r.PathValue("id"))
	if err != nil {
		return err
	}
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	upload, err := a.jobs.GetUpload(ctx, id)
	if err != nil {
		return uploadProblem(err)
	}
	view := uploadViewOf(&upload)
	writeJSON(w, http.StatusOK, "application/json", &view)
	return nil
}

func (a *API) deleteUpload(w http.ResponseWriter, r *http.Request) error {
	id, err := uploadID(r.PathValue("id"))
	if err != nil {
		return err
	}
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	if err := a.jobs.DeleteUpload(ctx, id); err != nil {
		return uploadProblem(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// uploadID returns the ID of an upload in lower case. Text that is no UUID isn't found, without asking a store.
func uploadID(text string) (string, error) {
	id, err := importID(text)
	return id, uploadProblem(err)
}

// uploadProblem returns the error of a call that was about an upload.
func uploadProblem(err error) error {
	if !errors.Is(err, job.ErrNotFound) {
		return err
	}
	p := newProblem(http.StatusNotFound, "not_found",
		"there is no such upload: it was deleted, or nobody has used it for too long; send the file again")
	p.cause = err
	return p
}

// Rerun is the handler of POST /imports/{id}/rerun, which imports the file of an import again, with other settings.
func (a *API) Rerun() http.Handler {
	return resource{rerunPath, methods{http.MethodPost: a.handle(a.rerunImport)}}
}

// createImport imports an upload.
func (a *API) createImport(w http.ResponseWriter, r *http.Request) error {
	var changes settingChanges
	var upload *string
	profile, priority := new(string), new(int)
	fields := changes.setters()
	fields["upload"], fields["priority"] = textSetter(&upload), numberSetter(&priority)
	fields[profileName] = clearableSetter(&profile)
	if err := a.readSettings(w, r, []string{"application/json"}, fields); err != nil {
		return err
	}
	if upload == nil {
		return fieldProblem(http.StatusUnprocessableEntity, "upload", codeMissing, "upload is missing: the id of one")
	}
	id, err := uploadID(*upload)
	if err != nil {
		return err
	}
	request := job.Request{User: asker(r.Context()), Priority: *priority,
		IdempotencyKey: r.Header.Get(headerIdempotencyKey)}
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	if request.Settings, err = a.settingsOf(ctx, *profile, changes); err != nil {
		return err
	}
	j, created, err := a.jobs.Import(ctx, id, request)
	if err != nil {
		return uploadProblem(settingProblem(err))
	}
	a.accept(w, r, importsPath, &j, created)
	return nil
}

// rerunImport imports the file of an import again.
func (a *API) rerunImport(w http.ResponseWriter, r *http.Request) error {
	id, err := importID(r.PathValue("id"))
	if err != nil {
		return err
	}
	var changes settingChanges
	var priority *int
	fields := changes.setters()
	fields["priority"] = numberSetter(&priority)
	if err := a.readOptionalObject(w, r, fields); err != nil {
		return err
	}
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	j, created, err := a.jobs.Rerun(ctx, id, func(request *job.Request) error {
		changes.apply(&request.Settings)
		if priority != nil {
			request.Priority = *priority
		}
		request.User, request.IdempotencyKey = asker(ctx), r.Header.Get(headerIdempotencyKey)
		return nil
	})
	if err != nil {
		return settingProblem(err)
	}
	a.accept(w, r, rerunPath, &j, created)
	return nil
}
