package job_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// fieldWorld makes a world whose products have these fields.
func fieldWorld(t *testing.T, schema *products.Schema) *world {
	t.Helper()
	w := &world{t: t, db: memory.New(memory.Options{Fields: schema})}
	var err error
	w.service, err = job.NewService(w.db.Jobs(), w.db.Uploads(), job.ServiceOptions{Fields: schema})
	require.NoError(t, err)
	return w
}

// TestQuestionsEndAJob: the sentence of a question is why a job ended, which isn't tried again.
func TestQuestionsEndAJob(t *testing.T) {
	w := fieldWorld(t, shop(t))
	const file = "sku,name,price,day\na,A,\"1,234\",01/02/2026\n"
	submitted := w.submit(file, job.Settings{})
	r := w.runner(nil, nil, nil, job.RunnerOptions{})
	ended := w.work(r)
	require.Equal(t, job.Failure, ended.State)
	require.Contains(t, ended.Error, `the numbers of the column price can be read in two ways (line 2: "1,234" is `)
	require.Contains(t, ended.Error, "the dates of the column day can be read in")
	claim, err := r.Claim(t.Context(), "worker")
	require.NoError(t, err)
	require.Nil(t, claim, "it isn't tried again")
	require.Zero(t, ended.Event.Read)
	require.Equal(t, ended, w.get(submitted.ID))

	w.submit(file, job.Settings{Number: map[string]string{"price": ","}, Date: map[string]string{"day": "mdy"}})
	ended = w.work(r)
	require.Equal(t, job.Success, ended.State)
	require.Equal(t, int64(1), ended.Event.Rejected, "1.234 has more digits than a price")

	w.submit(file, job.Settings{Number: map[string]string{"price": "."}, Date: map[string]string{"day": "dmy"},
		Set: map[string]string{"stock": "7"}})
	ended = w.work(r)
	require.Equal(t, job.Success, ended.State)
	require.Equal(t, map[string]products.Value{"price": shop(t).Find("price").Value("1234.00"),
		"stock": shop(t).Find("stock").Value("7"), "day": shop(t).Find("day").Value("2026-02-01")}, w.table()["a"].Fields)
	format := ended.Dialect.Columns[2].Format
	require.NotNil(t, format)
	require.Equal(t, "given", format.Evidence)
}

// TestManyQuestions: what a job says of them is bounded.
func TestManyQuestions(t *testing.T) {
	fields := make([]products.Field, 100)
	header, record := "sku,name", "a,A"
	for i := range fields {
		fields[i] = products.Field{Name: fmt.Sprint("price", i), Type: products.Decimal, Scale: 2}
		header, record = header+","+fields[i].Name, record+`,"1,234"`
	}
	schema, err := products.NewSchema(fields...)
	require.NoError(t, err)
	w := fieldWorld(t, schema)
	w.submit(header+"\n"+record+"\n", job.Settings{})
	ended := w.work(w.runner(nil, nil, nil, job.RunnerOptions{}))
	require.Equal(t, job.Failure, ended.State)
	require.Equal(t, 2_000, utf8.RuneCountInString(ended.Error))
	require.Contains(t, ended.Error, "price0 can be read")
}

// TestFormatsThatComeLate: what decides for a column stands behind what is looked at first, so more becomes known of
// the file after its format was told.
func TestFormatsThatComeLate(t *testing.T) {
	w := fieldWorld(t, shop(t))
	var file strings.Builder
	file.WriteString("sku,name,price\n")
	for i := range 20_000 {
		fmt.Fprintf(&file, "sku-%d,n,%d\n", i, i)
	}
	file.WriteString("last,n,\"12,50\"\n")
	w.submit(file.String(), job.Settings{BatchRecords: 5_000})
	ended := w.work(w.runner(nil, nil, nil, job.RunnerOptions{}))
	require.Equal(t, job.Success, ended.State, ended.Error)
	require.Contains(t, ended.Dialect.Columns[2].Format.Evidence, "line 20002")
}

