// Package logflags has the flags about the log that the server and the worker have in common, and writes it: for people
// or for programs, without the names of packages before what they say, and without a line for each loop and second of
// an outage.
package logflags

import (
	"errors"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/products-importer/products-importer/examples/envflags"
	"github.com/products-importer/products-importer/examples/errorline"
)

// Settings are what the command line and the environment say.
type Settings struct {
	level slog.Level
	json  bool
}

// Add adds the flags.
func (s *Settings) Add(flags *envflags.Set) {
	flags.Func("log-level", "the least `level` that is logged: debug, info, warn or error (default info)",
		func(text string) error {
			switch level := strings.ToLower(text); level {
			case "debug", "info", "warn", "error":
				return s.level.UnmarshalText([]byte(level))
			}
			return errors.New("is no level: want debug, info, warn or error")
		})
	flags.Func("log-format", "the `format` of the log: text, or json, with durations in seconds (default text)",
		func(text string) error {
			if s.json = text == "json"; s.json || text == "text" {
				return nil
			}
			return errors.New("is no format: want text or json")
		})
}

// Logger returns a logger that writes to w.
func (s *Settings) Logger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: s.level, ReplaceAttr: s.written}
	var to slog.Handler = slog.NewTextHandler(w, options)
	if s.json {
		to = slog.NewJSONHandler(w, options)
	}
	return slog.New(&handler{to, &outages{}})
}

// written returns an attribute as it is written.
func (s *Settings) written(_ []string, a slog.Attr) slog.Attr {
	switch v := a.Value.Any().(type) {
	case error:
		a.Value = slog.StringValue(errorline.Of(v))
	case string:
		if a.Key == "error" { // of a job, or of an attempt to deliver
			a.Value = slog.StringValue(errorline.OfText(v))
		}
	case time.Duration:
		if s.json {
			a.Value = slog.Float64Value(v.Seconds())
		}
	}
	return a
}
