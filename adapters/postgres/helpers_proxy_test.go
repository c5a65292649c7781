package postgres_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// commitMessage is what the driver sends to commit: a simple query.
var commitMessage = []byte("Q\x00\x00\x00\x0bCOMMIT\x00")

// cut says when a proxy cuts a connection.
type cut int

const (
	beforeCommit  cut = iota + 1 // COMMIT doesn't reach the server
	behindCommit                 // COMMIT is sent, and nobody waits for what becomes of it
	behindSuccess                // the server has committed and said so, but its answer is lost
	inCopy                       // what COPY is to read doesn't reach the server
	hungCommit                   // COMMIT doesn't reach the server, and the driver hears nothing until it closes
	hungLock                     // nothing is cut at a statement with hangAt, which locks rows, but hung is called
	atStatement                  // a statement doesn't reach the server
	inAnswer                     // half of what the server says next comes through
	atPrepared                   // a node of Citus doesn't hear that what it has prepared is committed
)

// proxy stands between the driver and the server.
type proxy struct {
	listener net.Listener
	server   string
	all      sync.WaitGroup

	mu     sync.Mutex
	next   cut // 0 for none
	hangAt string
	dialer net.Dialer // for the server
	skip   int        // so many of what it is about are let through before
	down   bool       // from then on nobody is let through
	away   bool
	hung   func() // called when a COMMIT hangs, and, if not nil, when it or its answer is lost; see hungLock
	reset  bool   // cut by a reset, as a crashed host would, not by an end of the stream
	pairs  map[*pair]bool

	recorder   sync.Mutex // not mu, which silence holds
	recording  bool
	statements []string
}

type pair struct {
	client, server net.Conn
	swallow        bool // the server's answers
}

func (p *pair) close() { _, _ = p.client.Close(), p.server.Close() }

// newProxy returns a proxy for the database, and the database's URL by way of it.
func newProxy(t *testing.T, databaseURL string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(databaseURL)
	require.NoError(t, err)
	p := &proxy{server: u.Host, pairs: map[*pair]bool{}}
	p.listener, err = net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p.all.Go(p.accept)
	t.Cleanup(func() {
		_ = p.listener.Close()
		p.leave()
		p.all.Wait()
	})
	u.Host = p.listener.Addr().String()
	u.RawQuery = "sslmode=disable"
	return p, u.String()
}

// cutNext cuts the connection on which COMMIT, or what else the cut is about, comes next. With down the server is away
// afterwards.
func (p *proxy) cutNext(when cut, down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next, p.skip, p.down = when, 0, down
}

// cutLater is cutNext, but lets so many through before.
func (p *proxy) cutLater(skip int, when cut) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next, p.skip = when, skip
}

// cutByReset makes all cuts of later connections resets.
func (p *proxy) cutByReset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reset = true
}

// leave cuts all connections, and every new one.
func (p *proxy) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away = true
	for c := range p.pairs {
		c.close()
	}
}

// silence keeps back what the server says, and new connections, until end is called.
func (p *proxy) silence() (end func()) {
	p.mu.Lock()
	return p.mu.Unlock
}

// narrow makes connections to the server narrow, and has hungLock mean statements with this text.
func (p *proxy) narrow(hangAt string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hangAt, p.dialer.Control = hangAt, narrow
}

// comeBack lets new connections through again.
func (p *proxy) comeBack() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away = false
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		dialer := p.dialer
		p.mu.Unlock()
		server, err := dialer.Dial("tcp", p.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		c := &pair{client: client, server: server}
		p.mu.Lock()
		if p.reset {
			_ = client.(*net.TCPConn).SetLinger(0)
		}
		if p.away {
			c.close()
		}
		p.pairs[c] = true
		p.mu.Unlock()
		p.all.Go(func() { p.toServer(c) })
		p.all.Go(func() { p.toClient(c) })
	}
}

