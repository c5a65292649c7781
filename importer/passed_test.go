package importer_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// passing are files with rows that are no products, and what becomes of them in the mode update.
var passing = []struct {
	name, text string
	options    importer.Options
	passed     map[importer.Passed]int64
	want       []string // the catalogue
	rejects    []string
}{
	{"nothing in them", "SKU,Name,Price\nA-1,Lamp,1\n,,\n,,,,\n\t\n ,\u00a0,\u200b\n\f\nA-2,Desk,2\n\x1a", importer.Options{},
		map[importer.Passed]int64{importer.PassedEmpty: 6}, []string{"A-1|Lamp||false", "A-2|Desk||false"}, nil},
	{"without a header", "Lamp,A-1\n,\nDesk,A-2\n", importer.Options{Header: importer.HeaderNo},
		map[importer.Passed]int64{importer.PassedEmpty: 1}, []string{"A-1|Lamp||false", "A-2|Desk||false"}, nil},
	{"NUL is what is left of lost data", "SKU,Name\nA-1,Lamp\n\x00," + strings.Repeat(" ", 200) + "\n", importer.Options{}, nil,
		[]string{"A-1|Lamp||false"}, []string{"3/3+18 SKU bad_character"}},
	{"more images, in Shopify", "Handle,Title,Body (HTML),Variant SKU,Image Src,Image Position\ntee,Tee,x,T-1,1.jpg,1\n" +
		"tee,,,,2.jpg,2\ntee,,,T-2,3.jpg,3\ntee,,,,,\n", importer.Options{},
		map[importer.Passed]int64{importer.PassedMedia: 1}, []string{"T-1|Tee|x|false", "T-2|Tee|x|false"},
		[]string{"5/5+117 Variant SKU empty"}},
	{"more images, by handle", "Handle,Title,Published,Image Src\ntee,Tee,true,1.jpg\ntee,,,2.jpg\n",
		importer.Options{Map: map[string]string{"sku": "Handle"}, Extra: importer.ExtraKeep},
		map[importer.Passed]int64{importer.PassedMedia: 1}, []string{"tee|Tee||true"}, nil},
	{"media and choices, in Wix", "handle,fieldType,name,sku,media\ntee,PRODUCT,Tee,T,a.jpg\ntee,MEDIA,,,b.jpg\n" +
		"tee,Choice,red,,\n", importer.Options{},
		map[importer.Passed]int64{importer.PassedMedia: 1, importer.PassedOption: 1}, []string{"T|Tee||false"}, nil},
	{"rules, in BigCommerce", "Item Type,Product ID,Product Name,Product Code/SKU\nProduct,1,Tee,T\n" +
		"  Rule,,[S]Size=L,T-L\n  Rule,,[S]Size=M,\n", importer.Options{Map: map[string]string{"sku": "Product Code/SKU"}},
		map[importer.Passed]int64{importer.PassedRule: 2}, []string{"T|Tee||false"}, nil},
	{"store views, in Magento", "sku,store_view_code,name,description\nL-1,,Lamp,warm\nL-1,de,Lampe,hell\n,fr,Lampe,\n" +
		"D-1,admin,Desk,\nD-1,de,,\nB-1,de,Birne,\n", importer.Options{},
		map[importer.Passed]int64{importer.PassedStoreView: 3},
		[]string{"L-1|Lamp|warm|false", "D-1|Desk||false", "B-1|Birne||false"}, nil},
	{"one store view alone", "sku,store_view_code,name\nL-1,de,Lampe\nD-1,de,Tisch\n", importer.Options{}, nil,
		[]string{"L-1|Lampe||false", "D-1|Tisch||false"}, nil},
	{"store views below a rejected product", "sku,store_view_code,name\nL-1,,\nL-1,de,Lampe\n", importer.Options{},
		map[importer.Passed]int64{importer.PassedStoreView: 1}, nil, []string{"2/2+25 name empty"}},
	{"the kind of things, but not of rows", "Item Type,SKU,Name\nRule,R-1,Ruler\nImage,,Print\n", importer.Options{}, nil,
		[]string{"R-1|Ruler||false"}, []string{"3/3+34 SKU empty"}},
	{"the header again", "SKU,Name,Price\nA-1,Lamp,1\nSKU,Name,Price\nA-2,Desk,2\n\ufeffSKU,Name,Price\n\ufeffA-3,Bed,3\n" +
		"SKU,Name,9\n", importer.Options{}, map[importer.Passed]int64{importer.PassedHeader: 2},
		[]string{"A-1|Lamp||false", "A-2|Desk||false", "A-3|Bed||false", "SKU|Name||false"}, nil},
	{"a second header", "SKU,Product Name,Cost\nsku,title,cost_net\nA-1,Lamp,1\nsku,title,cost_net\n", importer.Options{},
		map[importer.Passed]int64{importer.PassedHeader: 1}, []string{"A-1|Lamp||false", "sku|title||false"}, nil},
	{"a byte order mark before a name", "Name,SKU\nLamp,A-1\n\ufeffDesk,A-2\n", importer.Options{}, nil,
		[]string{"A-1|Lamp||false", "A-2|Desk||false"}, nil},
	{"a byte order mark before quotes", "\"SKU\",\"Name\"\nA-1,Lamp\n\ufeff\"SKU\",\"Name\"\n\ufeff\"A-2\",\"Desk, oak\"\n",
		importer.Options{}, map[importer.Passed]int64{importer.PassedHeader: 1},
		[]string{"A-1|Lamp||false", "A-2|Desk, oak||false"}, nil},
	{"formulas that are texts", "SKU,Name\n=\"00123\",Lamp\n\"=\"\"00124\"\"\",Desk\n", importer.Options{}, nil,
		[]string{"00123|Lamp||false", "00124|Desk||false"}, nil},
}

