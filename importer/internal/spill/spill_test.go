package spill

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// setTemp makes the folder that of temporary files.
func setTemp(t *testing.T, folder string) {
	t.Helper()
	for _, name := range []string{"TMPDIR", "TMP", "TEMP"} {
		t.Setenv(name, folder)
	}
}

// all returns what the parts have, by digest, and checks that each entry is in its digest's part.
func all(t *testing.T, s *Store) map[Digest][]string {
	t.Helper()
	found := map[Digest][]string{}
	for part := range Parts {
		require.NoError(t, s.Each(part, func(d Digest, value []byte) error {
			require.Equal(t, part, d.Part())
			found[d] = append(found[d], string(value))
			return nil
		}))
	}
	return found
}

// TestStore compares Stores with maps: with few and many entries, short and long ones, some of one digest alone.
func TestStore(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 16 {
		folder := t.TempDir()
		setTemp(t, folder)
		s, want, bytes := New(0), map[Digest][]string{}, 0
		entries, digests, length := rng.IntN(20_000), 1+rng.IntN(3_000), 1+rng.IntN(40)
		if round%8 == 0 {
			digests = 1
		}
		known := make([]Digest, digests)
		for i := range known {
			known[i] = Digest{rng.Uint64(), rng.Uint64()}
		}
		for i := range entries {
			value := make([]byte, rng.IntN(length))
			if i%5000 == 4999 {
				value = make([]byte, MaxValue)
			}
			for j := range value {
				value[j] = byte(rng.Uint32())
			}
			d := known[rng.IntN(digests)]
			require.NoError(t, s.Add(d, value))
			want[d] = append(want[d], string(value))
			bytes += 17 + len(value)
			clear(value) // it was copied
		}
		if bytes < 64<<10 {
			require.Zero(t, s.Spilled())
		} else if bytes > 2*(64<<10+MaxValue) {
			require.Greater(t, s.Spilled(), int64(bytes)/2)
		}
		require.Equal(t, want, all(t, s), round)
		if round == 0 {
			require.Equal(t, want, all(t, s), "as often as one likes")
		}
		if runtime.GOOS != "windows" {
			require.Empty(t, files(t, folder), "the file has no name")
		}
		require.NoError(t, s.Close())
		require.NoError(t, s.Close())
		require.Empty(t, files(t, folder))
	}
}

func files(t *testing.T, folder string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*"))
	require.NoError(t, err)
	return names
}

// TestJoin finds the entries of one Store whose digest another one lacks, in the memory of one part.
func TestJoin(t *testing.T) {
	setTemp(t, t.TempDir())
	rng := rand.New(rand.NewPCG(3, 4))
	file, catalogue := New(0), New(0)
	defer func() { require.NoError(t, errors.Join(file.Close(), catalogue.Close())) }()
	missing := map[uint64]bool{}
	for i := range uint64(20_000) {
		d := Digest{rng.Uint64(), rng.Uint64()}
		require.NoError(t, catalogue.Add(d, binary.AppendUvarint(nil, i)))
		if i%3 == 0 {
			missing[i] = true
		} else {
			require.NoError(t, file.Add(d, nil))
		}
	}
	require.Positive(t, file.Spilled())
	found, most := map[uint64]bool{}, 0
	for part := range Parts {
		have := map[Digest]bool{}
		require.NoError(t, file.Each(part, func(d Digest, _ []byte) error { have[d] = true; return nil }))
		require.NoError(t, catalogue.Each(part, func(d Digest, value []byte) error {
			if !have[d] {
				id, _ := binary.Uvarint(value)
				found[id] = true
			}
			return nil
		}))
		most = max(most, len(have))
	}
	require.Equal(t, missing, found)
	require.Less(t, most, 20_000/Parts*2)
}

func TestErrors(t *testing.T) {
	value := make([]byte, 1000)
	fill := func(s *Store) (err error) {
		for i := uint64(0); err == nil && i < 200; i++ {
			err = s.Add(Digest{i, i << 50}, value)
		}
		return err
	}
	folder := filepath.Join(t.TempDir(), "not here")
	setTemp(t, folder)
	s := New(0)
	err := fill(s)
	var trouble *Error
	require.ErrorAs(t, err, &trouble)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, folder)
	if runtime.GOOS != "windows" {
		require.ErrorContains(t, err, "TMPDIR")
	}
	require.ErrorIs(t, s.Add(Digest{}, nil), err, "it stays")
	require.ErrorIs(t, s.Each(0, nil), err)
	require.NoError(t, s.Close())

	// A file that can't be written any more, as on a full disk, and one that can't be read.
	setTemp(t, t.TempDir())
	s = New(0)
	require.NoError(t, s.create())
	require.NoError(t, s.file.Close())
	require.ErrorAs(t, fill(s), &trouble)
	require.Error(t, s.Close())
	s = New(0)
	require.NoError(t, fill(s))
	require.NoError(t, s.file.Close())
	require.ErrorAs(t, s.Each(0, func(Digest, []byte) error { return nil }), &trouble)

	s = New(0)
	require.Error(t, s.Add(Digest{}, make([]byte, MaxValue+1)))
	require.NoError(t, s.Add(Digest{}, value))
	stop := errors.New("stop")
	require.ErrorIs(t, s.Each(0, func(Digest, []byte) error { return stop }), stop)
	require.Error(t, s.Add(Digest{}, nil), "after Each")
	require.NoError(t, s.Close())
	require.Error(t, s.Add(Digest{}, nil))
	require.Error(t, s.Each(0, nil))
}

// BenchmarkStore adds entries and reads them back, beyond what fits into memory.
func BenchmarkStore(b *testing.B) {
	rng := rand.New(rand.NewPCG(5, 6))
	for b.Loop() {
		s := New(4 << 20)
		for i := range uint64(1_000_000) {
			var value [10]byte
			if err := s.Add(Digest{rng.Uint64(), rng.Uint64()}, value[:binary.PutUvarint(value[:], i)]); err != nil {
				b.Fatal(err)
			}
		}
		n := 0
		for part := range Parts {
			require.NoError(b, s.Each(part, func(Digest, []byte) error { n++; return nil }))
		}
		require.Equal(b, 1_000_000, n)
		require.NoError(b, s.Close())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1e6, "ns/entry")
}
