package httpapi

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// fileTypes are the types of a body that is the file itself. Browsers on Windows take CSV files for Excel's.
var fileTypes = []string{
	"text/csv", "application/csv", "text/plain", "text/tab-separated-values", "application/octet-stream",
	"application/vnd.ms-excel",
	"application/gzip", "application/x-gzip", "application/zstd", "application/zip", "application/x-zip-compressed",
}

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
	if err := a.receive(w, r, func(name string, file io.Reader) (err error) {
		request.FileName = name
		j, created, err = a.jobs.Submit(r.Context(), request, file)
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
	a.setLocation(w, r, from, importPath, j.ID)
	writeJSON(w, http.StatusAccepted, "application/json", &acceptedView{
		TaskID: j.ID, ID: j.ID, State: j.State, FileName: j.FileName, Bytes: j.Size, SHA256: j.SHA256,
		DuplicateOf: optional(j.DuplicateOf),
	})
}

// receive calls take with the file in the request's body, and what the client calls it.
func (a *API) receive(w http.ResponseWriter, r *http.Request, take func(name string, file io.Reader) error) error {
	if r.ContentLength > a.options.MaxUploadBytes {
		return &http.MaxBytesError{Limit: a.options.MaxUploadBytes}
	}
	name, file, err := a.openFile(w, r)
	if err != nil {
		return err
	}
	defer file.Close()
	err = take(name, file)
	a.options.Meter.Received(file.received())
	extendDeadline(w, writeTime) // the answer is due once the file is there
	if err != nil && file.err != nil && !errors.Is(file.err, io.EOF) {
		return file.err // what the client sent was wrong, whatever became of it on the way
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

// openFile returns a reader of the file in the request's body, and what the client calls it.
func (a *API) openFile(w http.ResponseWriter, r *http.Request) (name string, file *uploadReader, err error) {
	given := r.Header.Get("Content-Type")
	mediaType, _, err := mime.ParseMediaType(given)
	body := clientBody{http.MaxBytesReader(w, r.Body, a.options.MaxUploadBytes)}
	switch {
	case given == "" || err == nil && slices.Contains(fileTypes, mediaType):
		if _, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Disposition")); err == nil {
			name = fileName(parameters["filename"])
		}
		file, err = newUploadReader(body, r.Header.Get("Content-Encoding"), a.options.MaxFileBytes)
		return name, file, err
	case mediaType != "multipart/form-data":
		return "", nil, newProblem(http.StatusUnsupportedMediaType, "content_type",
			fmt.Sprintf(
				"the Content-Type must be multipart/form-data with a field %q, or text/csv, application/gzip, "+
					"application/zstd or application/zip, not %q", fileField, products.Shorten(given)))
	}
	r = r.WithContext(r.Context()) // the server's own keeps its body
	r.Body = body
	form, err := r.MultipartReader()
	if err != nil {
		return "", nil, newProblem(http.StatusBadRequest, "malformed_form", "the form is malformed: "+err.Error())
	}
	part, err := form.NextPart()
	switch {
	case errors.Is(err, io.EOF):
		return "", nil, fieldProblem(http.StatusUnprocessableEntity, fileField, codeMissing, "the form has no field "+
			fileField)
	case err != nil:
		return "", nil, formProblem(err)
	case part.FormName() != fileField:
		field := products.Shorten(part.FormName())
		return "", nil, fieldProblem(http.StatusUnprocessableEntity, field, codeUnknown,
			fmt.Sprintf("the form's only field must be %q, not %q", fileField, field))
	}
	file, err = newUploadReader(&onlyPart{form: form, part: part}, part.Header.Get("Content-Encoding"),
		a.options.MaxFileBytes)
	return fileName(part.FileName()), file, err
}

// fileField is the name of the form's field that has the file.
const fileField = "file"

// onlyPart reads a part of a form, and fails if another part follows.
type onlyPart struct {
	form *multipart.Reader
	part *multipart.Part
	err  error // how it ended
}

func (p *onlyPart) Read(b []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	n, err := p.part.Read(b)
	switch {
	case errors.Is(err, io.EOF):
		p.err = p.end()
	case err != nil:
		p.err = formProblem(err)
	}
	return n, p.err
}

// end returns io.EOF if no part follows.
func (p *onlyPart) end() error {
	next, err := p.form.NextPart()
	switch {
	case errors.Is(err, io.EOF):
		return io.EOF
	case err != nil:
		return formProblem(err)
	}
	name := products.Shorten(next.FormName())
	return fieldProblem(http.StatusUnprocessableEntity, name, codeUnknown,
		fmt.Sprintf("the form must end behind the field %q, but has %q", fileField, name))
}

// formProblem returns the problem for a form that couldn't be read, or the body's own.
func formProblem(err error) error {
	if problemOf(err).Status != http.StatusInternalServerError {
		return err
	}
	p := newProblem(http.StatusBadRequest, "malformed_form", "the form is malformed, or ends too early")
	p.cause = err
	return p
}

// fileName returns the last part of the path that the client gives its file.
func fileName(name string) string {
	if name == "" {
		return ""
	}
	return path.Base(strings.ReplaceAll(name, `\`, "/"))
}

// clientBody reads a body, and fails with a problem that the client gets.
type clientBody struct{ io.ReadCloser }

func (b clientBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		err = bodyProblem(err)
	}
	return n, err
}
