package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"

	"github.com/products-importer/products-importer/importer"
)

// openReports creates the files that the settings want written beside the import, and makes the options write to them.
func openReports(s *settings, options *importer.Options) (closeAll func() error, err error) {
	var files []*report
	closeAll = func() (err error) {
		for _, f := range files {
			err = errors.Join(err, f.close())
		}
		return err
	}
	open := func(name, path string) *report {
		if path == "" || err != nil {
			return nil
		}
		var f *report
		if f, err = openReport(s, name, path); err == nil {
			files = append(files, f)
		}
		return f
	}
	if f := open("rejects", s.rejects); f != nil {
		w := importer.NewRejectWriter(f.buffer)
		f.flush, options.OnHeader = w.Flush, w.Header
		note := options.OnReject
		options.OnReject = func(r importer.Reject) error { return errors.Join(note(r), w.Write(r)) }
	}
	if f := open("superseded", s.superseded); f != nil {
		w := importer.NewSupersededWriter(f.buffer)
		f.flush, options.OnSuperseded = w.Flush, w.Write
	}
	if err != nil {
		return nil, errors.Join(err, closeAll())
	}
	return closeAll, nil
}

// report is a file that is written beside the import.
type report struct {
	name   string // of the flag
	file   *os.File
	buffer *bufio.Writer
	flush  func() error // of who writes to the buffer; nil for nobody
}

// openReport creates the file. The file that is imported is not overwritten.
func openReport(s *settings, name, path string) (*report, error) {
	if have, err := os.Stat(path); err == nil && s.file != "-" {
		if input, err := os.Stat(s.file); err == nil && os.SameFile(have, input) {
			return nil, fmt.Errorf("-%s %s is the file that is imported: name another one", name, path)
		}
	}
	if name == "superseded" && path == s.rejects {
		return nil, fmt.Errorf("-rejects and -superseded both name %s: name two files", path)
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("the file for -%s: %w", name, err)
	}
	return &report{name: name, file: file, buffer: bufio.NewWriter(file)}, nil
}

func (f *report) close() (err error) {
	if f.flush != nil {
		err = f.flush()
	}
	if err = errors.Join(err, f.buffer.Flush(), f.file.Close()); err != nil {
		return fmt.Errorf("the file for -%s: %w", f.name, err)
	}
	return nil
}
