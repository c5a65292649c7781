package importer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// fullStore has a product "full" that can't grow.
func fullStore(t *testing.T) *memory.Products {
	t.Helper()
	store := memory.New(memory.Options{}).Products()
	p := products.Product{SKU: "full", Name: "Full", Attributes: map[string]string{}}
	for i := 0; p.Bytes() < products.MaxBytes; i++ {
		name := fmt.Sprint("a", i)
		p.Attributes[name] = strings.Repeat("x", min(products.MaxAttributeValue, products.MaxBytes-p.Bytes()-len(name)))
	}
	_, err := store.Create(t.Context(), p)
	require.NoError(t, err)
	return store
}

// TestRefused: a record that would make a product too large costs that record, is counted and told, and comes among the
// rejects as what it was.
func TestRefused(t *testing.T) {
	const text = "sku;status;name;color\na;;A;red\nfull;yes;=Full;blue\n;;no sku;\nb;;B;green\n"
	for _, dry := range []bool{true, false} {
		store := fullStore(t)
		var rejects bytes.Buffer
		w := importer.NewRejectWriter(&rejects)
		o := importer.Options{Mode: products.Update, Extra: importer.ExtraKeep, DryRun: dry, BatchRecords: 1,
			OnHeader: w.Header, OnReject: w.Write}
		result, err := importer.Run(t.Context(), importer.Bytes(text), store, o)
		require.NoError(t, err)
		require.NoError(t, w.Flush())
		require.EqualValues(t, 4, result.Read)
		require.EqualValues(t, 2, result.Created)
		require.EqualValues(t, 2, result.Rejected)
		require.Equal(t, map[importer.Code]int64{importer.CodeEmpty: 1, importer.CodeTooLarge: 1}, result.Rejects)
		require.Contains(t, rejects.String(),
			`full,yes,'=Full,blue,3,,too_large,"with this record the product ""full"" would be larger than 1048576 bytes`)
		if dry {
			continue
		}
		page, err := store.List(t.Context(), products.Query{SKU: "full"})
		require.NoError(t, err)
		require.EqualValues(t, 1, page.Products[0].Version)
		// There is room once something has gone.
		_, err = store.Update(t.Context(), page.Products[0].ID, 0,
			products.Patch{Attributes: map[string]*string{"a0": nil}})
		require.NoError(t, err)
		o.OnHeader, o.OnReject = nil, nil
		result, err = importer.Run(t.Context(), importer.Bytes(rejects.String()), store, o)
		require.NoError(t, err)
		require.EqualValues(t, 1, result.Updated)
		page, err = store.List(t.Context(), products.Query{SKU: "full"})
		require.NoError(t, err)
		require.Equal(t, "=Full", page.Products[0].Name)
		require.Equal(t, "blue", page.Products[0].Attributes["color"])
	}
}

// TestRefusedAndResumed: what an earlier run had refused is counted once.
func TestRefusedAndResumed(t *testing.T) {
	text := "sku,name,color\nfull,Full,blue\nx,X,red\nfull2,Full,blue\n"
	store := fullStore(t)
	done := map[int64]importer.Commit{}
	o := importer.Options{Mode: products.Update, Extra: importer.ExtraKeep, BatchRecords: 1, Writers: 1,
		Checkpoints: importer.Checkpoints{Save: func(_ context.Context, c importer.Commit) error {
			done[c.Batch] = c
			return nil
		}}}
	want, err := importer.Run(t.Context(), importer.Bytes(text), store, o)
	require.NoError(t, err)
	require.EqualValues(t, 1, want.Rejects[importer.CodeTooLarge])
	require.Len(t, done[1].Refused, 1, "a checkpoint has the records that the store refused")
	require.Equal(t, []string{"full", "Full", "blue"}, done[1].Refused[0].Fields)
	require.EqualValues(t, 2, done[1].Refused[0].Line)
	require.Empty(t, done[2].Refused)
	o.Checkpoints.Committed = done
	got, err := importer.Run(t.Context(), importer.Bytes(text), store, o)
	require.NoError(t, err)
	require.Equal(t, want.Counts, got.Counts)
	require.Equal(t, want.Rejects, got.Rejects)
}

// TestRecordTooLarge: a record whose attributes alone are more than a product may have is rejected before anything is
// written.
func TestRecordTooLarge(t *testing.T) {
	var text strings.Builder
	text.WriteString("sku,name,handle")
	for i := range 20 {
		fmt.Fprint(&text, ",column ", i)
	}
	row := func(name string, bytes int) {
		fmt.Fprintf(&text, "\n%d,%s,group", bytes, name)
		for range 20 {
			text.WriteString("," + strings.Repeat("x", bytes))
		}
	}
	row("Name", 10)
	row("Name", 52_000)
	row("Name", 53_000)
	row("", 52_001)
	row("", 53_001)
	out, result, err := doImport(t, memory.New(memory.Options{}).Products(), text.String(),
		importer.Options{Extra: importer.ExtraKeep, MaxRecordBytes: 4 << 20})
	require.NoError(t, err)
	require.EqualValues(t, 3, result.Created, "%v", out.rejects)
	require.EqualValues(t, 2, result.Rejects[importer.CodeTooLarge])
	require.Contains(t, out.reasons[0], "larger than 1048576 bytes")
}

