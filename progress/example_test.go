package progress_test

import (
	"context"
	"fmt"
	"time"

	"github.com/products-importer/products-importer/progress"
)

// A web server passes the progress of imports on to the clients that watch them. One that is slow loses values in
// between, and always gets the latest.
func ExampleHub() {
	var hub progress.Hub[string, int] // of percentages, by the import's name
	subscription := hub.Subscribe("spring.csv")
	defer subscription.Close()
	for percent := range 101 {
		hub.Publish("spring.csv", percent)
	}
	percent, err := subscription.Next(context.Background())
	fmt.Println(percent, err)

	percent, ok := hub.Latest("spring.csv")
	fmt.Println(percent, ok)
	// Output:
	// 100 <nil>
	// 100 true
}

// A terminal needs no more than a few lines a second: the first event of each phase, the last one of all, and what fits
// in between.
func ExampleThrottle() {
	var reporter progress.Reporter = progress.Func(func(_ context.Context, e progress.Event) {
		fmt.Printf("%s %3.0f%%\n", e.Phase, e.Percent())
	})
	reporter = progress.Throttle(reporter, time.Second)

	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	report := func(phase progress.Phase, bytes int64) {
		at = at.Add(300 * time.Millisecond)
		reporter.Report(context.Background(), progress.Event{Phase: phase, Time: at, Bytes: bytes, TotalBytes: 1_000})
	}
	report(progress.Checking, 0)
	report(progress.Checking, 400)
	for bytes := int64(0); bytes <= 1_000; bytes += 100 {
		report(progress.Importing, bytes)
	}
	report(progress.Done, 1_000)
	// Output:
	// checking   0%
	// importing  10%
	// importing  46%
	// importing  82%
	// done 100%
}

// What is left takes as long as the last five seconds say.
func ExampleMeter() {
	var meter progress.Meter
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const total = 10_000 // bytes
	for second := range int64(4) {
		rate, eta := meter.Observe(at.Add(time.Duration(second)*time.Second), second*1_000, second*50, total)
		fmt.Println(rate, eta)
	}
	// Output:
	// 0 -1ns
	// 50 9s
	// 50 8s
	// 50 7s
}
