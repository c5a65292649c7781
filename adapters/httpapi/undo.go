package httpapi

import (
	"net/http"

	"github.com/products-importer/products-importer/importer/job"
)

// Undo is the handler of POST /imports/{id}/undo, which takes back what an import did, or finds out what it would take
// back.
func (a *API) Undo() http.Handler {
	return a.ofProducts(undoPath, methods{http.MethodPost: a.handle(a.undoImport)})
}

func (a *API) undoImport(w http.ResponseWriter, r *http.Request) error {
	id, err := importID(r.PathValue("id"))
	if err != nil {
		return err
	}
	dry := new(bool)
	if err := a.readOptionalObject(w, r, setters{"dry_run": boolSetter(&dry)}); err != nil {
		return err
	}
	ctx, cancel := withTimeout(r, requestTime)
	defer cancel()
	j, created, err := a.jobs.Undo(ctx, id, job.UndoRequest{User: asker(ctx), DryRun: *dry,
		IdempotencyKey: r.Header.Get(headerIdempotencyKey)})
	if err != nil {
		return settingProblem(err)
	}
	a.accept(w, r, undoPath, &j, created)
	return nil
}
