package job_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// A server submits; a worker, here or elsewhere, claims and runs.
func Example() {
	ctx := context.Background()
	db := memory.New(memory.Options{})
	service, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{})
	if err != nil {
		panic(err)
	}
	runner, err := job.NewRunner(db.Jobs(), db.Uploads(), db.Products(), job.RunnerOptions{})
	if err != nil {
		panic(err)
	}

	file := strings.NewReader("sku,name\nA-1,Apple\nA-2,\nA-1,Apple again\n")
	submitted, _, err := service.Submit(ctx, job.Request{FileName: "fruit.csv"}, file)
	if err != nil {
		panic(err)
	}
	fmt.Println(submitted.State)

	claim, err := runner.Claim(ctx, "worker-1")
	if err != nil {
		panic(err)
	}
	done, err := runner.Run(ctx, claim, nil)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s: %d created, %d superseded, %d rejected\n", done.State, done.Event.Created, done.Event.Superseded,
		done.Event.Rejected)
	var rejects strings.Builder
	if err := service.Rejects(ctx, done.ID, &rejects); err != nil {
		panic(err)
	}
	fmt.Print(strings.TrimPrefix(rejects.String(), "\ufeff")) // the byte order mark, by which spreadsheets know UTF-8
	// Output:
	// PENDING
	// SUCCESS: 1 created, 1 superseded, 1 rejected
	// sku,name,_line,_column,_code,_reason
	// A-2,,3,name,empty,name must not be empty
}

// newImports returns a service and a runner over stores in memory.
func newImports() (*job.Service, *job.Runner) {
	db := memory.New(memory.Options{})
	service, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{})
	if err != nil {
		panic(err)
	}
	runner, err := job.NewRunner(db.Jobs(), db.Uploads(), db.Products(), job.RunnerOptions{})
	if err != nil {
		panic(err)
	}
	return service, runner
}

// submit makes a job of a file.
func submit(service *job.Service, text string, settings job.Settings) job.Job {
	submitted, _, err := service.Submit(context.Background(), job.Request{Settings: settings}, strings.NewReader(text))
	if err != nil {
		panic(err)
	}
	return submitted
}

// work does the next job.
func work(runner *job.Runner) job.Job {
	claim, err := runner.Claim(context.Background(), "worker-1")
	if err != nil {
		panic(err)
	}
	done, err := runner.Run(context.Background(), claim, nil)
	if err != nil {
		panic(err)
	}
	return done
}

// The file of rejected records can be mended and imported: the columns behind those of the file are passed over.
func ExampleService_Rejects() {
	service, runner := newImports()
	submit(service, "sku,name\nA-1,Apple\nA-2,\n,Cherry\n", job.Settings{})
	done := work(runner)
	fmt.Println(done.State, done.Rejects)

	var rejects strings.Builder
	if err := service.Rejects(context.Background(), done.ID, &rejects); err != nil {
		panic(err)
	}
	fmt.Print(strings.TrimPrefix(rejects.String(), "\ufeff"))

	mended := strings.NewReplacer("A-2,,", "A-2,Banana,", ",Cherry", "A-3,Cherry").Replace(rejects.String())
	submit(service, mended, job.Settings{})
	done = work(runner)
	fmt.Println(done.State, done.Event.Created)
	// Output:
	// SUCCESS map[empty:2]
	// sku,name,_line,_column,_code,_reason
	// A-2,,3,name,empty,name must not be empty
	// ,Cherry,4,sku,empty,sku must not be empty
	// SUCCESS 2
}

// In mode update the last record of a SKU counts, in mode ignore the first.
func ExampleService_Superseded() {
	service, runner := newImports()
	submit(service, "sku,name\nA-1,Apple\nA-2,Banana\nA-1,Apple again\n", job.Settings{Mode: products.Update})
	done := work(runner)
	if err := service.Superseded(context.Background(), done.ID, os.Stdout); err != nil {
		panic(err)
	}
	// Output:
	// sku,line,winner
	// A-1,2,4
}

