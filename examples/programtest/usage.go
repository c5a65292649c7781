package programtest

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var peakLine = regexp.MustCompile(`(?m)^VmHWM:\s+(\d+) kB$`)

// Peak returns the most memory that the process with the number ever had, in MiB; 0 for one that has ended. Only Linux
// tells.
func Peak(t testing.TB, pid int) float64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(t, err)
	return PeakIn(t, status)
}

// PeakIn is Peak of what a process has read from /proc/self/status.
func PeakIn(t testing.TB, status []byte) float64 {
	t.Helper()
	match := peakLine.FindSubmatch(status)
	if match == nil {
		return 0
	}
	kib, err := strconv.ParseFloat(string(match[1]), 64)
	require.NoError(t, err)
	return kib / 1024
}

// Processor returns how much processor time the process with the number has had, of the 100 ticks a second that Linux
// counts. Only that tells.
func Processor(t testing.TB, pid int) time.Duration {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	require.NoError(t, err)
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	user, err := strconv.Atoi(string(fields[11]))
	require.NoError(t, err)
	system, err := strconv.Atoi(string(fields[12]))
	require.NoError(t, err)
	return time.Duration(user+system) * time.Second / 100
}
