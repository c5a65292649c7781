package webhooks_test

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// names is a name server: it knows the addresses of names, one for every time that it is asked, the last one for ever.
type names map[string][]string

// first is the address of a name, a part of what is said of it.
func (n names) first(name string) string {
	if addresses := n[name]; len(addresses) > 0 {
		return addresses[0]
	}
	return "the address "
}

// resolver asks it.
func (n names) resolver(t *testing.T) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		query := make([]byte, 512)
		for {
			size, from, err := conn.ReadFrom(query)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(n.answer(query[:size]), from)
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// answer makes the answer to a query with one question.
func (n names) answer(query []byte) []byte {
	var labels []string
	at := 12
	for query[at] != 0 {
		end := at + 1 + int(query[at])
		labels = append(labels, string(query[at+1:end]))
		at = end
	}
	at += 5 // the end of the name, type, class
	kind := query[at-3]
	name := strings.Join(labels, ".")
	reply := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, query[12:at]...)
	addresses := n[name]
	switch {
	case len(addresses) == 0:
		reply[3] |= 3 // no such name
	case kind == 1: // A
		address := netip.MustParseAddr(addresses[0])
		if len(addresses) > 1 {
			n[name] = addresses[1:]
		}
		reply[7] = 1
		reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		reply = append(reply, address.AsSlice()...)
	}
	return reply
}
