package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"unsafe"
)

// What package syscall leaves out.
const (
	oTmpfile        = 0o20000000 | syscall.O_DIRECTORY
	atFdcwd         = -100
	atSymlinkFollow = 0x400
)

// createNameless creates a file in the folder of the path that has no name yet, and goes with the process. Not every
// file system can, and without /proc it couldn't be given a name.
func createNameless(path string, permissions os.FileMode) (*os.File, error) {
	file, err := os.OpenFile(filepath.Dir(path), os.O_WRONLY|oTmpfile, permissions)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(handle(file)); err != nil {
		_ = file.Close() // nothing was written
		return nil, err
	}
	return file, nil
}

// handle is the path by which the file can be reached without a name.
func handle(file *os.File) string { return fmt.Sprintf("/proc/self/fd/%d", file.Fd()) }

// name gives such a file a name, which nothing has.
func name(file *os.File, path string) error {
	from, err := syscall.BytePtrFromString(handle(file))
	if err != nil {
		return err
	}
	to, err := syscall.BytePtrFromString(path)
	if err != nil {
		return err
	}
	here := atFdcwd
	if _, _, errno := syscall.Syscall6(syscall.SYS_LINKAT, uintptr(here), uintptr(unsafe.Pointer(from)), uintptr(here),
		uintptr(unsafe.Pointer(to)), atSymlinkFollow, 0); errno != 0 {
		return &os.LinkError{Op: "link", Old: file.Name(), New: path, Err: errno}
	}
	return nil
}
