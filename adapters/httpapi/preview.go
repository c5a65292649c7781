package httpapi

import (
	"errors"
	"net/http"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
)

// previewView is how an upload would be imported.
type previewView struct {
	Upload uploadView `json:"upload"`
	*importer.Previewed
	// Profile is the one that was kept last for such a header, null for none.
	Profile *fittingProfile `json:"profile"`
}

type fittingProfile struct {
	Name     string       `json:"name"`
	Settings job.Settings `json:"settings"`
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
	p.number("priority", -job.MaxPriority, job.MaxPriority, 0) // of the import, whose query may come as it is
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	settings, err := a.querySettings(ctx, p)
	if err != nil {
		return err
	}
	preview, err := a.jobs.Preview(ctx, id, settings)
	if err != nil {
		return uploadProblem(err)
	}
	view := previewView{Upload: uploadViewOf(&preview.Upload), Previewed: &preview.Previewed}
	fitting, err := a.jobs.FindProfile(ctx, preview.Fingerprint)
	switch {
	case err == nil:
		view.Profile = &fittingProfile{fitting.Name, shownSettings(fitting.Settings)}
	case !errors.Is(err, job.ErrNotFound):
		return err
	}
	writeJSON(w, http.StatusOK, "application/json", &view)
	return nil
}
