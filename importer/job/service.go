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
	"github.com/products-importer/products-importer/products"
)

// Bounds of a Request.
const (
	MaxIdempotencyKey = 255 // characters
	MaxPriority       = 1_000_000
	maxFileName       = 255 // characters, the rest is cut off
)

const (
	// cleanup is how long taking back may take once the caller is gone.
	cleanup = 10 * time.Second
	// reportDuplicates is importer.Options.MaxDuplicates where many may ask for reports at the same time.
	reportDuplicates = 1 << 16
)

// ServiceOptions are the settings of a Service. The zero value works.
type ServiceOptions struct {
	// UploadAge is how old bytes must be to which no job belongs before Keep takes them for left behind: at least a
	// minute, 0 for an hour. No upload may pause longer than this.
	UploadAge time.Duration
	// KeyRule is that of the store of products: it says which records of a file are superseded.
	KeyRule products.KeyRule
}

// Service takes imports in and tells of them. It is safe for concurrent use.
type Service struct {
	store   Store
	uploads Uploads
	options ServiceOptions
	reports reports
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
	if options.KeyRule > products.FoldedKeys {
		return nil, fmt.Errorf("job: ServiceOptions.KeyRule is unknown: %d", options.KeyRule)
	}
	return &Service{store: store, uploads: uploads, options: options, reports: newReports()}, nil
}

// Request is what a submitter says about a file.
type Request struct {
	// FileName is what the submitter calls the file. It is only shown: characters that can't be are left out, and what is
	// behind 255 of them.
	FileName string
	Settings Settings
	// Priority is -1,000,000 to 1,000,000; higher ones go first.
	Priority int
	// IdempotencyKey, if not empty, makes the request one that may be repeated: at most 255 characters.
	IdempotencyKey string
}

// check returns a *SettingsError that names the field that is wrong.
func (q *Request) check() error {
	if _, err := q.Settings.Options(); err != nil {
		return err
	}
	if q.Priority < -MaxPriority || q.Priority > MaxPriority {
		return &SettingsError{Field: "priority", Message: fmt.Sprintf("want -%d to %d, not %d", MaxPriority, MaxPriority, q.Priority)}
	}
	if k := q.IdempotencyKey; utf8.RuneCountInString(k) > MaxIdempotencyKey || shown(k) != k {
		return &SettingsError{Field: "idempotency_key", Message: fmt.Sprintf("want at most %d printable characters", MaxIdempotencyKey)}
	}
	return nil
}

// shown leaves out what can't be shown.
func shown(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(s, ""))
}

// Submit stores what the reader gives, until its end, and makes a job of it. With an idempotency key that an earlier
// job has it returns that one, and created is false: nothing is stored, and the reader is not read to its end.
//
// A *SettingsError names the part of the request that is wrong; an importer.ErrInput says why the file is no CSV file, or
// that it is empty; ErrFull, the reader's error and the stores' come back wrapped. With any of them there is no job, and
// no upload, or one for Keep to find.
func (s *Service) Submit(ctx context.Context, request Request, r io.Reader) (job Job, created bool, err error) {
	if err := request.check(); err != nil {
		return Job{}, false, err
	}
	if request.IdempotencyKey != "" {
		job, err = s.store.ByKey(ctx, request.IdempotencyKey)
		if !errors.Is(err, ErrNotFound) {
			return job, false, err
		}
	}
	in := bufio.NewReaderSize(r, importer.SniffBytes)
	if err := refuse(in); err != nil {
		return Job{}, false, err
	}
	sum := sha256.New()
	key := NewID(time.Now())
	size, err := s.uploads.Put(ctx, key, io.TeeReader(in, sum))
	if err != nil {
		return Job{}, false, fmt.Errorf("job: store the upload: %w", err)
	}
	name := []rune(shown(request.FileName))
	job, err = s.store.Create(ctx, Job{FileName: string(name[:min(len(name), maxFileName)]), Upload: key, Size: size,
		SHA256: hex.EncodeToString(sum.Sum(nil)), IdempotencyKey: request.IdempotencyKey,
		Settings: request.Settings.fixed(), Priority: request.Priority})
	switch {
	case err == nil:
		return job, true, nil
	case errors.Is(err, products.ErrCommitUnknown):
		// Perhaps the job exists, and has its upload. Else the upload is left behind for Keep.
		return Job{}, false, err
	}
	s.discard(ctx, key)
	if errors.Is(err, ErrKeyUsed) {
		// The same request came twice at the same time.
		job, err = s.store.ByKey(ctx, request.IdempotencyKey)
		return job, false, err
	}
	return Job{}, false, err
}

