package memory

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
)

// CreateFrom stores a job of a file that is stored.
func (j *Jobs) CreateFrom(ctx context.Context, submitted job.Job) (stored job.Job, err error) {
	return j.create(ctx, submitted, func(t *tx) error {
		if upload, found := j.files[submitted.Upload]; found {
			upload.UsedAt = j.db.now()
			j.setFile(t, upload)
			return nil
		}
		if submitted.Upload != "" && slices.ContainsFunc(j.rows, func(r *jobRow) bool {
			return r.Upload == submitted.Upload
		}) {
			return nil
		}
		return noUpload(submitted.Upload)
	})
}

func noUpload(id string) error { return fmt.Errorf("%w: upload %q", job.ErrNotFound, id) }

// setFile stores the upload.
func (j *Jobs) setFile(t *tx, upload job.Upload) {
	before, known := j.files[upload.ID]
	j.files[upload.ID] = upload
	t.onRollback(func() {
		if known {
			j.files[upload.ID] = before
		} else {
			delete(j.files, upload.ID)
		}
	})
}

// removeFile forgets the upload, if there is one.
func (j *Jobs) removeFile(t *tx, id string) {
	if before, known := j.files[id]; known {
		delete(j.files, id)
		t.onRollback(func() { j.files[id] = before })
	}
}

// CreateUpload stores an upload.
func (j *Jobs) CreateUpload(ctx context.Context, upload job.Upload) (job.Upload, error) {
	if err := driver.CheckKey(upload.ID); err != nil {
		return job.Upload{}, err
	}
	err := j.db.do(ctx, func(_ context.Context, t *tx) error {
		if _, used := j.files[upload.ID]; used {
			return fmt.Errorf("memory: there is an upload %s already", upload.ID)
		}
		driver.CreateUpload(&upload, j.db.now())
		j.setFile(t, upload)
		return nil
	})
	if err != nil {
		return job.Upload{}, err
	}
	return upload, nil
}

// GetUpload returns an upload.
func (j *Jobs) GetUpload(ctx context.Context, id string) (upload job.Upload, err error) {
	err = j.db.do(ctx, func(context.Context, *tx) error {
		upload, err = j.file(id)
		return err
	})
	return upload, err
}

// UseUpload returns an upload that is used.
func (j *Jobs) UseUpload(ctx context.Context, id string) (upload job.Upload, err error) {
	err = j.db.do(ctx, func(_ context.Context, t *tx) error {
		if upload, err = j.file(id); err == nil {
			upload.UsedAt = j.db.now()
			j.setFile(t, upload)
		}
		return err
	})
	if err != nil {
		return job.Upload{}, err
	}
	return upload, nil
}

// file returns the upload, with the time at which it was used last.
func (j *Jobs) file(id string) (job.Upload, error) {
	upload, found := j.files[id]
	if !found {
		return upload, noUpload(id)
	}
	for _, r := range j.rows {
		switch {
		case r.Upload != id:
		case !r.State.Final():
			upload.UsedAt = j.db.now()
			return upload, nil
		case r.FinishedAt.After(upload.UsedAt):
			upload.UsedAt = r.FinishedAt
		}
	}
	return upload, nil
}

// DeleteUpload forgets an upload.
func (j *Jobs) DeleteUpload(ctx context.Context, id string) error {
	return j.db.do(ctx, func(_ context.Context, t *tx) error {
		if _, found := j.files[id]; !found {
			return noUpload(id)
		}
		for _, r := range j.rows {
			if r.Upload == id && !r.State.Final() {
				return fmt.Errorf("%w: %s by %s", job.ErrInUse, id, r.ID)
			}
		}
		j.removeFile(t, id)
		return nil
	})
}

// ExpireUploads forgets uploads, those first that were used last longest ago.
func (j *Jobs) ExpireUploads(ctx context.Context, age time.Duration, limit int) (ids []string, err error) {
	if limit < 1 {
		return nil, fmt.Errorf("memory: the limit must be 1 or more, not %d", limit)
	}
	err = j.db.do(ctx, func(_ context.Context, t *tx) error {
		before := j.db.now().Add(-age)
		var old []job.Upload
		for id := range j.files {
			if upload, err := j.file(id); err == nil && upload.UsedAt.Before(before) {
				old = append(old, upload)
			}
		}
		slices.SortFunc(old, func(a, b job.Upload) int {
			return cmp.Or(a.UsedAt.Compare(b.UsedAt), cmp.Compare(a.ID, b.ID))
		})
		for _, upload := range old[:min(len(old), limit)] {
			j.removeFile(t, upload.ID)
			ids = append(ids, upload.ID)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// DropUpload notes that the bytes of a job's upload are gone.
func (j *Jobs) DropUpload(ctx context.Context, id string) error {
	return j.db.do(ctx, func(_ context.Context, t *tx) error {
		of, err := j.find(id)
		if err != nil || of.Upload == "" {
			return err
		}
		key := of.Upload
		j.removeFile(t, key)
		for _, r := range j.rows {
			if r.Upload != key {
				continue
			}
			if err := r.change(t, func() error {
				r.Upload = ""
				r.Revision++
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
}

// UploadsInUse returns which files jobs have, or stand alone.
func (j *Jobs) UploadsInUse(ctx context.Context, keys []string) (used []string, err error) {
	err = j.db.do(ctx, func(context.Context, *tx) error {
		wanted, found := uniq(keys), map[string]struct{}{}
		for _, r := range j.rows {
			if _, ok := wanted[r.Upload]; ok && r.Upload != "" {
				found[r.Upload] = struct{}{}
			}
		}
		for id := range j.files {
			if _, ok := wanted[id]; ok {
				found[id] = struct{}{}
			}
		}
		used = slices.Collect(maps.Keys(found))
		return nil
	})
	return used, err
}
