package logflags

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/products-importer/products-importer/examples/errorline"
)

// Messages returns a logger for a program without a log: it writes warnings and errors, one line each, as that program
// writes what it has to tell.
func Messages(w io.Writer, program string) *slog.Logger {
	return slog.New(&messages{w: w, program: program})
}

// messages is a handler.
type messages struct {
	mu      sync.Mutex
	w       io.Writer
	program string
}

// Enabled reports whether the level is one of trouble.
func (*messages) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

// Handle writes a record.
func (m *messages) Handle(_ context.Context, r slog.Record) error {
	var details []string
	r.Attrs(func(a slog.Attr) bool {
		switch v := a.Value.Any().(type) {
		case error:
			details = append(details, errorline.Of(v))
		case int64:
			details = append(details, message.NewPrinter(language.English).Sprintf("%d %s", v, a.Key))
		default:
			details = append(details, fmt.Sprintf("%s %v", a.Key, v))
		}
		return true
	})
	text := r.Message
	if len(details) > 0 {
		text += " (" + strings.Join(details, ", ") + ")"
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	_, err := fmt.Fprintf(m.w, "%s: %s\n", m.program, text)
	return err
}

// WithAttrs returns the handler as it is: what a message says is in its own attributes.
func (m *messages) WithAttrs([]slog.Attr) slog.Handler { return m }

// WithGroup returns the handler as it is.
func (m *messages) WithGroup(string) slog.Handler { return m }
