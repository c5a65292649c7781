//go:build unix

package main

import (
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// halt halts a process, and resume lets it go on.
func halt(t *testing.T, p *exec.Cmd) {
	t.Helper()
	require.NoError(t, p.Process.Signal(syscall.SIGSTOP))
}

func resume(t *testing.T, p *exec.Cmd) {
	t.Helper()
	require.NoError(t, p.Process.Signal(syscall.SIGCONT))
}
