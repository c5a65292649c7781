package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// readProduct reads a whole product: name, sku and, of a new one, the fields that are required must be there, and
// whatever else is absent or null is empty. The error names all that is wrong with a new product. Of one that is stored
// the store decides by the rules, since what breaks a younger rule may stay as it is.
func (a *API) readProduct(w http.ResponseWriter, r *http.Request, isNew bool) (product products.Product, err error) {
	var patch products.Patch
	err = a.readObject(w, r, []string{"application/json"}, patchSetters(&patch, a.schema))
	var wrong []products.FieldError
	if err != nil {
		var problem *Problem
		if !errors.As(err, &problem) || len(problem.Errors) == 0 || len(problem.Errors) >= mostWrong {
			return product, err
		}
		wrong = problem.Errors
	}
	add := func(e products.FieldError) {
		if !slices.ContainsFunc(wrong, func(other products.FieldError) bool { return other.Field == e.Field }) {
			wrong = append(wrong, e)
		}
	}
	missing := func(field, name string) {
		add(products.FieldError{Field: field, Code: codeMissing, Message: name + " is missing"})
	}
	if patch.Name == nil {
		missing("name", "name")
	}
	if patch.SKU == nil {
		missing("sku", "sku")
	}
	product = patch.Apply(products.Product{})
	if !isNew {
		return product, fieldProblems(wrong)
	}
	for _, f := range a.schema.All() {
		if !f.Builtin() && f.Required() && patch.Fields[f.Name].IsNull() {
			missing(ownField(f.Name), f.Name)
		}
	}
	if len(wrong) > 0 { // otherwise the store says it
		var invalid *products.ValidationError
		if errors.As(a.refusedFields(a.schema.Validate(&product)), &invalid) {
			for _, e := range invalid.Fields {
				add(e)
			}
		}
	}
	return product, fieldProblems(wrong)
}

// patchSetters returns setters that read the fields of a product into the patch. Those that belong to the server are
// accepted and ignored, so that a client can send back what it got.
func patchSetters(patch *products.Patch, schema *products.Schema) setters {
	return setters{
		"id": ignoreSetter, "version": ignoreSetter, "created_at": ignoreSetter, "updated_at": ignoreSetter,
		"name": textSetter(&patch.Name), "sku": textSetter(&patch.SKU),
		"description": clearableSetter(&patch.Description), "status": boolSetter(&patch.Status),
		fieldsName: func(raw json.RawMessage) error {
			if isNull(raw) {
				patch.ReplaceFields = true
				return nil
			}
			return readFields(raw, patch, schema)
		},
		"attributes": func(raw json.RawMessage) error {
			if isNull(raw) {
				patch.ReplaceAttributes = true
				return nil
			}
			return readAttributes(raw, patch)
		},
	}
}

// fieldsName is the name of the object that has the fields of one's own.
const fieldsName = "fields"

// ownField names a field of one's own in errors.
func ownField(name string) string { return fieldsName + "." + name }

// readFields reads an object with fields of one's own; a null clears the field. All that are wrong are named.
func readFields(raw json.RawMessage, patch *products.Patch, schema *products.Schema) error {
	var values map[string]json.RawMessage
	if json.Unmarshal(raw, &values) != nil {
		return errors.New("an object of fields, or null")
	}
	patch.Fields = make(map[string]products.Value, len(values))
	var wrong fieldErrors
	for _, name := range slices.Sorted(maps.Keys(values)) {
		f := schema.Find(name)
		if f == nil || f.Builtin() {
			shown := products.Shorten(name)
			wrong = append(wrong, products.FieldError{Field: ownField(shown), Code: codeUnknown,
				Message: fmt.Sprintf("there is no field %q: %s", shown, wantFields(schema))})
			continue
		}
		text, fault := f.ParseJSON(values[name]) // the store applies the rules
		if fault != nil {
			wrong = append(wrong, products.FieldError{Field: ownField(name), Code: fault.Code, Message: fault.Message})
			continue
		}
		patch.Fields[name] = f.Value(text)
	}
	if len(wrong) > 0 {
		return wrong
	}
	return nil
}

// wantFields says which fields of one's own there are.
func wantFields(schema *products.Schema) string {
	const most = 40
	var names []string
	for _, f := range schema.All() {
		if !f.Builtin() {
			names = append(names, f.Name)
		}
	}
	switch n := len(names); {
	case n == 0:
		return "no fields are declared"
	case n > most:
		return fmt.Sprintf("want %s or one of %d more", strings.Join(names[:most], ", "), n-most)
	}
	return "want " + strings.Join(names, ", ")
}

// refusedFields returns an error of the store with the fields of one's own named as the API has them.
func (a *API) refusedFields(err error) error {
	var invalid *products.ValidationError
	if !errors.As(err, &invalid) {
		return err
	}
	named := &products.ValidationError{Fields: slices.Clone(invalid.Fields)}
	for i := range named.Fields {
		e := &named.Fields[i]
		if f := a.schema.Find(e.Field); f != nil && !f.Builtin() || e.Code == products.CodeUnknownField {
			e.Field = ownField(e.Field)
		}
	}
	return named
}

// readAttributes reads an object of strings; a null removes the attribute.
func readAttributes(raw json.RawMessage, patch *products.Patch) error {
	var values map[string]json.RawMessage
	if json.Unmarshal(raw, &values) != nil {
		return errors.New("an object of strings, or null")
	}
	patch.Attributes = make(map[string]*string, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values[name]
		if isNull(value) {
			patch.Attributes[name] = nil
			continue
		}
		var text string
		if json.Unmarshal(value, &text) != nil {
			return &innerError{name, codeType, "must be a string or null"}
		}
		patch.Attributes[name] = &text
	}
	return nil
}

func writeProduct(w http.ResponseWriter, status int, product *products.Product) {
	w.Header().Set("ETag", etag(product.Version))
	writeJSON(w, status, "application/json", product)
}