// discard deletes an upload without a job. Where that fails it is left behind for Keep.
func (s *Service) discard(ctx context.Context, key string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanup)
	defer cancel()
	_ = s.uploads.Delete(ctx, key)
}

// refuse looks at the file's beginning and returns an importer.ErrInput when it is no CSV file. What its header is worth
// is for the import to say.
func refuse(in *bufio.Reader) error {
	start, err := in.Peek(importer.SniffBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("job: read the upload: %w", err)
	}
	return importer.Sniff(start)
}

// Get returns the job, or ErrNotFound.
func (s *Service) Get(ctx context.Context, id string) (Job, error) { return s.store.Get(ctx, id) }

// List returns jobs as Reader.List does.
func (s *Service) List(ctx context.Context, limit, offset int, states ...State) (jobs []Job, count int64, err error) {
	return s.store.List(ctx, limit, offset, states...)
}

// Cancel asks for the end of the job as Submitter.Cancel does.
func (s *Service) Cancel(ctx context.Context, id string) (Job, error) { return s.store.Cancel(ctx, id) }

// Rejects writes the records of the job's file that an import rejects, as importer.RejectWriter does. They aren't kept
// anywhere: the stored file is read again, in constant memory. So they are the same at any time, whatever became of the
// workers that had the job. ErrNotFound when there is no such job or its file is gone; importer.ErrInput when nothing can
// be read from the file. Nothing was written then. ErrBusy when two reports are being made, of any job, or eight are under
// way, and none ends within ten seconds.
func (s *Service) Rejects(ctx context.Context, id string, w io.Writer) error {
	return s.reports.make(ctx, w, func(w io.Writer) error { return s.writeRejects(ctx, id, w) })
}

func (s *Service) writeRejects(ctx context.Context, id string, w io.Writer) error {
	rejects := importer.NewRejectWriter(w)
	err := s.check(ctx, id, func(o *importer.Options) { o.OnHeader, o.OnReject = rejects.Header, rejects.Write })
	if err != nil {
		return err
	}
	return rejects.Flush()
}

// Superseded writes which records of the job's file are superseded, and by which line, as importer.SupersededWriter
// does. Like Rejects it reads the stored file again, in bounded memory: twice, and more often where more than 65,536
// SKUs come again, whose records are then not in the file's order. Its errors are those of Rejects.
func (s *Service) Superseded(ctx context.Context, id string, w io.Writer) error {
	return s.reports.make(ctx, w, func(w io.Writer) error { return s.writeSuperseded(ctx, id, w) })
}

func (s *Service) writeSuperseded(ctx context.Context, id string, w io.Writer) error {
	superseded := importer.NewSupersededWriter(w)
	err := s.check(ctx, id, func(o *importer.Options) {
		o.KeyRule, o.OnSuperseded, o.MaxDuplicates = s.options.KeyRule, superseded.Write, reportDuplicates
	})
	if err != nil {
		return err
	}
	return superseded.Flush()
}

// check reads the job's file again, with what set adds to its options.
func (s *Service) check(ctx context.Context, id string, set func(*importer.Options)) error {
	job, err := s.store.Get(ctx, id)
	if err != nil {
		return err
	}
	if job.Upload == "" {
		return fmt.Errorf("%w: the file of job %s was deleted", ErrNotFound, id)
	}
	o, err := job.Settings.Options()
	if err != nil {
		return err
	}
	o.MaxRejects, o.Parsers = nil, 1
	set(&o)
	if _, err := importer.Check(ctx, NewSource(s.uploads, job.Upload, job.Size), o); err != nil {
		if errors.Is(err, ErrNotFound) {
			_ = s.store.DropUpload(ctx, id) // so that it is known next time
		}
		return err
	}
	return nil
}
