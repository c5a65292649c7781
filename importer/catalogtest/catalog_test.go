package catalogtest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/products"
)

// records reads a catalogue with encoding/csv and drops its header.
func records(t *testing.T, r io.Reader) [][]string {
	t.Helper()
	in := csv.NewReader(r)
	in.FieldsPerRecord = 3
	all, err := in.ReadAll()
	require.NoError(t, err)
	require.Equal(t, strings.Split(catalogtest.Header, ","), all[0])
	return all[1:]
}

var variants = []catalogtest.Variant{catalogtest.Base, catalogtest.HalfNew, catalogtest.Random,
	catalogtest.Changed}

// The bytes are what benchmarks compare over time: a change to them needs a reason.
func TestTheBytesAreAlwaysTheSame(t *testing.T) {
	for variant, want := range map[catalogtest.Variant]string{
		catalogtest.Base:    "558f2070fdb975d6e65325735c99699d939db67f4def8bb0668a46b7a0ea527c",
		catalogtest.HalfNew: "4636004909aaacff8c8020bd4057e1e93b85677c202ea6aed6427bdd411a8d40",
		catalogtest.Random:  "d29690e0c365355948bdcdea510aeaa1dbab079908751d0102e9d6c1c9bbc039",
		catalogtest.Changed: "938c44369b8574a7282658befb64a84a0322e3c7ecf95f0ca86b1756e5feb8b3",
	} {
		t.Run(variant.String(), func(t *testing.T) {
			sum := sha256.New()
			require.NoError(t, catalogtest.WriteVariant(sum, 1_000, variant))
			require.Equal(t, want, hex.EncodeToString(sum.Sum(nil)))
		})
	}
}

func TestWriteIsTheVariantBase(t *testing.T) {
	var plain, base bytes.Buffer
	require.NoError(t, catalogtest.Write(&plain, 500))
	require.NoError(t, catalogtest.WriteVariant(&base, 500, catalogtest.Base))
	require.Equal(t, base.String(), plain.String())
}

func TestChangedIsBaseWithOtherContent(t *testing.T) {
	base := records(t, catalogtest.NewReader(2_000, catalogtest.Base))
	for i, r := range records(t, catalogtest.NewReader(2_000, catalogtest.Changed)) {
		require.Equal(t, base[i][1], r[1])
		require.NotEqual(t, base[i][0], r[0])
		require.NotEqual(t, base[i][2], r[2])
	}
}

func TestAShorterFileIsTheBeginningOfALongerOne(t *testing.T) {
	var short, long bytes.Buffer
	require.NoError(t, catalogtest.Write(&short, 900))
	require.NoError(t, catalogtest.Write(&long, 3_000))
	require.True(t, bytes.HasPrefix(long.Bytes(), short.Bytes()))
}

func TestReaderGivesTheSameHoweverItIsRead(t *testing.T) {
	var want bytes.Buffer
	require.NoError(t, catalogtest.Write(&want, 2_000))
	require.NoError(t, iotest.TestReader(catalogtest.NewReader(2_000, catalogtest.Base), want.Bytes()))
}

// halfWriter takes some bytes and then no more.
type halfWriter struct{ left int }

var errFull = errors.New("full")

func (w *halfWriter) Write(p []byte) (int, error) {
	if len(p) > w.left {
		return w.left, errFull
	}
	w.left -= len(p)
	return len(p), nil
}

func TestWriteStopsWithTheWritersError(t *testing.T) {
	require.ErrorIs(t, catalogtest.Write(&halfWriter{left: 100_000}, 10_000), errFull)
	require.ErrorIs(t, catalogtest.WriteClean(&halfWriter{}, 10, catalogtest.Base, products.Update), errFull)
}

func TestCounts(t *testing.T) {
	for _, n := range []int{0, 1, 15, 16, 17, 1_000, 50_000} {
		for _, variant := range variants {
			t.Run(fmt.Sprintf("%v/%d", variant, n), func(t *testing.T) {
				all := records(t, catalogtest.NewReader(n, variant))
				require.Len(t, all, n)
				skus, names := map[string]bool{}, map[string]bool{}
				for _, r := range all {
					names[r[0]], skus[r[1]] = true, true
				}
				require.Len(t, names, n, "every record has its own name")
				require.Len(t, skus, catalogtest.Distinct(n))
				require.Equal(t, n-n*33_307/500_000, catalogtest.Distinct(n))
			})
		}
	}
}

func TestTheLargeCatalogue(t *testing.T) {
	const n = 500_000
	in := csv.NewReader(catalogtest.NewReader(n, catalogtest.Base))
	in.ReuseRecord = true
	skus := make(map[string]struct{}, n)
	var read, quoted, breaks int
	for {
		r, err := in.Read()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		if read++; read == 1 {
			continue
		}
		skus[strings.Clone(r[1])] = struct{}{}
		if strings.Contains(r[2], "\n") {
			breaks++
		}
		if strings.Contains(r[2], `"`) {
			quoted++
		}
	}
	require.Equal(t, n, read-1)
	require.Len(t, skus, 466_693)
	require.Equal(t, 466_693, catalogtest.Distinct(n))
	require.InEpsilon(t, 130, float64(in.InputOffset())/n, 0.02, "bytes of a record")
	require.InEpsilon(t, n/2, breaks, 0.2, "records with line breaks")
	require.InEpsilon(t, n/8, quoted, 0.2, "records with quotes")
}

func TestCleanIsWhatCounts(t *testing.T) {
	const n = 20_000
	for _, variant := range variants {
		for _, mode := range []products.Mode{products.Ignore, products.Update} {
			t.Run(fmt.Sprintf("%v/%v", variant, mode), func(t *testing.T) {
				winner := map[string][]string{}
				for _, r := range records(t, catalogtest.NewReader(n, variant)) {
					if _, have := winner[r[1]]; mode == products.Update || !have {
						winner[r[1]] = r
					}
				}
				var clean bytes.Buffer
				require.NoError(t, catalogtest.WriteClean(&clean, n, variant, mode))
				kept := records(t, &clean)
				require.Len(t, kept, catalogtest.Distinct(n))
				for _, r := range kept {
					require.Equal(t, winner[r[1]], r)
				}
			})
		}
	}
}

func TestHalfOfHalfNewIsInBaseWithOtherContent(t *testing.T) {
	const n = 20_000
	base := map[string][][]string{}
	for _, r := range records(t, catalogtest.NewReader(n, catalogtest.Base)) {
		base[r[1]] = append(base[r[1]], r)
	}
	shared := map[string]bool{}
	for _, r := range records(t, catalogtest.NewReader(n, catalogtest.HalfNew)) {
		for _, old := range base[r[1]] {
			shared[r[1]] = true
			require.NotEqual(t, old, r)
		}
	}
	require.Len(t, shared, catalogtest.Shared(n))
	require.InDelta(t, catalogtest.Distinct(n)/2, len(shared), 1)
}

func BenchmarkReader(b *testing.B) {
	for _, variant := range variants {
		b.Run(variant.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n, err := io.Copy(io.Discard, catalogtest.NewReader(100_000, variant))
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(n)
			}
		})
	}
}
