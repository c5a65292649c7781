package storetest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

// randomCases compare a store with a model of what it should hold, over fields and changes that a seed makes.
var randomCases = []Case{randomCase(1), randomCase(2), randomCase(10)}

// randomCase is the case of a seed.
func randomCase(seed uint64) Case {
	fields := RandomSchema(newRandom(seed).Rand)
	return Case{Name: fmt.Sprint("random/seed ", seed), Fields: fields, run: func(c *check) {
		r := newRandom(seed)
		r.choose(fields)
		m := &model{rule: c.store.KeyRule(), schema: fields, byKey: map[string]*products.Product{}}
		for step := range 60 {
			promise := fmt.Sprintf("seed %d, step %d", seed, step)
			switch r.IntN(8) {
			case 0:
				m.create(c, r, promise)
			case 1, 2:
				m.update(c, r, promise)
			case 3:
				m.remove(c, r, promise)
			default:
				m.write(c, r.batch(c, m), promise)
			}
			m.compare(c, promise)
		}
	}}
}

// random makes what goes into a store.
type random struct {
	*rand.Rand
	fields *products.Schema
	values map[string][]string // of each field a few, so that products are often equal
}

func newRandom(seed uint64) *random { return &random{Rand: rand.New(rand.NewPCG(seed, 0))} }

// choose chooses values for the schema's fields.
func (r *random) choose(s *products.Schema) {
	r.fields, r.values = s, map[string][]string{}
	for _, f := range s.Own() {
		for range 4 {
			r.values[f.Name] = append(r.values[f.Name], RandomValue(r.Rand, &f))
		}
	}
}

// value returns a canonical text of the field, often "" where that is allowed.
func (r *random) value(f *products.Field) string {
	switch {
	case f.Name == "name":
		return pick(r.Rand, "Lamp", "Torch")
	case f.Name == "description":
		return pick(r.Rand, "", "d")
	case f.Name == "status":
		return pick(r.Rand, "", "true", "false")
	case chance(r.Rand, 3) && !f.Required():
		return ""
	}
	return pick(r.Rand, r.values[f.Name]...)
}

// sku returns one of few.
func (r *random) sku() string { return fmt.Sprint("s-", r.IntN(9)) }

// product returns a valid product. Some of its values are such as don't know their fields.
func (r *random) product() products.Product {
	p := products.Product{SKU: r.sku(), Name: "Lamp", Status: chance(r.Rand, 2), Fields: map[string]products.Value{}}
	for _, f := range r.fields.Own() {
		p.Fields[f.Name] = r.loose(&f)
	}
	return p
}

// loose returns a value of the field, or a text that is one.
func (r *random) loose(f *products.Field) products.Value {
	text := r.value(f)
	if chance(r.Rand, 2) {
		return products.TextValue(text)
	}
	return f.Value(text)
}

// batch returns one of records for some columns, in any order. Many records are nearly what the model has.
func (r *random) batch(c *check, m *model) products.Batch {
	b := products.Batch{Mode: products.Mode(r.IntN(3)), ExpectNew: chance(r.Rand, 2), DryRun: chance(r.Rand, 5)}
	var fields []string
	for _, f := range r.fields.All() {
		if chance(r.Rand, 2) || f.Required() && (b.Mode != products.Existing || chance(r.Rand, 2)) {
			fields = append(fields, f.Name)
		}
	}
	r.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
	b.Columns = keep(c.columns(fields...), []string{"a", "b"}[:r.IntN(3)]...)
	for range r.IntN(12) {
		var values []string
		sku := r.sku()
		before, differs := m.byKey[m.rule.Key(sku)], 1+r.IntN(6)
		for _, f := range b.Columns.Fields {
			if values = append(values, r.value(f)); before != nil && !chance(r.Rand, differs) {
				values[len(values)-1] = before.Text(f)
			}
		}
		for _, name := range b.Columns.Attributes {
			if values = append(values, pick(r.Rand, "", "x", "y")); before != nil && !chance(r.Rand, differs) {
				values[len(values)-1] = before.Attributes[name]
			}
		}
		b.Records = append(b.Records, c.record(sku, values...))
	}
	return b
}

// model is what a store should hold. IDs and times are not in it.
type model struct {
	rule   products.KeyRule
	schema *products.Schema
	byKey  map[string]*products.Product
}

// keep keeps a product as a store does.
func (m *model) keep(p products.Product, version int64) {
	kept := content(p)
	kept.Fields = m.schema.Canonical(p.Fields)
	kept.Version = version
	m.byKey[m.rule.Key(p.SKU)] = &kept
}

func (m *model) create(c *check, r *random, promise string) {
	p := r.product()
	_, exists := m.byKey[m.rule.Key(p.SKU)]
	_, err := c.store.Create(c.Context(), p)
	if exists {
		require.ErrorIs(c, err, products.ErrExists, promise)
		return
	}
	require.NoError(c, err, "%s: Create %+v", promise, p)
	m.keep(p, 1)
}

