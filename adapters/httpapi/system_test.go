package httpapi_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
)

// system is the whole system over memory: server and worker.
type system struct {
	*fixture
	client *http.Client
}

// newSystem starts it; it ends when stop is called. It belongs into a bubble.
func newSystem(t *testing.T) (s *system, stop func()) {
	db := memory.New(memory.Options{})
	service, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{})
	require.NoError(t, err)
	runner, err := job.NewRunner(db.Jobs(), db.Uploads(), db.Products(), job.RunnerOptions{})
	require.NoError(t, err)
	api, err := httpapi.New(db.Products(), service, db.Jobs(), newUsers(t), httpapi.Options{MaxUploadBytes: 8 << 20})
	require.NoError(t, err)
	s = &system{fixture: &fixture{t: t, api: api, store: db.Products()}}
	client, _, stopServer := s.serve()
	s.client = client
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() {
		for ctx.Err() == nil {
			claim, err := runner.Claim(ctx, "test")
			if err == nil && claim != nil {
				_, _ = runner.Run(ctx, claim, nil)
			} else {
				time.Sleep(100 * time.Millisecond)
			}
		}
	})
	return s, func() {
		cancel()
		group.Wait()
		stopServer()
	}
}

// upload sends a file and returns the ID of its import.
func (s *system) upload(query, file string, headers ...string) string {
	w := s.send(request("POST", "/upload_csv/"+query, file, headers...))
	require.Equal(s.t, 202, w.Code, w.Body.String())
	return decode[map[string]any](s.t, w)["task_id"].(string)
}

// wait follows an import to its end and returns the terminal event.
func (s *system) wait(id string) event {
	events := open(s.t, s.client, "POST", "/status/", `{"task_id":"`+id+`"}`, "").rest()
	require.NotEmpty(s.t, events)
	return events[len(events)-1]
}

func TestFromUploadToExport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, stop := newSystem(t)
		defer stop()
		var file strings.Builder
		file.WriteString("name,sku,description,status,color\n")
		const n = 3_000
		for i := range n {
			fmt.Fprintf(&file, "Lamp %d,S-%d,\"It shines, \"\"well\"\"\n-%d\",%d,red\n", i, i, i, i%2)
		}
		file.WriteString(",no name,,,\nx,S-1,again,,\n")
		body, contentType := form(t, "@file", gzipped(t, file.String()))
		first := s.upload("?extra=keep", body, contentType)
		done := s.wait(first)
		require.Equal(t, "done", done.name)
		require.Equal(t, "SUCCESS", done.status["state"])
		require.EqualValues(t, 100, done.status["progression"])
		for name, want := range map[string]int{"read": n + 2, "created": n, "superseded": 1, "rejected": 1} {
			require.EqualValues(t, want, done.status[name], name)
		}
		view := decode[map[string]any](t, s.call("GET", "/imports/"+first, ""))
		require.EqualValues(t, n, view["created"])
		require.Equal(t, map[string]any{"empty": 1.0}, view["rejects"])
		require.NotNil(t, view["dialect"])
		require.NotNil(t, view["finished_at"])

		l := decode[list](t, s.call("GET", "/products/?search=lamp&limit=5&status=true", ""))
		require.EqualValues(t, n/2, l.Count)
		require.Equal(t, "red", l.Results[0].Attributes["color"])

		rejects := s.call("GET", "/imports/"+first+"/rejects.csv", "").Body.String()
		require.Contains(t, rejects, "name,sku,description,status,color,_line,_column,_code,_reason\n")
		require.Contains(t, rejects, ",no name,,,,")
		require.Equal(t, fmt.Sprintf("sku,line,winner\nS-1,%d,4\n", 2*n+3),
			s.call("GET", "/imports/"+first+"/superseded.csv", "").Body.String())

		export := s.call("GET", "/products/export.csv?attributes=color", "")
		require.Equal(t, 200, export.Code)
		again := s.wait(s.upload("?extra=keep&mode=update", export.Body.String(), "Content-Type: text/csv"))
		require.Equal(t, "done", again.name)
		require.EqualValues(t, n, again.status["unchanged"], "what was exported changes nothing: %v", again.status)
		require.EqualValues(t, n, again.status["read"])

		require.Equal(t, 204, s.call("DELETE", "/delete_all/", "").Code)
		require.Zero(t, decode[list](t, s.call("GET", "/products/", "")).Count)
		history := decode[map[string]any](t, s.call("GET", "/imports/", ""))
		require.EqualValues(t, 2, history["count"])
	})
}

func TestImportsThatDoNotSucceed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, stop := newSystem(t)
		defer stop()
		for limit, reason := range map[string]string{"1": "more than 1", "50%25": "2 of 3, more than 50 %"} {
			failed := s.wait(s.upload("?max_rejects="+limit, "name,sku\n,a\n,b\nB,b\n"))
			require.Equal(t, "failed", failed.name)
			require.Equal(t, "FAILURE", failed.status["state"])
			require.Contains(t, failed.status["error"], "too many rejected records: "+reason+"; nothing was written")
			require.EqualValues(t, 0, failed.status["created"])
		}
		dry := s.wait(s.upload("?dry_run=true", catalogue))
		require.EqualValues(t, 2, dry.status["created"])
		require.Zero(t, decode[list](t, s.call("GET", "/products/", "")).Count)
	})
}

