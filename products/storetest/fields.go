package storetest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

// A store may serve several cases from one database, in which a field stays what it is. So in all cases a field of one
// name has one type and one scale.

// everyType has fields of every type.
var everyType = schema(
	products.Field{Name: "price", Type: products.Decimal, Scale: 2},
	products.Field{Name: "ratio", Type: products.Decimal, Scale: 18},
	products.Field{Name: "pieces", Type: products.Decimal},
	products.Field{Name: "stock", Type: products.Integer},
	products.Field{Name: "brand", Type: products.Text},
	products.Field{Name: "fragile", Type: products.Boolean},
	products.Field{Name: "available_from", Type: products.Date},
	products.Field{Name: "seen_at", Type: products.Timestamp},
	products.Field{Name: "tags", Type: products.List},
)

// strict has fields with rules, some of them required.
var strict = schema(
	products.Field{Name: "price", Type: products.Decimal, Scale: 2, Rules: "required,gte=0"},
	products.Field{Name: "stock", Type: products.Integer, Rules: "required"},
	products.Field{Name: "currency", Type: products.Text, Rules: "oneof=EUR USD"},
	products.Field{Name: "tags", Type: products.List, Rules: "max=2,dive,max=3"},
)

// bulky has texts that make a product too large only together.
var bulky = schema(
	products.Field{Name: "text_1", Type: products.Text}, products.Field{Name: "text_2", Type: products.Text},
	products.Field{Name: "text_3", Type: products.Text}, products.Field{Name: "text_4", Type: products.Text},
	products.Field{Name: "text_5", Type: products.Text},
)

// schema returns one that is known to be right.
func schema(own ...products.Field) *products.Schema {
	s, err := products.NewSchema(own...)
	if err != nil {
		panic(err)
	}
	return s
}

// samples are canonical texts of the fields of everyType: the least, the greatest, and those that a database, a
// protocol or a format may take for something else.
var samples = map[string][]string{
	"price": {"0.00", "-0.01", "1.50", "12.00", "9007199254740993.01", strings.Repeat("9", 36) + ".99",
		"-" + strings.Repeat("9", 36) + ".99"},
	"ratio": {"0.000000000000000001", "-0.000000000000000001", "0.100000000000000001", "1.000000000000000000",
		strings.Repeat("9", 20) + "." + strings.Repeat("9", 18)},
	"pieces":  {"0", "-1", "10", "1000000", strings.Repeat("9", 38), "-" + strings.Repeat("9", 38)},
	"stock":   {"0", "-1", "100", "9223372036854775807", "-9223372036854775808"},
	"brand":   slices.DeleteFunc(append([]string{" x", "\tx\n", "0", "-0", "1.50", "true"}, odd...), products.Blank),
	"fragile": {"false", "true"},
	"available_from": {"0001-01-01", "1582-10-10", "1900-02-28", "1970-01-01", "2024-02-29", "2026-03-29",
		"9999-12-31"},
	"seen_at": {"0001-01-01T00:00:00Z", "1800-01-01T12:00:00Z", "1969-12-31T23:59:59.999999Z", "1970-01-01T00:00:00Z",
		"2024-02-29T00:00:00.000001Z", "2026-03-29T02:30:00.5Z", "9999-12-31T23:59:59.999999Z"},
	"tags": lists(),
}

// lists are those of the odd texts: each alone, and all together.
func lists() (all []string) {
	visible := slices.DeleteFunc(append([]string{"a,b", `a"b`, "{", "}", "{}", "NULL", `"`, `""`, "[]", `["a"]`, "a", "A"},
		odd...), products.Blank)
	for _, text := range visible {
		all = append(all, products.ListText([]string{text}))
	}
	twice := slices.Concat(visible, visible)
	return append(all, products.ListText(visible), products.ListText(twice), products.ListText([]string{"b", "a"}))
}

