package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

const (
	user     = "admin"
	password = "pass:word"
)

// cheapHash is a hash that takes no time.
func cheapHash(t testing.TB, password string) string {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	require.NoError(t, err)
	return string(hash)
}

func newUsers(t testing.TB) basicauth.Users {
	users, err := basicauth.NewStaticUsers(map[string]string{user: cheapHash(t, password)})
	require.NoError(t, err)
	return users
}

// fixture is an API over a catalogue in memory and jobs that the test writes.
type fixture struct {
	t       testing.TB
	api     *httpapi.API
	options httpapi.Options
	store   products.Store
	board   *board
	user    string // who calls, the admin where it is empty
}

func newFixture(t testing.TB, options httpapi.Options) *fixture {
	return newFixtureOver(t, memory.New(memory.Options{}).Products(), options)
}

func newFixtureOver(t testing.TB, store products.Store, options httpapi.Options) *fixture {
	b := &board{jobs: map[string]job.Job{}}
	if options.Metrics == nil {
		options.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; version=0.0.4")
			_, _ = io.WriteString(w, "up 1\n")
		})
	}
	api, err := httpapi.New(store, b, b, newUsers(t), options)
	require.NoError(t, err)
	return &fixture{t: t, api: api, options: options, store: store, board: b}
}

// withUsers makes the API anew, with other users.
func (f *fixture) withUsers(users basicauth.Users) {
	api, err := httpapi.New(f.store, f.board, f.board, users, f.options)
	require.NoError(f.t, err)
	f.api = api
}

// as has the user of the name call from now on.
func (f *fixture) as(name string) *fixture {
	f.user = name
	return f
}

// request returns a request of somebody who has logged in. Headers are "Name: value".
func request(method, target, body string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.SetBasicAuth(user, password)
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	return r
}

// call sends a request with a body of JSON.
func (f *fixture) call(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := request(method, target, body, headers...)
	if f.user != "" {
		r.SetBasicAuth(f.user, password)
	}
	if body != "" && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return f.send(r)
}

func (f *fixture) send(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	f.api.ServeHTTP(w, r)
	checkDescribed(f.t, r, w)
	return w
}

// add stores products with the SKUs; their names are the same.
func (f *fixture) add(skus ...string) (added []products.Product) {
	for _, sku := range skus {
		p, err := f.store.Create(f.t.Context(), products.Product{SKU: sku, Name: "Name of " + sku})
		require.NoError(f.t, err)
		added = append(added, p)
	}
	return added
}

// decode reads a response as JSON.
func decode[V any](t testing.TB, w *httptest.ResponseRecorder) (v V) {
	t.Helper()
	require.Equal(t, "application/json", w.Header().Get("Content-Type"), w.Body.String())
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &v), w.Body.String())
	return v
}

// problem checks that a response is a problem of the status, and returns it.
func problem(t testing.TB, w *httptest.ResponseRecorder, status int) (p httpapi.Problem) {
	t.Helper()
	require.Equal(t, status, w.Code, w.Body.String())
	require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
	decoder := json.NewDecoder(bytes.NewReader(w.Body.Bytes()))
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&p))
	require.Equal(t, status, p.Status)
	require.Equal(t, http.StatusText(status), p.Title)
	require.Equal(t, "about:blank", p.Type)
	require.NotEmpty(t, p.Detail)
	require.NotEmpty(t, p.Code)
	require.NotContains(t, w.Body.String(), "goroutine")
	require.Equal(t, w.Header().Get("X-Request-Id"), p.RequestID)
	require.Less(t, len(w.Body.String()), 8_000, "a problem is short, whatever was sent")
	return p
}

// board is jobs as a test wants them. It is a httpapi.Jobs and a job.Reader.
type board struct {
	mu       sync.Mutex
	jobs     map[string]job.Job
	order    []string
	asked    int // how often GetMany was called
	err      error
	files    []string
	requests []job.Request
	rejects  func(w io.Writer) error

	superseded func(w io.Writer) error
	skipped    func(w io.Writer) error
}

func id(n int) string { return fmt.Sprintf("01900000-0000-7000-8000-%012d", n) }

// put writes a job as it is now; its revision grows.
func (b *board) put(j job.Job) job.Job {
	b.mu.Lock()
	defer b.mu.Unlock()
	before, known := b.jobs[j.ID]
	if !known {
		b.order = append(b.order, j.ID)
	}
	j.Revision = before.Revision + 1
	b.jobs[j.ID] = j
	return j
}