// TestVariantsOverHTTP uploads what a shop exports, finds the hint, and takes it.
func TestVariantsOverHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, stop := newSystem(t)
		defer stop()
		const shop = "Handle,Title,Variant SKU\na,A,\na,,\nb,B,\n"
		first := s.upload("", shop)
		require.EqualValues(t, 3, s.wait(first).status["rejected"])
		view := decode[struct {
			Dialect   struct{ Hints []importer.Hint }
			Inherited int
		}](t, s.call("GET", "/imports/"+first, ""))
		require.Len(t, view.Dialect.Hints, 1)
		hint := view.Dialect.Hints[0]
		require.Contains(t, hint.Text, "each of the 3 records was rejected for its empty sku")
		require.Zero(t, view.Inherited)

		second := s.upload("?map="+hint.Field+"="+hint.Column, shop)
		done := s.wait(second)
		require.EqualValues(t, 2, done.status["created"], "one product a handle")
		require.EqualValues(t, 1, done.status["superseded"])
		require.EqualValues(t, 1, decode[map[string]any](t, s.call("GET", "/imports/"+second, ""))["inherited"])
		require.EqualValues(t, 2, s.wait(s.upload("?group=none&map=sku=Handle&mode=update", shop)).status["unchanged"])
	})
}

func TestWhatTheServiceRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, stop := newSystem(t)
		defer stop()
		for _, test := range []struct {
			name, query, file string
			headers           []string
			status            int
			field             string
		}{
			{"empty", "", "", nil, 422, ""},
			{"empty gzip", "", gzipped(t, ""), nil, 422, ""},
			{"a picture", "", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00", nil, 422, ""},
			{"no text", "", strings.Repeat("\xb7\x02\xfe\x9c\x1b\x07\xd1", 7_000), nil, 422, ""},
			{"a header without a SKU", "", "handle,name\nA,x\nB,y\n", nil, 422, "sku"},
			{"a column that isn't there", "?map=name=Title", catalogue, nil, 422, ""},
			{"two columns of one name", "", "sku,sku,name\nA,B,x\n", nil, 422, ""},
			{"delimiter", "?delimiter=ab", catalogue, nil, 400, "delimiter"},
			{"header", "?header=maybe", catalogue, nil, 400, "header"},
			{"extra", "?extra=all", catalogue, nil, 400, "extra"},
			{"max_rejects", "?max_rejects=-1", catalogue, nil, 400, "max_rejects"},
			{"group", "?group=%20", catalogue, nil, 400, "group"},
			{"map", "?map=price=Price", catalogue, nil, 400, "map"},
			{"map to no text", "?map=sku=a%00", catalogue, nil, 400, "map"},
			{"group of no text", "?group=%ff", catalogue, nil, 400, "group"},
			{"key", "", catalogue, []string{"Idempotency-Key: " + strings.Repeat("k", 256)}, 400, "idempotency_key"},
		} {
			p := problem(t, s.send(request("POST", "/upload_csv/"+test.query, test.file, test.headers...)), test.status)
			if test.field != "" {
				require.Equal(t, test.field, p.Errors[0].Field, test.name)
			}
			if test.field == "sku" {
				require.Equal(t, `no column is known as the sku; did you mean "handle"? Then say map=sku=handle`,
					p.Errors[0].Message)
			}
		}
		body, contentType := form(t, "@file", "")
		problem(t, s.send(request("POST", "/upload_csv/", body, contentType)), 422)
		require.EqualValues(t, 0, decode[map[string]any](t, s.call("GET", "/imports/", ""))["count"], "there is no job")
	})
}

func TestTheSameUploadTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, stop := newSystem(t)
		defer stop()
		first := s.upload("", catalogue, "Idempotency-Key: a")
		w := s.send(request("POST", "/upload_csv/", catalogue, "Idempotency-Key: a"))
		require.Equal(t, 202, w.Code)
		require.Equal(t, "true", w.Header().Get("Idempotency-Replayed"))
		require.Equal(t, first, decode[map[string]any](t, w)["task_id"], "the same request")
		second := s.send(request("POST", "/upload_csv/", gzipped(t, catalogue), "Idempotency-Key: b"))
		answer := decode[map[string]any](t, second)
		require.NotEqual(t, first, answer["task_id"])
		require.Equal(t, first, answer["duplicate_of"], "the same file")
		require.Empty(t, second.Header().Get("Idempotency-Replayed"))
	})
}

func TestCancelledImport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, stop := newSystem(t)
		stop() // nobody works any more
		id := s.upload("", catalogue)
		require.Equal(t, 202, s.call("POST", "/imports/"+id+"/cancel", "").Code)
		require.Equal(t, "REVOKED", decode[map[string]any](t, s.call("GET", "/imports/"+id, ""))["state"])
		problem(t, s.call("POST", "/imports/"+id+"/cancel", ""), 409)
	})
}

func TestAbandonedUploadLeavesNoJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, stop := newSystem(t)
		defer stop()
		r, err := http.NewRequestWithContext(t.Context(), "POST", "http://importer.example/upload_csv/",
			io.MultiReader(strings.NewReader(strings.Repeat(catalogue, 10_000)), brokenReader{}))
		require.NoError(t, err)
		r.SetBasicAuth(user, password)
		r.Header.Set("Content-Type", "text/csv")
		response, err := s.client.Do(r)
		if err == nil {
			_ = response.Body.Close()
		}
		require.Error(t, err)
		synctest.Wait()
		require.EqualValues(t, 0, decode[map[string]any](t, s.call("GET", "/imports/", ""))["count"])
	})
}

// brokenReader is a file that can't be read any further.
type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }
