package job

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

// decoded are all changes of chunks.
func decoded(t testing.TB, chunks []ChangeChunk) (all []Change) {
	for i := range chunks {
		n := len(all)
		require.NoError(t, decodeChanges(&chunks[i], func(c *Change) bool { all = append(all, *c); return true }))
		require.Equal(t, chunks[i].Changes(), len(all)-n)
		require.Equal(t, chunks[i].First, all[n].Key)
		require.Equal(t, chunks[i].Last, all[len(all)-1].Key)
	}
	return all
}

func ptr(s string) *string { return &s }

// TestChangesAreEncoded: what is decoded is what was given, in chunks that are bounded.
func TestChangesAreEncoded(t *testing.T) {
	schema, err := products.NewSchema(products.Field{Name: "price", Type: products.Decimal, Scale: 2})
	require.NoError(t, err)
	created := time.Date(2026, 11, 29, 1, 2, 3, 4000, time.UTC)
	old := &products.Product{ID: 7, Version: 3, SKU: "B", Name: "old", Description: "", Status: true, CreatedAt: created,
		Fields:     map[string]products.Value{"price": products.DecimalValue(150, 2)},
		Attributes: map[string]string{"gone": "", "same": "x", "z": "1"}}
	is := &products.Product{ID: 7, Version: 4, SKU: "b", Name: "old", Description: "ä\x00", Status: false, CreatedAt: created,
		Attributes: map[string]string{"same": "x", "z": "2", "new": ""}}
	field := func(name string, before, after *string) FieldChange {
		return FieldChange{Name: name, Before: before, After: after}
	}
	e := newChangeEncoder(schema, 5)
	e.add(&products.Difference{Key: "a", After: &products.Product{ID: 1 << 60, Version: 1, SKU: "A", Name: "n"}})
	e.add(&products.Difference{Key: "b", Before: old, After: is})
	e.add(&products.Difference{Key: "bb", Before: old})
	e.add(&products.Difference{Key: "bba", Before: &products.Product{ID: 8, Version: 5, SKU: "bba", Name: "n", CreatedAt: created},
		Restored: "5=2"})
	e.keep("bbb", &products.Product{SKU: "bbb", ID: 1, Version: 9}, "changed")
	e.add(&products.Difference{Key: "c", Before: &products.Product{ID: 9, Version: 1, SKU: "c", Status: true},
		After: &products.Product{ID: 9, Version: 2, SKU: "c"}, Missing: true})
	e.add(&products.Difference{Key: "d", Before: &products.Product{ID: 10, Version: 1, SKU: "d", CreatedAt: created},
		Missing: true})
	require.Equal(t, []Change{
		{Kind: ChangeCreated, Key: "a", SKU: "A", ID: 1 << 60, Version: 1,
			Fields: []FieldChange{field("name", nil, ptr("n")), field("status", nil, ptr("false"))}},
		{Kind: ChangeUpdated, Key: "b", SKU: "b", ID: 7, Version: 4, Fields: []FieldChange{field("sku", ptr("B"), ptr("b")),
			field("description", ptr(""), ptr("ä\x00")), field("status", ptr("true"), ptr("false")), field("price", ptr("1.50"), nil),
			field("attributes.gone", ptr(""), nil), field("attributes.new", nil, ptr("")), field("attributes.z", ptr("1"), ptr("2"))}},
		{Kind: ChangeDeleted, Key: "bb", SKU: "B", ID: 7, Version: 3, CreatedAt: created, Fields: []FieldChange{
			field("name", ptr("old"), nil), field("status", ptr("true"), nil), field("price", ptr("1.50"), nil),
			field("attributes.gone", ptr(""), nil), field("attributes.same", ptr("x"), nil), field("attributes.z", ptr("1"), nil)}},
		{Kind: ChangeDeleted, Key: "bba", SKU: "bba", ID: 8, Version: 5, CreatedAt: created, Restored: "5=2",
			Fields: []FieldChange{field("name", ptr("n"), nil), field("status", ptr("false"), nil)}},
		{Kind: ChangeKept, Key: "bbb", SKU: "bbb", ID: 1, Version: 9, Reason: "changed"},
		{Kind: ChangeDeactivated, Key: "c", SKU: "c", ID: 9, Version: 2,
			Fields: []FieldChange{field("status", ptr("true"), ptr("false"))}},
		{Kind: ChangeDeleted, Key: "d", SKU: "d", ID: 10, Version: 1, CreatedAt: created,
			Fields: []FieldChange{field("status", ptr("false"), nil)}},
	}, decoded(t, e.chunks()))

	random := rand.New(rand.NewPCG(1, 2))
	var want []string
	for i := range 5_000 {
		p := products.Product{ID: random.Int64(), Version: 1, SKU: fmt.Sprintf("sku-%05d", i),
			Description: strings.Repeat("d", random.IntN(300))}
		if i%100 == 0 {
			p.Attributes = map[string]string{fmt.Sprint("attribute ", i, strings.Repeat("n", 200)): "x"}
		}
		want = append(want, fmt.Sprint(p.SKU, p.ID))
		e.add(&products.Difference{Key: p.SKU, After: &p})
	}
	chunks := e.chunks()
	var got []string
	for _, c := range decoded(t, chunks) {
		got = append(got, fmt.Sprint(c.SKU, c.ID))
	}
	require.Equal(t, want, got)
	for i := range chunks {
		require.LessOrEqual(t, chunks[i].Changes(), chunkChanges)
		require.LessOrEqual(t, chunks[i].Size, chunkBytes+4_096)
		require.EqualValues(t, 5, chunks[i].Batch)
	}
	require.Empty(t, e.chunks(), "an encoder begins anew")
}

