package main

import (
	"context"
	"io"
	"math"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/products-importer/products-importer/progress"
)

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// bar is an importer.ProgressReporter that draws a bar on a terminal, and takes it away at the end.
type bar struct {
	bar *progressbar.ProgressBar
}

// wholeWay is the bar's length: a tenth of a percent is the least that it shows.
const wholeWay = 1_000

func newBar(w io.Writer) *bar {
	return &bar{progressbar.NewOptions(wholeWay,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetWidth(24),
		// The event knows the rate and the time left better than the bar does.
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetElapsedTime(false),
	)}
}

// Report draws the event.
func (b *bar) Report(_ context.Context, event progress.Event) {
	if event.Phase.Terminal() {
		// An error here is one of the terminal, which the import is not to suffer from.
		_ = b.bar.Clear()
		return
	}
	b.bar.Describe(describe(event))
	_ = b.bar.Set(int(math.Floor(event.Percent() * wholeWay / 100)))
}

// describe says in 50 characters what the import does.
func describe(event progress.Event) string {
	rows := event.Read
	if event.Phase == progress.Checking {
		rows = event.Checked
	}
	text := english.Sprintf("%-9s %d rows", event.Phase, rows)
	if event.RowsPerSecond > 0 {
		text += english.Sprintf(", %.0f/s", event.RowsPerSecond)
	}
	if event.ETA >= 0 {
		text += ", " + event.ETA.Round(time.Second).String() + " left"
	}
	return text
}
