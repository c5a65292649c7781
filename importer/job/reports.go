package job

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/products"
)

// ErrBusy: as many reports or previews are asked for as a Service makes at a time.
var ErrBusy = errors.New("job: too many reports or previews are being made")

// A report reads the whole file again, once or more often: at most reportsAtOnce do at a time, and at most reportsOpen
// are under way, since a client may be slow to take one. Copying one that is kept is cheap: at most copiesOpen are
// under way. Who finds no room waits for reportWait.
const (
	reportsAtOnce = 2
	reportsOpen   = 8
	copiesOpen    = 32
	reportWait    = 5 * time.Second
)

// reportDuplicates is importer.Options.MaxDuplicates where many may ask for reports at the same time.
const reportDuplicates = 1 << 16

// Rejects writes the rejected records of the job, as importer.RejectWriter does: first those that an import of its file
// rejects, in the file's order, for which the stored file is read again, in constant memory. So they are the same at
// any time, whatever became of the workers that had the job. Behind them come the records that the store of products
// refused, batch by batch: they were stored with their batches, but for those of a dry run, which are only counted.
//
// Once the job has ended, the report is also kept among the uploads, compressed, for whoever asks next. There it stays
// until Prune finds it older than ServiceOptions.UploadAge, or deletes the job. A Service keeps at most 100 reports,
// each of at most 64 MiB or the size of its upload, whichever is more, and deletes them when an upload finds no room.
// It keeps none where the uploads are no Sweeper.
//
// ErrNotFound when there is no such job or its file is gone; importer.ErrInput when nothing can be read from the file.
// Nothing was written then. ErrBusy when two reports are being made, of any job, or eight are under way, or 32 of those
// that are kept, and none ends within five seconds.
func (s *Service) Rejects(ctx context.Context, id string, w io.Writer) error {
	return s.report(ctx, id, rejectsReport, w, s.writeRejects)
}

func (s *Service) writeRejects(ctx context.Context, job *Job, w io.Writer) error {
	rejects := importer.NewRejectWriter(w)
	err := s.check(ctx, job, func(o *importer.Options) { o.OnHeader, o.OnReject = rejects.Header, rejects.Write })
	if err != nil {
		return err
	}
	for batch := int64(0); ; {
		var refused []importer.Reject
		if refused, batch, err = s.store.Refused(ctx, job.ID, batch); err != nil {
			return err
		}
		if len(refused) == 0 {
			return rejects.Flush()
		}
		for i := range refused {
			if err := rejects.Write(refused[i]); err != nil {
				return err
			}
		}
	}
}

// Superseded writes which records of the job's file are superseded, and by which line, as importer.SupersededWriter
// does. Like Rejects it reads the stored file again, in bounded memory: twice, with a temporary file where more than
// 65,536 SKUs come again, see importer.Options.MaxDuplicates. It is kept as Rejects is, and its errors are those of
// Rejects.
func (s *Service) Superseded(ctx context.Context, id string, w io.Writer) error {
	return s.report(ctx, id, supersededReport, w, s.writeSuperseded)
}

func (s *Service) writeSuperseded(ctx context.Context, job *Job, w io.Writer) error {
	superseded := importer.NewSupersededWriter(w)
	err := s.check(ctx, job, func(o *importer.Options) {
		o.OnSuperseded, o.MaxDuplicates = superseded.Write, reportDuplicates
	})
	if err != nil {
		return err
	}
	return superseded.Flush()
}

// ErrNotKept: the skipped records of a job are kept in mode existing alone, and not of a dry run, which only counts
// them. Those of mode ignore are of products that exist.
var ErrNotKept = errors.New("job: the skipped records are kept in mode existing alone, and not of a dry run")

// Skipped writes which records of the job's file were skipped in mode existing, since no product has their SKU, as
// importer.SkippedWriter does: those of the batches that are committed by now, in the file's order, exactly once each,
// whichever workers had the job. They stand with the job. ErrNotFound when there is no such job, ErrNotKept for another
// mode and for a dry run; nothing was written then. ErrBusy when 32 reports are being copied and none ends within five
// seconds.
func (s *Service) Skipped(ctx context.Context, id string, w io.Writer) error {
	job, err := s.store.Get(ctx, id)
	if err != nil {
		return err
	}
	if job.Settings.Mode != products.Existing || job.Settings.DryRun {
		return ErrNotKept
	}
	return s.reports.runCopy(ctx, func() error {
		out := importer.NewSkippedWriter(w)
		for batch := int64(0); ; {
			var skipped []importer.Skipped
			if skipped, batch, err = s.store.Skipped(ctx, id, batch); err != nil {
				return err
			}
			if len(skipped) == 0 {
				return out.Flush()
			}
			for i := range skipped {
				if err := out.Write(skipped[i]); err != nil {
					return err
				}
			}
		}
	})
}

