package job

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job/internal/rule"
	"github.com/products-importer/products-importer/products"
)

// Bounds of a Request.
const (
	maxIdempotencyKey = 255 // characters
	MaxPriority       = 1_000_000
	maxName           = 255 // characters of a file's and a user's, the rest is cut off
)

// cleanup is how long taking back may take once the caller is gone, or waits for it.
const cleanup = 8 * time.Second

// ServiceOptions are the settings of a Service. The zero value works.
type ServiceOptions struct {
	// UploadAge is for how long nothing must have been written to an upload without a job before Prune deletes it: at
	// least a minute, 0 for an hour. So a file that is being submitted must not pause for longer, and reports that are
	// kept, see Service.Rejects, are kept for so long.
	UploadAge time.Duration
	// KeepUploads is for how long an [Upload] is kept that nobody uses: at least a minute, 0 for a day.
	KeepUploads time.Duration
	// KeyRule is that of the store of products: it says which records of a file are superseded.
	KeyRule products.KeyRule
	// Fields are the schema of the store of products, by which files are read; nil for products.Standard.
	Fields *products.Schema
	// Into is what the store says of itself if it is a [Destination]; empty for products. Jobs are only done by a
	// Runner whose store says the same.
	Into string
	// BatchSize is what the store of products says of its batches, see [importer.BatchSizer]; its zero value leaves the
	// usual ones. A job keeps the size with which it was submitted.
	BatchSize importer.BatchSize
}

// Service accepts imports, and answers what became of them. It is safe for concurrent use.
type Service struct {
	store   Store
	uploads Uploads
	options ServiceOptions
	reports reportRoom
	cache   reportCache
	// These have room for as many as may be looked at: beginnings of files, and previews.
	begins, previews chan struct{}
}

// NewService returns a Service over the stores.
func NewService(store Store, uploads Uploads, options ServiceOptions) (*Service, error) {
	if store == nil || uploads == nil {
		return nil, errors.New("job: a service needs a store and a place for uploads")
	}
	if options.UploadAge == 0 {
		options.UploadAge = time.Hour
	}
	if options.UploadAge < time.Minute {
		return nil, fmt.Errorf("job: ServiceOptions.UploadAge must be at least a minute, not %v", options.UploadAge)
	}
	if options.KeepUploads == 0 {
		options.KeepUploads = 24 * time.Hour
	}
	if options.KeepUploads < time.Minute {
		return nil, fmt.Errorf("job: ServiceOptions.KeepUploads must be at least a minute, not %v", options.KeepUploads)
	}
	if !options.KeyRule.Valid() {
		return nil, fmt.Errorf("job: ServiceOptions.KeyRule is unknown: %d", options.KeyRule)
	}
	// Reports are compressed as a whole.
	return &Service{store: store, uploads: Compressed(uploads), options: options, reports: newReportRoom(),
		cache: reportCache{uploads: uploads}, begins: make(chan struct{}, beginsAtOnce),
		previews: make(chan struct{}, previewsAtOnce)}, nil
}

// Request is what a submitter says about a file.
type Request struct {
	// FileName is what the submitter calls the file. It is only shown: characters that can't be are left out, and what
	// is behind 255 of them.
	FileName string
	// User is who asks for the import, in the same way.
	User     string
	Settings Settings
	// Priority is -1,000,000 to 1,000,000; higher ones go first.
	Priority int
	// IdempotencyKey, if not empty, makes the request one that may be repeated: at most 255 characters.
	IdempotencyKey string
}

// complete sets what isn't the submitter's to say, and checks the rest.
func (s *Service) complete(request *Request) error {
	if request.Settings.Fields = s.options.Fields; request.Settings.Fields == products.Standard() {
		request.Settings.Fields = nil
	}
	request.Settings.Into = s.options.Into
	return request.check()
}

// check returns a *SettingsError that names the field that is wrong.
func (q *Request) check() error {
	if _, err := q.Settings.Options(); err != nil {
		return err
	}
	if q.Priority < -MaxPriority || q.Priority > MaxPriority {
		return &SettingsError{Field: "priority", Message: fmt.Sprintf("want -%d to %d, not %d", MaxPriority,
			MaxPriority, q.Priority)}
	}
	return checkIdempotencyKey(q.IdempotencyKey)
}

// checkIdempotencyKey returns a *SettingsError for a key that can't be one.
func checkIdempotencyKey(key string) error {
	if utf8.RuneCountInString(key) > maxIdempotencyKey || printable(key) != key {
		return &SettingsError{Field: "idempotency_key", Message: fmt.Sprintf("want at most %d printable characters",
			maxIdempotencyKey)}
	}
	return nil
}

// printable leaves out what can't be printed.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(s, ""))
}

