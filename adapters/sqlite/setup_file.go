package sqlite

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	sqlite3 "modernc.org/sqlite/lib"
)

// magic is how every SQLite database begins.
const magic = "SQLite format 3\x00"

// checkPath returns the absolute path, or says why there can't be a database. absent is what to do where there is no
// file, empty where that is no trouble.
func checkPath(path, absent string) (string, error) {
	switch {
	case path == "":
		return "", errors.New("sqlite: the path of the file is empty")
	case path == ":memory:" || strings.HasPrefix(path, "file:") || strings.IndexByte(path, 0) >= 0:
		return "", fmt.Errorf("sqlite: %q is no path of a file: package memory is for what isn't kept", path)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("sqlite: %s: %w", path, err)
	}
	refuse := func(cause error, problem, remedy string) (string, error) {
		return "", &FileError{Path: absolute, Problem: problem, Remedy: remedy, cause: cause}
	}
	info, err := os.Stat(absolute)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		folder, err := os.Stat(filepath.Dir(absolute))
		switch {
		case err != nil:
			return refuse(err, "is in a folder that doesn't exist", "make the folder, or give another path")
		case !folder.IsDir():
			return refuse(nil, "is in something that is no folder", "give another path")
		case absent != "":
			return refuse(nil, "doesn't exist", absent)
		}
		return absolute, nil
	case err != nil:
		return refuse(err, "can't be looked at", "let this user read the folder, or give another path")
	case info.IsDir():
		return refuse(nil, "is a folder", "give the path of a file in it, such as "+
			filepath.Join(absolute, "products.db"))
	case !info.Mode().IsRegular():
		return refuse(nil, "is no file", "give another path")
	}
	file, err := os.OpenFile(absolute, os.O_RDWR, 0)
	if err != nil {
		known := troubles[sqlite3.SQLITE_READONLY]
		return refuse(err, known.problem, known.remedy)
	}
	defer func() { _ = file.Close() }() // nothing is written
	begin := make([]byte, len(magic))
	n, err := io.ReadFull(file, begin)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return refuse(err, "can't be read", "look after the disk")
	}
	if n > 0 && string(begin[:n]) != magic { // an empty file is an empty database
		return refuse(nil, "is no SQLite database", "give another path: nothing was changed in the file")
	}
	return absolute, nil
}
