package httpapi

import (
	"errors"
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
	var undone *job.UndoneError
	switch {
	case errors.As(err, &undone) && undone.By.State.Final():
		return newProblem(http.StatusConflict, "already_undone", "the import was undone by "+undone.By.ID+
			": undo that one to have it again")
	case errors.As(err, &undone):
		return newProblem(http.StatusConflict, "being_undone", undone.By.ID+
			" is undoing the import, or bringing back what an undo of it took: wait for its end")
	case err != nil:
		return settingProblem(err)
	}
	a.accept(w, r, undoPath, &j, created)
	return nil
}
