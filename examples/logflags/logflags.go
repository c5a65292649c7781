// Package logflags has the flags about the log that the server and the worker have in common.
package logflags

import (
	"io"
	"log/slog"

	"github.com/products-importer/products-importer/examples/envflags"
)

// Settings are what the command line and the environment say.
type Settings struct {
	level slog.Level
}

// Add adds the flags.
func (s *Settings) Add(flags *envflags.Set) {
	flags.TextVar(&s.level, "log-level", slog.LevelInfo, "the least `level` that is logged: debug, info, warn or error")
}

// Logger returns a logger that writes to w.
func (s *Settings) Logger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: s.level}))
}
