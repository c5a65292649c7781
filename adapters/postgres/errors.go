package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"

	"github.com/products-importer/products-importer/products"
)

// The SQLSTATE codes and classes of failures that can pass: the same transaction, run again from the top, may succeed.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
var (
	passingCodes = map[pqerror.Code]bool{
		"40001":  true, // serialization failure
		deadlock: true,
		"55P03":  true, // a lock wasn't to be had within lock_timeout
		"57014":  true, // cancelled by somebody; where our own context has ended, its error is returned
		"57P01":  true, // the server shuts down, or an administrator ended the connection
		"57P02":  true, // the server crashed
		"57P03":  true, // the server starts up, or shuts down
		"57P05":  true, // the connection was idle for too long
		"25P03":  true, // the transaction was idle for too long
		"25P04":  true, // the transaction took longer than transaction_timeout
		"25006":  true, // read-only: the connection leads to a standby, as after a failover
	}
	passingClasses = map[pqerror.Class]bool{
		"08": true, // connection
		"53": true, // no memory, disk space or connection left
	}
)

// errStandby: the address leads to a standby, as in the middle of a failover.
var errStandby = fmt.Errorf("%w: the server is a standby, on which nothing can be written", products.ErrUnavailable)

const (
	uniqueViolation       = pqerror.Code("23505")
	internalError         = pqerror.Code("XX000")
	ioError               = pqerror.Code("58030")
	insufficientPrivilege = pqerror.Code("42501")
	tooManyConnections    = pqerror.Code("53300") // of the server, the database or the role
	undefinedFunction     = pqerror.Code("42883")
	undefinedTable        = pqerror.Code("42P01")
	undefinedObject       = pqerror.Code("42704")
	deadlock              = pqerror.Code("40P01")
)

// passing reports whether the failure can pass.
func passing(err error) bool {
	if e := pq.As(err); e != nil {
		return passingCodes[e.Code] || passingClasses[e.Code.Class()] || standby(e) || nodeTrouble(e) || vanished(e)
	}
	return errors.Is(err, products.ErrUnavailable) || lost(err)
}

// nodeTroubles are what Citus says of failures of a node that can pass, in messages without a code of their own: what
// the driver between the nodes said where a connection has gone, and what a node answered to a COPY, of which the
// coordinator passes on the message alone.
var nodeTroubles = []string{"server closed the connection unexpectedly", "failure on connection marked as essential",
	"failed to COPY to shard", "failed to complete COPY on", "failed to prepare transaction", "connection not open",
	"no connection to the server", "could not receive data from server", "could not send data to server",
	"SSL SYSCALL error", "SSL connection has been closed", "terminating connection", "the database system is",
	"deadlock detected", "canceling statement due to", "could not extend file", "No space left on device",
	"too many clients"}

// nodeTrouble reports whether a node of Citus met a failure that can pass.
func nodeTrouble(e *pq.Error) bool {
	return (e.Code == internalError || e.Code == ioError) &&
		slices.ContainsFunc(nodeTroubles, func(text string) bool { return strings.Contains(e.Message, text) })
}

// vanished reports whether a table or a function, or what has its type, went between two looks of the server, as when
// the products were moved. It says so without a code of its own, in English whatever its language.
func vanished(err error) bool {
	e := pq.As(err, internalError)
	return e != nil && (strings.HasPrefix(e.Message, "could not open relation with OID ") ||
		strings.HasPrefix(e.Message, "cache lookup failed for "))
}

// missing reports whether a statement names what isn't there, or is there no longer.
func missing(err error) bool {
	return pq.As(err, undefinedTable, undefinedFunction, undefinedObject) != nil || vanished(err)
}

// isDuplicate reports whether a row was refused since its key exists. To a COPY Citus says so without a code.
func isDuplicate(err error) bool {
	e := pq.As(err)
	return e != nil && (e.Code == uniqueViolation ||
		e.Code == internalError && strings.HasPrefix(e.Detail, "Key (sku_key)="))
}

// standby reports whether a standby refused to begin a transaction: the driver begins them READ WRITE, and gets
// "feature not supported" from the function that sets this, whatever the server's language.
func standby(e *pq.Error) bool { return e.Code == "0A000" && e.Routine == "call_bool_check_hook" }

// lost reports whether the connection has gone, so that what the server did with the last message isn't known.
func lost(err error) bool {
	if e := pq.As(err); e != nil {
		// The severity comes in the server's language, so don't rely on it: 57P is the end of the connection.
		return e.Fatal() || e.Code.Class() == "08" || strings.HasPrefix(string(e.Code), "57P")
	}
	var network net.Error
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &network)
}

// lostUnasked reports whether the connection has gone, but not because the server was silent for too long, which took
// all the time that the call had. The driver says driver.ErrBadConn where the stream ended, and returns a reset as it
// came.
func lostUnasked(err error) bool {
	var network net.Error
	return lost(err) && !(errors.As(err, &network) && network.Timeout())
}

// callbackError marks the error of a caller's function in a transaction. The transaction is tried again only where the
// error is of this database: the function may have other connections and files, which fail too.
type callbackError struct{ error }

func (e callbackError) Unwrap() error { return e.error }

// retryable reports whether the transaction that ended with the error is worth another try.
func retryable(err error) bool {
	var foreign callbackError
	if errors.As(err, &foreign) && pq.As(err) == nil {
		return errors.Is(err, products.ErrUnavailable) || errors.Is(err, driver.ErrBadConn)
	}
	return passing(err)
}

// translate returns the error of package products for one of the driver. Every error that is returned to callers passes
// through it; those that are not the driver's are returned as they are.
func translate(err error) error {
	var foreign callbackError
	var unfit *UnfitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &foreign):
		return foreign.error
	case errors.As(err, &unfit):
		return err
	case errors.Is(err, products.ErrUnavailable), errors.Is(err, products.ErrCommitUnknown):
		return err
	case errors.Is(err, driver.ErrBadConn):
		return fmt.Errorf("%w: the connection to PostgreSQL was lost", products.ErrUnavailable)
	case passing(err):
		return fmt.Errorf("%w: %w", products.ErrUnavailable, err)
	case pq.As(err) != nil && !strings.HasPrefix(err.Error(), "postgres: "): // it may come from an inner call
		return fmt.Errorf("postgres: %w", err)
	}
	return err
}

// known returns the error for a log: one of a connection that has gone is ErrUnavailable, by which an outage is known.
func known(err error) error {
	if lost(err) {
		return translate(err)
	}
	return err
}

// ended returns the context's error once it has ended, or its time is over: a connection has the same deadline, and may
// notice it a moment before the context does.
func ended(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && ctx.Err() == nil && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}

func isUnknown(err error) bool { return errors.Is(err, products.ErrCommitUnknown) }

// fail returns the error of a call: the context's where that has ended, notFound where a row is missing, else the
// translated one.
func fail(ctx context.Context, err, notFound error) error {
	if ended := ended(ctx); ended != nil && !isUnknown(err) {
		return ended
	}
	if errors.Is(err, sql.ErrNoRows) {
		return notFound
	}
	return translate(err)
}
