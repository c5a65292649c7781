package importer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/charset"
	"github.com/products-importer/products-importer/products"
)

// counted is a source that counts the bytes that are read of it.
type countedSource struct {
	importer.Bytes
	read int64
}

func (c *countedSource) Open(ctx context.Context) (io.ReadCloser, error) {
	in, err := c.Bytes.Open(ctx)
	return c.counting(in), err
}

func (c *countedSource) counting(in io.ReadCloser) io.ReadCloser {
	return struct {
		io.Reader
		io.Closer
	}{io.TeeReader(in, c), in}
}

func (c *countedSource) Write(p []byte) (int, error) {
	c.read += int64(len(p))
	return len(p), nil
}

// checkedOnce does a dry run, and returns what its check found, by way of bytes; nil where it told nothing.
func checkedOnce(t *testing.T, store importer.Store, text string, o importer.Options) (*importer.Checked, []byte) {
	t.Helper()
	o.DryRun = true
	var kept []byte
	o.OnChecked = func(c *importer.Checked) (err error) {
		kept, err = c.MarshalBinary()
		return err
	}
	_, err := importer.Run(t.Context(), importer.Bytes(text), store, o)
	require.NoError(t, err)
	if kept == nil {
		return nil, nil
	}
	found := new(importer.Checked)
	require.NoError(t, found.UnmarshalBinary(kept))
	return found, kept
}

// TestCheckedOnce imports random files with what the check of a dry run found, and without: it makes no difference.
func TestCheckedOnce(t *testing.T) {
	rng := rand.New(rand.NewPCG(21, 22))
	plain, _ := randomFile(rng, 6_000, 3_000)
	single, _ := randomFile(rng, 6_000, 1<<40)
	for name, text := range map[string]string{"repeated": plain, "hardly any": single,
		"variants": randomFamilies(rng, 3_000, 200).text,
		"hints":    "sku,name,price\n" + strings.Repeat("a,b,-\nc,,\n\n", 2_000)} {
		for _, o := range []importer.Options{{}, {Mode: products.Update}, {Mode: products.Update, MaxDuplicates: 1 << 10}} {
			t.Run(fmt.Sprint(name, " ", o.Mode, " ", o.MaxDuplicates), func(t *testing.T) {
				store := memory.New(memory.Options{}).Products()
				want, err := importer.Run(t.Context(), importer.Bytes(text), store, o)
				require.NoError(t, err)
				wanted := catalogue(t, store)

				store = memory.New(memory.Options{}).Products()
				found, _ := checkedOnce(t, store, text, o)
				require.NotNil(t, found)
				o.Checked = found
				told := map[importer.Code]int64{}
				o.OnReject = func(r importer.Reject) error { told[r.Code]++; return nil }
				o.OnChecked = func(*importer.Checked) error { t.Error("it is not checked again"); return nil }
				got, err := importer.Run(t.Context(), importer.Bytes(text), store, o)
				require.NoError(t, err)
				require.Empty(t, told)
				got.Elapsed = want.Elapsed
				require.Equal(t, want, got)
				require.Equal(t, sorted(wanted), sorted(catalogue(t, store)))
			})
		}
	}
}

// TestCheckedIsReadOnce: of a file that was checked earlier the beginning is read twice, the rest once.
func TestCheckedIsReadOnce(t *testing.T) {
	var text strings.Builder
	text.WriteString("sku,name,description\n")
	for i := range 2_000 {
		fmt.Fprintf(&text, "%d,n,%s\n", i, strings.Repeat("x", 2_000))
	}
	store := memory.New(memory.Options{}).Products()
	found, _ := checkedOnce(t, store, text.String(), importer.Options{})
	source := &countedSource{Bytes: importer.Bytes(text.String())}
	_, err := importer.Run(t.Context(), source, store, importer.Options{Checked: found})
	require.NoError(t, err)
	require.Greater(t, source.read, source.Size())
	require.Less(t, source.read, source.Size()*5/4)
}

// sorted sorts the lines. Two lists of thousands are compared so in no time, which ElementsMatch takes long for.
func sorted(lines []string) []string {
	slices.Sort(lines)
	return lines
}

