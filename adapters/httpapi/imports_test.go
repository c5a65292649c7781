package httpapi_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

func TestGetImport(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f.board.put(job.Job{
		ID: id(1), State: job.Progress, FileName: "a.csv", User: "ann", Upload: "key", Size: 1_000, SHA256: "ab", DuplicateOf: id(9),
		Priority: 2,
		Settings: job.Settings{Mode: products.Update}, CreatedAt: at, StartedAt: at,
		Rejects: map[importer.Code]int64{importer.CodeEmpty: 2},
		Dialect: &importer.Dialect{Encoding: "utf-8", Delimiter: ",", Quote: `"`, Escape: `"`, Header: true,
			Columns:  []importer.Column{{Number: 1, Name: "sku", Field: "sku"}, {Number: 2, Name: "slug", Group: true}},
			Hints:    []importer.Hint{{Field: "sku", Column: "slug", Text: "map it"}},
			Evidence: importer.Evidence{Encoding: "given"}},
		Event: progress.Event{Phase: progress.Importing, Inherited: 3, PassedOver: 4, Bytes: 500, TotalBytes: 1_000, Checked: 7,
			RowsPerSecond: 12.345, ETA: 1234 * time.Millisecond, Elapsed: 2 * time.Second,
			Counts: progress.Counts{Read: 7, Created: 1, Updated: 1, Unchanged: 1, Skipped: 1, Superseded: 1,
				Rejected: 2}},
	})
	w := f.call("GET", "/imports/"+id(1), "")
	require.JSONEq(t, `{"id":"`+id(1)+`","task_id":"`+id(1)+
		`","state":"PROGRESS","phase":"importing","progression":55,"revision":1,"bytes":500,"total_bytes":1000,"checked":7,
		"read":7,"created":1,"updated":1,"unchanged":1,"skipped":1,"superseded":1,"rejected":2,"passed_over":4,"rows_per_second":12.3,"eta":1.2,"seconds":2,"error":null,"waiting":null,
		"file_name":"a.csv","user":"ann","upload":"key","sha256":"ab","duplicate_of":"`+id(9)+
		`","settings":{"mode":"update"},"priority":2,"rejects":{"empty":2},"inherited":3,"attempts":0,"cancel_requested":false,"has_file":true,
		"dialect":{"encoding":"utf-8","delimiter":",","quote":"\"","escape":"\"","header":true,"columns":[{"number":1,"name":"sku","field":"sku"},{"number":2,"name":"slug","group":true}],
			"hints":[{"field":"sku","column":"slug","text":"map it"}],"evidence":{"encoding":"given"}},
		"created_at":"2026-01-02T03:04:05Z","started_at":"2026-01-02T03:04:05Z","finished_at":null,"not_before":null}`,
		w.Body.String())

	f.board.put(job.Job{ID: id(2), State: job.Success, Size: 10, Event: progress.Event{Phase: progress.Done}})
	require.EqualValues(t, 100, decode[map[string]any](t, f.call("GET", "/imports/"+id(2)+"/", ""))["progression"])
	f.board.put(job.Job{ID: id(3), State: job.Pending, Attempts: 1, NotBefore: at, Error: "gone", Size: 10,
		Event: progress.Event{Phase: progress.Checking, ETA: -1}})
	got := decode[map[string]any](t, f.call("GET", "/imports/"+id(3), ""))
	require.Equal(t, "2026-01-02T03:04:05Z", got["not_before"])
	require.Equal(t, "gone", got["error"])
	require.Nil(t, got["eta"])
	require.EqualValues(t, 0, got["progression"])

	f.board.put(job.Job{ID: id(5), State: job.Pending, NotBefore: at.Add(time.Minute), WaitingSince: at,
		Waited: time.Minute, Error: "the disk is full", Size: 10})
	want := `{"for":"the disk is full","since":"2026-01-02T03:04:05Z","until":"2026-01-02T03:05:05Z"}`
	waits := func(of map[string]any) string {
		text, err := json.Marshal(of["waiting"])
		require.NoError(t, err)
		return string(text)
	}
	got = decode[map[string]any](t, f.call("GET", "/imports/"+id(5), ""))
	require.JSONEq(t, want, waits(got), "it says what it waits for, since when and until when")
	require.Equal(t, "2026-01-02T03:05:05Z", got["not_before"])
	require.Equal(t, "PENDING", got["state"])
	listed := decode[struct{ Results []map[string]any }](t, f.call("GET", "/imports/?state=pending", ""))
	require.True(t, slices.ContainsFunc(listed.Results,
		func(of map[string]any) bool { return waits(of) == waits(got) }), "so does the history")

	for _, bad := range []string{id(4), "x", strings.Repeat("0", 36), strings.ReplaceAll(id(1), "-", "_"), id(1) + "0",
		"%00"} {
		problem(t, f.call("GET", "/imports/"+bad, ""), 404)
	}
}

