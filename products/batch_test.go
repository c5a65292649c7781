package products_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

func ptr[V any](v V) *V { return &v }

// columns are those of records that set fields of the standard schema.
func columns(names ...string) (c products.Columns) {
	for _, name := range names {
		c.Fields = append(c.Fields, products.Standard().Find(name))
	}
	return c
}

func TestModeText(t *testing.T) {
	for _, mode := range []products.Mode{products.Ignore, products.Update, products.Existing} {
		text, err := mode.MarshalText()
		require.NoError(t, err)
		require.Equal(t, mode.String(), string(text))
		got := products.Mode(9)
		require.NoError(t, got.UnmarshalText(text))
		require.Equal(t, mode, got)
	}
	require.ErrorContains(t, new(products.Mode).UnmarshalText([]byte("upsert")), `"upsert"`)
	require.Equal(t, "Mode(9)", products.Mode(9).String())
	_, err := products.Mode(9).MarshalText()
	require.ErrorContains(t, err, "9")
}

func TestWinners(t *testing.T) {
	const s, z = products.Superseded, products.Outcome(0)
	for _, test := range []struct {
		keys           string
		ignore, update []products.Outcome
	}{
		{"", []products.Outcome{}, []products.Outcome{}},
		{"a", []products.Outcome{z}, []products.Outcome{z}},
		{"abc", []products.Outcome{z, z, z}, []products.Outcome{z, z, z}},
		{"aba", []products.Outcome{z, z, s}, []products.Outcome{s, z, z}},
		{"aaab", []products.Outcome{z, s, s, z}, []products.Outcome{s, s, z, z}},
		{"abab", []products.Outcome{z, z, s, s}, []products.Outcome{s, s, z, z}},
	} {
		b := products.Batch{}
		for _, key := range test.keys {
			b.Records = append(b.Records, products.Record{Key: string(key)})
		}
		require.Equal(t, test.ignore, b.Winners(), "ignore %q", test.keys)
		b.Mode = products.Update
		require.Equal(t, test.update, b.Winners(), "update %q", test.keys)
	}
}

func TestWinnersOfManyRecords(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 3, 127, 128, 129, 5_000} {
		b := products.Batch{Records: make([]products.Record, n)}
		first, last := map[string]int{}, map[string]int{}
		for i := range b.Records {
			key := fmt.Sprint(random.IntN(n))
			if b.Records[i].Key = key; last[key] == 0 {
				first[key] = i
			}
			last[key] = i + 1
		}
		for i, outcome := range b.Winners() {
			require.Equal(t, first[b.Records[i].Key] != i, outcome == products.Superseded,
				"the first of %d records in mode ignore", n)
		}
		b.Mode = products.Update
		for i, outcome := range b.Winners() {
			require.Equal(t, last[b.Records[i].Key] != i+1, outcome == products.Superseded,
				"the last of %d records in mode update", n)
		}
	}
}

func TestResultCount(t *testing.T) {
	r := products.BatchResult{Outcomes: []products.Outcome{products.Created, products.Skipped, products.Created}}
	require.EqualValues(t, 2, r.Count(products.Created))
	require.Zero(t, r.Count(products.Updated))
}

func TestOutcomeString(t *testing.T) {
	for o, want := range map[products.Outcome]string{products.Created: "created", products.Updated: "updated",
		products.Unchanged: "unchanged",
		products.Skipped:   "skipped", products.Superseded: "superseded", 0: "Outcome(0)"} {
		require.Equal(t, want, o.String())
	}
}

func TestColumnsApply(t *testing.T) {
	existing := products.Product{ID: 7, Version: 3, Name: "Lamp", SKU: "l-1", Description: "d", Status: true,
		Attributes: map[string]string{"a": "1", "b": "2"}}
	for _, test := range []struct {
		name    string
		columns products.Columns
		values  []string
		want    func(p *products.Product)
	}{
		{"no columns", products.Columns{}, nil, func(*products.Product) {}},
		{"name", columns("name"), []string{"Torch"}, func(p *products.Product) { p.Name = "Torch" }},
		{"description", columns("description"), []string{"e"}, func(p *products.Product) { p.Description = "e" }},
		{"no description in the record", columns("description"), []string{""},
			func(p *products.Product) { p.Description = "" }},
		{"status", columns("status"), []string{"false"}, func(p *products.Product) { p.Status = false }},
		{"no status in the record", columns("status"), []string{""}, func(*products.Product) {}},
		{"everything", products.Columns{Fields: columns("status", "description", "name").Fields,
			Attributes: []string{"a", "c", "b"}}, []string{"false", "e", "Torch", "", "3", ""}, func(p *products.Product) {
			p.Name, p.Description, p.Status, p.Attributes = "Torch", "e", false, map[string]string{"c": "3"}
		}},
		{"attributes alone", products.Columns{Attributes: []string{"a"}}, []string{""},
			func(p *products.Product) { p.Attributes = map[string]string{"b": "2"} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := existing
			want.SKU, want.Fields = "L-1", map[string]products.Value{}
			test.want(&want)
			r := products.Record{Key: "l-1", SKU: "L-1", Values: test.values}
			require.Equal(t, want, test.columns.Apply(&r, existing))
			require.Equal(t, map[string]string{"a": "1", "b": "2"}, existing.Attributes, "what exists stays as it is")
		})
	}
}

func TestPatchApply(t *testing.T) {
	before := products.Product{ID: 7, Version: 3, Name: "Lamp", SKU: "L-1", Description: "d", Status: true,
		Attributes: map[string]string{"a": "1", "b": "2"}}
	value := "3"
	after := products.Patch{Name: ptr(""), Attributes: map[string]*string{"a": nil, "c": &value,
		"x": nil}}.Apply(before)
	want := before
	want.Name, want.Fields, want.Attributes = "", map[string]products.Value{}, map[string]string{"b": "2", "c": "3"}
	require.Equal(t, want, after)
	require.Equal(t, map[string]string{"a": "1", "b": "2"}, before.Attributes, "the product that exists stays as it is")

	same := products.Patch{}.Apply(before)
	require.True(t, products.SameContent(before, same))
	same.Attributes["a"] = "changed"
	require.Equal(t, "1", before.Attributes["a"], "the result has attributes of its own")
	require.False(t, products.SameContent(before, same))

	require.Empty(t, products.Patch{ReplaceAttributes: true}.Apply(before).Attributes)
	require.NotNil(t, products.Patch{}.Apply(products.Product{}).Attributes)
	require.True(t, products.SameContent(products.Product{}, products.Product{Attributes: map[string]string{}, ID: 1,
		Version: 2}), "no attributes are an empty map; IDs and versions are no content")
}