// TestKindsOfChunks: chunks that were written before stay readable.
func TestKindsOfChunks(t *testing.T) {
	created := time.UnixMicro(0).UTC()
	for code, want := range map[byte]Change{
		0: {Kind: ChangeCreated}, 1: {Kind: ChangeUpdated}, 2: {Kind: ChangeDeleted, CreatedAt: created},
		3: {Kind: ChangeKept, Reason: "3=1"}, 4: {Kind: ChangeDeleted, CreatedAt: created, Restored: "3=1"},
		5: {Kind: ChangeDeactivated},
	} {
		body := []byte{0, code, 0, 1, 'a', 0, 2, 3}
		if want.Kind == ChangeDeleted {
			body = append(body, 0)
		}
		if want.Reason != "" || want.Restored != "" {
			body = append(body, "\x033=1"...)
		}
		want.Key, want.SKU, want.ID, want.Version = "a", "a", 1, 3
		err := decodeChanges(&ChangeChunk{Body: s2.Encode(nil, append(body, 0))}, func(c *Change) bool {
			require.Equal(t, want, *c)
			return true
		})
		require.NoError(t, err, code)
	}
	unknown := ChangeChunk{Body: s2.Encode(nil, []byte{0, 6, 0, 1, 'a', 0, 2, 3, 0})}
	require.ErrorIs(t, decodeChanges(&unknown, func(*Change) bool { return true }), errBadChunk)
}

