package httpapi

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// Changes is the handler of GET /imports/{id}/changes, what an import did to each product, or would do in a dry run.
func (a *API) Changes() http.Handler {
	return resource{changesPath, methods{http.MethodGet: a.handle(a.getChanges)}}
}

// ChangesCSV is the handler of GET /imports/{id}/changes.csv, the same as CSV with one row for each field.
func (a *API) ChangesCSV() http.Handler {
	return resource{changesCSVPath, methods{http.MethodGet: a.handle(a.getChangesCSV)}}
}

// changeView is what an import did to a product.
type changeView struct {
	Kind job.ChangeKind `json:"kind"`
	Key  string         `json:"key"`
	SKU  string         `json:"sku"`
	// ProductID is null for what a dry run would create.
	ProductID *int64 `json:"product_id"`
	// Version is the product's afterwards, its last one where it was deleted, null where none was there.
	Version *int64 `json:"version"`
	// CreatedAt is that of a product that was deleted, null else.
	CreatedAt *time.Time `json:"created_at"`
	// Reason says why a product was kept, null else.
	Reason *string `json:"reason"`
	// Fields are those that changed, by name, and Attributes likewise.
	Fields     map[string]fieldChangeView `json:"fields"`
	Attributes map[string]fieldChangeView `json:"attributes"`
}

// fieldChangeView is what a field was and is, as it stands in a product.
type fieldChangeView struct {
	Before any `json:"before"`
	After  any `json:"after"`
}

// viewOfChange returns the view of a change.
func (a *API) viewOfChange(c *job.Change) changeView {
	v := changeView{Kind: c.Kind, Key: c.Key, SKU: c.SKU, CreatedAt: optionalTime(c.CreatedAt),
		Reason: optional(c.Reason)}
	if c.ID != 0 {
		v.ProductID = &c.ID
	}
	if c.Version != 0 {
		v.Version = &c.Version
	}
	v.Fields, v.Attributes = a.viewOfFields(c.Fields)
	return v
}

// fieldJSON returns the value of a field with the canonical text as products have it in JSON. The field is nil for the
// SKU, and where the schema doesn't have it any more.
func fieldJSON(f *products.Field, text *string) any {
	switch {
	case text == nil:
		return nil
	case f == nil || f.Builtin() && f.Type == products.Text:
		return *text
	}
	return f.Value(*text)
}

// skuChange is the name of the SKU among the fields of a change.
const skuChange = "sku"

// changeParameters are those that say which changes are wanted.
var changeParameters = []string{"kind...", "field"}

// changeQuery returns what they say.
func (p *parameters) changeQuery() (q job.ChangeQuery) {
	for _, text := range p.texts("kind") {
		kind := job.ChangeKind(text)
		if !slices.Contains(job.ChangeKinds, kind) {
			p.fail("kind", codeValue, fmt.Sprintf("kind must be one of %v, not %q", job.ChangeKinds, products.Shorten(text)))
		}
		q.Kinds = append(q.Kinds, kind)
	}
	q.Field = p.text("field")
	return q
}

// unchanged returns an error where no product can have the field that was asked for, and no change has it: changes may
// have one that the schema had once.
func (a *API) unchanged(name string) error {
	asked := job.FieldChange{Name: name}
	if _, is := asked.Attribute(); is || name == "" || name == skuChange || a.schema.Find(name) != nil {
		return nil
	}
	want := []string{skuChange}
	for _, f := range a.schema.All() {
		want = append(want, f.Name)
	}
	const most = 40
	if n := len(want); n > most {
		want = append(want[:most], fmt.Sprintf("one of %d more fields", n-most))
	}
	return badParameter("field", codeValue, fmt.Sprintf("field: there is no field %q: want %s, or attributes.NAME",
		products.Shorten(name), strings.Join(want, ", ")))
}

func (a *API) getChanges(w http.ResponseWriter, r *http.Request) error {
	id, err := importID(r.PathValue("id"))
	if err != nil {
		return err
	}
	p := readParameters(r, slices.Concat([]string{"limit", "cursor"}, changeParameters)...)
	limit, query := p.number("limit", 1, job.MaxChanges, products.DefaultLimit), p.changeQuery()
	query.After = placeOf(p, func(at *job.ChangePlace) bool { return at.Batch >= 0 && at.Key != "" })
	if p.err != nil {
		return p.err
	}
	ctx, h, err := a.startRead(r)
	if err != nil {
		return err
	}
	defer h.release()
	changes, next, err := a.jobs.Changes(ctx, id, query, limit)
	if err == nil && len(changes) == 0 {
		err = a.unchanged(query.Field)
	}
	if err != nil {
		return err
	}
	var body struct {
		Next    *string      `json:"next"`
		Results []changeView `json:"results"`
	}
	body.Results = make([]changeView, len(changes))
	for i := range changes {
		body.Results[i] = a.viewOfChange(&changes[i])
	}
	if next != nil {
		body.Next = a.link(r, changesPath, p, map[string]string{"cursor": cursorOf(next)})
	}
	writeJSON(w, http.StatusOK, "application/json", &body)
	return nil
}

func (a *API) getChangesCSV(w http.ResponseWriter, r *http.Request) error {
	id, err := importID(r.PathValue("id"))
	if err != nil {
		return err
	}
	p := readParameters(r, changeParameters...)
	query := p.changeQuery()
	if p.err != nil {
		return p.err
	}
	h, err := a.startStream(r)
	if err != nil {
		return err
	}
	defer h.release()
	file := newCSVResponse(w, "changes-"+id+".csv")
	changes, err := a.jobs.ChangesCSV(r.Context(), id, query, file)
	if err == nil && changes == 0 {
		err = a.unchanged(query.Field) // the header alone wasn't sent yet
	}
	return file.end(err)
}
