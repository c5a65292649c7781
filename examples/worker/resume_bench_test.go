package main

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/examples/programtest"
	"github.com/products-importer/products-importer/importer/catalogtest"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// hugeRecords is how many records a huge file has: with -short hardly more than those of which places are kept.
func hugeRecords() int {
	if testing.Short() {
		return 1_100_000
	}
	return 10_000_000
}

// BenchmarkHuge has workers, which are processes, import a huge file in mode update, and kills the one that does at
// 28 % and at 90 %. s-resume-28 and s-resume-90 are the times from the next one's claim to its first batch, peak-MiB
// the most memory that one of them ever had. With -short there are two of the files.
func BenchmarkHuge(b *testing.B) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		b.Skip("this system doesn't tell a process's peak memory")
	}
	n := hugeRecords()
	base := func() io.Reader { return catalogtest.NewReader(n, catalogtest.Base) }
	for _, c := range []struct {
		name   string
		before bool // Base is imported before
		dry    bool // a dry run is committed
		long   bool // not with -short
		file   func() io.Reader
	}{
		{name: "new", file: base},
		{name: "half", before: true, long: true,
			file: func() io.Reader { return catalogtest.NewReader(n, catalogtest.HalfNew) }},
		{name: "dry", dry: true, long: true, file: base},
		{name: "variants", file: func() io.Reader { return &families{records: n} }},
		{name: "gzip", long: true, file: func() io.Reader { return gzipped(base()) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			if c.long && testing.Short() {
				b.Skip("it takes too long")
			}
			for b.Loop() {
				h := huge{scene: newScene(b, migrated(b)), b: b}
				if c.before {
					h.run(h.submit(base(), job.Settings{Mode: products.Update}))
				}
				id := h.submit(c.file(), job.Settings{Mode: products.Update, DryRun: c.dry})
				if c.dry {
					h.run(id)
					again, _, err := h.service.Rerun(b.Context(), id, func(r *job.Request) error {
						r.Settings.DryRun, r.Settings.Changes = false, job.ChangesNone
						return nil
					})
					require.NoError(b, err)
					id = again.ID
				}
				h.killed(id)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// huge is a scene of BenchmarkHuge.
type huge struct {
	*scene
	b    *testing.B
	peak float64
}

func (h *huge) submit(file io.Reader, settings job.Settings) (id string) {
	j, _, err := h.service.Submit(h.b.Context(), job.Request{Settings: settings}, file)
	require.NoError(h.b, err)
	return j.ID
}

// await waits until the import is as it should be, which the worker does.
func (h *huge) await(p *exec.Cmd, id string, is func(job.Job) bool) {
	for ; ; time.Sleep(50 * time.Millisecond) {
		h.peak = max(h.peak, programtest.Peak(h.b, p.Process.Pid))
		j, err := h.db.Jobs().Get(h.b.Context(), id)
		require.NoError(h.b, err)
		if is(j) {
			return
		}
		require.False(h.b, final(j), j.State)
	}
}

// run has a worker do the import.
func (h *huge) run(id string) {
	p := h.worker("-lease", "5s")
	h.await(p, id, final)
	h.kill(p, syscall.SIGTERM)
}

// killed has several workers do the import, of which all but the last are killed.
func (h *huge) killed(id string) {
	p := h.worker("-lease", "5s")
	for _, percent := range []int64{28, 90} {
		h.await(p, id, func(j job.Job) bool {
			return j.Event.Phase == progress.Importing && j.Event.Bytes*100 >= percent*j.Size
		})
		token := h.token(id)
		h.kill(p, syscall.SIGKILL)
		p = h.worker("-lease", "5s")
		took := h.resumed(id, token)
		h.b.ReportMetric(took.Seconds(), fmt.Sprint("s-resume-", percent))
	}
	h.await(p, id, final)
	h.kill(p, syscall.SIGTERM)
	h.b.ReportMetric(h.peak, "peak-MiB")
}

// resumed returns how long the claim after that with the token takes to commit its first batch.
func (h *huge) resumed(id string, token int64) time.Duration {
	for before := token; token == before; token = h.token(id) {
		time.Sleep(time.Millisecond)
	}
	claimed := time.Now()
	for committed := false; !committed; time.Sleep(time.Millisecond) {
		require.NoError(h.b, h.raw.QueryRowContext(h.b.Context(),
			`SELECT EXISTS (SELECT FROM import_checkpoints WHERE job_id = $1 AND token = $2)`, id, token).Scan(&committed))
	}
	return time.Since(claimed)
}

// token is that of the last claim.
func (h *huge) token(id string) (token int64) {
	require.NoError(h.b, h.raw.QueryRowContext(h.b.Context(), `SELECT token FROM import_jobs WHERE id = $1`,
		id).Scan(&token))
	return token
}

// gzipped is a file that somebody has compressed.
func gzipped(file io.Reader) io.Reader {
	r, w := io.Pipe()
	go func() {
		zip := gzip.NewWriter(w)
		_, err := io.Copy(zip, file)
		_ = w.CloseWithError(errors.Join(err, zip.Close()))
	}()
	return r
}

// families gives a file of products with two variants each below them.
type families struct {
	records, next int
	rest          []byte
}

func (f *families) Read(p []byte) (int, error) {
	if len(f.rest) == 0 {
		switch {
		case f.next > f.records:
			return 0, io.EOF
		case f.next == 0:
			f.rest = append(f.rest, "Handle,Title,Variant SKU,Description,Published,Remarks\n"...)
		case f.next%3 == 1:
			f.rest = fmt.Appendf(f.rest, "family-%d,Product of the family %d,sku-%d,"+
				"\"What there is to say of it, in a sentence of usual length or two, \nand another line.\",true,\n",
				(f.next-1)/3, (f.next-1)/3, f.next)
		default:
			f.rest = fmt.Appendf(f.rest, "family-%d,,sku-%d,,,\"Of the variant %d there is as much to be said as of others, "+
				"by those who sell it, and they do so in a column that nobody reads\"\n", (f.next-1)/3, f.next, f.next)
		}
		f.next++
	}
	n := copy(p, f.rest)
	f.rest = append(f.rest[:0], f.rest[n:]...)
	return n, nil
}
