package main

import (
	"bufio"
	"fmt"
	"os"
)

// report is a file that is written beside the import. It is written under another name, in the same folder, and gets
// its own when it is whole: so a file that was there before is replaced by a whole one, or not at all. What is no file,
// such as a pipe or a terminal, is written to as it is.
type report struct {
	name   string // of the flag
	path   string // as the flag has it
	target string // where the path leads to
	beside bool   // file is a temporary one beside the target
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
		f.file, err = createBeside(f.target, permissions)
		if err == nil && have != nil {
			err = f.file.Chmod(permissions)
		}
	}
	if err != nil {
		if f.file != nil {
			f.discard()
		}
		return f.named(err)
	}
	f.buffer = bufio.NewWriter(f.file)
	return nil
}

// createBeside creates a file of a name of its own in the folder of the path.
func createBeside(path string, permissions os.FileMode) (*os.File, error) {
	for i := os.Getpid(); ; i++ {
		file, err := os.OpenFile(fmt.Sprintf("%s.%d.tmp", path, i), os.O_WRONLY|os.O_CREATE|os.O_EXCL, permissions)
		if !os.IsExist(err) {
			return file, err
		}
	}
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
	if err := f.file.Close(); err != nil || !f.beside {
		return f.named(err)
	}
	return f.named(os.Rename(f.file.Name(), f.target))
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
	if !f.reported || f.file.Close() != nil || os.Rename(f.file.Name(), path) != nil {
		f.discard()
		return ""
	}
	return path
}

// discard removes what there is of the report, for which an error was returned before, or which has nothing.
func (f *report) discard() {
	_ = f.file.Close()
	if f.beside {
		_ = os.Remove(f.file.Name())
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
