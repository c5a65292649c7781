package importer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

func TestVariants(t *testing.T) {
	for _, c := range []struct {
		name, text string
		options    importer.Options
		inherited  int64
		want       []string
		rejects    []string // "line code: reason"
	}{
		{
			name:      "name, description and status, each where it is empty",
			text:      "slug,sku,name,description,status\nlamp,l1,Lamp,Bright,yes\nlamp,l2,,,\nlamp,l3,,Dim,\nlamp,l4,,,no\n",
			inherited: 3,
			want: []string{"l1|Lamp|Bright|true", "l2|Lamp|Bright|true", "l3|Lamp|Dim|true",
				"l4|Lamp|Bright|false"},
		},
		{
			name: "a record with a name inherits nothing",
			text: "slug,sku,name,description,status\nlamp,l1,Lamp,Bright,yes\nlamp,l2,Lamp 2,,\n",
			want: []string{"l1|Lamp|Bright|true", "l2|Lamp 2||false"},
		},
		{
			name:      "from the last earlier record with a name",
			text:      "slug,sku,name\na,a1,A\nb,b1,B\na,a2,\na,a3,A3\nb,b2,\n a ,a4,  \n",
			inherited: 3,
			want: []string{"a1|A||false", "b1|B||false", "a2|A||false", "a3|A3||false", "b2|B||false",
				"a4|A3||false"},
		},
		{
			name:      "what nobody sees is empty: a name, a group, a parent's SKU, a name of a column",
			text:      "slug,sku,name,\u200b\na,a1,A,x\na,a2,\u200b,\n\u200b,b1,B,\n\u200b,b2,\u00ad,\na,\u200b\ufeff,,\na,\u200ba3,,\n",
			options:   importer.Options{Extra: importer.ExtraKeep},
			inherited: 2,
			want:      []string{"a1|A||false", "a2|A||false", "b1|B||false", "a3|A||false"},
			rejects: []string{`5 empty: name must not be empty, and nobody sees its characters: "\u00ad"`,
				`6 empty: sku must not be empty, and nobody sees its characters: "\u200b\ufeff" (what is empty is inherited from line 2)`},
		},
		{
			name:      "from one that is not valid itself",
			text:      "Handle,Variant SKU,Title,Status\na,,A,yes\na,a2,,\nb,b1,B,perhaps\nb,b2,,no\nb,b3,,\n",
			inherited: 2,
			want:      []string{"a2|A||true", "b2|B||false"},
			rejects: []string{"2 empty: sku must not be empty", "4 bad_boolean: Status must be",
				`6 bad_boolean: Status must be a yes or a no (true/false, 1/0, yes/no, on/off, active/inactive, published/unpublished, enabled/disabled, draft, archived), not "perhaps" (what is empty is inherited from line 4)`},
		},
		{
			name: "from none whose fields can't be told apart",
			text: "slug,sku,name,description\na,a1,A, or B,x\na,a2,\"\",d\nb,b1\nb,b2,,\nc,\"c1,C,\nc,c2,,\n",
			rejects: []string{"2 field_count", "3 no_parent", "4 missing_column", "5 no_parent", "6 bad_quote",
				"7 no_parent"},
		},
		{
			name: "there is none",
			text: "slug,sku,name\na,a1,\n,b1,\na,a2,A\na,,\nc,,\n",
			want: []string{"a2|A||false"},
			rejects: []string{`2 no_parent: name must not be empty: no earlier record with the slug "a" has one to inherit`, "3 empty: name must not be empty", "5 empty: sku must not be empty",
				`6 no_parent: name must not be empty: no earlier record with the slug "c" has one to inherit; sku must not be empty`},
		},
		{
			name: "what is inherited is held to the rules too",
			text: "slug,sku,name\na,a1," + strings.Repeat("x", 501) +
				"\na,a2,\nb,b1,n\xff\nb,b2,\nc,c1,n\x00\nc,c2,\n",
			inherited: 0,
			rejects: []string{"2 too_long", "3 too_long", "4 invalid_utf8", "5 invalid_utf8", "6 bad_character",
				"7 bad_character"},
		},
		{
			name:      "the escape for spreadsheets",
			text:      "slug,sku,name,description\n'=a,a1,'=A,''=d\n=a,a2,,\n",
			inherited: 1,
			want:      []string{"a1|=A|'=d|false", "a2|=A|'=d|false"},
		},
		{
			name:    "turned off",
			text:    "slug,sku,name\na,a1,A\na,a2,\n",
			options: importer.Options{Group: "none"},
			want:    []string{"a1|A||false"},
			rejects: []string{"3 empty: name must not be empty"},
		},
		{
			name:      "a column that is named",
			text:      "slug,sku,name,Line\nx,a1,A,1\ny,a2,,1\n",
			options:   importer.Options{Group: "line"},
			inherited: 1,
			want:      []string{"a1|A||false", "a2|A||false"},
		},
		{
			name:      "a column by its number, without a header",
			text:      "A,a1,d,1\n,a2,,1\n",
			options:   importer.Options{Group: "4", Header: importer.HeaderNo},
			inherited: 1,
			want:      []string{"a1|A|d|false", "a2|A|d|false"},
		},
		{
			name:      "one product a handle, mode ignore",
			text:      "Handle,Title,Body (HTML),Variant SKU\na,A,d,\na,,,\nb,B,,\na,,x,\n",
			options:   importer.Options{Map: map[string]string{"sku": "Handle"}},
			inherited: 2,
			want:      []string{"a|A|d|false", "b|B||false"},
		},
		{
			name:      "one product a handle, mode update",
			text:      "Handle,Title,Body (HTML),Variant SKU\na,A,d,\na,,,\nb,B,,\na,,,\n",
			options:   importer.Options{Map: map[string]string{"sku": "Handle"}, Mode: products.Update},
			inherited: 2,
			want:      []string{"b|B||false", "a|A|d|false"},
		},
		{
			name: "WooCommerce: from the record whose SKU or ID is the parent, not from a sibling",
			text: "ID,Type,SKU,Name,Published,Parent\n1,variable,hoodie,Hoodie,1,\n2,variation,hoodie-red,Hoodie - " +
				"Red,1,hoodie\n3,variation,hoodie-blue,,-1,hoodie\n" +
				"4,variation,hoodie-green,,,id:1\n5,variable,,Cap,1,\n6,variation,cap-red,,0,id:5\n7,variation,x,,1,\n8,variation,y,,1,id:9\n",
			inherited: 3,
			want: []string{"hoodie|Hoodie||true", "hoodie-red|Hoodie - Red||true", "hoodie-blue|Hoodie||false",
				"hoodie-green|Hoodie||true", "cap-red|Cap||false"},
			rejects: []string{"6 empty: sku must not be empty", "8 empty: name must not be empty",
				`9 no_parent: name must not be empty: no earlier record with the Parent "id:9" has one to inherit`},
		},
		{
			name:      "WooCommerce: a parent that isn't in the file is stood in for by its variation",
			text:      "SKU,Name,Parent\nhat-red,Hat,hat\nhat-blue,,hat\n",
			inherited: 1,
			want:      []string{"hat-red|Hat||false", "hat-blue|Hat||false"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := memory.New(memory.Options{}).Products()
			dry := c.options
			dry.DryRun = true
			foreseen, _, err := doImport(t, store, c.text, dry)
			require.NoError(t, err)
			got, result, err := doImport(t, store, c.text, c.options)
			require.NoError(t, err)
			require.Equal(t, foreseen, got, "a dry run foresees everything")
			require.Equal(t, c.want, catalogue(t, store))
			require.Equal(t, c.inherited, result.Inherited)
			require.Len(t, got.rejects, len(c.rejects), "%v", got.reasons)
			for i, want := range c.rejects {
				line, _, _ := strings.Cut(got.rejects[i], "/")
				code := got.rejects[i][strings.LastIndexByte(got.rejects[i], ' ')+1:]
				require.True(t, strings.HasPrefix(line+" "+code+": "+got.reasons[i], want), "%s: %s", got.rejects[i],
					got.reasons[i])
			}
		})
	}
}

