package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/progress"
)

func TestBar(t *testing.T) {
	var out bytes.Buffer
	b := newBar(&out)
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

func TestIsTerminal(t *testing.T) {
	file, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	require.False(t, isTerminal(file))
	require.False(t, isTerminal(&bytes.Buffer{}))
}
