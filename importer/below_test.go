package importer_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// TestVariantsBelowTheirProduct: where a file shows that products alone have something in a column, what is directly
// below them, without a name and without that, is a variant. Elsewhere nothing is inherited.
func TestVariantsBelowTheirProduct(t *testing.T) {
	for _, c := range []struct {
		name, text string
		options    importer.Options
		want       []string
		rejects    []string
	}{
		{"Vendure", "name,slug,description,sku,price\nLaptop,laptop,Nice,L-13,1\n,,,L-15,2\n,,,L-17,3\nMouse,mouse,,M-1,4\n,,,M-2,5\n",
			importer.Options{}, []string{"L-13|Laptop|Nice|false", "L-15|Laptop|Nice|false", "L-17|Laptop|Nice|false",
				"M-1|Mouse||false", "M-2|Mouse||false"}, nil},
		{"Squarespace", "Product ID [Non Editable],Variant ID [Non Editable],Product URL,Title,SKU,Visible\n" +
			"p1,v1,tee,Tee,T-S,Yes\n,v2,,,T-M,\np2,v3,mug,Mug,M-1,No\n,v4,,,M-2,\n", importer.Options{},
			[]string{"T-S|Tee||true", "T-M|Tee||true", "M-1|Mug||false", "M-2|Mug||false"}, nil},
		{"Squarespace without IDs", "Product ID [Non Editable],Variant ID [Non Editable],Product URL,Title,SKU\n" +
			",,tee,Tee,T-S\n,,,,T-M\n", importer.Options{}, []string{"T-S|Tee||false", "T-M|Tee||false"}, nil},
		{"commercetools", "productType,variantId,name,sku\nshoe,1,Boot,B-40\n,2,,B-41\n,3,,B-42\n", importer.Options{},
			[]string{"B-40|Boot||false", "B-41|Boot||false", "B-42|Boot||false"}, nil},
		{"BigCommerce", "Item,ID,Name,Type,SKU,Options,Inventory Tracking,Image URL (Import)\nProduct,1,Tee,physical,T,,variant,\n" +
			"Image,,,,,,,a.jpg\nVariant,9,,,T-S,Size=S,,\nVariant,,,,T-M,Size=M,,\nProduct,2,,physical,X,,none,\n" +
			"Variant,,,,X-S,Size=S,,\n", importer.Options{}, []string{"T|Tee||false", "T-S|Tee||false", "T-M|Tee||false"},
			[]string{"6 Name empty", "7 Name no_parent"}},
		{"BigCommerce, choices as names", "Item Type,Product ID,Product Name,Product Code/SKU,Product Visible?\n" +
			"Product,1,Blue Tee,TEE,true\n  SKU,2,[RT]Size=S,TEE-S,\n  SKU,3,\"[S]Size=L,[CS]Colour=Red\",TEE-L,\n" +
			"  SKU,4,Large blue tee,TEE-X,\n  SKU,5,[S]Size=M,TEE-M,\n", importer.Options{},
			[]string{"TEE|Blue Tee||true", "TEE-S|Blue Tee||true", "TEE-L|Blue Tee||true", "TEE-X|Large blue tee||false",
				"TEE-M|Blue Tee||true"}, nil},
		{"BigCommerce, nothing inherits", "Item Type,Product ID,Product Name,Product Code/SKU\nProduct,1,[X]y=z,TEE\n" +
			"SKU,2,[RT]Size=S,TEE-S\n", importer.Options{Group: importer.GroupNone}, []string{"TEE|[X]y=z||false"},
			[]string{"3 Product Name empty"}},
		{"a column of kinds", "Row type,Name,SKU\nProduct,Tee,T\nVariant,,T-S\nImage,,\nvariant,,T-L\nProduct,Mug,M\n,,M-X\n" +
			strings.Repeat("Product,Mug,M\n", 9), importer.Options{}, []string{"T|Tee||false", "T-S|Tee||false", "T-L|Tee||false",
			"M|Mug||false"}, []string{"7 Name empty"}},
		{"kinds of Amazon", "Seller SKU,Item Name,Parentage\nT,Tee,Parent\nT-S,,Child\nT-L,Large tee,Child\nT-M,,Child\n", importer.Options{},
			[]string{"T|Tee||false", "T-S|Tee||false", "T-L|Large tee||false", "T-M|Tee||false"}, nil},
		{"kinds of things", "Type,Name,SKU\nVariant,Tee,T\nVariant,,T-S\nImage,,P\n", importer.Options{}, []string{"T|Tee||false"},
			[]string{"3 Name empty", "4 Name empty"}},
		{"kinds of things among others", "Type,Name,SKU\nProduct,Tee,T\nVariant,,T-S\nFabric,Linen,L\n", importer.Options{},
			[]string{"T|Tee||false", "L|Linen||false"}, []string{"3 Name empty"}},
		{"Wix", "handleId,fieldType,name,sku,visible\ntee,Product,Blue Tee,TEE,true\ntee,Variant,Tee in S,TEE-S,true\n" +
			"tee,Variant,,TEE-L,\nmug,Variant,,MUG-S,true\n", importer.Options{},
			[]string{"TEE|Blue Tee||true", "TEE-S|Tee in S||true", "TEE-L|Blue Tee||true"},
			[]string{"5 name no_parent"}},
		{"other names of the group", "Reference Handle,Item Name,SKU\ntee,Tee,T\nmug,Mug,M\ntee,,T-S\n", importer.Options{},
			[]string{"T|Tee||false", "M|Mug||false", "T-S|Tee||false"}, nil},
		{"an ID that variants share", "Item/ID,Name,SKU\n1,Tee,T\n2,Mug,M\n1,,T-S\n", importer.Options{},
			[]string{"T|Tee||false", "M|Mug||false", "T-S|Tee||false"}, nil},
		{"an ID of each record", "Product ID,Name,SKU\n1,Tee,T\n2,Mug,M\n3,,T-S\n", importer.Options{},
			[]string{"T|Tee||false", "M|Mug||false"}, []string{"4 Name empty"}},
		{"the SKU of the parent", "SKU,Parent SKU,Name\nT,,Tee\nM,,Mug\nT-S,T,\nT-L,T,Large tee\n", importer.Options{},
			[]string{"T|Tee||false", "M|Mug||false", "T-S|Tee||false", "T-L|Large tee||false"}, nil},
		{"WooCommerce in German", "ID,Typ,SKU,Name,Übergeordnet\n1,variable,T,Tee,\n2,variation,T-S,\"Tee - S, Blau\",T\n" +
			"3,variation,T-L,,id:1\n", importer.Options{}, []string{"T|Tee||false", "T-S|Tee - S, Blau||false", "T-L|Tee||false"}, nil},

		{"not across another product", "name,slug,sku\nA,a,a1\n,,a2\nB,b\n,,b2\nC,c,\n,,c2\n,,\n\"D\"D,d,d1\n,,d2\n", importer.Options{},
			[]string{"a1|A||false", "a2|A||false", "c2|C||false"}, []string{"4 sku missing_column",
				"5 name no_parent", "6 sku empty", "9  bad_quote", "10 name no_parent"}},
		{"not across another header", "name,slug,sku\nA,a,a1\n,,a2\nname,slug,sku\n,,b2\n", importer.Options{},
			[]string{"a1|A||false", "a2|A||false"}, []string{"5 name no_parent"}},
		{"across a variant that is rejected", "name,slug,sku,status\nA,a,a1,yes\n,,a2,maybe\n,,a3,\n", importer.Options{},
			[]string{"a1|A||true", "a3|A||true"}, []string{"3 status bad_boolean"}},
		{"products without a group show nothing", "name,slug,sku\nA,a,a1\nB,,b1\n,,b2\n", importer.Options{},
			[]string{"a1|A||false", "b1|B||false"}, []string{"4 name empty"}},
		{"variants with the group show nothing", "name,slug,sku\nA,a,a1\n,a,a2\n,,a3\n", importer.Options{},
			[]string{"a1|A||false", "a2|A||false"}, []string{"4 name empty"}},
		{"no such column", "name,brand,sku\nA,a,a1\n,,a2\n,,a3\n", importer.Options{},
			[]string{"a1|A||false"}, []string{"3 name empty", "4 name empty"}},
		{"the column that is named", "name,brand,sku\nA,a,a1\n,,a2\n,,a3\n", importer.Options{Group: "brand"},
			[]string{"a1|A||false", "a2|A||false", "a3|A||false"}, nil},
		{"without a header", "A,a1,d,x\n,a2,,\n", importer.Options{Header: importer.HeaderNo, Group: "4"},
			[]string{"a1|A|d|false"}, []string{"2 1 empty"}},
		{"turned off", "name,slug,sku\nA,a,a1\n,,a2\n", importer.Options{Group: importer.GroupNone},
			[]string{"a1|A||false"}, []string{"3 name empty"}},
		{"a variant above all products", "name,slug,sku\n,,a2\nA,a,a1\n", importer.Options{},
			[]string{"a1|A||false"}, []string{"2 name empty"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if strings.Contains(c.text, "Product Code/SKU") {
				c.options.Map = map[string]string{"sku": "Product Code/SKU"}
			}
			store := memory.New(memory.Options{}).Products()
			got, _, err := doImport(t, store, c.text, c.options)
			require.NoError(t, err)
			require.Equal(t, c.want, catalogue(t, store))
			var rejects []string
			for _, reject := range got.rejects {
				line, _, _ := strings.Cut(reject, "/")
				_, what, _ := strings.Cut(reject, " ")
				rejects = append(rejects, line+" "+what)
			}
			require.Equal(t, c.rejects, rejects, "%q", got.reasons)
		})
	}
}

