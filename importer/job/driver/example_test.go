package driver_test

import (
	"fmt"
	"time"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/importer/job/driver"
	"github.com/products-importer/products-importer/progress"
)

// The life of a job whose first worker vanished after it had committed a batch. A store reads the job, calls one of the
// functions, and writes the job back, each time in one transaction.
func Example() {
	now := time.Date(2026, time.November, 28, 12, 0, 0, 0, time.UTC)
	var nothing importer.Commit
	j := job.Job{FileName: "fruit.csv"}
	driver.Create(&j, now)
	fmt.Println(j.State, j.Revision)

	const maxAttempts = 5
	fmt.Println(driver.Claim(&j, now, maxAttempts, nothing), j.State)

	committed := driver.Sum(map[int64]importer.Commit{1: {Batch: 1, Counts: progress.Counts{Read: 20, Created: 20}}})
	now = now.Add(time.Minute)
	driver.Abandon(&j, "worker-1", true)
	fmt.Println(driver.Claim(&j, now, maxAttempts, committed), j.State, j.Attempts, j.Error)

	committed.Counts.Add(progress.Counts{Read: 5, Unchanged: 5})
	if err := driver.Finish(&j, now, job.Success, "", nil, committed); err != nil {
		panic(err)
	}
	fmt.Println(j.State, j.Event.Created, j.Event.Unchanged)
	fmt.Println(driver.Cancel(&j, now, false, committed) != nil)
	// Output:
	// PENDING 1
	// true STARTED
	// true STARTED 1 the worker worker-1 vanished
	// SUCCESS 20 5
	// true
}

// A lease of a minute is over at its end, and also where the clock was set back by more than it lasts.
func ExampleExpired() {
	until := time.Date(2026, time.November, 28, 12, 0, 0, 0, time.UTC)
	for _, now := range []time.Duration{-2 * time.Minute, -30 * time.Second, 0} {
		fmt.Println(driver.Expired(until.Add(now), until, time.Minute))
	}
	// Output:
	// true
	// false
	// true
}
