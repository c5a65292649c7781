package charset

import (
	"fmt"
	"strings"
)

// Reading is how a value of a file reads in an encoding.
type Reading struct {
	Encoding Encoding
	Text     string
}

// QuestionError says that a file may be in several encodings, in which it has different texts: somebody who knows what
// it is to say has to choose. It is an [ErrInput].
type QuestionError struct {
	// Readings are one to three, the likeliest first, of the same value.
	Readings []Reading
}

func (e *QuestionError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "the file %v: it is not UTF-8, and its encoding is not certain; give the one in which this is right: ",
		ErrInput)
	for i, r := range e.Readings {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%v: %q", r.Encoding, r.Text)
	}
	b.WriteString("; or save it as UTF-8")
	return b.String()
}

func (e *QuestionError) Unwrap() error { return ErrInput }
