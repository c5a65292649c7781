package httpapi

import (
	"net/http"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
)

// previewView is how an upload would be imported.
type previewView struct {
	Upload uploadView `json:"upload"`
	*importer.Previewed
}

// Preview is the handler of GET /uploads/{id}/preview, which says how an import with the settings of the query reads
// the upload, by its beginning.
func (a *API) Preview() http.Handler {
	return resource{previewPath, methods{http.MethodGet: a.handle(a.previewUpload)}}
}

func (a *API) previewUpload(w http.ResponseWriter, r *http.Request) error {
	id, err := uploadID(r.PathValue("id"))
	if err != nil {
		return err
	}
	p := readParameters(r, append(settingParameters(), "priority")...)
	settings := p.settings()
	p.number("priority", -job.MaxPriority, job.MaxPriority, 0) // of the import, whose query may come as it is
	if p.err != nil {
		return p.err
	}
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	preview, err := a.jobs.Preview(ctx, id, settings)
	if err != nil {
		return uploadProblem(err)
	}
	writeJSON(w, http.StatusOK, "application/json", &previewView{uploadViewOf(&preview.Upload), &preview.Previewed})
	return nil
}
