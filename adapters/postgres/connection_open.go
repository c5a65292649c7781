package postgres

import (
	"context"
	"database/sql/driver"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"github.com/products-importer/products-importer/products"
)

// cancelGrace is how long the server may take to cancel a statement whose context has ended. Then the connection is
// cut.
const cancelGrace = 500 * time.Millisecond

// connector opens connections as lib/pq does, and bounds what lib/pq waits for without bounds where the server, or the
// network on the way to it, is silent: opening a connection, and every answer. It opens none to a standby, unless
// target_session_attrs asks for one, since the pool would hand that out again and again.
type connector struct {
	*pq.Connector
	lines   *sync.Map     // the *line of each driver.Conn
	opening time.Duration // how long opening a connection may take
	silence time.Duration // how long the server may be silent on a new line
}

func newConnector(config pq.Config) (connector, error) {
	if config.TargetSessionAttrs == "" {
		config.TargetSessionAttrs = pq.TargetSessionAttrsPrimary
	}
	c, err := pq.NewConnectorConfig(config)
	if err != nil {
		return connector{}, err
	}
	c.Dialer(newDialer())
	// Each host gets the driver's time, for all that the driver tries with it.
	return connector{c, &sync.Map{}, config.ConnectTimeout * time.Duration(1+len(config.Multi)),
		defaultTerms[forWriting].silence}, nil
}

// patient returns a connector that keeps its lines apart from this one's. On them the server may be silent for so long.
func (c connector) patient(silence time.Duration) connector {
	c.lines, c.silence = &sync.Map{}, silence
	return c
}

// connectAttempt is what opening one connection needs to be ended: lib/pq may dial several times for it.
type connectAttempt struct {
	ctx   context.Context
	stops []func() bool
	line  *line // the last one
}

type connectAttemptKey struct{}

// Connect opens a connection.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	limited, cancel := context.WithTimeout(ctx, c.opening)
	defer cancel()
	o := &connectAttempt{ctx: limited}
	conn, err := c.Connector.Connect(context.WithValue(limited, connectAttemptKey{}, o))
	for _, stop := range o.stops {
		stop()
	}
	if limited.Err() != nil && err == nil {
		_ = conn.Close() // the context may have cut it already
	}
	switch {
	case ctx.Err() != nil || err != nil && ended(ctx) != nil:
		return nil, ended(ctx)
	case limited.Err() != nil || err != nil && ended(limited) != nil:
		return nil, fmt.Errorf("%w: PostgreSQL did not answer within %v", products.ErrUnavailable, c.opening)
	case err != nil && strings.Contains(err.Error(), "hot standby"): // the driver gives no other sign of it
		return nil, fmt.Errorf("%w (%w)", errStandby, oneLine{err})
	case err != nil && strings.Contains(err.Error(), "\n"): // each of several hosts has a line of its own
		return nil, oneLine{err}
	case err != nil:
		return nil, err
	}
	o.line.forget = func() { c.lines.Delete(conn) }
	o.line.bound(c.silence)
	c.lines.Store(conn, o.line)
	return conn, nil
}

// line returns the line of a connection, nil for one that is cut.
func (c connector) line(conn *sqlx.Conn) *line {
	var l *line
	if c.lines == nil { // the pool is another one
		return nil
	}
	_ = conn.Raw(func(raw any) error {
		if found, ok := c.lines.Load(raw); ok {
			l, _ = found.(*line)
		}
		return nil
	})
	return l
}

// cutAll cuts all lines soon after the context has ended.
func (c connector) cutAll(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		c.lines.Range(func(_, value any) bool {
			if l, ok := value.(*line); ok {
				l.cutIn(l.beginWatch(), cancelGrace)
			}
			return true
		})
	})
}

// oneLine is an error whose message is put on one line.
type oneLine struct{ error }

func (e oneLine) Error() string {
	first, rest, _ := strings.Cut(e.error.Error(), "\n")
	return first + " " + strings.ReplaceAll(rest, "\n", "; ")
}

func (e oneLine) Unwrap() error { return e.error }

// cancelTime is how long sending the server the request to cancel a statement may take.
const cancelTime = 2 * time.Second

// The network finds out in about 25 s that a host is gone, on whatever waits for it.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3}

// dialer dials. It closes the connections of a connectAttempt whose context has ended.
type dialer struct{ net.Dialer }

func newDialer() *dialer {
	return &dialer{net.Dialer{KeepAliveConfig: keepAlive, Control: giveUpSending}}
}

// DialTimeout is for drivers that know no contexts.
func (d *dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	return net.DialTimeout(network, address, timeout)
}

// DialContext dials for a connectAttempt or, where the context has none, to cancel a statement.
func (d *dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.Dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	o, ok := ctx.Value(connectAttemptKey{}).(*connectAttempt)
	if !ok {
		return deadlineConn{conn, time.Now().Add(cancelTime)}, nil
	}
	o.stops = append(o.stops, context.AfterFunc(o.ctx, func() { _ = conn.Close() }))
	o.line = &line{Conn: conn, forget: func() {}}
	return o.line, nil
}

// deadlineConn is a network connection that ends at a fixed time.
type deadlineConn struct {
	net.Conn
	end time.Time
}

// SetDeadline sets an earlier time.
func (b deadlineConn) SetDeadline(t time.Time) error {
	if t.IsZero() || t.After(b.end) {
		t = b.end
	}
	return b.Conn.SetDeadline(t)
}

// contextDialer dials until its context ends, which closes all of its connections: the driver's listener can't be
// closed while it waits for a server.
type contextDialer struct {
	ctx    context.Context
	dialer net.Dialer
}

// Dial is for drivers that set no limit.
func (d contextDialer) Dial(network, address string) (net.Conn, error) {
	return d.DialTimeout(network, address, time.Minute)
}

// DialTimeout dials.
func (d contextDialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(d.ctx, timeout)
	defer cancel()
	conn, err := d.dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(d.ctx, func() { _ = conn.Close() })
	return &line{Conn: conn, forget: func() { stop() }}, nil
}
