package pgtest

import (
	"errors"
	"os"
	"os/user"
	"strconv"
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

// dieWithUs makes the system shut the server down when this process ends, in whatever way.
func dieWithUs(a *sysProcAttr) *sysProcAttr {
	own := *a
	own.Pdeathsig = syscall.SIGQUIT // "immediate shutdown"
	return &own
}
