package postgres_test

import "syscall"

// narrow is a net.Dialer's Control for connections that take in some 100 KB and no more while nobody reads them.
func narrow(_, _ string, c syscall.RawConn) (err error) {
	failed := c.Control(func(socket uintptr) {
		if err = syscall.SetsockoptInt(int(socket), syscall.IPPROTO_TCP, syscall.TCP_MAXSEG, 1000); err == nil {
			err = syscall.SetsockoptInt(int(socket), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4<<10)
		}
	})
	if failed != nil {
		return failed
	}
	return err
}

// clientSeconds are the processor seconds that this process has used.
func clientSeconds() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
