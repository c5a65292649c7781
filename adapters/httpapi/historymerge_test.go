package httpapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// newAudited is newSteps with a history of single changes.
func newAudited(t *testing.T) *steps {
	db := memory.New(memory.Options{})
	historian, err := products.NewHistorian(db.History(), nil, nil)
	require.NoError(t, err)
	store, err := products.NewNotifyingStore(db.Products(), db.InTx, historian)
	require.NoError(t, err)
	service, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{})
	require.NoError(t, err)
	runner, err := job.NewRunner(db.Jobs(), db.Uploads(), db.Products(), job.RunnerOptions{})
	require.NoError(t, err)
	api, err := httpapi.New(store, service, db.Jobs(), newUsers(t), httpapi.Options{History: db.History()})
	require.NoError(t, err)
	return &steps{&fixture{t: t, api: api, store: store}, db, service, runner}
}

// submitted submits a file of which the changes are kept.
func (s *steps) submitted(file string) job.Job {
	s.t.Helper()
	time.Sleep(2 * time.Millisecond) // the IDs of jobs of one millisecond are in no order
	return s.accepted(s.send(request("POST", "/upload_csv/?changes=all&mode=update", file, "Content-Type: text/csv",
		`Content-Disposition: attachment; filename="f.csv"`)))
}

// history reads a product's history page by page, and returns it in a form that is short to compare.
func (s *steps) history(product int64, limit int, query ...string) (lines []string) {
	s.t.Helper()
	d := openAPI(s.t.(*testing.T), s.fixture)
	next := fmt.Sprintf("/products/%d/history?limit=%d&%s", product, limit, strings.Join(query, "&"))
	for pages := 0; next != ""; pages++ {
		require.Less(s.t, pages, 300, "it comes to an end")
		w := s.call("GET", next, "")
		require.Equal(s.t, 200, w.Code, w.Body.String())
		d.checkResponse("/products/{id}/history", "GET", w)
		page := decode[historyPage](s.t, w)
		require.LessOrEqual(s.t, len(page.Results), limit)
		for _, e := range page.Results {
			line := fmt.Sprintf("%s %s", e.Kind, *e.SKU)
			if e.Version != nil {
				line += fmt.Sprintf(" v%d", *e.Version)
			}
			require.WithinDuration(s.t, time.Now(), e.At, time.Minute)
			require.Equal(s.t, e.ID == 0, e.Import != nil)
			if i := e.Import; i != nil {
				require.Equal(s.t, "/imports/"+i.ID, i.URL)
				line += " by " + i.FileName
				if i.Undo != nil {
					line += "'s undo"
				}
			}
			if name, changed := e.Fields["name"]; changed {
				line += fmt.Sprintf(" %v>%v", name.Before, name.After)
			}
			lines = append(lines, line)
		}
		if next = ""; page.Next != nil {
			next = *page.Next
		}
	}
	return lines
}

// patch makes a single change of the first product.
func (s *steps) patch(body string) {
	s.t.Helper()
	require.Equal(s.t, 200, s.call("PATCH", "/products/1", body).Code)
}

// undone undoes a job.
func (s *steps) undone(j job.Job) job.Job {
	s.t.Helper()
	time.Sleep(2 * time.Millisecond)
	s.accepted(s.call("POST", "/imports/"+j.ID+"/undo", ""))
	done := s.work()
	require.Equal(s.t, job.Success, done.State, done.Error)
	return done
}

// TestHistoryOfImportsAndEdits: whoever changed a product is in its history, in the order in which it was changed.
func TestHistoryOfImportsAndEdits(t *testing.T) {
	s := newAudited(t)
	first := s.submitted("sku,name\na,A\nz,Z\n")
	s.work()
	s.patch(`{"name":"B"}`)
	second := s.submitted("sku,name\na,C\n")
	s.work()
	undo := s.undone(second)
	s.undone(first) // which keeps it
	s.patch(`{"sku":"b"}`)
	s.submitted("sku,name\nb,D\na,another\n")
	s.work()
	s.patch(`{"sku":"c","name":"E"}`)
	want := []string{"updated c v7 D>E", "updated b v6 by f.csv B>D", "updated b v5", "updated a v4 by f.csv's undo C>B",
		"updated a v3 by f.csv B>C", "updated a v2 A>B", "created a v1 by f.csv <nil>>A"}
	for _, limit := range []int{100, 3, 2, 1} {
		require.Equal(t, want, s.history(1, limit), limit)
	}
	page := decode[historyPage](t, s.call("GET", "/products/1/history", ""))
	for _, n := range []int{1, 2} {
		require.Len(t, page.Results, n, "where the SKU changed a page ends")
		page = decode[historyPage](t, s.call("GET", *page.Next, ""))
	}
	require.Equal(t, undo.ID, page.Results[0].Import.ID)
	require.Equal(t, second.ID, *page.Results[0].Import.Undo)
	require.Equal(t, user, *page.Results[0].User)
	require.Equal(t, 204, s.call("DELETE", "/products/1", "").Code)
	require.Equal(t, append([]string{"deleted c v7 E><nil>"}, want...), s.history(1, 2))
}

