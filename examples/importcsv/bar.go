package main

import (
	"context"
	"fmt"
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
	bar     *progressbar.ProgressBar
	columns func() int // of the terminal, which people make narrower while it is drawn
	width   int
}

const (
	// wholeWay is the bar's length: a tenth of a percent is the least that it shows.
	wholeWay = 1_000
	// widest is how many characters the bar has where there is room, and narrowest where there is little.
	widest, narrowest = 24, 6
	// beside is what stands beside the text and the bar: " 100% |" and "|  ", and a column that stays free, since a
	// terminal begins a new line behind its last one.
	beside = len(" 100% |") + len("|  ") + 1
	// longest is the length of the longest text that describe makes.
	longest = 50
)

// newBar returns a bar for a terminal with so many columns at the moment.
func newBar(w io.Writer, columns func() int) *bar {
	width := min(widest, max(narrowest, columns()-beside-longest))
	return &bar{progressbar.NewOptions(wholeWay,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetWidth(width),
		// The event knows the rate and the time left better than the bar does.
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetElapsedTime(false),
	), columns, width}
}

// columnsOf returns what tells how many columns a terminal has.
func columnsOf(w io.Writer) func() int {
	return func() int {
		if f, ok := w.(*os.File); ok {
			if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
				return width
			}
		}
		return 80
	}
}

// Report draws the event.
func (b *bar) Report(_ context.Context, event progress.Event) {
	if event.Phase.Terminal() {
		// An error here is one of the terminal, which the import is not to suffer from.
		_ = b.bar.Clear()
		return
	}
	b.bar.Describe(describe(event, b.columns()-beside-b.width))
	_ = b.bar.Set(int(math.Floor(event.Percent() * wholeWay / 100)))
}

// describe says what the import does, in at most so many characters: where they are few it leaves out the rate, then
// the time left, then the rows.
func describe(event progress.Event, most int) string {
	rows := event.Read
	if event.Phase == progress.Checking {
		rows = event.Checked
	}
	count := fmt.Sprintf("%-9s ", event.Phase) + plural(int(rows), "row")
	rate, left := "", ""
	if event.RowsPerSecond > 0 {
		rate = english.Sprintf(", %.0f/s", event.RowsPerSecond)
	}
	if event.ETA >= 0 {
		left = ", " + event.ETA.Round(time.Second).String() + " left"
	}
	for _, text := range []string{count + rate + left, count + left, count, string(event.Phase)} {
		if len(text) <= most {
			return text
		}
	}
	return ""
}
