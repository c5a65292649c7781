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
	return j.create(ctx, submitted, func(t *tx, submitted *job.Job) (err error) {
		if upload, found := j.files[submitted.Upload]; found {
			upload.UsedAt = j.db.now()
			j.setFile(t, upload)
		}
		submitted.File, err = j.fileOf(submitted.Upload)
		return err
	})
}

// sameFile returns the File of a job or an upload with that size and checksum, empty where there is none.
func (j *Jobs) sameFile(size int64, sha256 string) string {
	if sha256 == "" {
		return ""
	}
	for _, upload := range j.files {
		if upload.SHA256 == sha256 && upload.Size == size {
			return upload.File
		}
	}
	for _, r := range slices.Backward(j.rows) {
		if r.SHA256 == sha256 && r.Size == size && r.File != "" {
			return r.File
		}
	}
	return ""
}

// fileOf returns the File of the upload, or of a job that has it.
func (j *Jobs) fileOf(upload string) (string, error) {
	if stands, found := j.files[upload]; found {
		return stands.File, nil
	}
	for _, r := range j.rows {
		if upload != "" && r.Upload == upload {
			return r.File, nil
		}
	}
	return "", noUpload(upload)
}

// FileOf returns the File of an upload.
func (j *Jobs) FileOf(ctx context.Context, upload string) (file string, err error) {
	err = j.db.do(ctx, func(context.Context, *tx) error {
		file, err = j.fileOf(upload)
		return err
	})
	return file, err
}

// MoveFile gives those that have a File another one.
func (j *Jobs) MoveFile(ctx context.Context, from, to string) (moved bool, err error) {
	err = j.db.do(ctx, func(_ context.Context, t *tx) error {
		for _, upload := range j.files {
			if upload.File == from {
				upload.File, moved = to, true
				j.setFile(t, upload)
			}
		}
		for _, r := range j.rows {
			if r.File == from && from != "" {
				moved = true
				if err := r.change(t, func() error { r.File = to; return nil }); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return moved && err == nil, err
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
		upload.File = j.sameFile(upload.Size, upload.SHA256)
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
func (j *Jobs) ExpireUploads(ctx context.Context, age time.Duration, limit int) (files []string, err error) {
	if err := driver.CheckLimit(limit); err != nil {
		return nil, err
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
			files = append(files, upload.File)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return files, nil
}

// DropUpload notes that the bytes of a job's upload are gone.
func (j *Jobs) DropUpload(ctx context.Context, id string) error {
	return j.db.do(ctx, func(_ context.Context, t *tx) error {
		of, err := j.find(id)
		if err != nil || of.File == "" {
			return err
		}
		key := of.File
		for id, upload := range j.files {
			if upload.File == key {
				j.removeFile(t, id)
			}
		}
		for _, r := range j.rows {
			if r.File != key {
				continue
			}
			if err := r.change(t, func() error {
				r.Upload, r.File = "", ""
				r.Revision++
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
}

// UploadsInUse returns which files jobs and uploads have.
func (j *Jobs) UploadsInUse(ctx context.Context, keys []string) (used []string, err error) {
	err = j.db.do(ctx, func(context.Context, *tx) error {
		wanted, found := uniq(keys), map[string]struct{}{}
		for _, r := range j.rows {
			if _, ok := wanted[r.File]; ok && r.File != "" {
				found[r.File] = struct{}{}
			}
		}
		for _, upload := range j.files {
			if _, ok := wanted[upload.File]; ok {
				found[upload.File] = struct{}{}
			}
		}
		used = slices.Collect(maps.Keys(found))
		return nil
	})
	return used, err
}