func (b *board) Submit(_ context.Context, request job.Request, r io.Reader) (job.Job, bool, error) {
	file, err := io.ReadAll(r)
	if err != nil {
		return job.Job{}, false, fmt.Errorf("board: %v", err) //nolint:errorlint // as a store that forgets the cause
	}
	if b.err != nil {
		return job.Job{}, false, b.err
	}
	b.files = append(b.files, string(file))
	b.requests = append(b.requests, request)
	return b.put(job.Job{ID: id(len(b.order) + 1), State: job.Pending, FileName: request.FileName,
		Size: int64(len(file)), Settings: request.Settings, Priority: request.Priority}), true, nil
}

func (b *board) Get(_ context.Context, id string) (job.Job, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return job.Job{}, b.err
	}
	j, known := b.jobs[id]
	if !known {
		return j, job.ErrNotFound
	}
	return j, nil
}

func (b *board) GetMany(_ context.Context, ids []string) (jobs []job.Job, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	for _, id := range ids {
		if j, known := b.jobs[id]; known {
			jobs = append(jobs, j)
		}
	}
	return jobs, b.err
}

// fail makes reading jobs fail with the error from now on, or work again with nil.
func (b *board) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = err
}

// looks is how often GetMany was called.
func (b *board) looks() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.asked
}

func (b *board) ByKey(context.Context, string) (job.Job, error) { return job.Job{}, job.ErrNotFound }

func (b *board) List(_ context.Context, q job.Query) ([]job.Job, int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var jobs []job.Job
	for _, id := range slices.Backward(b.order) {
		if j := b.jobs[id]; (len(q.States) == 0 || slices.Contains(q.States, j.State)) &&
			(len(q.Users) == 0 || slices.Contains(q.Users, j.User)) {
			jobs = append(jobs, j)
		}
	}
	count := len(jobs)
	jobs = jobs[min(q.Offset, count):min(q.Offset+q.Limit, count)]
	return jobs, int64(count), b.err
}

func (b *board) Cancel(ctx context.Context, id string) (job.Job, error) {
	j, err := b.Get(ctx, id)
	if err == nil && j.State.Final() {
		err = job.ErrFinal
	}
	if err != nil {
		return j, err
	}
	j.CancelRequested = true
	return b.put(j), nil
}

func (b *board) Rejects(_ context.Context, _ string, w io.Writer) error { return b.rejects(w) }

func (b *board) Skipped(_ context.Context, _ string, w io.Writer) error { return b.skipped(w) }

func (b *board) Undo(context.Context, string, job.UndoRequest) (job.Job, bool, error) {
	return job.Job{}, false, job.ErrNotFound
}

func (b *board) Changes(context.Context, string, job.ChangeQuery, int) ([]job.Change, *job.ChangePlace, error) {
	return nil, nil, b.err
}

func (b *board) ChangesCSV(context.Context, string, job.ChangeQuery, io.Writer) (int64, error) {
	return 0, b.err
}

func (b *board) ChangesOf(context.Context, string, string, int) ([]job.ProductChange, string, error) {
	return nil, "", b.err
}

func (b *board) Superseded(_ context.Context, _ string, w io.Writer) error { return b.superseded(w) }

func (b *board) Upload(context.Context, string, string, io.Reader) (job.Upload, error) {
	return job.Upload{}, b.err
}

func (b *board) GetUpload(context.Context, string) (job.Upload, error) {
	return job.Upload{}, job.ErrNotFound
}

func (b *board) DeleteUpload(context.Context, string) error { return job.ErrNotFound }

func (b *board) Preview(context.Context, string, job.Settings) (*job.Preview, error) {
	return nil, job.ErrNotFound
}

func (b *board) Import(context.Context, string, job.Request) (job.Job, bool, error) {
	return job.Job{}, false, job.ErrNotFound
}

func (b *board) Rerun(context.Context, string, func(request *job.Request) error) (job.Job, bool, error) {
	return job.Job{}, false, job.ErrNotFound
}

func (b *board) Fingerprint(context.Context, string, job.Settings) (string, error) { return "", b.err }

func (b *board) PutProfile(_ context.Context, p job.Profile) (job.Profile, error) { return p, b.err }

func (b *board) GetProfile(context.Context, string) (job.Profile, error) {
	return job.Profile{}, job.ErrNotFound
}

func (b *board) FindProfile(context.Context, string) (job.Profile, error) {
	return job.Profile{}, job.ErrNotFound
}

func (b *board) ListProfiles(context.Context) ([]job.Profile, error) { return nil, b.err }

func (b *board) DeleteProfile(context.Context, string) error { return job.ErrNotFound }
