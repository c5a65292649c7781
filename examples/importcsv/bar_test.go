package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/progress"
)

func TestBar(t *testing.T) {
	var out bytes.Buffer
	b := newBar(&out, func() int { return 100 })
	event := progress.Event{Phase: progress.Checking, Checked: 120_000, Bytes: 50, TotalBytes: 100,
		RowsPerSecond: 1_250_000, ETA: 1_400 * time.Millisecond}
	b.Report(t.Context(), event)
	require.Contains(t, out.String(), "checking  120,000 rows, 1,250,000/s, 1s left")
	require.Contains(t, out.String(), "  5% ")

	out.Reset()
	event.Phase, event.Read, event.RowsPerSecond, event.ETA = progress.Importing, 60_000, 0, -1
	b.Report(t.Context(), event)
	require.Contains(t, out.String(), "importing 60,000 rows")
	require.Contains(t, out.String(), " 55% ")
	require.NotContains(t, out.String(), "left")

	for _, phase := range []progress.Phase{progress.Done, progress.Failed} {
		out.Reset()
		event.Phase = phase
		b.Report(t.Context(), event)
		require.Empty(t, strings.Trim(out.String(), "\r "), "nothing is left of the bar")
	}
}

// TestNarrowBar: no line is longer than the terminal, which would begin a new one with each event.
func TestNarrowBar(t *testing.T) {
	long := progress.Event{Phase: progress.Importing, Bytes: 50, TotalBytes: 100, RowsPerSecond: 234_567,
		ETA: 83 * time.Minute}
	long.Read = 12_345_678
	for columns, want := range map[int]string{
		200: "importing 12,345,678 rows, 234,567/s, 1h23m0s left  55% |",
		80:  "importing 12,345,678 rows, 234,567/s, 1h23m0s left  55% |",
		60:  "importing 12,345,678 rows, 1h23m0s left  55% |",
		48:  "importing 12,345,678 rows  55% |",
		30:  "importing  55% |",
		18:  " 55% |",
	} {
		var out bytes.Buffer
		b := newBar(&out, func() int { return columns })
		b.Report(t.Context(), long)
		require.Contains(t, out.String(), want, columns)
		for _, line := range strings.Split(out.String(), "\r") {
			require.Less(t, utf8.RuneCountInString(line), columns, "%d: %q", columns, line)
		}
	}
	columns := 100
	var out bytes.Buffer
	b := newBar(&out, func() int { return columns })
	b.Report(t.Context(), long)
	columns = 60 // somebody makes the window smaller
	out.Reset()
	long.Read++
	b.Report(t.Context(), long)
	lines := strings.Split(out.String(), "\r")
	require.Less(t, utf8.RuneCountInString(lines[len(lines)-1]), columns)
	one := progress.Event{Phase: progress.Importing, ETA: -1}
	one.Read = 1
	require.Equal(t, "importing 1 row", describe(one, 50))
	require.Equal(t, 80, columnsOf(&out)())
}

func TestIsTerminal(t *testing.T) {
	file, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	require.False(t, isTerminal(file))
	require.False(t, isTerminal(&bytes.Buffer{}))
}