func TestGroupColumn(t *testing.T) {
	_, result, err := doImport(t, memory.New(memory.Options{}).Products(), "slug,sku,Product Handle,name\na,b,c,d\n",
		importer.Options{Extra: importer.ExtraKeep})
	require.NoError(t, err)
	require.Equal(t, importer.Column{Number: 3, Name: "Product Handle", Attribute: "Product Handle", Group: true},
		result.Dialect.Columns[2], "it is an attribute too")
	require.False(t, result.Dialect.Columns[0].Group)
	require.False(t, importer.Column{Group: true}.Ignored())

	_, _, err = doImport(t, memory.New(memory.Options{}).Products(), "slug,sku,name\n",
		importer.Options{Extra: importer.ExtraReject})
	require.ErrorContains(t, err, `"slug"`, "who wants nothing lost hears of it")
	_, _, err = doImport(t, memory.New(memory.Options{}).Products(), "slug,sku,name\n",
		importer.Options{Extra: importer.ExtraReject, Group: "slug"})
	require.NoError(t, err, "unless it was asked for")
	_, _, err = doImport(t, memory.New(memory.Options{}).Products(), "slgu,sku,name\n", importer.Options{Group: "slug"})
	require.ErrorIs(t, err, importer.ErrInput)
	require.ErrorContains(t, err, `there is no column "slug", to which group is mapped; did you mean "slgu" for group?`)
}

