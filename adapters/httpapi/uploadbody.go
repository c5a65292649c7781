package httpapi

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/products-importer/products-importer/products"
)

// fileTypes are the types of a body that is the file itself. Browsers on Windows take CSV files for Excel's.
var fileTypes = []string{
	"text/csv", "application/csv", "text/plain", "text/tab-separated-values", "application/octet-stream",
	"application/vnd.ms-excel",
	"application/gzip", "application/x-gzip", "application/zstd", "application/zip", "application/x-zip-compressed",
}

// sentFile is the file in a request's body.
type sentFile struct {
	*uploadReader
	name    string // that the client gives it
	charset string // that the Content-Type says, empty where it doesn't
}

// openFile returns the file in the request's body. The patience rests while the client is waited for.
func (a *API) openFile(w http.ResponseWriter, r *http.Request, patience *time.Timer) (*sentFile, error) {
	given, encoding := r.Header.Get("Content-Type"), r.Header.Get("Content-Encoding")
	mediaType, parameters, err := mime.ParseMediaType(given)
	body := clientBody{http.MaxBytesReader(w, r.Body, a.options.MaxUploadBytes), patience}
	switch {
	case given == "" || err == nil && slices.Contains(fileTypes, mediaType):
		file := &sentFile{charset: parameters["charset"]}
		if _, disposition, err := mime.ParseMediaType(r.Header.Get("Content-Disposition")); err == nil {
			file.name = fileName(disposition["filename"])
		}
		file.uploadReader, err = newUploadReader(body, encoding, a.options.MaxFileBytes)
		return file, err
	case mediaType != "multipart/form-data":
		return nil, newProblem(http.StatusUnsupportedMediaType, "content_type",
			fmt.Sprintf(
				"the Content-Type must be multipart/form-data with a field %q, or text/csv, application/gzip, "+
					"application/zstd or application/zip, not %q", fileField, products.Shorten(given)))
	case encoding != "" && !strings.EqualFold(strings.TrimSpace(encoding), "identity"):
		return nil, newProblem(http.StatusUnsupportedMediaType, "content_encoding",
			fmt.Sprintf("a form may have no Content-Encoding, but has %q: compress the file in it instead",
				products.Shorten(encoding)))
	}
	r = r.WithContext(r.Context()) // the server's own keeps its body
	r.Body = body
	return a.openForm(r)
}

// openForm returns the file in a form.
func (a *API) openForm(r *http.Request) (*sentFile, error) {
	form, err := r.MultipartReader()
	if err != nil {
		return nil, newProblem(http.StatusBadRequest, "malformed_form", "the form is malformed: "+err.Error())
	}
	part, err := nextFile(form)
	switch {
	case err != nil:
		return nil, err
	case part == nil:
		return nil, fieldProblem(http.StatusUnprocessableEntity, fileField, codeMissing, "the form has no field "+
			fileField)
	}
	file := &sentFile{name: fileName(part.FileName())}
	if _, parameters, err := mime.ParseMediaType(part.Header.Get("Content-Type")); err == nil {
		file.charset = parameters["charset"]
	}
	file.uploadReader, err = newUploadReader(&onlyFile{form: form, part: part}, part.Header.Get("Content-Encoding"),
		a.options.MaxFileBytes)
	return file, err
}

// fileName returns the last part of the path that the client gives its file.
func fileName(name string) string {
	if name == "" {
		return ""
	}
	return path.Base(strings.ReplaceAll(name, `\`, "/"))
}

// clientBody reads a body, and fails with a problem that the client gets.
type clientBody struct {
	io.ReadCloser
	patience *time.Timer
}

func (b clientBody) Read(p []byte) (int, error) {
	b.patience.Stop()
	n, err := b.ReadCloser.Read(p)
	b.patience.Reset(requestTime)
	if err != nil {
		err = bodyProblem(err)
	}
	return n, err
}
