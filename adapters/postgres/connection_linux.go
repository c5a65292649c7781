package postgres

import (
	"syscall"
	"time"
)

// tcpUserTimeout is TCP_USER_TIMEOUT, which package syscall leaves out.
const tcpUserTimeout = 0x12

// sendingTime is how long what is sent may wait for the other host to say that it has come.
const sendingTime = 25 * time.Second

// giveUpSending has the network give up a connection on which nothing that is sent arrives: keep-alives are only sent
// while nothing else is.
func giveUpSending(network, _ string, raw syscall.RawConn) (err error) {
	if network != "tcp4" && network != "tcp6" {
		return nil
	}
	failure := raw.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(sendingTime.Milliseconds()))
	})
	if failure != nil {
		return failure
	}
	return err
}