// refusing is a store that refuses every record.
type refusing struct{ *memory.Products }

func (s refusing) WriteBatch(ctx context.Context, b *products.Batch) (*products.BatchResult, error) {
	result := &products.BatchResult{Outcomes: make([]products.Outcome, len(b.Records)),
		Reasons: map[int]products.FieldError{}}
	for i := range b.Records {
		result.Outcomes[i] = products.Refused
		result.Reasons[i] = products.FieldError{Field: "price", Code: products.CodeCheck, Message: "no"}
	}
	return result, b.BeforeCommit(ctx, result)
}

// TestRefusedAsTheFileHasIt: what the store refuses comes among the rejects byte for byte, whatever was made of it: so
// a column is read again as it was read before.
func TestRefusedAsTheFileHasIt(t *testing.T) {
	schema, err := products.NewSchema(
		products.Field{Name: "price", Type: products.Decimal, Scale: 3, Unit: "kg", Inherit: true},
		products.Field{Name: "day", Type: products.Date},
		products.Field{Name: "fragile", Type: products.Boolean})
	require.NoError(t, err)
	const head = "\ufeffhandle,sku,name,price,day,fragile,note,_line,_column,_code,_reason\n"
	for name, c := range map[string]struct{ text, want string }{
		"numbers, days and words": {
			"handle;sku;name;price;day;fragile;note\n" +
				";s1; Lamp ;1.234,500;31.01.2026;ja;\"a \"\"b\"\"; =x\"\n" +
				";s2;\"two\r\nlines\";12,345;01.02.2026;nein;\n" +
				";s3;'=three; 7,5 kg;;;-1\n",
			head + ",s1,\" Lamp \",\"1.234,500\",31.01.2026,ja,\"a \"\"b\"\"; =x\",2,price,check_violation,no\n" +
				",s2,\"two\r\nlines\",\"12,345\",01.02.2026,nein,,3,price,check_violation,no\n" +
				",s3,'=three,\" 7,5 kg\",,,-1,5,price,check_violation,no\n",
		},
		"empty fields behind the last column": {
			"handle;sku;name;price;day;fragile;note\n;s1;A;1,5;;;;;\n;s2;B;2,5;;;;;\n",
			head + ",s1,A,\"1,5\",,,,2,price,check_violation,no\n,s2,B,\"2,5\",,,,3,price,check_violation,no\n",
		},
		"fields too few": {
			"handle;sku;name;price;day;fragile;note\n;s1;A;1,5;;\n;s2;B;2,5;;\n",
			head + ",s1,A,\"1,5\",,,,2,price,check_violation,no\n,s2,B,\"2,5\",,,,3,price,check_violation,no\n",
		},
		"variants": {
			"handle;sku;name;price;day;fragile;note\nlamp;s1;Lamp;1.234,50;;;x\nlamp;s2;;;;ja;y\nlamp;s3;;1,75;;;z\n",
			head + "lamp,s1,Lamp,\"1.234,50\",,,x,2,price,check_violation,no\n" +
				"lamp,s2,Lamp,\"1.234,50\",,ja,y,3,price,check_violation,no\n" +
				"lamp,s3,Lamp,\"1,75\",,,z,4,price,check_violation,no\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, batch := range []int{1, 2, 100} {
				var told, saved bytes.Buffer
				w, kept := importer.NewRejectWriter(&told), importer.NewRejectWriter(&saved)
				o := importer.Options{Writers: 1, BatchRecords: batch, OnReject: w.Write,
					OnHeader: func(names []string) error { return errors.Join(w.Header(names), kept.Header(names)) }}
				o.Checkpoints.Save = func(_ context.Context, c importer.Commit) error {
					for i := range c.Refused {
						require.NoError(t, kept.Write(c.Refused[i]))
					}
					return nil
				}
				store := refusing{memory.New(memory.Options{Fields: schema}).Products()}
				result, err := importer.Run(t.Context(), importer.Bytes(c.text), store, o)
				require.NoError(t, err)
				require.Equal(t, result.Read, result.Rejected)
				require.NoError(t, errors.Join(w.Flush(), kept.Flush()))
				require.Equal(t, c.want, told.String())
				require.Equal(t, c.want, saved.String())
			}
		})
	}
}