// check reads the job's file again, with what set adds to its options.
func (s *Service) check(ctx context.Context, job *Job, set func(*importer.Options)) error {
	o, err := job.Settings.Options()
	if err != nil {
		return err
	}
	o.MaxRejects, o.Parsers = nil, 1
	set(&o)
	_, err = importer.Check(ctx, NewSource(s.uploads, job.File, job.Size),
		importer.CheckOptions{Options: o, KeyRule: s.options.KeyRule, Schema: job.Settings.schema()})
	if errors.Is(err, ErrNotFound) {
		_ = s.store.DropUpload(ctx, job.ID) // so that it is known next time
	}
	return err
}

// report writes a report of the job: the one that is kept under the name, or what write makes.
func (s *Service) report(ctx context.Context, id, name string, w io.Writer,
	write func(ctx context.Context, job *Job, w io.Writer) error) error {
	job, err := s.store.Get(ctx, id)
	if err != nil {
		return err
	}
	if job.Upload == "" {
		return fmt.Errorf("%w: the file of job %s was deleted", ErrNotFound, id)
	}
	if _, sweeps := s.uploads.(Sweeper); !sweeps || !job.State.Final() {
		return s.reports.run(ctx, w, func(w io.Writer) error { return write(ctx, &job, w) })
	}
	key, found := reportKey(job.ID, name), false
	err = s.reports.runCopy(ctx, func() error {
		found, err = s.cache.copyTo(ctx, key, w)
		return err
	})
	if found || err != nil {
		return err
	}
	return s.reports.run(ctx, w, func(w io.Writer) error {
		// Somebody else may have made it while this one waited.
		if found, err := s.cache.copyTo(ctx, key, w); found {
			return err
		}
		return s.cache.writeThrough(ctx, key, max(cacheBytes, job.Size), w,
			func(w io.Writer) error { return write(ctx, &job, w) })
	})
}

// reportRoom bounds how many reports are made and copied at a time.
type reportRoom struct{ open, atWork, copies chan struct{} }

func newReportRoom() reportRoom {
	return reportRoom{make(chan struct{}, reportsOpen), make(chan struct{}, reportsAtOnce),
		make(chan struct{}, copiesOpen)}
}

// enter takes a place in each of the rooms, in order, or returns an error and takes none.
func enter(ctx context.Context, rooms ...chan struct{}) error {
	waiting, cancel := context.WithTimeout(ctx, reportWait)
	defer cancel()
	for i, room := range rooms {
		select {
		case room <- struct{}{}:
		case <-waiting.Done():
			for _, room := range rooms[:i] {
				<-room
			}
			if err := context.Cause(ctx); err != nil {
				return err
			}
			return ErrBusy
		}
	}
	return nil
}

// runCopy calls f once there is room for a copy.
func (r *reportRoom) runCopy(ctx context.Context, f func() error) error {
	if err := enter(ctx, r.copies); err != nil {
		return err
	}
	defer func() { <-r.copies }()
	return f()
}

// run calls f once there is room, with a writer that lets others work while it waits for w.
func (r *reportRoom) run(ctx context.Context, w io.Writer, f func(w io.Writer) error) error {
	if err := enter(ctx, r.open, r.atWork); err != nil {
		return err
	}
	p := &yieldingWriter{ctx: ctx, w: w, atWork: r.atWork}
	defer func() {
		if !p.left {
			<-r.atWork
		}
		<-r.open
	}()
	return f(p)
}

// yieldingWriter is a writer whose owner leaves its place at work to others while it writes.
type yieldingWriter struct {
	ctx    context.Context
	w      io.Writer
	atWork chan struct{}
	left   bool // the place, for good
}

func (p *yieldingWriter) Write(b []byte) (int, error) {
	if p.left {
		return 0, context.Cause(p.ctx)
	}
	<-p.atWork
	p.left = true // also where w panics
	n, err := p.w.Write(b)
	select {
	case p.atWork <- struct{}{}:
		p.left = false
	case <-p.ctx.Done():
		return n, context.Cause(p.ctx)
	}
	return n, err
}
