package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"
)

type sysProcAttr = syscall.SysProcAttr

// unprivileged returns what makes a process run as a user that PostgreSQL accepts, who is given the folder: it refuses
// to run as root.
func unprivileged(folder string) (*sysProcAttr, error) {
	if os.Geteuid() != 0 {
		return &sysProcAttr{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err := errors.Join(err1, err2, os.Chown(folder, uid, gid)); err != nil {
			return nil, err
		}
		return &sysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
	}
	return nil, errors.New("there is no user postgres or nobody to run as, and root is refused")
}

// dieWithUs makes the system shut a process down when this one ends, in whatever way.
func dieWithUs(a *sysProcAttr) *sysProcAttr {
	own := *a
	own.Pdeathsig = syscall.SIGQUIT // "immediate shutdown"
	return &own
}

// mountMemory mounts a file system of so many bytes, in memory, that everybody may write to.
func mountMemory(folder string, bytes int64) (unmount func() error, err error) {
	if err := syscall.Mount("pgtest", folder, "tmpfs", syscall.MS_NODEV|syscall.MS_NOSUID,
		fmt.Sprintf("size=%d,mode=1777", bytes)); err != nil {
		return nil, fmt.Errorf("can't mount a small disk: %w", err)
	}
	return func() error { return syscall.Unmount(folder, 0) }, nil
}

// haltFamily halts a process and its children, the parent first, and resumeFamily lets them go on.
func haltFamily(parent *os.Process) error { return signalFamily(parent, syscall.SIGSTOP) }

func resumeFamily(parent *os.Process) error { return signalFamily(parent, syscall.SIGCONT) }

// signalFamily sends a signal to a process and its children.
func signalFamily(parent *os.Process, signal syscall.Signal) error {
	if err := parent.Signal(signal); err != nil {
		return err
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", parent.Pid))
	if err != nil {
		return err
	}
	for _, field := range strings.Fields(string(children)) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			return err
		}
		if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	return nil
}