func TestListImports(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	require.JSONEq(t, `{"count":0,"next":null,"previous":null,"results":[]}`,
		f.call("GET", "/imports/", "").Body.String())
	for i := range 5 {
		f.board.put(job.Job{ID: id(i), State: job.Success, User: []string{"ann", "bob", "cy"}[i%3]})
	}
	of := func(query string) (found []string) {
		for _, j := range decode[struct{ Results []struct{ User string } }](t, f.call("GET", "/imports/?"+query,
			"")).Results {
			found = append(found, j.User)
		}
		return found
	}
	require.Equal(t, []string{"bob", "bob"}, of("user=bob"))
	require.Equal(t, []string{"bob", "cy", "bob"}, of("user=bob&user=cy"), "of any of them")
	require.Empty(t, of("user=Bob"), "names are exact")
	require.Empty(t, of("user=bob&state=failure"))
	require.Len(t, of("user="), 5, "an empty one is no condition")
	l := decode[struct {
		Count          int64
		Next, Previous *string
		Results        []struct{ ID string }
	}](t, f.call("GET", "/imports?limit=2&offset=2&state=success&state=FAILURE", ""))
	require.EqualValues(t, 5, l.Count)
	require.Equal(t, id(2), l.Results[0].ID, "newest first")
	require.Equal(t, "/imports/?limit=2&offset=4&state=success&state=FAILURE", *l.Next)
	require.Equal(t, "/imports/?limit=2&state=success&state=FAILURE", *l.Previous)
	require.Contains(t, f.call("GET", "/imports/?offset=100", "").Body.String(), `"next":null`)
	for query, field := range map[string]string{"limit=-1": "limit", "limit=2000": "limit", "offset=-1": "offset",
		"state=DONE": "state", "status=x": "status"} {
		require.Equal(t, field, problem(t, f.call("GET", "/imports/?"+query, ""), 400).Errors[0].Field)
	}
}

func TestCancelImport(t *testing.T) {
	f := newFixture(t, httpapi.Options{})
	f.board.put(job.Job{ID: id(1), State: job.Progress})
	w := f.call("POST", "/imports/"+id(1)+"/cancel", "")
	require.Equal(t, 202, w.Code)
	require.Equal(t, "/imports/"+id(1), w.Header().Get("Location"))
	require.Equal(t, true, decode[map[string]any](t, w)["cancel_requested"])
	f.board.put(job.Job{ID: id(1), State: job.Success})
	problem(t, f.call("POST", "/imports/"+id(1)+"/cancel/", ""), 409)
	problem(t, f.call("POST", "/imports/"+id(2)+"/cancel", ""), 404)
	problem(t, f.call("GET", "/imports/"+id(1)+"/cancel", ""), 405)
}

func TestReports(t *testing.T) {
	for name, set := range map[string]func(*board, func(w io.Writer) error){
		"rejects":    func(b *board, f func(w io.Writer) error) { b.rejects = f },
		"superseded": func(b *board, f func(w io.Writer) error) { b.superseded = f },
		"skipped":    func(b *board, f func(w io.Writer) error) { b.skipped = f },
	} {
		f := newFixture(t, httpapi.Options{})
		f.board.put(job.Job{ID: id(1), State: job.Success, Upload: "key"})
		f.board.put(job.Job{ID: id(2), State: job.Success})
		target := "/imports/" + id(1) + "/" + name + ".csv"
		large := strings.Repeat("a,b\n", 100_000)
		for _, text := range []string{"", "name,sku\n", large} {
			set(f.board, func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
			w := f.call("GET", target, "")
			require.Equal(t, 200, w.Code)
			require.Equal(t, "text/csv; charset=utf-8", w.Header().Get("Content-Type"))
			require.Equal(t, `attachment; filename="`+name+`-`+id(1)+`.csv"`, w.Header().Get("Content-Disposition"))
			require.Equal(t, text, w.Body.String())
		}
		require.Contains(t, problem(t, f.call("GET", "/imports/"+id(2)+"/"+name+".csv", ""), 404).Detail,
			"deleted, and its "+name)
		problem(t, f.call("GET", "/imports/"+id(3)+"/"+name+".csv", ""), 404)
		refused := map[error]int{job.ErrNotFound: 404, errors.New("x"): 500}
		if name == "skipped" { // it is kept; the others are made by reading the file again
			refused[job.ErrNotKept] = 409
		} else {
			refused[fmt.Errorf("the file %w: no header", importer.ErrInput)] = 422
		}
		for err, status := range refused {
			set(f.board, func(w io.Writer) error { _, _ = io.WriteString(w, "name"); return err })
			w := f.call("GET", target, "")
			problem(t, w, status)
			require.Empty(t, w.Header().Get("Content-Disposition"))
		}
		set(f.board, func(w io.Writer) error { _, _ = io.WriteString(w, large); return errors.New("x") })
		require.PanicsWithValue(t, http.ErrAbortHandler, func() { f.call("GET", target, "") },
			"what has begun is cut off, so that nobody takes it for whole")
	}
}

func TestDownloadsThatNobodyTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, httpapi.Options{})
		_, l, stop := f.serve()
		defer stop()
		f.board.put(job.Job{ID: id(1), State: job.Success, Upload: "key"})
		ended := make(chan error, 1)
		f.board.rejects = func(w io.Writer) error {
			for {
				if _, err := io.WriteString(w, "a,b\n"); err != nil {
					ended <- err
					return err
				}
			}
		}
		conn := l.ask(t, "/imports/"+id(1)+"/rejects.csv")
		began := time.Now()
		require.Error(t, <-ended)
		require.Equal(t, 30*time.Second, time.Since(began))
		_, err := io.ReadAll(conn)
		require.NoError(t, err)
	})
}
