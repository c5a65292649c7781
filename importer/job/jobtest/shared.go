package jobtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/casetest"
	"github.com/products-importer/products-importer/importer/job"
)

// sharedFile is what is stored, under another key each time.
const sharedFile = "sku,name\na,A\n"

// RunShared has several clients store, import, run again, cancel and delete the same files at the same time, with a
// [job.Service] over the stores, while others work and prune. A job that is worked on has its file, and in the end no
// file is left. open returns empty stores; what it opens it closes in t.Cleanup.
func RunShared(t *testing.T, open func(t *testing.T) (jobs job.Store, uploads job.Uploads)) {
	jobs, uploads := open(t)
	checkShared(casetest.T{TestingT: t}, jobs, uploads)
}

// CheckShared does what RunShared does on empty stores, and returns what broke, or nil.
func CheckShared(ctx context.Context, jobs job.Store, uploads job.Uploads) error {
	return casetest.Check(ctx, func(t casetest.T) { checkShared(t, jobs, uploads) })
}

func checkShared(t casetest.T, jobs job.Store, uploads job.Uploads) {
	service, err := job.NewService(jobs, uploads, job.ServiceOptions{})
	require.NoError(t, err)
	s := &shared{service: service, store: jobs, bytes: uploads}
	t.Together(8, "clients share files", s.client)
	// Whoever is left ends.
	for {
		all, _, err := service.List(t.Context(), job.Query{Limit: 1_000,
			States: []job.State{job.Pending, job.Started, job.Progress}})
		require.NoError(t, err)
		if len(all) == 0 {
			break
		}
		for i := range all {
			_, err := service.Cancel(t.Context(), all[i].ID)
			require.True(t, err == nil || errors.Is(err, job.ErrFinal), "a job is cancelled: %v", err)
		}
	}
	for _, id := range s.uploads {
		if err := service.DeleteUpload(t.Context(), id); !errors.Is(err, job.ErrNotFound) {
			require.NoError(t, err, "an upload without jobs is deleted")
		}
	}
	_, err = service.Prune(t.Context(), time.Nanosecond)
	require.NoError(t, err)
	for _, id := range s.uploads {
		in, err := uploads.Open(t.Context(), id, 0, -1)
		if err == nil {
			_ = in.Close()
		}
		require.ErrorIs(t, err, job.ErrNotFound, "the bytes go with the last that has them")
	}
	if sweeper, sweeps := uploads.(job.Sweeper); sweeps {
		keys, err := sweeper.Sweep(t.Context(), -time.Hour)
		require.NoError(t, err)
		require.Empty(t, keys, "the bytes go with the last that has them")
	}
}

// shared is what the clients have together.
type shared struct {
	service *job.Service
	store   job.Store
	bytes   job.Uploads

	mu            sync.Mutex
	uploads, jobs []string // of which some are gone
}

// pick returns one of the last of them.
func (s *shared) pick(of *[]string, rng *rand.Rand) string {
	const last = 4
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(*of) == 0 {
		return "01890000-0000-7000-8000-000000000000"
	}
	recent := (*of)[max(0, len(*of)-last):]
	return recent[rng.IntN(len(recent))]
}

func (s *shared) add(to *[]string, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*to = append(*to, id)
}

// client does this and that.
func (s *shared) client(ctx context.Context, i int) error {
	rng := rand.New(rand.NewPCG(uint64(i), 7))
	for range 30 {
		if err := s.step(ctx, rng); err != nil {
			return err
		}
	}
	return nil
}

// step does one thing. What it can't do because others deleted something is no error.
func (s *shared) step(ctx context.Context, rng *rand.Rand) error {
	var err error
	switch rng.IntN(10) {
	case 0:
		var upload job.Upload
		if upload, err = s.service.Upload(ctx, "f", "u", strings.NewReader(sharedFile)); err == nil {
			s.add(&s.uploads, upload.ID)
		}
	case 1, 2:
		var j job.Job
		if j, _, err = s.service.Import(ctx, s.pick(&s.uploads, rng), job.Request{}); err == nil {
			s.add(&s.jobs, j.ID)
		}
	case 3, 4:
		var j job.Job
		if j, _, err = s.service.Rerun(ctx, s.pick(&s.jobs, rng), nil); err == nil {
			s.add(&s.jobs, j.ID)
		}
	case 5:
		_, err = s.service.Cancel(ctx, s.pick(&s.jobs, rng))
	case 6:
		err = s.service.DeleteUpload(ctx, s.pick(&s.uploads, rng))
	case 7:
		_, err = s.service.Prune(ctx, time.Nanosecond)
	default:
		err = s.work(ctx, rng)
	}
	for _, late := range []error{job.ErrNotFound, job.ErrFinal, job.ErrInUse, job.ErrFileGone, job.ErrLeaseLost} {
		if errors.Is(err, late) {
			return nil
		}
	}
	return err
}

// work does the next job, whose file must be there.
func (s *shared) work(ctx context.Context, rng *rand.Rand) error {
	claim, err := s.store.Claim(ctx, "worker", time.Hour, 5)
	if err != nil || claim == nil {
		return err
	}
	text, err := s.read(ctx, claim.Job.File)
	if err != nil || text != sharedFile {
		// A string, so that it is none of those that are no error.
		return fmt.Errorf("a job that is worked on has its file: %q %v", text, err) //nolint:errorlint // see above
	}
	if rng.IntN(4) == 0 {
		_, err = s.store.Release(ctx, claim, false, "", 0)
	} else {
		_, err = s.store.Finish(ctx, claim, job.Success, "", nil)
	}
	return err
}

func (s *shared) read(ctx context.Context, key string) (string, error) {
	in, err := job.Compressed(s.bytes).Open(ctx, key, 0, -1)
	if err != nil {
		return "", err
	}
	defer func() { _ = in.Close() }() // it was only read
	text, err := io.ReadAll(in)
	return string(text), err
}
