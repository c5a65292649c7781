package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/examples/errorline"
	"github.com/products-importer/products-importer/importer/catalogtest"
)

// TestReportThatFails: nothing is committed of which a report couldn't tell, and none is called complete.
func TestReportThatFails(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("this system has no /dev/full")
	}
	for flag, text := range map[string]string{
		"rejects": small, "superseded": "name,sku\nLamp,a\nLamp,a\n",
	} {
		t.Run(flag, func(t *testing.T) {
			database := home.URL(t)
			path := write(t, "file.csv", text)
			failed := importcsv(t, nil, "", "-database-url", database, "-"+flag, "/dev/full", path)
			oneLine(t, failed, errorline.Failure, "the file for -"+flag+": write /dev/full: no space left on device")
			require.Equal(t, 1, strings.Count(failed.stderr, "no space left"), failed.stderr)
			require.Contains(t, failed.stderr, "nothing was written")
			require.NotContains(t, failed.stdout, "all of them")

			again := importcsv(t, nil, "", "-json", "-database-url", database, path).decode(t)
			require.InDelta(t, 0, again["skipped"], 0, "nothing was committed before")
		})
	}
	t.Run("skipped, known with the commit alone", func(t *testing.T) {
		database := home.URL(t)
		path := write(t, "file.csv", "name,sku\nLamp,a\n")
		require.Equal(t, 0, importcsv(t, nil, "", "-database-url", database, path).status)
		failed := importcsv(t, nil, "", "-json", "-database-url", database, "-skipped", "/dev/full", path)
		oneLine(t, failed, errorline.Failure, "the file for -skipped: write /dev/full: no space left on device")
		require.Equal(t, "FAILURE", failed.decode(t)["state"])
	})
}

func TestReportReplacesAFileWhenItIsWhole(t *testing.T) {
	const before = "of the last import\n"
	report := func(t *testing.T) (folder, path string) {
		path = write(t, "report.csv", before)
		require.NoError(t, os.Chmod(path, 0o640))
		return filepath.Dir(path), path
	}
	files := func(t *testing.T, folder string) (names []string) {
		entries, err := os.ReadDir(folder)
		require.NoError(t, err)
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	read := func(t *testing.T, path string) string {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		return string(text)
	}
	t.Run("an import that succeeds", func(t *testing.T) {
		folder, path := report(t)
		link := filepath.Join(t.TempDir(), "link.csv")
		require.NoError(t, os.Symlink(path, link))
		require.Equal(t, 0, importcsv(t, nil, "", "-rejects", link, write(t, "small.csv", small)).status)
		require.Contains(t, read(t, path), "_reason")
		require.Equal(t, []string{"report.csv"}, files(t, folder))
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o640), info.Mode().Perm())
		info, err = os.Lstat(link)
		require.NoError(t, err)
		require.Equal(t, os.ModeSymlink, info.Mode().Type(), "a link stays one")
	})
	t.Run("an import that fails later", func(t *testing.T) {
		folder, path := report(t)
		s := importcsv(t, nil, "", "-rejects", path, "-max-rejects", "1", write(t, "small.csv", small))
		oneLine(t, s, errorline.Failure, "what was reported until then is in "+path+".partial")
		require.NotContains(t, s.stdout, "all of them are in")
		require.Equal(t, before, read(t, path))
		require.Equal(t, []string{"report.csv", "report.csv.partial"}, files(t, folder))
		require.Equal(t, 3, strings.Count(read(t, path+".partial"), "\n"), "a header and two records")
	})
	t.Run("an import that never begins", func(t *testing.T) {
		folder, path := report(t)
		s := importcsv(t, nil, "", "-rejects", path, write(t, "plain.csv", "a,b\nc,d\n"))
		require.Equal(t, errorline.Failure, s.status)
		require.NotContains(t, s.stderr, "partial")
		require.Equal(t, before, read(t, path))
		require.Equal(t, []string{"report.csv"}, files(t, folder))
	})
	t.Run("another report can't be opened", func(t *testing.T) {
		folder, path := report(t)
		s := importcsv(t, nil, "", "-rejects", path, "-superseded", folder, write(t, "small.csv", small))
		oneLine(t, s, errorline.Failure, "is a folder")
		require.Equal(t, before, read(t, path))
		require.Equal(t, []string{"report.csv"}, files(t, folder))
	})
	t.Run("two names of one file", func(t *testing.T) {
		folder, path := report(t)
		other := filepath.Join(folder, ".", "..", filepath.Base(folder), "report.csv")
		require.NoError(t, os.Symlink(path, filepath.Join(folder, "link.csv")))
		for _, other := range []string{other, filepath.Join(folder, "link.csv")} {
			s := importcsv(t, nil, "", "-rejects", path, "-superseded", other, write(t, "small.csv", small))
			oneLine(t, s, errorline.Failure, "-rejects and -superseded both name "+other)
		}
	})
}

// TestReportOfAKilledProcess: nothing is left of what a process had reported that is killed.
func TestReportOfAKilledProcess(t *testing.T) {
	folder := t.TempDir()
	probe, err := createNameless(filepath.Join(folder, "probe"), 0o600)
	if err != nil {
		t.Skip("here a file has a name from the beginning: ", err)
	}
	require.NoError(t, probe.Close())
	superseded := filepath.Join(folder, "superseded.csv")
	require.NoError(t, os.WriteFile(superseded, []byte("of the last import\n"), 0o600))
	p := program(t, "-superseded", superseded, catalog(t, 200_000, catalogtest.Base))
	require.NoError(t, p.Start())
	require.Eventually(t, func() bool { // it has written to its report
		handles, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", p.Process.Pid))
		return slices.ContainsFunc(handles, func(path string) bool {
			to, _ := os.Readlink(path)
			written, err := os.Stat(path)
			return strings.HasPrefix(to, folder) && err == nil && written.Size() > 0
		})
	}, time.Minute, time.Millisecond)
	require.NoError(t, p.Process.Kill())
	_ = p.Wait()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	text, err := os.ReadFile(superseded)
	require.NoError(t, err)
	require.Equal(t, "of the last import\n", string(text))
}