// any returns a product of the model, nil where it is empty.
func (m *model) any(r *random) *products.Product {
	keys := slices.Sorted(maps.Keys(m.byKey))
	if len(keys) == 0 {
		return nil
	}
	return m.byKey[keys[r.IntN(len(keys))]]
}

func (m *model) update(c *check, r *random, promise string) {
	before := m.any(r)
	if before == nil {
		return
	}
	patch := products.Patch{Fields: map[string]products.Value{}, ReplaceFields: chance(r.Rand, 4)}
	for _, f := range m.schema.Own() {
		if chance(r.Rand, 2) || patch.ReplaceFields && f.Required() {
			patch.Fields[f.Name] = r.loose(&f)
		}
	}
	if chance(r.Rand, 3) {
		patch.Name = ptr(r.value(m.schema.Find("name")))
	}
	version := before.Version
	after := patch.Apply(*before)
	after.Fields = m.schema.Canonical(after.Fields)
	_, err := c.store.Update(c.Context(), c.only(before.SKU).ID, version, patch)
	require.NoError(c, err, "%s: Update %+v of %+v", promise, patch, *before)
	if !products.SameContent(*before, after) {
		version++
	}
	m.keep(after, version)
}

func (m *model) remove(c *check, r *random, promise string) {
	if p := m.any(r); p != nil {
		require.NoError(c, c.store.Delete(c.Context(), c.only(p.SKU).ID, p.Version), promise)
		delete(m.byKey, m.rule.Key(p.SKU))
	}
}

// write writes a batch to the store and the model.
func (m *model) write(c *check, b products.Batch, promise string) {
	counts := map[string]int{} // the index of the record that counts
	for i := range b.Records {
		if _, has := counts[b.Records[i].Key]; !has || b.Mode != products.Ignore {
			counts[b.Records[i].Key] = i
		}
	}
	want := make([]products.Outcome, len(b.Records))
	next := map[string]products.Product{}
	for i := range b.Records {
		record := &b.Records[i]
		before, exists := m.byKey[record.Key]
		switch {
		case counts[record.Key] != i:
			want[i] = superseded
		case exists && b.Mode == products.Ignore, !exists && b.Mode == products.Existing:
			want[i] = skipped
		case !exists:
			want[i], next[record.SKU] = created, m.apply(&b, record, products.Product{})
		default:
			after := m.apply(&b, record, *before)
			if want[i] = unchanged; !products.SameContent(*before, after) {
				want[i], next[record.SKU] = updated, after
			}
		}
	}
	result, sent := c.writeChanges(b)
	require.Equal(c, want, result.Outcomes, "%s: %+v", promise, b)
	if b.DryRun {
		require.Zero(c, sent.parts, "%s: a dry run calls nothing", promise)
		return
	}
	for _, p := range next {
		m.keep(p, p.Version+1)
	}
	for _, p := range slices.Concat(sent.created, sent.updated) {
		m.requireLike(c, p, "%s: Changed is given products as they are stored", promise)
	}
	require.Len(c, slices.Concat(sent.created, sent.updated), len(next), "%s: Changed is given what changed", promise)
}

// apply returns what a record makes of a product, without the help of Columns.Apply.
func (m *model) apply(b *products.Batch, record *products.Record, p products.Product) products.Product {
	p.SKU = record.SKU
	p.Fields, p.Attributes = maps.Clone(content(p).Fields), maps.Clone(content(p).Attributes)
	for i, f := range b.Columns.Fields {
		switch text := record.Values[i]; {
		case f.Name == "name":
			p.Name = text
		case f.Name == "description":
			p.Description = text
		case f.Name == "status":
			p.Status = text == "true" || text == "" && p.Status
		default:
			p.Fields[f.Name] = f.Value(text)
		}
	}
	p.Fields = stored(p.Fields)
	for i, name := range b.Columns.Attributes {
		p.Attributes[name] = record.Values[len(b.Columns.Fields)+i]
		if p.Attributes[name] == "" {
			delete(p.Attributes, name)
		}
	}
	return p
}

// compare wants the store to hold what the model does.
func (m *model) compare(c *check, promise string) {
	all := c.all()
	require.Len(c, all, len(m.byKey), "%s: the store has as many products as it should", promise)
	for _, p := range all {
		m.requireLike(c, p, "%s: a product is what was made of it", promise)
	}
}

func (m *model) requireLike(c *check, got products.Product, promise string, args ...any) {
	want := m.byKey[m.rule.Key(got.SKU)]
	require.NotNil(c, want, append([]any{promise}, args...)...)
	version := got.Version
	got = content(got)
	got.Version = version
	require.Equal(c, *want, got, append([]any{promise}, args...)...)
}
