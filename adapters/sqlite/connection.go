package sqlite

import (
	"database/sql"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"modernc.org/sqlite"
)

// purpose is what connections are for.
type purpose uint8

const (
	forWriting purpose = iota
	forReading
)

const (
	// beginTry is how long SQLite itself looks whether another process has ended its transaction, in ever longer
	// steps. After that DB.retryBusy starts with short steps again: so a gap between two transactions of others is
	// found soon, as long as it is not shorter than yieldFor.
	beginTry = 25 * time.Millisecond
	// readTry is how long a reader waits for a process that repairs the file after a crash.
	readTry = 10 * time.Second
	// walPages is how long FILE-wal gets before what is in it is brought into the file: 160 MB. The batches of an
	// import go over the same pages of the index again and again, which then are brought there once.
	walPages = 40_000
	// walKept is to what FILE-wal is cut down once it is empty, in bytes.
	walKept = 64 << 20
	// How much of the file a connection keeps in memory, in KiB. More made no import faster.
	writerCache = 8 << 10
	readerCache = 4 << 10
)

// dataSource is the name of the file for the driver.
func dataSource(path string, p purpose) string {
	try, cache := beginTry, writerCache
	if p == forReading {
		try, cache = readTry, readerCache
	}
	pragmas := []string{
		// First of all: what comes next may have to wait already.
		"busy_timeout(" + strconv.FormatInt(try.Milliseconds(), 10) + ")",
		"foreign_keys(1)",
		"synchronous(FULL)",
		"cache_size(-" + strconv.Itoa(cache) + ")",
		"wal_autocheckpoint(" + strconv.Itoa(walPages) + ")",
		"journal_size_limit(" + strconv.Itoa(walKept) + ")",
	}
	query := url.Values{"_pragma": pragmas, "_txlock": {"immediate"}}
	if p == forReading {
		query["_pragma"] = append(query["_pragma"], "query_only(1)")
		query.Del("_txlock")
		query.Set("mode", "rw") // it must be there
	}
	// An absolute path, with all escaped that means something in a URI.
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // C:/..
	}
	return (&url.URL{Scheme: "file", Path: slashed, RawQuery: query.Encode()}).String()
}

// openPool returns connections that are opened when they are needed.
func openPool(path string, p purpose) (*sqlx.DB, error) {
	connector, err := sqlite.NewConnector(dataSource(path, p))
	if err != nil {
		return nil, err
	}
	return sqlx.NewDb(sql.OpenDB(connector), "sqlite"), nil
}
