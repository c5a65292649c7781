package job

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/products-importer/products-importer/products"
)

// Upload is a file that stands alone: it can be looked at, and imported several times.
type Upload struct {
	// ID is a UUID, version 7.
	ID string
	// File is the key under which an [Uploads] has the bytes: the ID, or the File of another one or of a [Job] with the
	// same bytes.
	File string
	// FileName is what the sender called the file; it is only shown.
	FileName string
	// Size is the file's length in bytes as stored, SHA256 its checksum in hexadecimal.
	Size   int64
	SHA256 string
	// User is the name of who sent it, empty where that isn't known.
	User      string
	CreatedAt time.Time
	// UsedAt is when the upload was used last: stored, looked at, or imported. The last moment of an import is its end,
	// and while one hasn't ended it is now.
	UsedAt time.Time
	// ExpiresAt is when the upload may be forgotten unless it is used until then. A [Service] sets it.
	ExpiresAt time.Time
}

var (
	// ErrKeyMismatch: a request has the idempotency key of another one that said something else.
	ErrKeyMismatch = errors.New("job: the idempotency key is that of an import of another upload, or with other settings")
	// ErrFileGone: the job's file was deleted.
	ErrFileGone = errors.New("job: the import's file was deleted")
)

// useInterval is how long ago an upload must have been used before looking at it is noted.
const useInterval = time.Minute

// Upload stores all that the reader gives, to be looked at and imported later. Name and user are shown as those of a
// [Request]. Its errors are those of Submit about a file, but a file that other settings may make a catalogue is taken;
// after an error there is no upload but what Prune deletes.
func (s *Service) Upload(ctx context.Context, fileName, user string, r io.Reader) (Upload, error) {
	file, err := s.storeFile(ctx, r, nil)
	if err != nil {
		return Upload{}, err
	}
	upload, err := s.store.CreateUpload(ctx, Upload{ID: file.key, FileName: shown(fileName), User: shown(user),
		Size: file.size, SHA256: file.sum})
	switch {
	case err == nil:
		upload.File = s.share(ctx, file.key, upload.File)
	case !errors.Is(err, products.ErrCommitUnknown):
		s.discard(ctx, file.key)
	}
	return s.kept(upload), err
}

// kept sets until when the upload is kept.
func (s *Service) kept(upload Upload) Upload {
	if !upload.UsedAt.IsZero() {
		upload.ExpiresAt = upload.UsedAt.Add(s.options.KeepUploads)
	}
	return upload
}

// GetUpload returns the upload, or ErrNotFound.
func (s *Service) GetUpload(ctx context.Context, id string) (Upload, error) {
	upload, err := s.store.GetUpload(ctx, id)
	return s.kept(upload), err
}

// UseUpload is as GetUpload for those who work with the upload: from now on it is kept for as long as a new one.
func (s *Service) UseUpload(ctx context.Context, id string) (Upload, error) {
	upload, err := s.store.GetUpload(ctx, id)
	if err == nil && time.Since(upload.UsedAt) > useInterval {
		upload, err = s.store.UseUpload(ctx, id)
	}
	return s.kept(upload), err
}

// DeleteUpload forgets the upload, and deletes its bytes unless a job has them, whose reports are made of them.
// ErrNotFound; ErrInUse while a job that hasn't ended has it.
func (s *Service) DeleteUpload(ctx context.Context, id string) error {
	upload, err := s.store.GetUpload(ctx, id)
	if err != nil {
		return err
	}
	if err := s.store.DeleteUpload(ctx, id); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanup)
	defer cancel()
	_ = s.deleteUnused(ctx, []string{upload.File}, new(Pruned)) // else Prune does
	return nil
}