// TestOtherFields: a worker whose products lack a field of the job's doesn't do it, and says why; one that has them
// does, and so does one that has more.
func TestOtherFields(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := fieldWorld(t, shop(t))
		fewer := memory.New(memory.Options{}).Products()
		scale, err := products.NewSchema(products.Field{Name: "price", Type: products.Decimal, Scale: 3},
			products.Field{Name: "stock", Type: products.Integer}, products.Field{Name: "day", Type: products.Date})
		require.NoError(t, err)
		other := memory.New(memory.Options{Fields: scale}).Products()

		w.submit("sku,name,price\na,A,12.50\n", job.Settings{})
		for _, store := range []products.Store{fewer, other} {
			given := w.work(w.runner(nil, nil, store, job.RunnerOptions{}))
			require.Equal(t, job.Pending, given.State)
			require.True(t, given.Waiting())
			require.Contains(t, given.Error, `the job has a field "price" of the type decimal`)
			require.Zero(t, given.Attempts, "it is no failed attempt")
			time.Sleep(time.Until(given.NotBefore))
		}
		ended := w.work(w.runner(nil, nil, nil, job.RunnerOptions{}))
		require.Equal(t, job.Success, ended.State)
		require.Empty(t, ended.Error)
		require.Equal(t, "12.50", w.table()["a"].Fields["price"].String())

		// A server without fields, and a worker with some: the file is read as the server says.
		plain, err := job.NewService(w.db.Jobs(), w.db.Uploads(), job.ServiceOptions{})
		require.NoError(t, err)
		_, _, err = plain.Submit(t.Context(), job.Request{Settings: job.Settings{Mode: products.Update}},
			strings.NewReader("sku,name,price\na,B,99\n"))
		require.NoError(t, err)
		ended = w.work(w.runner(nil, nil, nil, job.RunnerOptions{}))
		require.Equal(t, job.Success, ended.State)
		require.Equal(t, "B", w.table()["a"].Name)
		require.Equal(t, "12.50", w.table()["a"].Fields["price"].String(), "a field that the job doesn't have is left alone")
	})
}

// elsewhere is a store that says where it is.
type elsewhere struct {
	products.Store
	at string
}

func (s elsewhere) Destination() string { return s.at }

// TestOtherDestination: a job is only done into the store that it was submitted for, whatever it asked for itself.
func TestOtherDestination(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := fieldWorld(t, nil)
		at := func(name string) products.Store { return elsewhere{w.db.Products(), name} }
		service, err := job.NewService(w.db.Jobs(), w.db.Uploads(), job.ServiceOptions{Into: "the table a"})
		require.NoError(t, err)
		const file = "sku,name\na,A\n"
		request := job.Request{IdempotencyKey: "k", Settings: job.Settings{Into: "the table b"}}
		submitted, _, err := service.Submit(t.Context(), request, strings.NewReader(file))
		require.NoError(t, err)
		for _, c := range []struct {
			store products.Store
			has   string
		}{{at("the table b"), "the table b"}, {w.db.Products(), "the importer's own products"}} {
			given := w.work(w.runner(nil, nil, c.store, job.RunnerOptions{}))
			require.Equal(t, job.Pending, given.State)
			require.True(t, given.Waiting())
			require.Contains(t, given.Error, "the job is for the table a, and this worker imports into "+c.has+
				": start it with the -table, -key, -set, -rename and -leave of the server")
			require.Zero(t, given.Attempts, "it is no failed attempt")
			require.Empty(t, w.table())
			time.Sleep(time.Until(given.NotBefore))
		}
		var pauses []time.Duration
		for range 4 {
			given := w.work(w.runner(nil, nil, w.db.Products(), job.RunnerOptions{}))
			pauses = append(pauses, time.Until(given.NotBefore))
			time.Sleep(time.Until(given.NotBefore))
		}
		require.Equal(t, []time.Duration{4, 5, 5, 5}, each(pauses, time.Second), "a worker that can do it soon has it")
		require.Equal(t, job.Success, w.work(w.runner(nil, nil, at("the table a"), job.RunnerOptions{})).State)
		require.Len(t, w.table(), 1)
		again, created, err := service.Submit(t.Context(), request, strings.NewReader(file))
		require.NoError(t, err)
		require.False(t, created, "it is the same request")
		require.Equal(t, submitted.ID, again.ID)

		table, err := products.TableSchema(false, products.Field{Name: "code", Type: products.Text},
			products.Field{Name: "title", Type: products.Text})
		require.NoError(t, err)
		service, err = job.NewService(w.db.Jobs(), w.db.Uploads(), job.ServiceOptions{Into: "the table a", Fields: table})
		require.NoError(t, err)
		_, _, err = service.Submit(t.Context(), job.Request{}, strings.NewReader("code,title\na,A\n"))
		require.NoError(t, err)
		given := w.work(w.runner(nil, nil, at("the table a"), job.RunnerOptions{}))
		require.Contains(t, given.Error, `the job has a field "title" of the type text, which this worker lacks: start it `+
			"with the -table, -key, -set, -rename and -leave of the server")

		w.submit(file, job.Settings{})
		given = w.work(w.runner(nil, nil, at("the table a"), job.RunnerOptions{}))
		require.Contains(t, given.Error, "the job is for the importer's own products, and this worker imports into the table a")
	})
}