func TestCheckedIsOfThisFile(t *testing.T) {
	text, _ := randomFile(rand.New(rand.NewPCG(23, 24)), 2_000, 1_000)
	store := memory.New(memory.Options{}).Products()
	found, kept := checkedOnce(t, store, text, importer.Options{})
	_, err := importer.Run(t.Context(), importer.Bytes(text+"more,n\n"), store, importer.Options{Checked: found})
	require.ErrorIs(t, err, importer.ErrSourceChanged)
	for _, o := range []importer.Options{{Mode: products.Update, Checked: found},
		{Checked: found, OnSuperseded: func(importer.Superseded) error { return nil }}} {
		_, err = importer.Run(t.Context(), importer.Bytes(text), store, o)
		var bad *importer.OptionError
		require.ErrorAs(t, err, &bad)
		require.Equal(t, "Checked", bad.Field)
	}
	for i := range kept {
		for _, damaged := range [][]byte{kept[:i], append(append(append([]byte{}, kept[:i]...), kept[i]^1), kept[i+1:]...)} {
			require.Error(t, new(importer.Checked).UnmarshalBinary(damaged))
		}
	}

	// A column's format that is found out behind the file's beginning isn't kept.
	schema, err := products.NewSchema(products.Field{Name: "price", Type: products.Decimal, Scale: 2})
	require.NoError(t, err)
	priced := memory.New(memory.Options{Fields: schema}).Products()
	late := "sku,name,price\n" + strings.Repeat("a,b,12\n", 60_000) + "c,d,\"1,50\"\n"
	found, _ = checkedOnce(t, priced, late, importer.Options{})
	require.Nil(t, found)
}

// middle is a source that can be opened in its middle, and counts how often it is.
type middle struct {
	countedSource
	opened int
}

func (m *middle) OpenAt(ctx context.Context, offset int64) (io.ReadCloser, error) {
	m.opened++
	in, err := m.Bytes.OpenAt(ctx, offset)
	return m.counting(in), err
}

// randomViews is a file of products, in groups of which some have a name, with texts for other store views below some.
// Its groups are few, or the file would be too small for places.
func randomViews(rng *rand.Rand, products int, views bool) string {
	var b strings.Builder
	header := "sku,store_view_code,group,name,description\n"
	if !views {
		header = strings.Replace(header, "store_view_code", "note", 1)
	}
	b.WriteString(header)
	for i := range products {
		name := fmt.Sprint("name ", i)
		if i > 100 && rng.IntN(3) == 0 {
			name = ""
		}
		sku, group := fmt.Sprint("sku-", rng.IntN(products)), fmt.Sprint("g-", rng.IntN(200))
		fmt.Fprintf(&b, "%s,,%s,%s,%s\n", sku, group, name, strings.Repeat("text ", 10))
		for views && rng.IntN(2) == 0 {
			view := sku
			switch rng.IntN(8) {
			case 0:
				view = ""
			case 1:
				view = fmt.Sprint("sku-", rng.IntN(products))
			}
			fmt.Fprintf(&b, "%s,de,,Name,%s\n", view, strings.Repeat("Text ", 10))
		}
	}
	return b.String()
}

