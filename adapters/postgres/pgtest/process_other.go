//go:build !linux

package pgtest

import (
	"errors"
	"os"
	"syscall"
)

type sysProcAttr = syscall.SysProcAttr

// unprivileged returns the settings of a process that PostgreSQL accepts: it refuses to run as root.
func unprivileged(string) (*sysProcAttr, error) {
	if os.Geteuid() == 0 {
		return nil, errors.New("PostgreSQL refuses to run as root")
	}
	return &sysProcAttr{}, nil
}

// dieWithUs does nothing where the system has no such thing: a process that is killed leaves the other behind.
func dieWithUs(a *sysProcAttr) *sysProcAttr { return a }

// mountMemory mounts nothing: how that is done differs.
func mountMemory(string, int64) (unmount func() error, err error) {
	return nil, errors.New("no small disk can be mounted on this system")
}

var errNoFamily = errors.New("a process and its children can't be halted on this system")

// haltFamily halts nothing: how children are found differs.
func haltFamily(*os.Process) error { return errNoFamily }

func resumeFamily(*os.Process) error { return errNoFamily }