func (p *proxy) toServer(c *pair) {
	defer func() {
		c.close()
		p.mu.Lock()
		delete(p.pairs, c)
		p.mu.Unlock()
	}()
	hangs := false
	buf := make([]byte, 64<<10)
	for {
		n, err := c.client.Read(buf)
		if err != nil {
			return
		}
		// The driver waits for the answer to what is before COMMIT, so COMMIT comes alone.
		if bytes.Equal(buf[:n], commitMessage) && p.cutCommit(c) || buf[0] == 'd' && p.taken(inCopy) ||
			isStatement(buf[:n]) && p.taken(atStatement) ||
			bytes.Contains(buf[:n], []byte("COMMIT PREPARED")) && p.taken(atPrepared) {
			return
		}
		hangs = hangs || bytes.Contains(buf[:n], []byte(p.hangAt)) && p.waits(hungLock)
		if hangs && executes(buf[:n]) && p.taken(hungLock) {
			p.hung()
		}
		p.record(buf[:n])
		if _, err := c.server.Write(buf[:n]); err != nil {
			return
		}
	}
}

// isStatement reports whether the driver sends a statement: as a simple query, or to be parsed.
func isStatement(message []byte) bool { return message[0] == 'Q' || message[0] == 'P' }

// executes reports whether the driver has a statement executed, which it may have prepared before.
func executes(message []byte) bool {
	for len(message) >= 5 {
		if message[0] == 'Q' || message[0] == 'B' {
			return true
		}
		message = message[min(len(message), 1+int(binary.BigEndian.Uint32(message[1:]))):]
	}
	return false
}

// record notes the statement that the driver sends, if it is one.
func (p *proxy) record(message []byte) {
	p.recorder.Lock()
	defer p.recorder.Unlock()
	if !p.recording || !isStatement(message) {
		return
	}
	texts := bytes.SplitN(message[5:], []byte{0}, 3)
	text := texts[0]
	if message[0] == 'P' {
		text = texts[1] // behind the name of the prepared statement
	}
	p.statements = append(p.statements, strings.Join(strings.Fields(string(text)), " "))
}

// sent returns the statements that f makes the driver send.
func (p *proxy) sent(f func()) []string {
	p.recorder.Lock()
	p.recording, p.statements = true, nil
	p.recorder.Unlock()
	f()
	p.recorder.Lock()
	defer p.recorder.Unlock()
	p.recording = false
	return p.statements
}

// cutCommit reports whether the connection is to be cut at this COMMIT, and does what comes before.
func (p *proxy) cutCommit(c *pair) bool {
	p.mu.Lock()
	if p.skip > 0 {
		p.skip--
		p.mu.Unlock()
		return false
	}
	when := p.next
	p.next = 0
	c.swallow = when == behindSuccess
	p.away = p.away || when != 0 && p.down
	p.mu.Unlock()
	switch when {
	case beforeCommit:
		if p.hung != nil {
			p.hung()
		}
	case hungCommit:
		p.hung()
		_, _ = io.Copy(io.Discard, c.client)
		return true
	case behindCommit:
		// The server reads COMMIT, and then that nobody is there any more.
		_, _ = c.server.Write(commitMessage)
		_ = c.server.(*net.TCPConn).CloseWrite()
		_ = c.client.Close()
		_, _ = io.Copy(io.Discard, c.server)
	}
	return when == beforeCommit || when == behindCommit
}

// waits reports whether that cut comes next.
func (p *proxy) waits(when cut) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.next == when
}

// taken reports whether that cut comes next, here and now, and takes it.
func (p *proxy) taken(when cut) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.next != when {
		return false
	}
	if p.skip > 0 {
		p.skip--
		return false
	}
	p.next = 0
	p.away = p.away || p.down
	return true
}

func (p *proxy) toClient(c *pair) {
	defer c.close()
	buf := make([]byte, 64<<10)
	for {
		n, err := c.server.Read(buf)
		if err != nil {
			return
		}
		p.mu.Lock()
		swallow := c.swallow
		p.mu.Unlock()
		if p.taken(inAnswer) {
			_, _ = c.client.Write(buf[:n/2])
			return
		}
		if swallow { // that is the answer to COMMIT
			if p.hung != nil {
				p.hung()
			}
			return
		}
		if _, err := c.client.Write(buf[:n]); err != nil {
			return
		}
	}
}
