package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/products-importer/products-importer/importer"
)

// reports are the files that the settings want written beside the import.
type reports struct {
	mu      sync.Mutex // batches are committed side by side with the writing of records
	files   []*report
	changes *report // nil for none
	saved   bool    // the files were on the disk when the first batch was committed
}

// openReports opens the reports, and makes the options write to them: an import commits nothing that a report which
// can't be written should have told of, but for the records that are found out with the batch that is committed.
func openReports(s *settings, options *importer.Options) (*reports, error) {
	r := &reports{}
	for _, wanted := range []struct {
		name, path string
		attach     func(f *report)
	}{
		{"rejects", s.rejects, func(f *report) {
			w := importer.NewRejectWriter(f.buffer)
			note := options.OnReject
			f.flush = w.Flush
			options.OnHeader = func(names []string) error { return f.named(w.Header(names)) }
			write := reporter(r, f, w.Write)
			options.OnReject = func(reject importer.Reject) error { return errors.Join(note(reject), write(reject)) }
		}},
		{"superseded", s.superseded, func(f *report) {
			w := importer.NewSupersededWriter(f.buffer)
			f.flush, options.OnSuperseded = w.Flush, reporter(r, f, w.Write)
		}},
		{"skipped", s.skipped, func(f *report) {
			w := importer.NewSkippedWriter(f.buffer)
			f.flush, options.OnSkipped = w.Flush, reporter(r, f, w.Write)
		}},
		{"changes", s.changes, func(f *report) { r.changes = f }},
	} {
		if wanted.path == "" {
			continue
		}
		f, err := r.open(s, wanted.name, wanted.path)
		if err != nil {
			r.keepPartial()
			return nil, err
		}
		wanted.attach(f)
	}
	if len(r.files) > 0 {
		options.Checkpoints.Save = r.save
	}
	return r, nil
}

// reporter returns a function that writes to the report, and names it where that fails.
func reporter[T any](r *reports, f *report, write func(T) error) func(T) error {
	return func(v T) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		f.reported = true
		return f.named(write(v))
	}
}

// open opens a report. The file that is imported is not overwritten, and no two reports are one file.
func (r *reports) open(s *settings, name, path string) (*report, error) {
	f, err := newReport(name, path)
	if err != nil {
		return nil, err
	}
	if s.file != "-" && sameFile(f.target, s.file) {
		return nil, fmt.Errorf("-%s %s is the file that is imported: name another one", name, path)
	}
	for _, other := range r.files {
		if other.target == f.target {
			return nil, fmt.Errorf("-%s and -%s both name %s: name two files", other.name, name, path)
		}
	}
	if err := f.open(); err != nil {
		return nil, err
	}
	r.files = append(r.files, f)
	return f, nil
}

// save is called in the transaction of each batch. The first time all that the check found has to be on the disk: a
// full one may be noticed no sooner.
func (r *reports) save(context.Context, importer.Commit) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.files {
		if err := f.write(!r.saved); err != nil {
			return err
		}
	}
	r.saved = true
	return nil
}

// finish gives the reports of an import that succeeded their names.
func (r *reports) finish() (err error) {
	for i, f := range r.files {
		if err = f.finish(); err != nil {
			r.files = r.files[i:]
			return err
		}
	}
	r.files = nil
	return nil
}

// keepPartial ends the reports that were not finished, of an import that failed. It returns the files that have what
// was reported until then.
func (r *reports) keepPartial() (paths []string) {
	for _, f := range r.files {
		if path := f.keepPartial(); path != "" {
			paths = append(paths, path)
		}
	}
	r.files = nil
	return paths
}

// resolve returns the absolute path of the file that the path leads to, which need not exist.
func resolve(path string) (string, error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	} else if folder, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		path = filepath.Join(folder, filepath.Base(path))
	}
	return filepath.Abs(path)
}