// TestPassedOver: rows that are no products are neither read nor rejected, but counted by what they are.
func TestPassedOver(t *testing.T) {
	for _, c := range passing {
		t.Run(c.name, func(t *testing.T) {
			if c.passed == nil {
				c.passed = map[importer.Passed]int64{}
			}
			o := c.options
			o.Mode, o.BatchRecords, o.Writers = products.Update, 1, 1
			o.MaxRejects = &importer.RejectLimit{Count: int64(len(c.rejects))}
			dry, o2 := o, o
			dry.DryRun = true
			store := memory.New(memory.Options{}).Products()
			got, tried, err := doImport(t, store, c.text, dry)
			require.NoError(t, err)
			require.Equal(t, c.rejects, got.rejects)

			var events []progress.Event
			o2.Progress = progress.Func(func(_ context.Context, e progress.Event) { events = append(events, e) })
			kept := &checkpoints{done: map[int64]importer.Commit{}}
			got, result, err := doImport(t, store, c.text, kept.set(o2))
			require.NoError(t, err)
			require.Equal(t, c.rejects, got.rejects)
			require.Equal(t, c.want, catalogue(t, store))
			require.Equal(t, c.passed, result.PassedOver)
			require.Equal(t, c.passed, tried.PassedOver, "a dry run counts the same")
			require.Equal(t, tried.Counts, result.Counts)
			require.EqualValues(t, len(c.want)+len(c.rejects), result.Read)
			var sum int64
			for _, n := range c.passed {
				sum += n
			}
			require.Equal(t, sum, events[len(events)-1].PassedOver)

			for number := range result.Batches {
				delete(kept.done, number+1) // and those before it
				_, again, err := doImport(t, store, c.text, kept.set(o))
				require.NoError(t, err)
				require.Equal(t, c.passed, again.PassedOver, "nor does it depend on what was committed before")
				require.Equal(t, result.Read, again.Read)
			}
			checked, err := importer.Check(t.Context(), importer.Bytes(c.text), importer.CheckOptions{Options: o})
			require.NoError(t, err)
			require.Equal(t, c.passed, checked.PassedOver)
		})
	}
}

// Rows that are passed over are no evidence of how a column spells its values, and have nothing to inherit.
func TestWhatIsPassedOverHasNoSay(t *testing.T) {
	store := shopStore(t)
	_, result, err := doImport(t, store, "sku,store_view_code,name,price,image\n,de,Lampe,\"1.234,5\",\nL-1,,Lamp,1.5,\n",
		importer.Options{})
	require.NoError(t, err)
	require.Equal(t, map[importer.Passed]int64{importer.PassedStoreView: 1}, result.PassedOver)
	require.Equal(t, []string{"L-1|Lamp|false price=1.500000"}, typed(t, store))

	got, result, err := doImport(t, memory.New(memory.Options{}).Products(),
		"slug,name,sku\nslug,name,sku\nslug,,A-1\n"+strings.Repeat(",,\n", 5_000), importer.Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"3/3+28 name no_parent"}, got.rejects)
	require.Equal(t, map[importer.Passed]int64{importer.PassedHeader: 1, importer.PassedEmpty: 5_000}, result.PassedOver)
}
