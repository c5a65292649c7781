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
)

// patience is how long a server may take to hear that a statement's context has ended, before the connection is cut.
const patience = 500 * time.Millisecond

// connector opens connections as lib/pq does, and mends what lib/pq does when a context ends while the server, or the
// network on the way to it, is silent: it waits for the first answer on a new connection, and for the answer to
// a statement that it asked the server to cancel. It opens none to a standby, unless target_session_attrs asks for that:
// the pool would give it out again and again.
type connector struct {
	*pq.Connector
	lines *sync.Map // the *line of each driver.Conn
}

func newConnector(config pq.Config) (connector, error) {
	if config.TargetSessionAttrs == "" {
		config.TargetSessionAttrs = pq.TargetSessionAttrsPrimary
	}
	c, err := pq.NewConnectorConfig(config)
	if err != nil {
		return connector{}, err
	}
	c.Dialer(&dialer{})
	return connector{c, &sync.Map{}}, nil
}

// line is a network connection that forgets itself when it is closed.
type line struct {
	net.Conn
	forget func()
}

func (l *line) Close() error {
	l.forget()
	return l.Conn.Close()
}

// opening is the opening of a connection: lib/pq dials as often as it takes.
type opening struct {
	ctx   context.Context
	stops []func() bool
	line  *line // the last one
}

type openingKey struct{}

// Connect opens a connection.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	o := &opening{ctx: ctx}
	conn, err := c.Connector.Connect(context.WithValue(ctx, openingKey{}, o))
	for _, stop := range o.stops {
		stop()
	}
	switch {
	case ctx.Err() != nil:
		if err == nil {
			_ = conn.Close() // the context may have cut it already
		}
		return nil, ctx.Err()
	case err != nil && strings.Contains(err.Error(), "hot standby"): // the driver gives no other sign of it
		return nil, fmt.Errorf("%w (%w)", errStandby, oneLine{err})
	case err != nil && strings.Contains(err.Error(), "\n"): // each of several hosts has a line of its own
		return nil, oneLine{err}
	case err != nil:
		return nil, err
	}
	o.line.forget = func() { c.lines.Delete(conn) }
	c.lines.Store(conn, o.line)
	return conn, nil
}

// cutAfter cuts the connection when the context has ended and, so long after, release was not called.
func (c connector) cutAfter(ctx context.Context, conn *sqlx.Conn, wait time.Duration) (release func()) {
	var l any
	_ = conn.Raw(func(raw any) error { // an error means that it has been cut
		l, _ = c.lines.Load(raw)
		return nil
	})
	released := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-released:
		case <-timer.C:
			if l, ok := l.(*line); ok {
				_ = l.Conn.Close()
			}
		}
	})
	return sync.OnceFunc(func() {
		stop()
		close(released)
	})
}

// oneLine is an error whose message is put on one line.
type oneLine struct{ error }

func (e oneLine) Error() string {
	first, rest, _ := strings.Cut(e.error.Error(), "\n")
	return first + " " + strings.ReplaceAll(rest, "\n", "; ")
}

func (e oneLine) Unwrap() error { return e.error }

// dialer dials, and closes what the context of an opening outlives.
type dialer struct{ net.Dialer }

func (d *dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	return net.DialTimeout(network, address, timeout)
}

func (d *dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := d.Dialer.DialContext(ctx, network, address)
	o, ok := ctx.Value(openingKey{}).(*opening)
	if !ok || err != nil {
		return conn, err
	}
	o.stops = append(o.stops, context.AfterFunc(o.ctx, func() { _ = conn.Close() }))
	o.line = &line{Conn: conn, forget: func() {}}
	return o.line, nil
}
