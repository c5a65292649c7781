package httpapi

import (
	"context"
	"io"
	"math"
	"net/http"
	"strings"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// Imports is the handler of GET /imports/, the history, and of POST /imports/, which imports an upload.
func (a *API) Imports() http.Handler {
	return resource{importsPath, methods{
		http.MethodGet:  a.handle(a.listImports),
		http.MethodPost: a.handle(a.createImport),
	}}
}

// Import is the handler of GET /imports/{id}, one import.
func (a *API) Import() http.Handler {
	return resource{importPath, methods{http.MethodGet: a.handle(a.getImport)}}
}

// Cancel is the handler of POST /imports/{id}/cancel, which asks for the end of an import.
func (a *API) Cancel() http.Handler {
	return resource{cancelPath, methods{http.MethodPost: a.handle(a.cancelImport)}}
}

// Rejects is the handler of GET /imports/{id}/rejects.csv, the rejected records as CSV.
func (a *API) Rejects() http.Handler {
	return resource{rejectsPath, methods{http.MethodGet: a.handle(a.getRejects)}}
}

// Superseded is the handler of GET /imports/{id}/superseded.csv, the superseded records as CSV.
func (a *API) Superseded() http.Handler {
	return resource{supersededPath, methods{http.MethodGet: a.handle(a.getSuperseded)}}
}

// Skipped is the handler of GET /imports/{id}/skipped.csv, the records that mode existing left alone as CSV.
func (a *API) Skipped() http.Handler {
	return resource{skippedPath, methods{http.MethodGet: a.handle(a.getSkipped)}}
}

// jobStates are the states by which the history can be filtered.
var jobStates = []job.State{job.Pending, job.Started, job.Progress, job.Success, job.Failure, job.Revoked}

func (a *API) listImports(w http.ResponseWriter, r *http.Request) error {
	p := readParameters(r, "limit", "offset", "state...", "user...")
	q := job.Query{Limit: p.number("limit", 1, 1_000, products.DefaultLimit),
		Offset: p.number("offset", 0, math.MaxInt32, 0), States: readStates(p, jobStates, strings.ToUpper),
		Users: p.texts("user")}
	if p.err != nil {
		return p.err
	}
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	jobs, count, err := a.jobs.List(ctx, q)
	if err != nil {
		return err
	}
	writePage(a, w, r, importsPath, p, q.Limit, q.Offset, count, jobs, viewOf)
	return nil
}

func (a *API) getImport(w http.ResponseWriter, r *http.Request) error {
	id, err := importID(r.PathValue("id"))
	if err != nil {
		return err
	}
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	j, err := a.jobs.Get(ctx, id)
	if err != nil {
		return err
	}
	view := viewOf(&j)
	writeJSON(w, http.StatusOK, "application/json", &view)
	return nil
}

func (a *API) cancelImport(w http.ResponseWriter, r *http.Request) error {
	id, err := importID(r.PathValue("id"))
	if err != nil {
		return err
	}
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	j, err := a.jobs.Cancel(ctx, id)
	if err != nil {
		return err
	}
	view := viewOf(&j)
	a.setLocation(w, r, cancelPath, importPath, j.ID)
	writeJSON(w, http.StatusAccepted, "application/json", &view)
	return nil
}

func (a *API) getRejects(w http.ResponseWriter, r *http.Request) error {
	return a.report(w, r, "rejects", a.jobs.Rejects)
}

func (a *API) getSuperseded(w http.ResponseWriter, r *http.Request) error {
	return a.report(w, r, "superseded", a.jobs.Superseded)
}

func (a *API) getSkipped(w http.ResponseWriter, r *http.Request) error {
	return a.report(w, r, "skipped", a.jobs.Skipped)
}

// report answers with the CSV file that write makes of the import's file.
func (a *API) report(w http.ResponseWriter, r *http.Request, name string, write func(ctx context.Context, id string,
	w io.Writer) error) error {
	id, err := importID(r.PathValue("id"))
	if err != nil {
		return err
	}
	ctx, cancel := withTimeout(r, requestTime)
	j, err := a.jobs.Get(ctx, id)
	cancel()
	if err != nil {
		return err
	}
	if j.Upload == "" {
		return newProblem(http.StatusNotFound, "file_gone", "the import's file was deleted, and its "+name+" with it")
	}
	file := newCSVResponse(w, name+"-"+id+".csv")
	// The file is read again to find them, and a client that is slow to take them is waited for piece by piece.
	err = write(r.Context(), id, file)
	return file.end(err)
}