// TestHistoryOfWhatIsGone: by an undo, or with all others.
func TestHistoryOfWhatIsGone(t *testing.T) {
	s := newAudited(t)
	j := s.submitted("sku,name\na,A\nb,B\n")
	s.work()
	s.patch(`{"name":"C"}`)
	s.patch(`{"name":"A"}`)
	s.undone(j) // deletes the second one, of which nothing else is known
	problem(t, s.call("GET", "/products/2/history", ""), 404)
	problem(t, s.call("GET", "/products/2/history?sku=a", ""), 404)
	problem(t, s.call("GET", "/products/3/history?sku=b", ""), 404)
	gone := []string{"deleted b v1 by f.csv's undo B><nil>", "created b v1 by f.csv <nil>>B"}
	for _, limit := range []int{100, 1} {
		require.Equal(t, gone, s.history(2, limit, "sku=b"), limit)
	}
	s.submitted("sku,name\nb,another\n")
	s.work()
	require.Equal(t, gone, s.history(2, 100, "sku=b"), "another product has its SKU")
	s.submitted("sku,name\na,X\n")
	s.work()
	time.Sleep(2 * time.Millisecond)
	require.Equal(t, 204, s.call("DELETE", "/delete_all/", "").Code)
	require.Equal(t, []string{"deleted b", "created b v1 by f.csv <nil>>another"}, s.history(3, 1, "sku=b"))
	want := []string{"deleted a", "updated a v4 by f.csv A>X", "updated a v3 C>A", "updated a v2 A>C",
		"created a v1 by f.csv <nil>>A"}
	for _, limit := range []int{100, 2, 1} {
		require.Equal(t, want, s.history(1, limit), limit)
	}
}

// TestHistoryOfImportsInAnotherOrder: of imports that wait while later ones are done, and many of them, none is left
// out, and none comes twice.
func TestHistoryOfImportsInAnotherOrder(t *testing.T) {
	s := newAudited(t)
	s.submitted("sku,name\na,A\n")
	s.work()
	want := []string{"created a v1 by f.csv <nil>>A"}
	version, before := 1, "A"
	does := func(by, name string) {
		version++
		want = append(want, fmt.Sprintf("updated a v%d%s %s>%s", version, by, before, name))
		before = name
	}
	for i := range 12 {
		for k := range 3 { // the third of three that are submitted is done first
			_, _, err := s.service.Submit(t.Context(), job.Request{FileName: "f.csv", Priority: k,
				Settings: job.Settings{Mode: products.Update, Changes: job.ChangesAll}},
				strings.NewReader(fmt.Sprintf("sku,name\na,i%d.%d\n", i, k)))
			require.NoError(t, err)
			time.Sleep(2 * time.Millisecond)
		}
		for k := 2; k >= 0; k-- {
			s.work()
			does(" by f.csv", fmt.Sprintf("i%d.%d", i, k))
		}
		s.patch(fmt.Sprintf(`{"name":"e%d"}`, i))
		does("", fmt.Sprintf("e%d", i))
	}
	slices.Reverse(want)
	for _, limit := range []int{100, 20, 7, 4} {
		require.Equal(t, want, s.history(1, limit), limit)
	}
	got := s.history(1, 1) // an entry a page can't be in the order of the versions where the imports aren't
	require.ElementsMatch(t, want, got)
}

// TestHistoryAmongManyImports: those that didn't touch the product are passed over, in bounded steps.
func TestHistoryAmongManyImports(t *testing.T) {
	s := newAudited(t)
	s.submitted("sku,name\na,A\nb,B\nc,C\n")
	s.work()
	require.Equal(t, 200, s.call("PATCH", "/products/2", `{"name":"edited"}`).Code)
	for i := range 150 {
		s.submitted(fmt.Sprintf("sku,name\na,A%d\nc,C%d\n", i, i))
		s.work()
	}
	w := s.call("GET", "/products/2/history", "")
	page := decode[historyPage](t, w)
	require.NotNil(t, page.Next)
	require.Empty(t, page.Results, "an import that wasn't looked at yet may be newer")
	require.Equal(t, []string{"updated b v2 B>edited", "created b v1 by f.csv <nil>>B"}, s.history(2, 5))
	require.True(t, strings.HasPrefix(s.history(1, 100)[0], "updated a v151 by f.csv A148>A149"))
}
