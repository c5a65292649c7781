package job_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/importer/job"
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
	fmt.Printf("%s: %d created, %d superseded, %d rejected\n", done.State, done.Event.Created, done.Event.Superseded, done.Event.Rejected)
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
