package importer

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

// surveyed lets a survey note the digests, each as the record of its line, and returns the winner of each record.
func surveyed(t *testing.T, s *survey, digests []digest, told bool) (winners []int64) {
	t.Helper()
	defer s.close()
	noteAll(t, s, digests)
	require.NoError(t, s.end(told, false, func() error { return nil }))
	for i, d := range digests {
		winner, err := s.admit(d, int64(i)+2)
		if err != nil {
			t.Fatal(err)
		}
		winners = append(winners, winner)
	}
	return winners
}

func noteAll(t *testing.T, s *survey, digests []digest) {
	t.Helper()
	for i, d := range digests {
		if err := s.note(d, int64(i)+2); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSurvey compares surveys with maps: whether the map decides or the log, in memory or in its file, and where a part
// of the log has more keys than may be kept in mind.
func TestSurvey(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 12 {
		mode := products.Mode(round % 2)
		digests := make([]digest, rng.IntN(10_000))
		keys := 1 + rng.IntN(2*len(digests)+2)
		for i := range digests {
			key := rng.IntN(keys)
			if round%6 == 0 && rng.IntN(2) == 0 {
				key = 0
			}
			// Half of the keys are in a single part.
			digests[i] = digest{uint64(key) * 0x9e3779b97f4a7c15, uint64(key) * 0xd1b54a32d192ed03}
			if key%2 == 0 {
				digests[i][1] >>= 8
			}
		}
		want, last := make([]int64, len(digests)), map[digest]int64{}
		for i, d := range digests {
			if _, seen := last[d]; !seen || !mode.FirstCounts() {
				last[d] = int64(i) + 2
			}
		}
		for i, d := range digests {
			want[i] = last[d]
		}
		for _, most := range []int{64, 1 << 10, 1 << 19} {
			bounds := surveyBounds{filter: 1 << (16 + round%3), log: 64 << 10}
			got := surveyed(t, newSurvey(mode, -1, most, bounds), digests, true)
			require.Equal(t, want, got, "round %d, %d in mind", round, most)
			got = surveyed(t, newSurvey(mode, -1, most, bounds), digests, false)
			for i := range got {
				if (want[i] == int64(i)+2) != (got[i] == int64(i)+2) {
					t.Fatal(i, want[i], got[i])
				}
			}
		}
	}
}

// TestSurveyOfManySKUs holds that a file of 50 million different SKUs is surveyed in one pass. It does so with one
// 64th of everything: of the SKUs, of what is kept in mind of them, of the filter and of the log in memory.
func TestSurveyOfManySKUs(t *testing.T) {
	const shrunk = 64
	rng := rand.New(rand.NewPCG(3, 4))
	digests := make([]digest, 50_000_000/shrunk)
	for i := range digests {
		digests[i] = digest{rng.Uint64(), rng.Uint64()}
	}
	digests[len(digests)-1] = digests[0]
	s := newSurvey(products.Update, -1, 1<<19/shrunk,
		surveyBounds{filter: usualBounds.filter / shrunk, log: usualBounds.log / shrunk})
	noteAll(t, s, digests)
	require.True(t, s.byLog, "the filter is full")
	require.Greater(t, s.log.Spilled(), int64(len(digests)*18), "in the log is what doesn't fit into memory")
	require.NoError(t, s.end(false, false, func() error { return nil }))
	for i, d := range digests {
		if winner, err := s.admit(d, int64(i)+2); err != nil || (i > 0) != (winner == int64(i)+2) {
			t.Fatal(i, winner, err)
		}
	}
}

// TestSurveyWithoutTemporaryFiles: where none can be written, a file is surveyed all the same, unless that needs them.
func TestSurveyWithoutTemporaryFiles(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "not here")
	for _, name := range []string{"TMPDIR", "TMP", "TEMP"} {
		t.Setenv(name, folder)
	}
	digests := make([]digest, 10_000)
	for i := range digests {
		digests[i] = digest{uint64(i/2) * 0x9e3779b97f4a7c15, uint64(i/2) * 0xd1b54a32d192ed03}
	}
	bounds := surveyBounds{filter: 1 << 20, log: 0}
	s := newSurvey(products.Ignore, -1, 1<<19, bounds)
	got := surveyed(t, s, digests, true)
	require.EqualValues(t, 2, got[1])
	require.Error(t, s.lost)

	s = newSurvey(products.Ignore, -1, 1_000, bounds)
	var err error
	for i := 0; err == nil; i++ {
		err = s.note(digests[i], int64(i))
	}
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, folder)
	s.close()
}

func TestSurveyEndsWhereItIsTold(t *testing.T) {
	s := newSurvey(products.Ignore, -1, 4, usualBounds)
	for i := range int64(20) {
		require.NoError(t, s.note(digest{uint64(i / 2), uint64(i / 2)}, i+2))
	}
	stop := errors.New("stop")
	require.ErrorIs(t, s.end(true, false, func() error { return stop }), stop)
	s.close()
}

// BenchmarkSurvey surveys different SKUs: few, of which nearly all are settled by the filter, and too many for it.
func BenchmarkSurvey(b *testing.B) {
	for _, n := range []uint64{1_000_000, 20_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				s := newSurvey(products.Ignore, int64(n)*130, 1<<19, usualBounds)
				for i := range n {
					if err := s.note(digest{i * 0x9e3779b97f4a7c15, i * 0xd1b54a32d192ed03}, int64(i)); err != nil {
						b.Fatal(err)
					}
				}
				require.NoError(b, s.end(false, false, func() error { return nil }))
				s.close()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/record")
		})
	}
}
