//go:build !unix

package main

import (
	"os/exec"
	"testing"
)

// halt skips the test: the system has no signal that halts a process, nor one by which it goes on.
func halt(t *testing.T, _ *exec.Cmd) {
	t.Helper()
	t.Skip("a process can't be halted on this system")
}

func resume(*testing.T, *exec.Cmd) {}
