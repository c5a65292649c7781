package progress

import (
	"bytes"
	"slices"
	"strings"
)

// Frame is one message of a stream of server-sent events, text/event-stream.
// See https://html.spec.whatwg.org/multipage/server-sent-events.html
type Frame struct {
	// Event is the event's type; empty is "message". Line breaks in it are left out.
	Event string
	// ID is what the client sends as Last-Event-ID when it connects again; empty leaves what it has. Line breaks and NUL
	// in it are left out, as a client that sees NUL drops the ID.
	ID string
	// Data is text in UTF-8 of any number of lines. Line breaks arrive as LF, whatever they are here. A client ignores a
	// frame without data, so that an empty one arrives as an empty string.
	Data []byte
}

// AppendTo appends the frame as it goes over the wire to dst and returns the extended slice.
func (f Frame) AppendTo(dst []byte) []byte {
	dst = slices.Grow(dst, len(f.Event)+len(f.ID)+len(f.Data)+32)
	if f.Event != "" {
		dst = appendField(dst, "event: ", f.Event)
	}
	if f.ID != "" {
		dst = appendField(dst, "id: ", f.ID)
	}
	rest := f.Data
	for {
		end := bytes.IndexAny(rest, "\r\n")
		dst = append(dst, "data: "...)
		if end < 0 {
			dst = append(dst, rest...)
			return append(dst, "\n\n"...)
		}
		dst = append(dst, rest[:end]...)
		dst = append(dst, '\n')
		if rest[end] == '\r' && end+1 < len(rest) && rest[end+1] == '\n' {
			end++
		}
		rest = rest[end+1:]
	}
}

// appendField appends a field whose value is one line.
func appendField(dst []byte, name, value string) []byte {
	dst = append(dst, name...)
	if !strings.ContainsAny(value, "\r\n\x00") {
		dst = append(dst, value...)
	} else {
		for i := range len(value) {
			if c := value[i]; c != '\r' && c != '\n' && c != 0 {
				dst = append(dst, c)
			}
		}
	}
	return append(dst, '\n')
}

// AppendComment appends a comment, which clients pass over: it keeps a quiet connection alive. Each line of the text
// becomes one of the comment's.
func AppendComment(dst []byte, text string) []byte {
	empty := true
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\r' || r == '\n' }) {
		dst = append(dst, ": "...)
		dst = append(dst, line...)
		dst = append(dst, '\n')
		empty = false
	}
	if empty {
		dst = append(dst, ":\n"...)
	}
	return append(dst, '\n')
}
