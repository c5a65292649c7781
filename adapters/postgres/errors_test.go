package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/products"
)

func TestSQLState(t *testing.T) {
	for _, c := range []struct {
		code          pqerror.Code
		what          string
		passing, lost bool
	}{
		{"08000", "connection exception", true, true},
		{"08006", "connection failure", true, true},
		{"08P01", "protocol violation", true, true},
		{"22001", "value too long", false, false},
		{"22P02", "invalid text", false, false},
		{"23502", "null", false, false},
		{"23505", "unique violation", false, false},
		{"25006", "read-only transaction", true, false},
		{"25P02", "failed transaction", false, false},
		{"25P03", "idle in transaction", true, false},
		{"25P04", "transaction timeout", true, false},
		{"28P01", "wrong password", false, false},
		{"3D000", "no such database", false, false},
		{"40001", "serialization failure", true, false},
		{"40P01", "deadlock", true, false},
		{"42501", "no privilege", false, false},
		{"55P03", "lock not available", true, false},
		{"42601", "syntax", false, false},
		{"42P01", "no such table", false, false},
		{"53100", "disk full", true, false},
		{"53200", "out of memory", true, false},
		{"53300", "too many connections", true, false},
		{"54000", "too large", false, false},
		{"57014", "canceled", true, false},
		{"57P01", "shutdown", true, true},
		{"57P02", "crash", true, true},
		{"57P03", "starting up", true, true},
		{"57P04", "database dropped", false, true},
		{"57P05", "idle session", true, true},
		{"58030", "I/O error", false, false},
		{"XX000", "internal", false, false},
	} {
		t.Run(string(c.code)+" "+c.what, func(t *testing.T) {
			// In a language where FATAL is another word.
			err := fmt.Errorf("statement: %w", &pq.Error{Severity: "ВАЖНО", Code: c.code, Message: c.what})
			require.Equal(t, c.passing, passing(err))
			require.Equal(t, c.passing, retryable(err))
			require.Equal(t, c.lost, lost(err))
			require.Equal(t, c.passing, errors.Is(translate(err), products.ErrUnavailable))
			require.ErrorIs(t, translate(err), err, "the cause stays")
			require.NotNil(t, pq.As(translate(err), c.code))

			err = callbackError{err}
			require.Equal(t, c.passing, retryable(err), "a caller's function says what this database said")
		})
	}
}

func TestErrorKinds(t *testing.T) {
	own := errors.New("own")
	network := &net.OpError{Op: "read", Err: errors.New("reset")}
	unknown := fmt.Errorf("%w: %w", products.ErrCommitUnknown, driver.ErrBadConn)
	for _, c := range []struct {
		name      string
		err       error
		retryable bool
		is        []error // the translation is all of these
		not       []error
	}{
		{"bad connection", driver.ErrBadConn, true, []error{products.ErrUnavailable}, nil},
		{"closed connection", sql.ErrConnDone, true, []error{products.ErrUnavailable}, nil},
		{"network", network, true, []error{products.ErrUnavailable, network}, nil},
		{"end of stream", io.ErrUnexpectedEOF, true, []error{products.ErrUnavailable}, nil},
		{"fatal, whatever the code", &pq.Error{Severity: pqerror.SeverityFatal, Code: "28P01"}, false, nil,
			[]error{products.ErrUnavailable}},
		{"not found", products.ErrNotFound, false, []error{products.ErrNotFound}, []error{products.ErrUnavailable}},
		{"contention", errContended, true, []error{products.ErrUnavailable}, nil},
		{"unknown commit", unknown, true, []error{products.ErrCommitUnknown}, []error{products.ErrUnavailable}},
		{"a standby", &pq.Error{Code: "0A000", Routine: "call_bool_check_hook"}, true, []error{products.ErrUnavailable},
			nil},
		{"a table that went meanwhile", &pq.Error{Code: "XX000", Message: "could not open relation with OID 16417"}, true,
			[]error{products.ErrUnavailable}, nil},
		{"a function that went meanwhile", &pq.Error{Code: "XX000", Message: "cache lookup failed for function 16502"},
			true, []error{products.ErrUnavailable}, nil},
		{"a feature that is missing", &pq.Error{Code: "0A000", Routine: "transformStmt"}, false, nil,
			[]error{products.ErrUnavailable}},
		{"a caller's own", callbackError{own}, false, []error{own}, []error{products.ErrUnavailable}},
		{"a caller's file", callbackError{io.ErrUnexpectedEOF}, false, []error{io.ErrUnexpectedEOF},
			[]error{products.ErrUnavailable}},
		{"a caller's network", callbackError{network}, false, []error{network}, []error{products.ErrUnavailable}},
		{"a caller's deadline", callbackError{context.DeadlineExceeded}, false, []error{context.DeadlineExceeded},
			[]error{products.ErrUnavailable}},
		{"a caller's unavailable store", callbackError{fmt.Errorf("own: %w", products.ErrUnavailable)}, true,
			[]error{products.ErrUnavailable}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.retryable, retryable(c.err))
			translated := translate(c.err)
			for _, is := range c.is {
				require.ErrorIs(t, translated, is)
			}
			for _, not := range c.not {
				require.NotErrorIs(t, translated, not)
			}
			var marked callbackError
			require.NotErrorAs(t, translated, &marked, "the mark doesn't go out")
		})
	}
	require.NoError(t, translate(nil))
}

// overdue is a context in the moment between its deadline and its end.
type overdue struct{ context.Context }

func (overdue) Deadline() (time.Time, bool) { return time.Now().Add(-time.Microsecond), true }

// TestDeadlineOfConnection: a connection may notice a context's deadline before the context ends, which is no trouble of
// the database.
func TestDeadlineOfConnection(t *testing.T) {
	timeout := &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}
	require.Equal(t, context.DeadlineExceeded, fail(overdue{t.Context()}, timeout, nil))
	require.ErrorIs(t, fail(t.Context(), timeout, nil), products.ErrUnavailable)
	unknown := fmt.Errorf("%w: x", products.ErrCommitUnknown)
	require.ErrorIs(t, fail(overdue{t.Context()}, unknown, nil), products.ErrCommitUnknown)
}
