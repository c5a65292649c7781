package postgres

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/lib/pq"
)

// errURL is all that is said about a URL that can't be read: what a parser says may quote the password.
var errURL = errors.New(
	"postgres: bad database URL: it can't be read; it looks like postgres://user:password@host:5432/name, " +
		"with special characters of user and password percent-encoded")

// parseURL reads a connection string.
func parseURL(databaseURL string) (pq.Config, error) {
	isURL := strings.HasPrefix(databaseURL, "postgres://") || strings.HasPrefix(databaseURL, "postgresql://")
	if u, err := url.Parse(databaseURL); isURL && (err != nil || misplacedAt(u)) {
		return pq.Config{}, errURL
	}
	config, err := pq.NewConfig(databaseURL)
	if err != nil {
		if !isURL {
			return config, errURL
		}
		return config, fmt.Errorf("postgres: bad database URL: %w", err)
	}
	config.BinaryParameters = true
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 5 * time.Second
	}
	if _, set := os.LookupEnv("PGSSLMODE"); !set && !strings.Contains(databaseURL, "sslmode") &&
		!strings.Contains(databaseURL, "service") {
		config.SSLMode = pq.SSLModePrefer
	}
	return config, nil
}

// misplacedAt reports whether the @ in front of the host comes too late, since a / ? or # in the password ended it:
// what is taken for the host and port is the user and the beginning of the password, then.
func misplacedAt(u *url.URL) bool {
	if u.User != nil {
		return false
	}
	settings, _, _ := strings.Cut(u.RawQuery, "=")
	return strings.Contains(u.EscapedPath()+settings+u.EscapedFragment(), "@")
}

// listenURL is the connection string for the listener, with the defaults that parseURL has.
func listenURL(databaseURL string, config pq.Config) string {
	settings := [][2]string{{"sslmode", string(config.SSLMode)}, {"connect_timeout", "5"}}
	u, err := url.Parse(databaseURL)
	isURL := err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql")
	for _, s := range settings {
		switch {
		case strings.Contains(databaseURL, s[0]) || s[1] == "":
		case isURL:
			q := u.Query()
			q.Set(s[0], s[1])
			u.RawQuery = q.Encode()
		default:
			databaseURL += " " + s[0] + "=" + s[1]
		}
	}
	if isURL {
		return u.String()
	}
	return databaseURL
}