// TestFewRecordsWithoutANameAreNoVariants: a record in hundreds that lacks its name and its group is one that somebody
// forgot to fill in.
func TestFewRecordsWithoutANameAreNoVariants(t *testing.T) {
	for products, inherits := range map[int]bool{20: true, 21: false} {
		var b strings.Builder
		b.WriteString("name,slug,sku\n")
		for i := range products {
			fmt.Fprintf(&b, "n%d,g%d,s%d\n", i, i, i)
		}
		b.WriteString(",,v\n")
		_, result, err := doImport(t, memory.New(memory.Options{}).Products(), b.String(), importer.Options{})
		require.NoError(t, err)
		require.Equal(t, inherits, result.Inherited == 1)
		require.Equal(t, inherits, result.Rejected == 0)
	}
}

// TestVariantsBelowAcrossBlocks: it makes no difference how the file is cut into blocks and batches, nor where an
// import was resumed.
func TestVariantsBelowAcrossBlocks(t *testing.T) {
	rng := rand.New(rand.NewPCG(17, 18))
	var b strings.Builder
	b.WriteString("name,slug,description,sku\n")
	var want []string
	name, description := "", ""
	for i := range 9_000 {
		if i == 0 || rng.IntN(4) == 0 {
			name, description = fmt.Sprintf("name %d", i), strings.Repeat("text ", rng.IntN(30))
			fmt.Fprintf(&b, "%s,g%d,%s,s%d\n", name, i, description, i)
		} else {
			fmt.Fprintf(&b, ",,,s%d\n", i)
		}
		want = append(want, fmt.Sprintf("s%d|%s|%s|false", i, name, description))
	}
	o := importer.Options{Mode: products.Update, Parsers: 3, BatchRecords: 1_000, Writers: 1}
	for ends := range int64(3) {
		store := memory.New(memory.Options{}).Products()
		kept := &checkpoints{done: map[int64]importer.Commit{}}
		_, _, err := doImport(t, &countingStore{Store: store, before: func(b *products.Batch) error {
			if b.Number == 3*ends+1 {
				return errCrash
			}
			return nil
		}}, b.String(), kept.set(o))
		require.ErrorIs(t, err, errCrash)
		_, result, err := doImport(t, store, b.String(), kept.set(o))
		require.NoError(t, err)
		require.Zero(t, result.Rejected)
		require.Equal(t, want, catalogue(t, store))
	}
}

// TestRejectedVariantsBelowKeepTheirProduct: a variant that is rejected, without its product, is a whole product among
// the rejects; the one whose product is among them too still has it above.
func TestRejectedVariantsBelowKeepTheirProduct(t *testing.T) {
	store := memory.New(memory.Options{}).Products()
	var rejects [][]string
	o := importer.Options{OnReject: func(r importer.Reject) error { rejects = append(rejects, r.Fields); return nil }}
	_, err := importer.Run(t.Context(), importer.Bytes("name,slug,sku,status\n=A,=a,a1,yes\n,,a2,\n,,"+
		strings.Repeat("x", 256)+",no\nB,b,b1,yes\nC,c,,yes\n,,"+strings.Repeat("y", 256)+",\n"), store, o)
	require.NoError(t, err)
	require.Equal(t, []string{"a1|=A||true", "a2|=A||true", "b1|B||true"}, catalogue(t, store))
	require.Equal(t, [][]string{{"'=A", "'=a", strings.Repeat("x", 256), "no"}, {"C", "c", "", "yes"},
		{"", "", strings.Repeat("y", 256), ""}}, rejects)
}