// family is a file of variants as a plain program sees it.
type family struct {
	text               string
	records, inherited int64
	want               map[string]string // name and description by SKU, mode ignore
	rejected           int64
}

// randomFamilies makes a file of many blocks. Its first variant comes after so many records.
func randomFamilies(rng *rand.Rand, records, first int) family {
	f := family{want: map[string]string{}}
	var b strings.Builder
	b.WriteString("slug,sku,name,description\n")
	type parent struct{ name, description string }
	parents := map[string]parent{}
	for i := range records {
		group, sku := fmt.Sprintf("g%d", rng.IntN(records/4)), fmt.Sprintf("s%d", rng.IntN(records))
		var own parent
		if i < first || rng.IntN(3) == 0 {
			own.name = fmt.Sprintf("name %d", i)
		}
		if rng.IntN(2) == 0 {
			own.description = strings.Repeat("text\n", 20)
		}
		if rng.IntN(10) == 0 {
			sku = ""
		}
		fmt.Fprintf(&b, "%s,%s,%s,\"%s\"\n", group, sku, own.name, own.description)
		has, known := parents[group]
		inherits := own.name == "" && known
		if inherits {
			own.name = has.name
			if own.description == "" {
				own.description = has.description
			}
		} else if own.name != "" {
			parents[group] = own
		}
		f.records++
		if own.name == "" || sku == "" {
			f.rejected++
			continue
		}
		if inherits {
			f.inherited++
		}
		if _, have := f.want[sku]; !have {
			f.want[sku] = own.name + "|" + own.description
		}
	}
	f.text = b.String()
	return f
}

// TestVariantsOfRandomFiles compares imports with what a plain program makes of the file, whatever the parsers, the
// batches, and the place of the first variant.
func TestVariantsOfRandomFiles(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	for _, first := range []int{0, 1, 7_500} {
		f := randomFamilies(rng, 8_000, first)
		for _, o := range []importer.Options{{Parsers: 1, Writers: 1}, {Parsers: 7, BatchRecords: 100},
			{BatchBytes: 1 << 10}, {MaxDuplicates: 1 << 10}} {
			store := memory.New(memory.Options{}).Products()
			events := int64(0)
			o.Progress = progress.Func(func(_ context.Context, e progress.Event) {
				if e.Phase.Terminal() {
					events = e.Inherited
				}
			})
			_, result, err := doImport(t, store, f.text, o)
			require.NoError(t, err)
			require.Equal(t, f.records, result.Read)
			require.Equal(t, f.rejected, result.Rejected)
			require.Equal(t, f.inherited, result.Inherited)
			require.Equal(t, f.inherited, events)
			got := map[string]string{}
			for _, line := range catalogue(t, store) {
				sku, rest, _ := strings.Cut(line, "|")
				got[sku] = strings.TrimSuffix(rest, "|false")
			}
			require.Equal(t, f.want, got)
		}
	}
}

// openings counts how often a file is read.
type openings struct {
	importer.Bytes
	n int
}

func (o *openings) Open(ctx context.Context) (io.ReadCloser, error) {
	o.n++
	return o.Bytes.Open(ctx)
}

