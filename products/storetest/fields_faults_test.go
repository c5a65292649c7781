package storetest_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// ownFields are the fields of one's own that a batch's columns have.
func ownFields(b *products.Batch) (all []string) {
	for _, f := range b.Columns.Fields {
		if !f.Builtin() {
			all = append(all, f.Name)
		}
	}
	return all
}

// float is the value as a store has it that computes with floating-point numbers.
func float(text string) string {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	_, digits, _ := strings.Cut(text, ".")
	computed := strconv.FormatFloat(n, 'f', len(digits), 64)
	if len(computed) > len(text) {
		return text // else it may have more digits than there may be
	}
	return computed
}

// changeDecimals returns a map of its own with the texts of decimals changed.
func changeDecimals(fields map[string]products.Value, change func(string) string) map[string]products.Value {
	changed := map[string]products.Value{}
	for name, v := range fields {
		if changed[name] = v; v.Type() == products.Decimal {
			f := products.Field{Type: v.Type()}
			changed[name] = f.Value(change(v.Text()))
		}
	}
	return changed
}

// acceptInvalid breaks Create and Update so that they leave out fields that are invalid.
func acceptInvalid(s *broken) {
	s.create = func(ctx context.Context, p products.Product) (products.Product, error) {
		stored, err := s.Store.Create(ctx, p)
		if errors.Is(err, products.ErrInvalid) {
			p.Fields = nil
			return s.Store.Create(ctx, p)
		}
		return stored, err
	}
	s.update = func(ctx context.Context, id, version int64, patch products.Patch) (products.Product, error) {
		stored, err := s.Store.Update(ctx, id, version, patch)
		if errors.Is(err, products.ErrInvalid) {
			return s.Store.Get(ctx, id)
		}
		return stored, err
	}
}

