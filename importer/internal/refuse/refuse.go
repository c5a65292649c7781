// Package refuse has what importer and its parts need in common to refuse a file: one error, and one way to say why.
package refuse

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrInput is wrapped by every error of a file that can't be taken as it is.
var ErrInput = errors.New("cannot be imported")

// Errorf returns an ErrInput whose text says why: a sentence about the file, which it calls "it".
func Errorf(format string, a ...any) error {
	return fmt.Errorf("the file %w: %s", ErrInput, fmt.Sprintf(format, a...))
}

// Names writes names that a file has for people: the first dozen of them, and about 300 bytes.
func Names(names []string) string {
	const most, room = 12, 300
	var b strings.Builder
	for i, name := range names {
		text := quoted(name)
		if i == most || i > 0 && b.Len()+len(text) > room {
			fmt.Fprintf(&b, " and %d more", len(names)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(text)
	}
	return b.String()
}

// quoted writes a name, or the beginning of a long one: a shorter beginning where most of it can't be read anyway.
func quoted(name string) string {
	for _, most := range []int{60, 12} {
		text := name
		if len(text) > most {
			text = strings.ToValidUTF8(text[:most], "") + "..."
		}
		if text = strconv.Quote(text); len(text) < 2*most {
			return text
		}
	}
	return "a name that can't be read"
}