// Import creates a job that imports the upload. The job has the upload's file name, whatever the request's. If an
// earlier job has the request's idempotency key, Import returns that job, and created is false; ErrKeyMismatch where
// that one is of another upload, or its settings or priority are others.
//
// A [*SettingsError] names the part of the request that is wrong. An [importer.ErrInput] says why the file can't be
// imported with these settings, as that of Submit does. ErrNotFound when there is no such upload. After
// [products.ErrCommitUnknown] the job may exist.
func (s *Service) Import(ctx context.Context, uploadID string, request Request) (job Job, created bool, err error) {
	if err := s.complete(&request); err != nil {
		return Job{}, false, err
	}
	if job, err := s.repeated(ctx, uploadID, &request); !errors.Is(err, ErrNotFound) {
		return job, false, err
	}
	upload, err := s.store.GetUpload(ctx, uploadID)
	if err != nil {
		return Job{}, false, err
	}
	if err := s.judge(ctx, upload.File, upload.Size, &request.Settings); err != nil {
		return Job{}, false, err
	}
	request.FileName = upload.FileName
	return s.createFrom(ctx, Job{Upload: upload.ID, Size: upload.Size, SHA256: upload.SHA256}, &request)
}

// Rerun creates a job that imports the file of another one, which may have ended or not. change is given the request
// that would import it in the same way, and changes what should differ, or returns an error, which Rerun returns. The
// request has no user and no idempotency key; where change sets one, it counts as for Import. change may be nil.
//
// ErrNotFound when there is no such job, ErrFileGone when its file was deleted; else the errors are those of Import.
func (s *Service) Rerun(ctx context.Context, id string, change func(request *Request) error) (job Job, created bool,
	err error) {
	earlier, err := s.store.Get(ctx, id)
	if err != nil {
		return Job{}, false, err
	}
	request := Request{FileName: earlier.FileName, Settings: earlier.Settings, Priority: earlier.Priority}
	for _, m := range []*map[string]string{&request.Settings.Map, &request.Settings.Set, &request.Settings.Number,
		&request.Settings.Date} {
		*m = maps.Clone(*m)
	}
	request.Settings.LeaveOut = slices.Clone(request.Settings.LeaveOut)
	if change != nil {
		if err := change(&request); err != nil {
			return Job{}, false, err
		}
	}
	if err := s.complete(&request); err != nil {
		return Job{}, false, err
	}
	if job, err := s.repeated(ctx, earlier.Upload, &request); !errors.Is(err, ErrNotFound) {
		return job, false, err
	}
	if earlier.Upload == "" {
		return Job{}, false, fmt.Errorf("%w: job %s", ErrFileGone, id)
	}
	err = s.judge(ctx, earlier.File, earlier.Size, &request.Settings)
	if err == nil {
		job, created, err = s.createFrom(ctx, Job{Upload: earlier.Upload, Size: earlier.Size, SHA256: earlier.SHA256},
			&request)
	}
	if errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("%w: job %s", ErrFileGone, id)
	}
	return job, created, err
}

// judge returns the error, an importer.ErrInput, with which an import of the stored file would fail, as far as its
// beginning shows that.
func (s *Service) judge(ctx context.Context, key string, size int64, settings *Settings) error {
	file, err := NewSource(s.uploads, key, size).Open(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	_, err = s.begin(ctx, file, settings)
	return err
}

// createFrom creates the job of a file that is stored.
func (s *Service) createFrom(ctx context.Context, of Job, request *Request) (job Job, created bool, err error) {
	of.FileName, of.User = shown(request.FileName), shown(request.User)
	of.IdempotencyKey, of.Priority = request.IdempotencyKey, request.Priority
	of.Settings = request.Settings.withDefaults(s.options.BatchSize)
	job, err = s.store.CreateFrom(ctx, of)
	if errors.Is(err, ErrKeyUsed) {
		// The same key came twice at the same time.
		job, err = s.repeated(ctx, of.Upload, request)
		return job, false, err
	}
	return job, err == nil, err
}

// repeated returns the job with the request's idempotency key; ErrNotFound where there is none, and ErrKeyMismatch
// where that was asked for in another way.
func (s *Service) repeated(ctx context.Context, upload string, request *Request) (Job, error) {
	if request.IdempotencyKey == "" {
		return Job{}, ErrNotFound
	}
	job, err := s.store.ByKey(ctx, request.IdempotencyKey)
	if err != nil {
		return Job{}, err
	}
	// Of a job whose file is gone it isn't known any more which upload it had.
	if job.Upload != "" && job.Upload != upload || job.Priority != request.Priority ||
		!request.Settings.sameAs(job.Settings) {
		return Job{}, ErrKeyMismatch
	}
	return job, nil
}
