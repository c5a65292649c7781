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

// signalFamily finds no children: how that is done differs.
func signalFamily(*os.Process, syscall.Signal) error {
	return errors.New("a process's children can't be found on this system")
}
