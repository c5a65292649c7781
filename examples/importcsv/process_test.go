package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/examples/errorline"
	"github.com/products-importer/products-importer/examples/programtest"
	"github.com/products-importer/products-importer/importer/catalogtest"
)

// Set in the environment of a process that is to be the program, and not its tests.
const (
	asProgram = "IMPORTCSV_TEST_AS_PROGRAM"
	peakFile  = "IMPORTCSV_TEST_PEAK_FILE" // is given the process's peak memory
)

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "" {
		pgtest.Main(m)
		return
	}
	status := start()
	if path := os.Getenv(peakFile); path != "" {
		state, err := os.ReadFile("/proc/self/status")
		if err == nil {
			err = os.WriteFile(path, state, 0o600)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = errorline.Failure
		}
	}
	os.Exit(status)
}

// process is the program in a process of its own.
type process struct {
	*exec.Cmd
	stdout, stderr bytes.Buffer
}

// program prepares a process; its temporary files go into a folder of the test's.
func program(t testing.TB, args ...string) *process {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	p := &process{Cmd: exec.CommandContext(t.Context(), self, args...)}
	p.Env = append(os.Environ(), asProgram+"=1", "DATABASE_URL=", "TMPDIR="+t.TempDir())
	p.Stdout, p.Stderr = &p.stdout, &p.stderr
	return p
}

// session waits for the end and returns what the process gave.
func (p *process) session(t *testing.T) session {
	t.Helper()
	var ended *exec.ExitError
	if err := p.Wait(); err != nil {
		require.ErrorAs(t, err, &ended)
	}
	return session{p.ProcessState.ExitCode(), p.stdout.String(), p.stderr.String()}
}

func TestExitStatus(t *testing.T) {
	path := write(t, "small.csv", small)
	for _, c := range []struct {
		name   string
		args   []string
		status int
	}{
		{"success", []string{path}, 0},
		{"failure", []string{path + ".none"}, 1},
		{"usage", []string{"-mode", "merge", path}, 2},
		{"version", []string{"-version"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := program(t, c.args...)
			require.NoError(t, p.Start())
			s := p.session(t)
			require.Equal(t, c.status, s.status)
			if c.name == "version" {
				require.Regexp(t, `^importcsv \S+ .*go1\S+ \w+/\w+\n$`, s.stdout)
			}
		})
	}
}

// promptly is how long the program may take to end after a signal, with room for a machine that is busy.
const promptly = 30 * time.Second

func TestSignalsWhileStandardInputIsRead(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			p := program(t, "-json", "-")
			folder := t.TempDir()
			p.Env = append(p.Env, "TMPDIR="+folder)
			stdin, err := p.StdinPipe()
			require.NoError(t, err)
			require.NoError(t, p.Start())
			// More than a pipe holds: once it is written, the program is reading, and has its temporary file.
			_, err = io.Copy(stdin, catalogtest.NewReader(10_000, catalogtest.Base))
			require.NoError(t, err)
			files, err := os.ReadDir(folder)
			require.NoError(t, err)
			require.Len(t, files, 1)

			sent := time.Now()
			require.NoError(t, p.Process.Signal(signal))
			s := p.session(t)
			require.Less(t, time.Since(sent), promptly)
			oneLine(t, s, errorline.Failure, "cancelled")
			require.Equal(t, "REVOKED", s.decode(t)["state"])
			files, err = os.ReadDir(folder)
			require.NoError(t, err)
			require.Empty(t, files, "the temporary file is removed")
		})
	}
}

func TestInterruptStatesWhatIsCommitted(t *testing.T) {
	url := home.URL(t)
	s := importcsv(t, nil, "", "-database-url", url, write(t, "small.csv", small)) // sets the schema up
	require.Equal(t, 0, s.status, s.stderr)
	db := open(t, url)
	before := count(t, db, "SELECT count(*) FROM products")

	p := program(t, "-json", "-writers", "1", "-database-url", url, catalog(t, 200_000, catalogtest.Base))
	require.NoError(t, p.Start())
	for count(t, db, "SELECT count(*) FROM products") == before {
		require.NoError(t, t.Context().Err())
		require.NoError(t, p.Process.Signal(syscall.Signal(0)), "the program runs")
	}
	sent := time.Now()
	require.NoError(t, p.Process.Signal(os.Interrupt))
	s = p.session(t)
	require.Less(t, time.Since(sent), promptly)

	created := count(t, db, "SELECT count(*) FROM products") - before
	oneLine(t, s, errorline.Failure, "cancelled; committed until then: ")
	object := s.decode(t)
	require.Equal(t, "REVOKED", object["state"])
	require.InDelta(t, created, object["created"], 0, "counts and database agree")
	require.Less(t, created, int64(catalogtest.Distinct(200_000)))
}

// BenchmarkPeakMemory imports in a process of its own, and fails if that ever takes more memory than it may: 64 MiB
// into PostgreSQL, 80 MiB into a file, whose pages it keeps itself.
func BenchmarkPeakMemory(b *testing.B) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		b.Skip("this system doesn't tell a process's peak memory")
	}
	for _, into := range []struct {
		name    string
		bound   float64
		records []int
		url     func(b *testing.B) string
	}{
		{"PostgreSQL", 64, []int{500_000, 5_000_000}, func(b *testing.B) string { return pgtest.URL(b) }},
		{"SQLite", 80, []int{500_000}, func(b *testing.B) string { return "sqlite:" + filepath.Join(b.TempDir(), "products.db") }},
	} {
		for _, records := range into.records {
			if testing.Short() && records > 500_000 {
				continue // the bound is the same for both, and this one takes ten times as long
			}
			b.Run(fmt.Sprintf("into=%s/records=%d", into.name, records), func(b *testing.B) {
				path := catalog(b, records, catalogtest.Base)
				info, err := os.Stat(path)
				require.NoError(b, err)
				b.SetBytes(info.Size())
				var most float64
				for b.Loop() {
					b.StopTimer()
					url := into.url(b)
					b.StartTimer()
					most = max(most, peakOf(b, "-json", "-database-url", url, path))
				}
				b.ReportMetric(most, "peak-MiB")
				require.LessOrEqual(b, most, into.bound)
			})
		}
	}
}

// peakOf runs the program and returns the most memory that its process had, in MiB.
func peakOf(b *testing.B, args ...string) float64 {
	b.Helper()
	peak := filepath.Join(b.TempDir(), "peak")
	p := program(b, args...)
	p.Env = append(p.Env, peakFile+"="+peak)
	require.NoError(b, p.Run(), p.stderr.String())
	state, err := os.ReadFile(peak)
	require.NoError(b, err)
	mib := programtest.PeakIn(b, state)
	require.NotZero(b, mib)
	return mib
}
