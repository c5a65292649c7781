package importer_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

func TestExtraColumns(t *testing.T) {
	text := "sku,Color,name,,Color,Size\ns1,red,n,x,blue,\n"
	store := memory.New(memory.Options{}).Products()
	_, result, err := doImport(t, store, text, importer.Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"Color", "4", "Color", "Size"}, result.Dialect.Ignored())

	_, result, err = doImport(t, store, text, importer.Options{Extra: importer.ExtraKeep, Mode: products.Update})
	require.NoError(t, err)
	require.Empty(t, result.Dialect.Ignored())
	require.EqualValues(t, 1, result.Updated)
	page, err := store.List(t.Context(), products.Query{})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"Color": "red", "column 4": "x", "Color column 5": "blue"},
		page.Products[0].Attributes)

	_, _, err = doImport(t, store, text, importer.Options{Extra: importer.ExtraReject})
	require.ErrorIs(t, err, importer.ErrInput)
	require.ErrorContains(t, err, `"Color", "4", "Color", "Size"`)
}

// TestLeaveOut keeps columns as attributes but for those that are named.
func TestLeaveOut(t *testing.T) {
	const text = "sku,Color,name,,Color,Size (cm),attributes.old,Handle\ns1,red,n,x,blue,7,y,h\n"
	for name, c := range map[string]struct {
		extra importer.ExtraMode
		out   []string
		want  map[string]string
	}{
		"none": {importer.ExtraKeep, nil, map[string]string{"Color": "red", "column 4": "x", "Color column 5": "blue",
			"Size (cm)": "7", "old": "y", "Handle": "h"}},
		"by name and number": {importer.ExtraKeep, []string{"size_CM", "2", " Handle "}, map[string]string{
			"column 4": "x", "Color": "blue", "old": "y"}},
		"twice":                        {importer.ExtraKeep, []string{"5", "5", "4", "2"}, map[string]string{"Size (cm)": "7", "old": "y", "Handle": "h"}},
		"what an export has":           {importer.ExtraIgnore, []string{"attributes.old"}, map[string]string{}},
		"what would refuse the file":   {importer.ExtraReject, []string{"2", "4", "5", "6", "8"}, map[string]string{"old": "y"}},
		"all, so that nothing is kept": {importer.ExtraKeep, []string{"2", "4", "5", "6", "7", "8"}, map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			store := memory.New(memory.Options{}).Products()
			_, result, err := doImport(t, store, text, importer.Options{Extra: c.extra, LeaveOut: c.out})
			require.NoError(t, err)
			page, err := store.List(t.Context(), products.Query{})
			require.NoError(t, err)
			require.Equal(t, c.want, page.Products[0].Attributes)
			for _, column := range result.Dialect.Columns {
				require.False(t, column.LeftOut && (column.Attribute != "" || column.Field != ""))
			}
		})
	}
	_, result, err := doImport(t, memory.New(memory.Options{}).Products(), "1,a,x\n2,b,y\n", importer.Options{
		Header: importer.HeaderNo, Map: mapTo("sku", "1", "name", "2"), Extra: importer.ExtraReject,
		LeaveOut: []string{"3"}})
	require.NoError(t, err)
	require.Equal(t, importer.Column{Number: 3, LeftOut: true}, result.Dialect.Columns[2])
}

// TestLeaveOutVariants: the column that variants share serves for that, though it isn't kept.
func TestLeaveOutVariants(t *testing.T) {
	store := memory.New(memory.Options{}).Products()
	_, result, err := doImport(t, store, "Handle,sku,name\nh,1,a\nh,2,\n",
		importer.Options{Extra: importer.ExtraKeep, LeaveOut: []string{"Handle"}})
	require.NoError(t, err)
	require.EqualValues(t, 1, result.Inherited)
	page, err := store.List(t.Context(), products.Query{})
	require.NoError(t, err)
	require.Empty(t, page.Products[0].Attributes)
	require.Equal(t, "a", page.Products[1].Name)
}

func TestLeaveOutRefuses(t *testing.T) {
	for _, c := range []struct {
		text  string
		o     importer.Options
		words []string
	}{
		{"sku,name,Color\n1,a,b\n", importer.Options{LeaveOut: []string{"Colour"}},
			[]string{`no column "Colour"`, `did you mean "Color"`, `found: "sku", "name", "Color"`}},
		{"sku,name\n1,a\n", importer.Options{LeaveOut: []string{"3"}}, []string{`no column "3"`}},
		{"sku,name,a,A\n1,a,b,c\n", importer.Options{LeaveOut: []string{"a "}}, nil},
		{"sku,name,A,a b,a_b\n1,a,b,c,d\n", importer.Options{LeaveOut: []string{"AB"}},
			[]string{"columns 4 and 5", "by number"}},
		{"sku,name,status\n1,a,1\n", importer.Options{LeaveOut: []string{"status"}},
			[]string{`the column "status"`, "map status to another column, or to none"}},
		{"sku,name,status\n1,a,1\n", importer.Options{LeaveOut: []string{"status"}, Map: mapTo("status", "none")}, nil},
		{"Titel;Nr\na;1\n", importer.Options{LeaveOut: []string{"1"}, Map: mapTo("sku", "Nr")},
			[]string{`the column "Titel"`, "the name is taken from it", "map the name to another column"}},
		{"sku,name\n1,a\n", importer.Options{LeaveOut: []string{"sku"}}, []string{"the sku is taken from it"}},
		{"sku,Color\n1,a\n", importer.Options{LeaveOut: []string{"Color"}, Extra: importer.ExtraKeep,
			Mode: products.Existing}, []string{"nothing to change"}},
	} {
		store := &countingStore{Store: memory.New(memory.Options{}).Products()}
		_, _, err := doImport(t, store, c.text, c.o)
		if c.words == nil {
			require.NoError(t, err, c.text)
			continue
		}
		require.ErrorIs(t, err, importer.ErrInput)
		for _, word := range c.words {
			require.ErrorContains(t, err, word)
		}
		require.Zero(t, store.batches, "nothing is written")
	}
}

// TestLeaveOutIsNotSuggested: who leaves a column out isn't asked about it.
func TestLeaveOutIsNotSuggested(t *testing.T) {
	const text = "sku,name,Descripton\n1,a,b\n"
	_, hints, err := columnsOf(t, text, importer.Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"description Descripton"}, hints)
	_, hints, err = columnsOf(t, text, importer.Options{LeaveOut: []string{"Descripton"}})
	require.NoError(t, err)
	require.Empty(t, hints)
}

// TestLeaveOutPreview shows columns that are left out apart from others that are ignored.
func TestLeaveOutPreview(t *testing.T) {
	got := preview(t, "sku,name,a,b\n1,x,y,z\n", importer.PreviewOptions{Options: importer.Options{
		Extra: importer.ExtraKeep, LeaveOut: []string{"a"}}})
	require.Nil(t, got.Problem)
	require.Equal(t, importer.UseIgnored, column(t, got, "a").Use)
	require.Equal(t, importer.FoundGiven, *column(t, got, "a").Found)
	require.Equal(t, importer.UseAttribute, column(t, got, "b").Use)
	require.Equal(t, map[string]string{"b": "z"}, got.Records[0].Product.Attributes)

	got = preview(t, "Nr,Was\n1,x\n", importer.PreviewOptions{Options: importer.Options{LeaveOut: []string{"none such"}}})
	require.Equal(t, importer.ProblemFile, got.Problem.Code)
	require.Len(t, got.Columns, 2, "the columns are there all the same")
	require.Equal(t, "the header has no column for sku", got.Missing[0].Detail)
}
