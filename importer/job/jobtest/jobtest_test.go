package jobtest_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/jobtest"
)

func open() jobtest.Stores {
	var back atomic.Int64
	db := memory.New(memory.Options{Now: func() time.Time { return time.Now().Add(-time.Duration(back.Load())) }})
	return jobtest.Stores{Products: db.Products(), Jobs: db.Jobs(), OnEnd: db.Jobs().OnEnd,
		SetBack: func(_ context.Context, d time.Duration) error {
			back.Add(int64(d))
			return nil
		}}
}

func TestCasesPassSoundStores(t *testing.T) {
	for _, c := range jobtest.StoreCases() {
		require.NoError(t, c.Check(t.Context(), open()), c.Name)
	}
	for _, c := range jobtest.UploadsCases() {
		require.NoError(t, c.Check(t.Context(), memory.New(memory.Options{}).Uploads()), c.Name)
	}
}

func TestCaseNames(t *testing.T) {
	var names []string
	for _, c := range jobtest.StoreCases() {
		names = append(names, c.Name)
	}
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(names))), len(names), "every case has a name of its own")
	names = nil
	for _, c := range jobtest.UploadsCases() {
		names = append(names, c.Name)
	}
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(names))), len(names), "every case has a name of its own")
}

// TestCasesFindBrokenStores breaks one promise at a time and wants the case to say which.
func TestCasesFindBrokenStores(t *testing.T) {
	for _, test := range slices.Concat(brokenStores, brokenChanges) {
		t.Run(test.name, func(t *testing.T) {
			at := slices.IndexFunc(jobtest.StoreCases(), func(c jobtest.StoreCase) bool { return c.Name == test.found })
			require.GreaterOrEqual(t, at, 0, "there is a case %q", test.found)
			s := open()
			b := breakAll(s)
			test.spoil(b)
			err := jobtest.StoreCases()[at].Check(t.Context(), jobtest.Stores{Products: s.Products, Jobs: b,
				OnEnd: b.onEnd, SetBack: b.setBack})
			require.Error(t, err, "the case finds the broken store")
			require.ErrorContains(t, err, test.says, "the failure says which promise broke")
		})
	}
}

// TestCasesFindBrokenUploads does the same for uploads.
func TestCasesFindBrokenUploads(t *testing.T) {
	for _, test := range brokenUploads {
		t.Run(test.name, func(t *testing.T) {
			at := slices.IndexFunc(jobtest.UploadsCases(),
				func(c jobtest.UploadsCase) bool { return c.Name == test.found })
			require.GreaterOrEqual(t, at, 0, "there is a case %q", test.found)
			err := jobtest.UploadsCases()[at].Check(t.Context(), test.spoil(memory.New(memory.Options{}).Uploads()))
			require.Error(t, err, "the case finds the broken uploads")
			require.ErrorContains(t, err, test.says, "the failure says which promise broke")
		})
	}
}

// TestSharedFindsBrokenStores does the same for what stores keep together.
func TestSharedFindsBrokenStores(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(b *broken)
		says  string
	}{
		"sound": {func(*broken) {}, ""},
		"knows nobody who uses an upload": {func(b *broken) {
			b.uploadsInUse = func(context.Context, []string) ([]string, error) { return nil, nil }
		}, "has its file"},
		"makes jobs of what is gone": {func(b *broken) {
			b.createFrom = func(ctx context.Context, j job.Job) (job.Job, error) {
				if _, err := b.GetUpload(ctx, j.Upload); err == nil {
					// Another client comes in between.
					if err := b.other.DeleteUpload(ctx, j.Upload); err != nil && !errors.Is(err, job.ErrInUse) {
						return job.Job{}, err
					}
				}
				j.SHA256 = "" // others may have sent the same bytes
				return b.Store.Create(ctx, j)
			}
		}, "has its file"},
		"uses uploads for good": {func(b *broken) {
			b.uploadsInUse = func(_ context.Context, keys []string) ([]string, error) { return keys, nil }
		}, "the bytes go with the last"},
	} {
		t.Run(name, func(t *testing.T) {
			db := memory.New(memory.Options{})
			b := breakAll(jobtest.Stores{Products: db.Products(), Jobs: db.Jobs()})
			var err error
			b.other, err = job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{})
			require.NoError(t, err)
			test.spoil(b)
			err = jobtest.CheckShared(t.Context(), b, db.Uploads())
			if test.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.says)
		})
	}
}

// TestCasesEndWithTheirContext makes sure that a case that waits for a lease can be broken off.
func TestCasesEndWithTheirContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	at := slices.IndexFunc(jobtest.StoreCases(),
		func(c jobtest.StoreCase) bool { return c.Name == "lease/one that runs out is taken over" })
	require.ErrorContains(t, jobtest.StoreCases()[at].Check(ctx, open()), "a new job is stored")
}

var _ job.Store = (*broken)(nil)