// A job that no worker has ends at once. One that is worked on ends within a second, and keeps what was committed.
func ExampleService_Cancel() {
	service, runner := newImports()
	submitted := submit(service, "sku,name\nA-1,Apple\n", job.Settings{})
	cancelled, err := service.Cancel(context.Background(), submitted.ID)
	if err != nil {
		panic(err)
	}
	fmt.Println(cancelled.State)
	claim, err := runner.Claim(context.Background(), "worker-1")
	fmt.Println(claim == nil, err)
	_, err = service.Cancel(context.Background(), submitted.ID)
	fmt.Println(errors.Is(err, job.ErrFinal))
	// Output:
	// REVOKED
	// true <nil>
	// true
}

// What is wrong with a request is found before anything is stored.
func ExampleSettingsError() {
	service, _ := newImports()
	_, _, err := service.Submit(context.Background(), job.Request{Settings: job.Settings{Delimiter: "semicolon"}},
		strings.NewReader("sku;name\n"))
	var wrong *job.SettingsError
	if errors.As(err, &wrong) {
		fmt.Println(wrong.Field)
		fmt.Println(wrong.Message)
	}
	// Output:
	// delimiter
	// bad delimiter "semicolon": want one ASCII character other than quotes and line breaks, or the word tab or auto
}

// A request with an idempotency key may be repeated, as when the answer to it was lost.
func ExampleRequest() {
	service, _ := newImports()
	request := job.Request{FileName: "fruit.csv", IdempotencyKey: "2026-11-28/fruit"}
	first, created, err := service.Submit(context.Background(), request, strings.NewReader("sku,name\nA-1,Apple\n"))
	fmt.Println(created, err)
	again, created, err := service.Submit(context.Background(), request, strings.NewReader("sku,name\nA-1,Apple\n"))
	fmt.Println(created, err, again.ID == first.ID)
	// Output:
	// true <nil>
	// false <nil> true
}

// A Watcher sends what render makes of a job, first as it is, then at every change.
func ExampleWatcher() {
	db := memory.New(memory.Options{})
	service, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{})
	if err != nil {
		panic(err)
	}
	watcher := job.NewWatcher(db.Jobs(), 10*time.Millisecond, func(j job.Job) job.State { return j.State })
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { _ = watcher.Run(ctx) }()

	submitted := submit(service, "sku,name\nA-1,Apple\n", job.Settings{})
	states, err := watcher.Subscribe(ctx, submitted.ID)
	if err != nil {
		panic(err)
	}
	defer states.Close()
	for _, change := range []func() error{
		func() error { return nil },
		func() error { _, err := service.Cancel(ctx, submitted.ID); return err },
	} {
		if err := change(); err != nil {
			panic(err)
		}
		state, err := states.Next(ctx)
		fmt.Println(state, err)
	}
	// Output:
	// PENDING <nil>
	// REVOKED <nil>
}

// An upload can be read without a job, as for a preview.
func ExampleNewSource() {
	ctx := context.Background()
	uploads := memory.New(memory.Options{}).Uploads()
	size, err := uploads.Put(ctx, "fruit", strings.NewReader("sku;name;color\nA-1;Apple;red\n"))
	if err != nil {
		panic(err)
	}
	result, err := importer.Check(ctx, job.NewSource(uploads, "fruit", size), importer.CheckOptions{})
	if err != nil {
		panic(err)
	}
	fmt.Println(result.Dialect.Delimiter, result.Dialect.Ignored())
	// Output:
	// ; [color]
}

// Uploads in a directory can be read in part, and by other processes.
func ExampleDir() {
	path, err := os.MkdirTemp("", "uploads")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(path) }()
	uploads, err := job.NewDir(path)
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	if _, err := uploads.Put(ctx, "fruit-1", strings.NewReader("sku,name\nA-1,Apple\n")); err != nil {
		panic(err)
	}
	in, err := uploads.Open(ctx, "fruit-1", 9, 3)
	if err != nil {
		panic(err)
	}
	part, err := io.ReadAll(in)
	fmt.Println(string(part), err, in.Close())
	_, err = uploads.Open(ctx, "fruit-2", 0, -1)
	fmt.Println(errors.Is(err, job.ErrNotFound))
	// Output:
	// A-1 <nil> <nil>
	// true
}