var brokenFields = []fault{
	{"has other fields", func(s *broken) {
		s.schema = products.Standard
	}, "fields/the schema is the one asked for", "Schema is that of the store"},
	{"computes decimals in floating point", func(s *broken) {
		s.create = func(ctx context.Context, p products.Product) (products.Product, error) {
			p.Fields = changeDecimals(p.Fields, float)
			return s.Store.Create(ctx, p)
		}
	}, "fields/come back as they went in, one by one", "Create returns every field"},
	{"updates in floating point", func(s *broken) {
		s.update = func(ctx context.Context, id, version int64, patch products.Patch) (products.Product, error) {
			patch.Fields = changeDecimals(patch.Fields, float)
			return s.Store.Update(ctx, id, version, patch)
		}
	}, "fields/come back as they went in, one by one", "Update returns every field"},
	{"loses fields in lists", func(s *broken) {
		s.editPage(func(_ products.Query, page *products.Page) {
			for i := range page.Products {
				delete(page.Products[i].Fields, "tags")
			}
		})
	}, "fields/come back as they went in, one by one", "List returns the fields"},
	{"returns values as they were sent", func(s *broken) {
		s.create = func(ctx context.Context, p products.Product) (products.Product, error) {
			stored, err := s.Store.Create(ctx, p)
			for name := range stored.Fields {
				stored.Fields[name] = p.Fields[name]
			}
			return stored, err
		}
	}, "fields/are kept in their canonical form", "Create fits values"},
	{"takes another spelling for a change", func(s *broken) {
		s.update = func(ctx context.Context, id, version int64, patch products.Patch) (products.Product, error) {
			if len(patch.Fields) > 0 {
				if _, err := s.Store.Update(ctx, id, version, products.Patch{Description: ptr("x")}); err != nil {
					return products.Product{}, err
				}
				version, patch.Description = 0, ptr("")
			}
			return s.Store.Update(ctx, id, version, patch)
		}
	}, "fields/are kept in their canonical form", "however they are written"},
	{"keeps nulls", func(s *broken) {
		s.create = func(ctx context.Context, p products.Product) (products.Product, error) {
			stored, err := s.Store.Create(ctx, p)
			if _, has := p.Fields["fragile"]; err == nil && has {
				if _, kept := stored.Fields["fragile"]; !kept {
					stored.Fields["fragile"] = products.Value{}
				}
			}
			return stored, err
		}
	}, "fields/are kept in their canonical form", "null is none of the fields"},
	{"replaces the fields", func(s *broken) {
		s.update = func(ctx context.Context, id, version int64, patch products.Patch) (products.Product, error) {
			patch.ReplaceFields = true
			return s.Store.Update(ctx, id, version, patch)
		}
	}, "fields/a patch changes its fields alone", "leaves them"},
	{"merges always", func(s *broken) {
		s.update = func(ctx context.Context, id, version int64, patch products.Patch) (products.Product, error) {
			patch.ReplaceFields = false
			return s.Store.Update(ctx, id, version, patch)
		}
	}, "fields/a patch changes its fields alone", "ReplaceFields clears"},
	{"leaves out values that don't fit", acceptInvalid, "fields/values that don't fit are refused", "gives ErrInvalid"},
	{"passes over the rules of fields", acceptInvalid, "fields/rules hold for single changes", "gives ErrInvalid"},
	{"checks every rule at every change", func(s *broken) {
		s.update = func(ctx context.Context, id, version int64, patch products.Patch) (products.Product, error) {
			p, err := s.Store.Get(ctx, id)
			if err != nil {
				return p, err
			}
			after := patch.Apply(p)
			if err := s.Schema().Validate(&after); err != nil {
				return products.Product{}, err
			}
			return s.Store.Update(ctx, id, version, patch)
		}
	}, "fields/what breaks a younger rule may stay", "may stay as it is"},
	{"checks no rule of what broke it", func(s *broken) {
		s.update = func(ctx context.Context, id, version int64, patch products.Patch) (products.Product, error) {
			p, err := s.Store.Update(ctx, id, version, patch)
			if errors.Is(err, products.ErrInvalid) {
				return s.Store.Get(ctx, id)
			}
			return p, err
		}
	}, "fields/what breaks a younger rule may stay", "gives ErrInvalid"},
	{"shares its fields", func(s *broken) {
		kept := map[int64]products.Product{}
		s.get = func(ctx context.Context, id int64) (products.Product, error) {
			if p, ok := kept[id]; ok {
				return p, nil
			}
			p, err := s.Store.Get(ctx, id)
			kept[id] = p
			return p, err
		}
	}, "fields/belong to the caller", "doesn't change the store"},
	{"says updated of what is equal", func(s *broken) {
		s.spoil(func(_ *products.Batch, r *products.BatchResult) {
			if at := slices.Index(r.Outcomes, products.Unchanged); at >= 0 {
				r.Outcomes[at] = products.Updated
			}
		})
	}, "fields/equal values are not written by batches", "is unchanged"},
	{"writes what is equal", func(s *broken) {
		s.writeBatch = func(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
			result, err := s.Store.WriteBatch(ctx, b)
			if err != nil {
				return nil, err
			}
			p := s.list1(ctx, b.Records[0].SKU)
			for _, name := range []string{p.Name + "x", p.Name} {
				if _, err := s.Store.Update(ctx, p.ID, 0, products.Patch{Name: &name}); err != nil {
					return nil, err
				}
			}
			return result, nil
		}
	}, "fields/equal values are not written by batches", "is not written"},
	{"counts the first in mode existing", func(s *broken) {
		s.edit(func(b *products.Batch) {
			if first := map[string][]string{}; b.Mode == products.Existing {
				for i := range b.Records {
					if _, has := first[b.Records[i].Key]; !has {
						first[b.Records[i].Key] = b.Records[i].Values
					}
					b.Records[i].Values = first[b.Records[i].Key]
				}
			}
		})
	}, "fields/mode existing counts the last of several", "the last of several"},
	{"creates in mode existing", func(s *broken) {
		s.writeBatch = func(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
			result, err := s.Store.WriteBatch(ctx, b)
			if err == nil && !b.DryRun && b.Mode == products.Existing {
				_, err = s.Store.Create(ctx, products.Product{Name: "x", SKU: "new"})
			}
			return result, err
		}
	}, "fields/mode existing counts the last of several", "creates nothing"},
	{"doesn't count fields for the size", acceptInvalid, "fields/count for a product's size", "gives ErrInvalid"},
	{"doesn't count fields for pages", func(s *broken) {
		s.editQuery(func(q *products.Query) { q.MaxBytes *= 10 })
	}, "fields/count for a product's size", "those of fields count"},
	{"takes an empty value for the one before", func(s *broken) {
		s.edit(func(b *products.Batch) {
			for _, name := range ownFields(b) {
				at := column(b, name)
				for i := 1; i < len(b.Records); i++ {
					if b.Records[i].Values[at] == "" {
						b.Records[i].Values[at] = b.Records[i-1].Values[at]
					}
				}
			}
		})
	}, "random/seed 1", "seed 1, step"},
	{"says updated in a dry run", func(s *broken) {
		s.spoil(func(b *products.Batch, r *products.BatchResult) {
			if at := slices.Index(r.Outcomes, products.Unchanged); b.DryRun && at >= 0 {
				r.Outcomes[at] = products.Updated
			}
		})
	}, "random/seed 2", "seed 2, step"},
	{"loses a field now and then", func(s *broken) {
		n := 0
		s.update = func(ctx context.Context, id, version int64, patch products.Patch) (products.Product, error) {
			if n++; n%3 == 0 {
				patch.Fields, patch.ReplaceFields = nil, false
			}
			return s.Store.Update(ctx, id, version, patch)
		}
	}, "random/seed 10", "seed 10, step"},
}