// TestChunksStayReadable: what is stored is read by later versions, so a body is made of these bytes.
func TestChunksStayReadable(t *testing.T) {
	body := "\x02\x04name\x06status" + // two names
		"\x00\x00\x01a\x02A\x0e\x01" + "\x02" + "\x00\x00\x02n" + "\x01\x00\x06false" + // created: two fields
		"\x01\x01\x01b\x00\x02\x03" + "\x01" + "\x00\x04old\x04new" // updated: one
	want := []Change{
		{Kind: ChangeCreated, Key: "a", SKU: "A", ID: 7, Version: 1, Fields: []FieldChange{
			{Name: "name", After: ptr("n")}, {Name: "status", After: ptr("false")}}},
		{Kind: ChangeUpdated, Key: "ab", SKU: "ab", ID: 8, Version: 3, Fields: []FieldChange{
			{Name: "name", Before: ptr("old"), After: ptr("new")}}},
	}
	stored := ChangeChunk{First: "a", Last: "ab", Body: s2.Encode(nil, []byte(body))}
	stored.Counts[0], stored.Counts[1] = 1, 1
	require.Equal(t, want, decoded(t, []ChangeChunk{stored}))

	// An encoder makes them, and is used again.
	e := newChangeEncoder(products.Standard(), 1)
	for batch := range int64(3) {
		e.reset(batch)
		e.add(&products.Difference{Key: "a", After: &products.Product{SKU: "A", Name: "n", ID: 7, Version: 1}})
		e.add(&products.Difference{Key: "ab", Before: &products.Product{SKU: "ab", Name: "old", ID: 8, Version: 2},
			After: &products.Product{SKU: "ab", Name: "new", ID: 8, Version: 3}})
		// A large one is a chunk of its own, and its body takes more than the memory there is for others.
		large := products.Product{SKU: "b", Attributes: map[string]string{}}
		random := rand.NewChaCha8([32]byte{byte(batch)})
		noise := make([]byte, 2*packedBytes)
		_, err := random.Read(noise)
		require.NoError(t, err)
		large.Attributes["noise"] = string(noise)
		e.flush()
		e.add(&products.Difference{Key: "b", After: &large})
		chunks := e.chunks()
		require.Len(t, chunks, 2)
		got, err := s2.Decode(nil, chunks[0].Body)
		require.NoError(t, err)
		require.Equal(t, body, string(got))
		require.Equal(t, batch, chunks[0].Batch)
		all := decoded(t, chunks)
		require.Equal(t, want, all[:2])
		require.Equal(t, string(noise), *all[2].Fields[1].After)
	}
}

// TestFieldsOfChunks: a chunk names its fields, or says that they are too many.
func TestFieldsOfChunks(t *testing.T) {
	e := newChangeEncoder(products.Standard(), 1)
	p := products.Product{SKU: "a", Name: "a", Attributes: map[string]string{"x": "1"}}
	e.add(&products.Difference{Key: "a", After: &p})
	require.Equal(t, []string{"attributes.x", "name", "status"}, e.chunks()[0].Fields)
	for i := range mostChunkFields {
		p.Attributes[fmt.Sprint(i)] = "1"
	}
	e.add(&products.Difference{Key: "a", After: &p})
	require.Equal(t, []string{AllFields}, e.chunks()[0].Fields)
}

// FuzzDecodeChanges: whatever is stored, decoding ends, with its changes or an error.
func FuzzDecodeChanges(f *testing.F) {
	e := newChangeEncoder(products.Standard(), 1)
	e.add(&products.Difference{Key: "a", After: &products.Product{SKU: "A", Name: "n"}})
	e.add(&products.Difference{Key: "ab", Before: &products.Product{SKU: "A", Name: "n"}})
	e.keep("b", &products.Product{SKU: "b"}, "changed")
	body, err := s2.Decode(nil, e.chunks()[0].Body)
	require.NoError(f, err)
	f.Add(body)
	f.Add(append([]byte(nil), body[:len(body)-1]...))
	f.Fuzz(func(t *testing.T, body []byte) {
		c := ChangeChunk{Body: s2.Encode(nil, body)}
		n := 0
		err := decodeChanges(&c, func(*Change) bool { n++; return true })
		if err != nil {
			require.ErrorIs(t, err, errBadChunk)
		}
		require.LessOrEqual(t, n, len(body))
		require.Error(t, decodeChanges(&ChangeChunk{Body: append([]byte{0xff}, body...)}, func(*Change) bool { return true }))
	})
}
