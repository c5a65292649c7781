package worker_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/adapters/worker"
	"github.com/products-importer/products-importer/importer/job"
)

// A worker without webhooks, over stores in memory.
func Example() {
	db := memory.New(memory.Options{})
	service, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{})
	if err != nil {
		panic(err)
	}
	runner, err := job.NewRunner(db.Jobs(), db.Uploads(), db.Products(), job.RunnerOptions{})
	if err != nil {
		panic(err)
	}
	w, err := worker.New(runner, worker.Options{Concurrency: 2, JobPruner: service, Retention: 30 * 24 * time.Hour})
	if err != nil {
		panic(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- w.Run(ctx) }()

	submitted, _, err := service.Submit(ctx, job.Request{}, strings.NewReader("sku,name\nA-1,Apple\n"))
	if err != nil {
		panic(err)
	}
	for !submitted.State.Final() {
		time.Sleep(10 * time.Millisecond)
		if submitted, err = service.Get(ctx, submitted.ID); err != nil {
			panic(err)
		}
	}
	fmt.Println(submitted.State, submitted.Event.Created)
	stop()
	fmt.Println(<-ended)
	// Output:
	// SUCCESS 1
	// <nil>
}
