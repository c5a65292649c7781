package products

import (
	"maps"
	"slices"
	"strings"
)

// attributePrefix stands before the names of attributes where fields are named too.
const attributePrefix = "attributes."

// FieldChange is what happened to one field of a product, or to one of its attributes.
type FieldChange struct {
	// Name is that of the field, sku where another spelling of the SKU was taken over, or the attribute's behind
	// "attributes.".
	Name string `json:"name"`
	// Before and After are canonical texts, see [Type]; nil for null, and where there was or is no product.
	Before *string `json:"before,omitempty"`
	After  *string `json:"after,omitempty"`
}

// Attribute returns the name of the attribute, and whether it is one.
func (f *FieldChange) Attribute() (name string, ok bool) {
	return strings.CutPrefix(f.Name, attributePrefix)
}

// Compare calls f with the fields in which two products differ, of which one may be nil, under the names that a
// [FieldChange] has: the SKU, those of the schema in its order, and attributes in the order of their names. had and has
// are false where there was or is no value. Of a product that is created or deleted these are the fields with a value,
// without the SKU.
func Compare(schema *Schema, before, after *Product, f func(name, was string, had bool, is string, has bool)) {
	if before != nil && after != nil && before.SKU != after.SKU {
		f("sku", before.SKU, true, after.SKU, true)
	}
	for _, field := range schema.All() {
		var was, is string
		if before != nil {
			was = before.Text(field)
		}
		if after != nil {
			is = after.Text(field)
		}
		if was != is {
			builtin := field.Builtin() && before != nil && after != nil
			f(field.Name, was, was != "" || builtin, is, is != "" || builtin)
		}
	}
	compareAttributes(before, after, f)
}

func compareAttributes(before, after *Product, f func(name, was string, had bool, is string, has bool)) {
	var was, is map[string]string
	if before != nil {
		was = before.Attributes
	}
	if after != nil {
		is = after.Attributes
	}
	if len(was)+len(is) == 0 || maps.Equal(was, is) {
		return
	}
	names := slices.AppendSeq(make([]string, 0, len(was)+len(is)), maps.Keys(was))
	for name := range is {
		if _, had := was[name]; !had {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		w, had := was[name]
		i, has := is[name]
		if had != has || w != i {
			f(attributePrefix+name, w, had, i, has)
		}
	}
}

// FieldChanges returns what [Compare] gives.
func FieldChanges(schema *Schema, before, after *Product) (changes []FieldChange) {
	Compare(schema, before, after, func(name, was string, had bool, is string, has bool) {
		c := FieldChange{Name: name}
		if had {
			c.Before = &was
		}
		if has {
			c.After = &is
		}
		changes = append(changes, c)
	})
	return changes
}