// TestVariantsCostOnlyThoseWhoHaveSome: the file is begun anew at its first variant, and only then.
func TestVariantsCostOnlyThoseWhoHaveSome(t *testing.T) {
	for _, c := range []struct {
		text            string
		opened, rejects int
	}{
		{"slug,sku,name\na,a1,A\na,a2,A\n", 2, 0},
		{"slug,sku,name\na,a1,A\n,a2,B\n,a3,\n", 2, 1},
		{"slug,sku,name\na,a1,A\n,a2,\n", 3, 0},
		{"slug,sku,name\na,a1,A\n,,A\na,a2,\na,a3,\n", 3, 1},
		{"slug,sku,name\na,a1,A\na,a2,\na,,\nb,,", 3, 2},
		{"sku,name\na1,A\na2,\n", 2, 1},
	} {
		source := &openings{Bytes: importer.Bytes(c.text)}
		rejects := 0
		o := importer.Options{OnReject: func(importer.Reject) error { rejects++; return nil }}
		_, err := importer.Run(t.Context(), source, memory.New(memory.Options{}).Products(), o)
		require.NoError(t, err)
		require.Equal(t, c.opened, source.n, c.text)
		require.Equal(t, c.rejects, rejects, "each is told once: %s", c.text)
	}
}

// TestGroupsAreBounded: what was not used for long can't be inherited any more, by number and by bytes.
func TestGroupsAreBounded(t *testing.T) {
	const most = 1 << 16
	var b strings.Builder
	b.WriteString("slug,sku,name\n")
	for i := range most {
		fmt.Fprintf(&b, "g%d,s%d,n%d\n", i, i, i)
	}
	b.WriteString("g0,v0,\n") // it is used now, and g1 the one to go
	b.WriteString("new,new,n\ng1,v1,\ng0,v2,\ng2,v3,\n")
	store := memory.New(memory.Options{}).Products()
	got, result, err := doImport(t, store, b.String(), importer.Options{})
	require.NoError(t, err)
	require.Len(t, got.rejects, 1)
	require.Contains(t, got.reasons[0], `"g1"`)
	require.EqualValues(t, 3, result.Inherited)

	b.Reset()
	b.WriteString("slug,sku,name,description\n")
	text := strings.Repeat("x", 65_000)
	const large = 8<<20/65_000 + 1
	for i := range large {
		fmt.Fprintf(&b, "g%d,s%d,n,%s\n", i, i, text)
	}
	b.WriteString("g0,v0,,d\ng1,v1,,d\n")
	got, result, err = doImport(t, memory.New(memory.Options{}).Products(), b.String(), importer.Options{})
	require.NoError(t, err)
	require.Len(t, got.rejects, 1)
	require.Contains(t, got.reasons[0], `"g0"`)
	require.EqualValues(t, 1, result.Inherited)

	huge := "slug,sku,name,description\na,a,n,x\nb,b,n," + strings.Repeat("x", 9<<20) + "\na,a1,,y\nb,b1,,y\n"
	got, result, err = doImport(t, memory.New(memory.Options{}).Products(), huge,
		importer.Options{MaxRecordBytes: 16 << 20})
	require.NoError(t, err)
	require.EqualValues(t, 1, result.Inherited, "one group is always remembered")
	require.Len(t, got.rejects, 2, "the record that is too long, and the one whose group had to make room")
}

var errCrash = errors.New("crash")

// TestResumeInherits ends an import of variants at every batch, and resumes it.
func TestResumeInherits(t *testing.T) {
	f := randomFamilies(rand.New(rand.NewPCG(15, 16)), 400, 5)
	o := importer.Options{Mode: products.Update, BatchRecords: 20, Writers: 1}
	undisturbed := memory.New(memory.Options{}).Products()
	want, result, err := doImport(t, undisturbed, f.text, o)
	require.NoError(t, err)
	require.Positive(t, result.Inherited)
	for ends := int64(1); ends <= result.Batches; ends++ {
		store := memory.New(memory.Options{}).Products()
		kept := &checkpoints{done: map[int64]importer.Commit{}}
		_, _, err := doImport(t, &countingStore{Store: store, before: func(b *products.Batch) error {
			if b.Number == ends {
				return errCrash
			}
			return nil
		}}, f.text, kept.set(o))
		require.ErrorIs(t, err, errCrash)
		got, resumed, err := doImport(t, store, f.text, kept.set(o))
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, result.Inherited, resumed.Inherited)
		require.Equal(t, catalogue(t, undisturbed), catalogue(t, store))
	}
}