// Submit stores all that the reader gives, and creates a job for it. If an earlier job has the request's idempotency
// key, Submit returns that job, and created is false: nothing is stored, and the reader is not read to its end.
//
// A [*SettingsError] names the part of the request that is wrong. An [importer.ErrInput] says why the file can't be
// imported with these settings, as far as its beginning shows it: an [importer.HeaderError] which column is missing,
// for instance. ErrFull, the reader's error and the stores' errors come back wrapped. After an error there
// is no job, and no upload but what Prune deletes.
func (s *Service) Submit(ctx context.Context, request Request, r io.Reader) (job Job, created bool, err error) {
	if err := s.complete(&request); err != nil {
		return Job{}, false, err
	}
	if request.IdempotencyKey != "" {
		job, err = s.store.ByKey(ctx, request.IdempotencyKey)
		if !errors.Is(err, ErrNotFound) {
			return job, false, err
		}
	}
	file, err := s.storeFile(ctx, r, &request.Settings)
	if err != nil {
		return Job{}, false, err
	}
	job, err = s.store.Create(ctx, Job{FileName: shown(request.FileName), User: shown(request.User), Upload: file.key,
		Size: file.size, SHA256: file.sum, IdempotencyKey: request.IdempotencyKey,
		Settings: request.Settings.withDefaults(s.options.BatchSize), Priority: request.Priority})
	switch {
	case err == nil:
		job.File = s.share(ctx, file.key, job.File)
		return job, true, nil
	case errors.Is(err, products.ErrCommitUnknown):
		// Perhaps the job exists, and has its upload. Else the upload is left behind for Prune.
		return Job{}, false, err
	}
	s.discard(ctx, file.key)
	if errors.Is(err, ErrKeyUsed) {
		// The same request came twice at the same time.
		job, err = s.store.ByKey(ctx, request.IdempotencyKey)
		return job, false, err
	}
	return Job{}, false, err
}

// storedFile is a file whose bytes are stored.
type storedFile struct {
	key  string
	size int64
	sum  string
}

// storeFile stores all that the reader gives, under a new key. With settings it refuses what can't be imported with
// them, without them what can't be imported at all, as far as the file's beginning shows it.
func (s *Service) storeFile(ctx context.Context, r io.Reader, settings *Settings) (f storedFile, err error) {
	in := bufio.NewReaderSize(r, importer.SniffBytes)
	if err := sniff(in); err != nil {
		return f, err
	}
	begun, err := s.begin(ctx, in, settings)
	if err != nil {
		return f, err
	}
	sum := sha256.New()
	f.key = rule.NewID(time.Now())
	if f.size, err = s.uploads.Put(ctx, f.key, io.TeeReader(begun, sum)); err != nil {
		if errors.Is(err, ErrFull) {
			s.cache.clear(ctx) // so that there is room for the next one
		}
		return f, fmt.Errorf("job: store the upload: %w", err)
	}
	f.sum = hex.EncodeToString(sum.Sum(nil))
	return f, nil
}

// beginsAtOnce is how many beginnings of files, of up to 1 MiB, are held at a time. Of further files only the first few
// bytes are looked at: what is wrong with them is found out by their import.
const beginsAtOnce = 32

// begin looks at the file's beginning, and returns the whole file.
func (s *Service) begin(ctx context.Context, in io.Reader, settings *Settings) (io.Reader, error) {
	select {
	case s.begins <- struct{}{}:
		defer func() { <-s.begins }()
	default:
		return in, nil
	}
	check := importer.CheckOptions{KeyRule: s.options.KeyRule, Schema: s.options.Fields}
	if settings != nil {
		var err error
		if check.Options, err = settings.Options(); err != nil {
			return nil, err
		}
	}
	begun, err := importer.Begin(ctx, in, check)
	switch {
	case err != nil && !errors.Is(err, importer.ErrInput):
		return nil, fmt.Errorf("job: read the upload: %w", err)
	case err != nil:
		return nil, err
	case settings != nil && begun.Refusal != nil:
		return nil, begun.Refusal
	}
	return begun, nil
}

// shown returns what is shown of a name.
func shown(name string) string {
	runes := []rune(printable(name))
	return string(runes[:min(len(runes), maxName)])
}

// discard deletes an upload without a job. Where that fails it is left behind for Prune, and so it is where the
// caller's time is over: it would take more of it.
func (s *Service) discard(ctx context.Context, key string) {
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanup)
	defer cancel()
	_ = s.uploads.Delete(ctx, key)
}

// share deletes the bytes that were just stored under the key, where those of an earlier file are used in their place,
// and returns the key under which the bytes are. Where the earlier ones are gone, all that have them get the new ones.
func (s *Service) share(ctx context.Context, key, earlier string) string {
	if earlier == key {
		return key
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanup)
	defer cancel()
	in, err := s.uploads.Open(ctx, earlier, 0, 0)
	if errors.Is(err, ErrNotFound) {
		if moved, err := s.store.MoveFile(ctx, earlier, key); err != nil || moved {
			return key // or nobody has either, and Prune finds the new ones
		}
	} else if err == nil {
		_ = in.Close() // nothing was read
	}
	_ = s.uploads.Delete(ctx, key) // else Prune does
	return earlier
}

// sniff looks at the file's first bytes and returns an importer.ErrInput when it is no CSV file.
func sniff(in *bufio.Reader) error {
	start, err := in.Peek(importer.SniffBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("job: read the upload: %w", err)
	}
	return importer.Sniff(start)
}

// Get returns the job, or ErrNotFound.
func (s *Service) Get(ctx context.Context, id string) (Job, error) { return s.store.Get(ctx, id) }

// List returns jobs as Reader.List does. The names of users are those that Requests have.
func (s *Service) List(ctx context.Context, q Query) (jobs []Job, count int64, err error) {
	users := make([]string, len(q.Users))
	for i, user := range q.Users {
		users[i] = shown(user)
	}
	q.Users = users
	return s.store.List(ctx, q)
}

// Cancel asks for the end of the job as Submitter.Cancel does.
func (s *Service) Cancel(ctx context.Context, id string) (Job, error) { return s.store.Cancel(ctx, id) }
