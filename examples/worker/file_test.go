package main

import (
	"bytes"
	"database/sql"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/examples/programtest"
	"github.com/products-importer/products-importer/examples/storeflags"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// onFile starts a worker on a SQLite file, as a process of its own.
func onFile(t *testing.T, path string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	p := exec.Command(self, "-database-url", "sqlite:"+path, "-log-level", "error", "-admin-addr", "", "-lease", "1s")
	p.Env = append(os.Environ(), asProgram+"=1", programtest.Races(t))
	p.Stderr = os.Stderr
	require.NoError(t, p.Start())
	t.Cleanup(func() { end(p, syscall.SIGKILL) })
	return p
}

// end ends a process with the signal, unless it has ended.
func end(p *exec.Cmd, signal os.Signal) {
	if p.ProcessState == nil {
		_ = p.Process.Signal(signal)
		_ = p.Wait() // tells of the signal
	}
}

// fileOutcome is what remains of an import into a file.
type fileOutcome struct {
	Counts  progress.Counts
	Batches []string // what the checkpoints say
	Table   []string // what the catalogue says
}

// importIntoFile imports HalfNew over Base, by workers that are killed so often in the middle of it.
func importIntoFile(t *testing.T, mode products.Mode, kills int) (o fileOutcome) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "products.db")
	u, err := storeflags.ParseURL("sqlite:" + path)
	require.NoError(t, err)
	db, err := storeflags.Open(t.Context(), u, storeflags.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	raw, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer func() { require.NoError(t, raw.Close()) }()
	_, err = importer.Run(t.Context(), importer.Bytes(catalogue(t, catalogtest.Base)), db.Products, importer.Options{})
	require.NoError(t, err)
	service, err := job.NewService(db.Jobs, db.Uploads, job.ServiceOptions{})
	require.NoError(t, err)
	j, _, err := service.Submit(t.Context(), job.Request{Settings: job.Settings{Mode: mode, BatchRecords: batchRecords}},
		bytes.NewReader(catalogue(t, catalogtest.HalfNew)))
	require.NoError(t, err)
	column := func(query string) (texts []string) {
		rows, err := raw.QueryContext(t.Context(), query)
		require.NoError(t, err)
		defer rows.Close()
		for rows.Next() {
			var text string
			require.NoError(t, rows.Scan(&text))
			texts = append(texts, text)
		}
		require.NoError(t, rows.Err())
		return texts
	}
	const checkpoints = `SELECT concat_ws('|', number, read, created, updated, unchanged, skipped, superseded, rejected,
		bytes) FROM import_checkpoints ORDER BY number`
	killed := 0
	for ; killed < kills && !j.State.Final(); killed++ {
		before := len(column(checkpoints))
		p := onFile(t, path)
		for len(column(checkpoints)) == before && !j.State.Final() {
			time.Sleep(time.Millisecond)
			j, err = db.Jobs.Get(t.Context(), j.ID)
			require.NoError(t, err)
		}
		time.Sleep(rand.N(20 * time.Millisecond)) // any moment will do
		end(p, syscall.SIGKILL)
		j, err = db.Jobs.Get(t.Context(), j.ID)
		require.NoError(t, err)
	}
	// On a busy machine a worker may get to the end before its kill.
	require.GreaterOrEqual(t, killed, min(kills, 3), "it was killed in the middle")
	p := onFile(t, path)
	for ; !j.State.Final(); time.Sleep(5 * time.Millisecond) {
		j, err = db.Jobs.Get(t.Context(), j.ID)
		require.NoError(t, err)
	}
	require.Equal(t, job.Success, j.State, j.Error)
	end(p, syscall.SIGTERM)
	require.Zero(t, p.ProcessState.ExitCode(), "it ends in good order")
	return fileOutcome{j.Event.Counts, column(checkpoints),
		column(`SELECT concat_ws('|', sku, name, description, version) FROM products ORDER BY sku_key`)}
}

// TestKilledOnAFile kills workers on a file at random moments, in each mode. The import ends as an undisturbed one.
func TestKilledOnAFile(t *testing.T) {
	t.Parallel()
	for _, mode := range []products.Mode{products.Ignore, products.Update} {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			want := importIntoFile(t, mode, 0)
			require.EqualValues(t, rejects, want.Counts.Rejected)
			require.Equal(t, want, importIntoFile(t, mode, 10))
		})
	}
}

// A worker on a file that can't be used says so in one line.
func TestFilesThatCannotBeUsed(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "catalogue.csv")
	require.NoError(t, os.WriteFile(text, []byte("sku,name\n"), 0o600))
	for path, says := range map[string]string{text: "is no SQLite database", folder: "is a folder",
		filepath.Join(folder, "none", "products.db"): "is in a folder that doesn't exist"} {
		var stdout, stderr bytes.Buffer
		require.Equal(t, 1, run(t.Context(), []string{"-database-url", "sqlite:" + path},
			func(string) string { return "" }, &stdout, &stderr))
		require.Contains(t, stderr.String(), path+" "+says)
		require.Equal(t, 1, bytes.Count(stderr.Bytes(), []byte("\n")), "one line: %s", stderr.String())
	}
}