// TestPlaces interrupts imports here and there, and goes on at the last place that was told: nothing is different from
// an import that wasn't interrupted, and a plain file isn't read from its beginning.
func TestPlaces(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 32))
	random, _ := randomFile(rng, 8_000, 3_000)
	single, _ := randomFile(rng, 8_000, 1<<40)
	// Reading begins at whole MiB.
	long := func(text string) string {
		header, rest, _ := strings.Cut(text, "\n")
		var b strings.Builder
		b.WriteString(header)
		for i := range 1_200 {
			fmt.Fprintf(&b, "\nlong-%d,%s", i%1_100, strings.Repeat("n", 100)+strings.Repeat("\u00e9", 390))
		}
		return b.String() + "\n" + rest
	}
	var torn strings.Builder
	torn.WriteString("sku,name,description\n" + strings.Repeat("a,b,c\n", 100))
	for i := range 8_000 {
		fmt.Fprintf(&torn, "sku-%d,name,text of %d\n", i, i)
		switch i % 5 {
		case 0:
			torn.WriteString("the text goes on\n\n")
		case 1:
			torn.WriteString("\n\"out\" of,place\n")
		}
	}
	for name, c := range map[string]struct {
		text   string
		o      importer.Options
		noSeek bool
	}{
		"random":            {text: long(random)},
		"hardly any repeat": {text: long(single), o: importer.Options{Mode: products.Update}},
		"a mark":            {text: "\ufeff" + long(random), o: importer.Options{Mode: products.Update}},
		"without header": {text: long(random)[strings.IndexByte(random, '\n')+1:],
			o: importer.Options{Header: importer.HeaderNo, Map: map[string]string{"sku": "1", "name": "2"}}},
		"only existing": {text: long(random), o: importer.Options{Mode: products.Existing}},
		"torn":          {text: torn.String(), o: importer.Options{Mode: products.Update}, noSeek: true},
		"compressed":    {text: gzipped(t, long(random)), o: importer.Options{Mode: products.Update}, noSeek: true},
		"another encoding": {text: "sku,name\n" + strings.Repeat("caf\xe9,\xe0 la carte\n", 8_000) +
			single[len("sku,name\n"):],
			o: importer.Options{Encoding: charset.Windows1252}, noSeek: true},
		"variants": {text: randomViews(rng, 24_000, false), o: importer.Options{Group: "group"}},
		"store views": {text: randomViews(rng, 12_000, true),
			o: importer.Options{Mode: products.Update, Group: importer.GroupNone}},
		"both": {text: randomViews(rng, 20_000, true), o: importer.Options{Mode: products.Update, Group: "group"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := c.o
			o.BatchRecords, o.BatchBytes, o.Writers = 500, 64<<10, 1
			undisturbed := memory.New(memory.Options{}).Products()
			want, err := importer.Run(t.Context(), importer.Bytes(c.text), undisturbed, o)
			require.NoError(t, err)
			wanted := sorted(catalogue(t, undisturbed))

			told, opened := 0, 0
			for ends := int64(2); ends <= want.Batches; ends += 1 + want.Batches/6 {
				store := memory.New(memory.Options{}).Products()
				kept := &checkpoints{done: map[int64]importer.Commit{}}
				crash := errors.New("crash")
				first := kept.set(o)
				var found *importer.Checked
				var place *importer.Place
				first.OnChecked = func(c *importer.Checked) error { found = c; return nil }
				first.OnPlace = func(p *importer.Place) error {
					b, err := p.MarshalBinary()
					if told++; p.Batch() < ends {
						place = new(importer.Place)
						require.NoError(t, place.UnmarshalBinary(b))
					}
					return err
				}
				failing := &countingStore{Store: store, before: func(b *products.Batch) error {
					if b.Number == ends {
						return crash
					}
					return nil
				}}
				_, err := importer.Run(t.Context(), importer.Bytes(c.text), failing, first)
				require.ErrorIs(t, err, crash)
				require.NotNil(t, found)

				resuming := kept.set(o)
				resuming.Checked, resuming.Place = found, place
				source := &middle{countedSource: countedSource{Bytes: importer.Bytes(c.text)}}
				got, err := importer.Run(t.Context(), source, store, resuming)
				require.NoError(t, err)
				require.Equal(t, ends-1, got.Resumed)
				got.Resumed, got.Elapsed = want.Resumed, want.Elapsed
				require.Equal(t, want, got)
				require.Equal(t, wanted, sorted(catalogue(t, store)))
				opened += source.opened

				// A place behind a batch that wasn't committed is none.
				delete(resuming.Checkpoints.Committed, 1)
				source.opened = 0
				_, err = importer.Run(t.Context(), source, store, resuming)
				require.NoError(t, err)
				require.Zero(t, source.opened)
			}
			require.Positive(t, told)
			require.Equal(t, c.noSeek, opened == 0)
		})
	}
}

// TestPlaceOfAnotherFile: behind a place the file is still compared with what was checked, and a place of another file
// or one that is damaged is none.
func TestPlaceOfAnotherFile(t *testing.T) {
	text := lines(200_000)
	for name, c := range map[string]struct {
		resumed string
		changed bool
	}{
		"the same":           {text, false},
		"another end":        {text[:len(text)-3] + "x" + text[len(text)-2:], true},
		"another length":     {text + "more,n\n", true},
		"in front of places": {text[:600_000] + "x" + text[600_001:], false}, // is not read, and is committed
	} {
		t.Run(name, func(t *testing.T) {
			store := memory.New(memory.Options{}).Products()
			kept := &checkpoints{done: map[int64]importer.Commit{}}
			stop := make(chan struct{})
			var found *importer.Checked
			var place *importer.Place
			o := importer.Options{BatchRecords: 1_000, Writers: 1}
			first := kept.set(o)
			first.Stop = stop
			first.OnChecked = func(c *importer.Checked) error { found = c; return nil }
			first.OnPlace = func(p *importer.Place) error {
				if p.Batch() == 150 {
					place = p
					close(stop)
				}
				return nil
			}
			_, err := importer.Run(t.Context(), importer.Bytes(text), store, first)
			require.ErrorIs(t, err, importer.ErrStopped)
			o = kept.set(o)
			o.Checked, o.Place = found, place
			source := &middle{countedSource: countedSource{Bytes: importer.Bytes(c.resumed)}}
			_, err = importer.Run(t.Context(), source, store, o)
			require.Equal(t, 1, source.opened)
			if c.changed {
				require.ErrorIs(t, err, importer.ErrSourceChanged)
			} else {
				require.NoError(t, err)
			}
			b, err := place.MarshalBinary()
			require.NoError(t, err)
			for i := range b {
				damaged := slices.Clone(b)
				damaged[i] ^= 1
				require.Error(t, new(importer.Place).UnmarshalBinary(damaged))
				require.Error(t, new(importer.Place).UnmarshalBinary(b[:i]))
			}
		})
	}
}
