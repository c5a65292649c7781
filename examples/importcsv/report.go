package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// report is a file that is written beside the import. It is written without a name, or where the system doesn't do that
// under another one in the same folder, and gets its own when it is whole: so a file that was there before is replaced
// by a whole one, or not at all, and a process that is killed leaves nothing behind. What is no file, such as a pipe or
// a terminal, is written to as it is.
type report struct {
	name   string // of the flag
	path   string // as the flag has it
	target string // where the path leads to
	beside bool   // file is a temporary one beside the target
	other  string // its name, empty while it has none
	file   *os.File
	buffer *bufio.Writer
	flush  func() error // of who writes to the buffer
	// reported says that it has more than a header, failed that something couldn't be written.
	reported, failed bool
}

// newReport returns a report that is not open yet.
func newReport(name, path string) (*report, error) {
	f := &report{name: name, path: path, flush: func() error { return nil }}
	var err error
	f.target, err = resolve(path)
	return f, f.named(err)
}

// named returns the error with the report's flag.
func (f *report) named(err error) error {
	if err == nil {
		return nil
	}
	f.failed = true
	return fmt.Errorf("the file for -%s: %w", f.name, err)
}

func (f *report) open() error {
	permissions := os.FileMode(0o666) // less what the process masks
	have, err := os.Stat(f.target)
	switch {
	case err == nil && have.IsDir():
		return f.named(fmt.Errorf("%s is a folder", f.path))
	case err == nil && !have.Mode().IsRegular():
		f.file, err = os.OpenFile(f.target, os.O_WRONLY, 0)
	default:
		if have != nil {
			permissions = have.Mode().Perm()
		}
		f.beside = true
		if f.file, err = createNameless(f.target, permissions); err != nil {
			f.file, f.other, err = createBeside(f.target, permissions)
		}
		if err == nil && have != nil {
			err = f.file.Chmod(permissions)
		}
	}
	if err != nil {
		if f.file != nil {
			f.discard()
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("there is no folder %s: make it first", filepath.Dir(f.path))
		}
		return f.named(err)
	}
	f.buffer = bufio.NewWriter(f.file)
	return nil
}

// freeName returns the name of a file in the folder of the path for which create says nothing of one that exists.
func freeName(path string, create func(name string) error) (name string, err error) {
	for i := os.Getpid(); ; i++ {
		name = fmt.Sprintf("%s.%d.tmp", path, i)
		if err = create(name); !errors.Is(err, fs.ErrExist) {
			return name, err
		}
	}
}

// createBeside creates a file of a name of its own in the folder of the path.
func createBeside(path string, permissions os.FileMode) (file *os.File, name string, err error) {
	name, err = freeName(path, func(name string) (err error) {
		file, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, permissions)
		return err
	})
	return file, name, err
}

// write hands what was reported until now to the system, and with sync to the disk.
func (f *report) write(sync bool) error {
	err := f.flush()
	if err == nil {
		err = f.buffer.Flush()
	}
	if err == nil && sync && f.beside {
		err = f.file.Sync()
	}
	return f.named(err)
}

// finish closes the whole report and gives it its name. After an error it is still to be ended by keepPartial.
func (f *report) finish() error {
	if err := f.write(true); err != nil {
		return err
	}
	if f.beside {
		return f.named(f.become(f.target))
	}
	return f.named(f.file.Close())
}

// become closes the file and has it replace what is at the path.
func (f *report) become(path string) (err error) {
	if f.other == "" { // a file without a name replaces none, so it gets another one first
		f.other, err = freeName(f.target, func(other string) error { return name(f.file, other) })
		if err != nil {
			f.other = ""
			return err
		}
	}
	if err := f.file.Close(); err != nil {
		return err
	}
	return os.Rename(f.other, path)
}

// keepPartial ends the report of an import that failed. What was reported until then is kept in the file whose path it
// returns: none where that is nothing, or where it couldn't be written.
func (f *report) keepPartial() (path string) {
	if f.failed || f.write(true) != nil {
		f.discard()
		return ""
	}
	if !f.beside {
		_ = f.file.Close() // all of it was written, and no more is said of it
		return ""
	}
	path = f.target + ".partial"
	if !f.reported || f.become(path) != nil {
		f.discard()
		return ""
	}
	return path
}

// discard removes what there is of the report, for which an error was returned before, or which has nothing.
func (f *report) discard() {
	_ = f.file.Close()
	if f.other != "" {
		_ = os.Remove(f.other)
	}
}

// sameFile reports whether both paths lead to one file, which exists.
func sameFile(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}