// sample returns the values of the i-th product of a list in which each sample of every field comes up.
func sample(s *products.Schema, i int) map[string]products.Value {
	values := map[string]products.Value{}
	for _, f := range s.Own() {
		values[f.Name] = f.Value(samples[f.Name][i%len(samples[f.Name])])
	}
	return values
}

// sampleCount is how many products such a list has.
func sampleCount() (n int) {
	for _, texts := range samples {
		n = max(n, len(texts))
	}
	return n
}

// own returns values of fields by their canonical texts, "" for null: name, text, name, text.
func own(s *products.Schema, texts ...string) map[string]products.Value {
	values := map[string]products.Value{}
	for i := 0; i < len(texts); i += 2 {
		values[texts[i]] = s.Find(texts[i]).Value(texts[i+1])
	}
	return values
}

// stored is what a store keeps of values: those that are not null.
func stored(values map[string]products.Value) map[string]products.Value {
	kept := map[string]products.Value{}
	for name, value := range values {
		if !value.IsNull() {
			kept[name] = value
		}
	}
	return kept
}

var fieldCases = []Case{
	{Name: "fields/the schema is the one asked for", Fields: everyType, run: func(c *check) {
		require.True(c, everyType.Equal(c.store.Schema()), "Schema is that of the store")
	}},
	{Name: "fields/come back as they went in, one by one", Fields: everyType, run: func(c *check) {
		for i := range sampleCount() {
			want := products.Product{Name: "Lamp", SKU: fmt.Sprint("s-", i), Fields: sample(everyType, i)}
			p := c.create(want)
			c.requireContent(want, p, "Create returns every field as stored")
			c.requireSame(p, c.get(p.ID), "Get returns the fields that Create returned")
			c.requireSame(p, c.only(p.SKU), "List returns the fields that Create returned")
			want.Fields = sample(everyType, i+1)
			p, err := c.store.Update(c.Context(), p.ID, 1, products.Patch{Fields: want.Fields})
			require.NoError(c, err, "a valid patch of fields is applied")
			c.requireContent(want, p, "Update returns every field as stored")
			c.requireSame(p, c.get(p.ID), "Get returns the fields that Update returned")
		}
	}},
	{Name: "fields/are kept in their canonical form", Fields: everyType, run: func(c *check) {
		sent := map[string]products.Value{
			"price": products.TextValue("1.5"), "ratio": products.IntegerValue(-3), "pieces": products.DecimalValue(700, 2),
			"stock": products.TextValue(" +007 "), "available_from": products.TextValue("2024-02-29"),
			"seen_at": products.TextValue("2024-01-01T00:30:00.500+01:00"), "tags": products.TextValue(`[ "a" , "\u0062" ]`),
			"brand": products.TextValue(" x "), "fragile": products.TextValue("true")}
		want := own(everyType, "price", "1.50", "ratio", "-3.000000000000000000", "pieces", "7", "stock", "7",
			"available_from", "2024-02-29", "seen_at", "2023-12-31T23:30:00.5Z", "tags", `["a","b"]`, "brand", " x ",
			"fragile", "true")
		p := c.create(products.Product{Name: "Lamp", SKU: "L-1", Fields: sent})
		require.Equal(c, want, p.Fields, "Create fits values into their fields")
		require.Equal(c, want, c.get(p.ID).Fields, "a value is stored in its canonical form")
		got, err := c.store.Update(c.Context(), p.ID, 0, products.Patch{Fields: sent})
		require.NoError(c, err, "a valid patch of fields is applied")
		c.requireSame(p, got, "values that are equal, however they are written, change nothing: version and times stay")

		none := c.create(products.Product{Name: "Lamp", SKU: "L-2"})
		got, err = c.store.Update(c.Context(), none.ID, 0, products.Patch{Fields: sent})
		require.NoError(c, err, "a valid patch of fields is applied")
		require.Equal(c, want, got.Fields, "Update fits values into their fields")
		require.Equal(c, want, c.get(none.ID).Fields, "a value is stored in its canonical form")

		zero := map[string]products.Value{"price": products.TextValue("-0.000"), "ratio": products.TextValue("-0"),
			"stock": products.TextValue("-0"), "brand": products.TextValue(""), "tags": products.ListValue(), "fragile": {}}
		p = c.create(products.Product{Name: "Lamp", SKU: "L-3", Fields: zero})
		require.Equal(c, own(everyType, "price", "0.00", "ratio", "0.000000000000000000", "stock", "0"), p.Fields,
			"there is one zero; an empty text and an empty list are null, and null is none of the fields")
		c.requireSame(p, c.get(p.ID), "Get returns the fields that Create returned")
	}},
	{Name: "fields/a patch changes its fields alone", Fields: everyType, run: func(c *check) {
		p := c.create(products.Product{Name: "Lamp", SKU: "L-1", Fields: own(everyType, "price", "1.50", "stock", "2",
			"brand", "Acme", "fragile", "false"), Attributes: map[string]string{"a": "1"}})
		patch := func(version int64, patch products.Patch, promise string, want ...string) {
			got, err := c.store.Update(c.Context(), p.ID, version, patch)
			require.NoError(c, err, "a valid patch of fields is applied")
			require.Equal(c, own(everyType, want...), got.Fields, promise)
			require.Equal(c, version+1, got.Version, "the version grows by one at every change")
			require.Equal(c, map[string]string{"a": "1"}, got.Attributes, "fields are no attributes")
			c.requireSame(got, c.get(p.ID), "Get returns what Update returned")
			before := got
			patch.Fields = own(everyType, want...)
			got, err = c.store.Update(c.Context(), p.ID, got.Version, products.Patch{Fields: patch.Fields,
				ReplaceFields: true})
			require.NoError(c, err, "a valid patch of fields is applied")
			c.requireSame(before, got, "a patch of the fields that are there writes nothing: version and times stay")
		}
		patch(1, products.Patch{Name: ptr("Torch")}, "a patch without fields leaves them", "price", "1.50", "stock", "2",
			"brand", "Acme", "fragile", "false")
		patch(2, products.Patch{Fields: map[string]products.Value{"price": {}, "stock": products.IntegerValue(0),
			"seen_at": {}, "tags": products.ListValue("x")}}, "a patch merges fields, and clears those that are null",
			"stock", "0", "brand", "Acme", "fragile", "false", "tags", `["x"]`)
		patch(3, products.Patch{ReplaceFields: true, Fields: own(everyType, "price", "2.00")},
			"ReplaceFields clears the others", "price", "2.00")
		patch(4, products.Patch{ReplaceFields: true}, "ReplaceFields clears the others")
	}},
	{Name: "fields/values that don't fit are refused", Fields: everyType, run: func(c *check) {
		p := c.create(products.Product{Name: "Lamp", SKU: "L-1", Fields: sample(everyType, 0)})
		for _, bad := range []struct {
			field string
			value products.Value
		}{
			{"price", products.TextValue("x")}, {"price", products.TextValue("1.505")}, {"price", products.BooleanValue(true)},
			{"price", products.TextValue("NaN")}, {"price", products.TextValue("1" + strings.Repeat("0", 36))},
			{"pieces", products.DecimalValue(15, 1)}, {"pieces", products.TextValue("1" + strings.Repeat("0", 38))},
			{"stock", products.TextValue("9223372036854775808")}, {"stock", products.DecimalValue(15, 1)},
			{"stock", products.ListValue("1")},
			{"brand", products.IntegerValue(1)}, {"brand", products.TextValue("a\x00b")}, {"brand", products.TextValue("\xff")},
			{"brand", products.TextValue(strings.Repeat("é", products.MaxDescription+1))},
			{"fragile", products.TextValue("maybe")}, {"fragile", products.IntegerValue(1)},
			{"available_from", products.TextValue("2023-02-29")}, {"available_from", products.TextValue("10000-01-01")},
			{"available_from", products.TextValue("0000-12-31")},
			{"seen_at", products.TextValue("infinity")}, {"seen_at", products.TextValue("2024-01-01T00:00:00.0000001Z")},
			{"seen_at", products.TextValue("0001-01-01T00:00:00+00:01")},
			{"tags", products.TextValue("a,b")}, {"tags", products.TextValue(`["a",""]`)}, {"tags", products.ListValue("a\x00")},
			{"color", products.TextValue("red")}, {"sku", products.TextValue("x")}, {"name", products.TextValue("x")},
		} {
			fields := map[string]products.Value{bad.field: bad.value}
			_, err := c.store.Create(c.Context(), products.Product{Name: "Lamp", SKU: "L-2", Fields: fields})
			c.requireInvalid(err, bad.field)
			_, err = c.store.Update(c.Context(), p.ID, 0, products.Patch{Name: ptr("x"), Fields: fields})
			c.requireInvalid(err, bad.field)
		}
		_, err := c.store.Update(c.Context(), p.ID, 0, products.Patch{Fields: map[string]products.Value{"color": {}}})
		require.NoError(c, err, "a null of a field that there isn't clears nothing")
		c.requireAll([]products.Product{p}, "what is refused changes nothing")
	}},
	{Name: "fields/rules hold for single changes", Fields: strict, run: func(c *check) {
		valid := own(strict, "price", "0.00", "stock", "0", "currency", "EUR", "tags", `["a","bcd"]`)
		p := c.create(products.Product{Name: "Lamp", SKU: "L-1", Fields: valid})
		for _, bad := range [][]string{{"price", ""}, {"price", "-0.01"}, {"stock", ""}, {"currency", "DM"},
			{"tags", `["a","b","c"]`}, {"tags", `["abcd"]`}} {
			fields := own(strict, bad...)
			_, err := c.store.Update(c.Context(), p.ID, 0, products.Patch{Name: ptr("x"), Fields: fields})
			c.requireInvalid(err, bad[0])
			all := products.Patch{Fields: fields}.Apply(p).Fields
			_, err = c.store.Create(c.Context(), products.Product{Name: "Lamp", SKU: "L-2", Fields: all})
			c.requireInvalid(err, bad[0])
		}
		_, err := c.store.Update(c.Context(), p.ID, 0, products.Patch{ReplaceFields: true})
		c.requireInvalid(err, "price")
		c.requireAll([]products.Product{p}, "what breaks a rule is not stored")
		got, err := c.store.Update(c.Context(), p.ID, 0, products.Patch{
			Fields: own(strict, "currency", "", "tags", "")})
		require.NoError(c, err, "a field that isn't required can be cleared")
		require.Equal(c, own(strict, "price", "0.00", "stock", "0"), got.Fields, "a null clears a field")
	}},
	{Name: "fields/what breaks a younger rule may stay", Fields: strict, run: func(c *check) {
		// Nobody checks records, so that this comes in as if the rules were younger.
		c.write(products.Batch{Columns: c.columns("name", "price", "currency"),
			Records: []products.Record{c.record("old", "Lamp", "-1.00", "DM")}})
		p := c.only("old")
		for _, patch := range []products.Patch{
			{Name: ptr("Torch")}, {Fields: own(strict, "tags", `["a"]`)}, {Fields: own(strict, "price", "-1.00", "tags", "")},
			{Name: ptr("Lamp"), Fields: map[string]products.Value{"currency": products.TextValue("DM"), "stock": {}}},
		} {
			got, err := c.store.Update(c.Context(), p.ID, 0, patch)
			require.NoError(c, err, "a value that breaks a rule may stay as it is")
			require.Equal(c, "DM", got.Fields["currency"].Text(), "a value that breaks a rule may stay as it is")
		}
		for _, bad := range [][]string{{"price", "-2.00"}, {"price", ""}, {"currency", "FF"}} {
			_, err := c.store.Update(c.Context(), p.ID, 0, products.Patch{Fields: own(strict, bad...)})
			c.requireInvalid(err, bad[0])
		}
		got, err := c.store.Update(c.Context(), p.ID, 0, products.Patch{
			Fields: own(strict, "price", "2.00", "stock", "1", "currency", "USD")})
		require.NoError(c, err, "what breaks a rule can be mended")
		require.Equal(c, own(strict, "price", "2.00", "stock", "1", "currency", "USD"), got.Fields)
	}},
	{Name: "fields/belong to the caller", Fields: everyType, run: func(c *check) {
		sent := sample(everyType, 2)
		p := c.create(products.Product{Name: "Lamp", SKU: "L-1", Fields: sent})
		want := sample(everyType, 2)
		patched := map[string]products.Value{"brand": products.TextValue("patched")}
		spoil := func(fields map[string]products.Value) {
			clear(fields)
			fields["brand"] = products.TextValue("changed")
		}
		spoil(sent)
		spoil(p.Fields)
		spoil(c.get(p.ID).Fields)
		spoil(c.list(products.Query{}).Products[0].Fields)
		require.Equal(c, want, c.get(p.ID).Fields, "changing the fields of a product that went in or came out doesn't "+
			"change the store")
		got, err := c.store.Update(c.Context(), p.ID, 0, products.Patch{Fields: patched})
		require.NoError(c, err, "a valid patch of fields is applied")
		spoil(patched)
		spoil(got.Fields)
		want["brand"] = products.TextValue("patched")
		require.Equal(c, want, c.get(p.ID).Fields, "changing the fields of a patch doesn't change the store")
	}},
	{Name: "fields/equal values are not written by batches", Fields: everyType, run: func(c *check) {
		b := products.Batch{Mode: products.Update, Columns: c.columns(append([]string{"name"}, names(everyType)...)...)}
		for i := range sampleCount() {
			c.create(products.Product{Name: "Lamp", SKU: fmt.Sprint("s-", i), Fields: sample(everyType, i)})
			b.Records = append(b.Records, c.record(fmt.Sprint("s-", i), append([]string{"Lamp"},
				texts(everyType, sample(everyType, i))...)...))
		}
		c.create(products.Product{Name: "Lamp", SKU: "loose", Fields: map[string]products.Value{
			"price": products.TextValue("1.5"), "seen_at": products.TextValue("2024-01-01T00:30:00+01:00")}})
		b.Records = append(b.Records, c.record("loose", append([]string{"Lamp"}, texts(everyType,
			own(everyType, "price", "1.50", "seen_at", "2023-12-31T23:30:00Z"))...)...))
		before := c.all()
		result, sent := c.writeChanges(b)
		require.EqualValues(c, len(b.Records), result.Count(unchanged), "a record equal to its product is unchanged: %v",
			result.Outcomes)
		require.Zero(c, sent.parts, "Changed isn't called where nothing changed")
		c.requireAll(before, "what is unchanged is not written: version and times stay")
		b.Records[0].Values[1] = "1.51"
		require.EqualValues(c, 1, c.write(b).Count(updated), "a record that differs in one field is updated, and no other")
		require.EqualValues(c, 2, c.only("s-0").Version, "the version grows by one at a change")
	}},
	{Name: "fields/mode existing counts the last of several", Fields: everyType, run: func(c *check) {
		c.eitherWay(func(expectNew bool) {
			p := c.create(products.Product{Name: "Lamp", SKU: "old", Fields: own(everyType, "price", "1.00")})
			b := products.Batch{Mode: products.Existing, ExpectNew: expectNew, Columns: c.columns("price"),
				Records: []products.Record{c.record("old", "2.00"), c.record("new", "3.00"), c.record("old", "4.00"),
					c.record("new", "5.00")}}
			b.DryRun = true
			want := []products.Outcome{superseded, superseded, updated, skipped}
			require.Equal(c, want, c.write(b).Outcomes, "a dry run finds the outcomes of the real one")
			c.requireAll([]products.Product{p}, "a dry run writes nothing")
			b.DryRun = false
			require.Equal(c, want, c.write(b).Outcomes,
				"mode existing counts the last record of a SKU, updates what exists and skips the rest")
			all := c.all()
			require.Len(c, all, 1, "mode existing creates nothing")
			c.requireContent(products.Product{Name: "Lamp", SKU: "old", Fields: own(everyType, "price", "4.00")}, all[0],
				"the last of several records is stored in mode existing")
			require.EqualValues(c, 2, all[0].Version, "a SKU is written once")
		})
	}},
	{Name: "fields/count for a product's size", Fields: bulky, run: func(c *check) {
		long := strings.Repeat("😀", products.MaxDescription)
		large := map[string]products.Value{}
		for _, name := range names(bulky)[:4] {
			large[name] = products.TextValue(long)
		}
		want := products.Product{Name: "Lamp", SKU: "L-1", Fields: large}
		p := c.create(want)
		c.requireContent(want, c.get(p.ID), "a product of many long texts is stored")
		_, err := c.store.Update(c.Context(), p.ID, 0, products.Patch{Fields: map[string]products.Value{
			"text_5": products.TextValue(strings.Repeat("x", 50_000))}})
		c.requireInvalid(err, "attributes")
		all := products.Patch{Fields: map[string]products.Value{"text_5": products.TextValue(long)}}.Apply(want)
		all.SKU = "L-2"
		_, err = c.store.Create(c.Context(), all)
		c.requireInvalid(err, "attributes")
		c.requireAll([]products.Product{p}, "what would be too large is not stored")
		b := products.Batch{Mode: products.Existing, Columns: c.columns("text_5", "text_1")}
		b.Records = []products.Record{c.record("L-1", strings.Repeat("x", 50_000), long)}
		c.refuses(b, refused)
		c.requireSame(p, c.get(p.ID), "a record that is refused leaves the product as it is")
		b.Records[0].Values[1] = ""
		c.refuses(b, updated)
		page := c.list(products.Query{MaxBytes: 1})
		require.Len(c, page.Products, 1, "a page is one product at least")
		require.Equal(c, 50_000+3*len(long)+len("LampL-1"), page.Products[0].Bytes())
		c.create(products.Product{Name: "Lamp", SKU: "L-3", Fields: map[string]products.Value{
			"text_2": products.TextValue(long)}})
		page = c.list(products.Query{MaxBytes: page.Products[0].Bytes() + 1_000, SkipCount: true})
		require.Len(c, page.Products, 1, "a page has at most MaxBytes: those of fields count")
		require.NotEmpty(c, page.Next, "a page that MaxBytes ends has a cursor")
	}},
	{Name: "fields/a replacer returns them", Fields: everyType, run: func(c *check) {
		r, ok := c.store.(products.Replacer)
		if !ok {
			return
		}
		p := c.create(products.Product{Name: "Lamp", SKU: "L-1", Fields: own(everyType, "price", "1.50", "stock", "2")})
		before, after, err := r.Replace(c.Context(), p.ID, 0, products.Patch{Fields: own(everyType, "price", "")})
		require.NoError(c, err, "a valid patch of fields is applied")
		c.requireSame(p, before, "Replace returns the fields as they were")
		require.Equal(c, own(everyType, "stock", "2"), after.Fields, "Replace returns the fields as they are stored now")
		removed, err := r.Remove(c.Context(), p.ID, 0)
		require.NoError(c, err, "a product can be removed")
		c.requireSame(after, removed, "Remove returns the fields as they were")
	}},
}

// names are those of the fields of one's own.
func names(s *products.Schema) (all []string) {
	for _, f := range s.Own() {
		all = append(all, f.Name)
	}
	return all
}

// texts are the canonical texts of values in the order of names.
func texts(s *products.Schema, values map[string]products.Value) (all []string) {
	for _, name := range names(s) {
		all = append(all, values[name].Text())
	}
	return all
}