var batchWriterFieldFaults = []fault{
	{"keeps seconds alone", func(s *broken) {
		s.editField("seen_at", func(text string) string {
			whole, _, fraction := strings.Cut(text, ".")
			if fraction {
				whole += "Z"
			}
			return whole
		})
	}, "fields/come back as they went in", "comes back as it went in"},
	{"computes decimals in floating point", func(s *broken) { s.editField("ratio", float) },
		"fields/come back as they went in", "comes back as it went in"},
	{"takes fields for changed", func(s *broken) {
		s.spoil(func(b *products.Batch, r *products.BatchResult) {
			for i := range r.Outcomes {
				if r.Outcomes[i] == products.Unchanged && len(b.Records) > 1 {
					r.Outcomes[i] = products.Updated
				}
			}
		})
	}, "fields/come back as they went in", "record 0"},
	{"keeps what an empty value clears", func(s *broken) {
		s.edit(func(b *products.Batch) {
			for _, name := range ownFields(b) {
				if len(b.Records) == 1 && b.Records[0].Values[column(b, name)] == "" {
					drop(b, name)
				}
			}
		})
	}, "fields/an empty value clears, an absent column never changes", "clears it"},
	{"clears what has no column", func(s *broken) {
		s.edit(func(b *products.Batch) {
			if len(b.Columns.Fields) < 3 && column(b, "stock") < 0 {
				s.addEmpty(b, "stock")
			}
		})
	}, "fields/an empty value clears, an absent column never changes", "absent never changes"},
	{"takes an empty text for a null of a builtin", func(s *broken) {
		s.edit(func(b *products.Batch) {
			if at := column(b, "description"); at >= 0 && b.Records[0].Values[at] == "" {
				drop(b, "description")
			}
		})
	}, "fields/an empty value clears, an absent column never changes", "empty description"},
	{"expects columns in the schema's order", func(s *broken) {
		s.edit(func(b *products.Batch) {
			slices.SortFunc(b.Columns.Fields, func(x, y *products.Field) int {
				return s.Schema().Index(x.Name) - s.Schema().Index(y.Name)
			})
		})
	}, "fields/columns come in any order", "in their order"},
	{"gives records the values of others", func(s *broken) {
		s.edit(func(b *products.Batch) {
			at := column(b, "tags")
			for i := 1; at >= 0 && i < len(b.Records); i++ {
				if b.Records[i].Values[at] == "" {
					b.Records[i].Values[at] = b.Records[i-1].Values[at]
				}
			}
		})
	}, "fields/are those of their records", "fields of its record"},
	{"creates in mode existing", func(s *broken) {
		s.edit(func(b *products.Batch) {
			if b.Mode == products.Existing {
				b.Mode = products.Update
			}
		})
	}, "fields/mode existing creates nothing", "a dry run finds"},
	{"updates nothing in mode existing", func(s *broken) {
		s.writeBatch = func(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
			dry := *b
			dry.DryRun = dry.Mode == products.Existing || dry.DryRun
			result, err := s.Store.WriteBatch(ctx, &dry)
			if err == nil && b.BeforeCommit != nil && dry.DryRun {
				err = b.BeforeCommit(ctx, result)
			}
			return result, err
		}
	}, "fields/mode existing creates nothing", "was updated"},
	{"commits fields before Changed", func(s *broken) {
		s.writeBatch = func(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
			early := *b
			early.Changed = nil
			result, err := s.Store.WriteBatch(ctx, &early)
			if err == nil && b.Mode == products.Update {
				err = b.Changed(ctx, nil, nil)
			}
			return result, err
		}
	}, "fields/an error rolls them back", "as it was"},
	{"keeps the values", func(s *broken) {
		s.edit(func(b *products.Batch) {
			if len(b.Records) == 3 {
				b.Records[0].Values[1] = "7.00"
			}
		})
	}, "fields/are only read, and not kept", "keeps neither"},
	{"changes the values", func(s *broken) {
		s.spoil(func(b *products.Batch, _ *products.BatchResult) { b.Records[0].Values[1] = "" })
	}, "fields/are only read, and not kept", "doesn't change the records"},
	{"lets products grow by their fields", func(s *broken) {
		s.spoil(func(_ *products.Batch, r *products.BatchResult) {
			for i := range r.Outcomes {
				if r.Outcomes[i] == products.Refused {
					r.Outcomes[i] = products.Updated
				}
			}
		})
	}, "fields/count for a product's size", "outgrow MaxBytes"},
	{"tells of fields at once", tellAtOnce, "fields/count for the parts of Changed", "more than PartBytes"},
}
