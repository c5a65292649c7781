package httpapi

import (
	"bytes"
	"slices"
	"strings"
)

// message is one message of a stream of server-sent events, text/event-stream.
// See https://html.spec.whatwg.org/multipage/server-sent-events.html
type message struct {
	// event is the event's type; empty is "message". Line breaks in it are left out.
	event string
	// id is what the client sends as Last-Event-ID when it connects again; empty leaves what it has. Line breaks and
	// NUL in it are left out, since a client that sees NUL drops the ID.
	id string
	// data is text in UTF-8 of any number of lines. The client gets every line break as LF. It ignores a message
	// without a data field, so that an empty one is sent too, and arrives as an empty string.
	data []byte
}

// appendTo appends the message as it goes over the wire to dst and returns the extended slice.
func (m message) appendTo(dst []byte) []byte {
	dst = slices.Grow(dst, len(m.event)+len(m.id)+len(m.data)+32)
	if m.event != "" {
		dst = appendField(dst, "event: ", m.event)
	}
	if m.id != "" {
		dst = appendField(dst, "id: ", m.id)
	}
	rest := m.data
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

// appendComment appends a comment, which clients ignore: it keeps a quiet connection alive. Each line of the text
// becomes a line of the comment.
func appendComment(dst []byte, text string) []byte {
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
