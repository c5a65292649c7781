package httpapi_test

import (
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/importer/job"
)

// TestUndo: what an import did is taken back over HTTP, and what somebody has changed is listed.
func TestUndo(t *testing.T) {
	s := newSteps(t)
	d := openAPI(t, s.fixture)
	s.imported("", "sku,name\na,A\nb,B\n")
	j := s.imported("?mode=update&changes=all", "sku,name\na,new\nb,new\nc,C\nd,D\n")
	require.Equal(t, 200, s.call("PATCH", "/products/2", `{"description":"by hand"}`).Code)
	path := "/imports/" + j.ID + "/undo"

	w := s.call("POST", path, `{"dry_run":true}`)
	d.checkResponse("/imports/{id}/undo", "POST", w)
	require.True(t, s.accepted(w).Settings.DryRun)
	dry := s.work()
	require.EqualValues(t, 4, decode[list](t, s.call("GET", "/products/", "")).Count)
	p := problem(t, s.call("POST", "/imports/"+dry.ID+"/undo", ""), 409)
	require.Equal(t, "dry_run", p.Code)

	undo := s.accepted(s.call("POST", path, ""))
	require.Equal(t, user, undo.User)
	w = s.call("POST", path, "")
	d.checkResponse("/imports/{id}/undo", "POST", w)
	p = problem(t, w, 409)
	require.Equal(t, "being_undone", p.Code)
	require.Contains(t, p.Detail, undo.ID)
	p = problem(t, s.call("POST", "/imports/"+undo.ID+"/undo", ""), 409)
	require.Equal(t, "import_not_ended", p.Code)
	require.Equal(t, job.Success, s.work().State)
	w = s.call("GET", "/imports/"+undo.ID, "")
	d.checkResponse("/imports/{id}", "GET", w)
	view := decode[map[string]any](t, w)
	for name, want := range map[string]int{"read": 4, "updated": 1, "deleted": 2, "kept": 1, "progression": 100,
		"total_bytes": 4} {
		require.EqualValues(t, want, view[name], name)
	}
	require.Equal(t, j.ID, view["settings"].(map[string]any)["undo"])
	require.Equal(t, false, view["has_file"])
	problem(t, s.call("GET", "/imports/"+undo.ID+"/rejects.csv", ""), 404)
	require.JSONEq(t, `{"next":null,"results":[{"kind":"kept","key":"b","sku":"b","product_id":2,"version":3,
		"created_at":null,"reason":"changed","fields":{},"attributes":{}}]}`,
		s.call("GET", "/imports/"+undo.ID+"/changes?kind=kept", "").Body.String())
	require.EqualValues(t, 2, decode[list](t, s.call("GET", "/products/", "")).Count)
	require.Equal(t, "A", decode[map[string]any](t, s.call("GET", "/products/1", ""))["name"])

	p = problem(t, s.call("POST", path, `{"dry_run":true}`), 409)
	require.Equal(t, "already_undone", p.Code)
	require.Contains(t, p.Detail, undo.ID)
	s.accepted(s.call("POST", "/imports/"+undo.ID+"/undo", "{}"))
	require.EqualValues(t, 2, s.work().Event.Created)
	require.EqualValues(t, 4, decode[list](t, s.call("GET", "/products/", "")).Count)

	none := s.imported("", catalogue)
	require.Equal(t, "no_changes", problem(t, s.call("POST", "/imports/"+none.ID+"/undo", ""), 409).Code)
	problem(t, s.call("POST", "/imports/x/undo", ""), 404)
	problem(t, s.call("POST", path, `{"dry_run":1}`), 422)
	problem(t, s.call("POST", "/imports/"+undo.ID+"/rerun", ""), 410)
}

// TestUndoTwiceAtOnce: of several requests one is accepted, also to undo an undo; the others say what is under way.
func TestUndoTwiceAtOnce(t *testing.T) {
	s := newSteps(t)
	j := s.imported("?changes=all", "sku,name\na,A\n")
	for _, want := range []int{0, 1, 0} {
		path := "/imports/" + j.ID + "/undo"
		responses := make([]*httptest.ResponseRecorder, 6)
		var wait sync.WaitGroup
		for i := range responses {
			wait.Go(func() { responses[i] = s.call("POST", path, "") })
		}
		wait.Wait()
		at := slices.IndexFunc(responses, func(w *httptest.ResponseRecorder) bool { return w.Code == 202 })
		require.GreaterOrEqual(t, at, 0, "one is accepted")
		undo := s.accepted(responses[at])
		for _, w := range slices.Delete(responses, at, at+1) {
			p := problem(t, w, 409)
			require.Equal(t, "being_undone", p.Code)
			require.Contains(t, p.Detail, undo.ID)
		}
		j = s.work()
		require.Equal(t, undo.ID, j.ID)
		require.Equal(t, job.Success, j.State)
		require.Zero(t, j.Event.Kept)
		require.EqualValues(t, want, decode[list](t, s.call("GET", "/products/", "")).Count)
	}
}

// TestUndoWithAKeyTwiceAtOnce: a request that is sent again with its key gets the job of the first one.
func TestUndoWithAKeyTwiceAtOnce(t *testing.T) {
	s := newSteps(t)
	j := s.imported("?changes=all", "sku,name\na,A\n")
	responses := make([]*httptest.ResponseRecorder, 6)
	var wait sync.WaitGroup
	for i := range responses {
		wait.Go(func() {
			responses[i] = s.call("POST", "/imports/"+j.ID+"/undo", "", "Idempotency-Key: once")
		})
	}
	wait.Wait()
	first := s.accepted(responses[0])
	for _, w := range responses {
		require.Equal(t, first.ID, s.accepted(w).ID)
	}
}
