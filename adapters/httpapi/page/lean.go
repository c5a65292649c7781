//go:build !nopage

package page

import (
	"bytes"
	"path"
	"strings"
)

// lean returns a file of the page without its comments, the white space by which people read it and the parentheses of
// a function's only parameter, of which a browser makes nothing: a quarter of the page. Names stay, so that what a
// browser says of a module can be found in its source.
func lean(name string, content []byte) []byte {
	switch path.Ext(name) {
	case ".js":
		return leanText(content, &script)
	case ".css":
		return leanText(content, &styles)
	}
	var short []byte
	for line := range bytes.Lines(content) {
		short = append(short, bytes.TrimSpace(line)...)
	}
	return short
}

// language is what lean has to know of how a file is written.
type language struct {
	lines    bool   // there are comments to the end of a line, expressions between slashes, and texts between backticks
	openers  string // characters behind which white space says nothing
	closers  string // characters before which it says nothing
	lineEnds bool   // a line break may end a statement, unless it stands beside one of these characters
}

var (
	script = language{lines: true, openers: "{([,;:=+-*&|?<>!~^%", closers: "})],;:=.?*&|<>%^+-", lineEnds: true}
	// In a selector, a space before a colon or beside a plus means something.
	styles = language{openers: "{},;:>", closers: "{},;>"}
)

// leanText cuts a text into pieces that stay as they are, and white space and comments between them.
func leanText(text []byte, l *language) []byte {
	short := make([]byte, 0, len(text))
	for i := 0; i < len(text); {
		end := i + 1
		switch c := text[i]; {
		case isSpace(c) || l.comment(text[i:]) > 0:
			end = i + l.between(text[i:])
			short = l.space(short, text[i:end], text[end:])
			i = end
			continue
		case c == '\'' || c == '"':
			end = i + quoted(text[i:], c)
		case c == '`' && l.lines:
			n := literal(text[i:])
			short = append(short, leanLiteral(text[i:i+n], l)...)
			i += n
			continue
		case c == '/' && l.lines && beginsExpression(short):
			end = i + expression(text[i:])
		case c == '>' && l.lines && bytes.HasSuffix(short, []byte(")=")):
			short = bareParameter(short)
		case c == '}':
			short = bytes.TrimSuffix(short, []byte(";")) // no loop of the page has nothing but that
			short = bytes.TrimSuffix(short, []byte(",")) // behind the last of several
		case c == ']' || c == ')':
			short = bytes.TrimSuffix(short, []byte(",")) // no list of the page has a hole there
		}
		short = append(short, text[i:end]...)
		i = end
	}
	return short
}

// bareParameter takes the parentheses off the only parameter of a function: (a)= becomes a=, but for async (a)=.
func bareParameter(short []byte) []byte {
	end := len(short) - len(")=")
	from := end
	for from > 0 && isWord(short[from-1]) {
		from--
	}
	if from == end || from < 2 || short[from-1] != '(' || isWord(short[from-2]) {
		return short
	}
	return append(append(short[:from-1], short[from:end]...), '=')
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' }

func isWord(c byte) bool {
	return c == '_' || c == '$' || c == '#' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}

// comment returns how long the comment is that a text begins with, or 0.
func (l *language) comment(text []byte) int {
	switch {
	case bytes.HasPrefix(text, []byte("/*")):
		return bytes.Index(text, []byte("*/")) + len("*/")
	case l.lines && bytes.HasPrefix(text, []byte("//")):
		return bytes.IndexByte(text, '\n') // each file ends with one
	}
	return 0
}

// between returns how long the white space and the comments are that a text begins with.
func (l *language) between(text []byte) int {
	n := 0
	for n < len(text) {
		if isSpace(text[n]) {
			n++
		} else if comment := l.comment(text[n:]); comment > 0 {
			n += comment
		} else {
			break
		}
	}
	return n
}

// space adds what has to stand in place of white space and comments between what is written and what follows.
func (l *language) space(written, between, next []byte) []byte {
	if len(written) == 0 || len(next) == 0 {
		return written
	}
	last, first := written[len(written)-1], next[0]
	isLine := l.lineEnds && bytes.IndexByte(between, '\n') >= 0
	switch {
	case (last == '+' || last == '-') && (first == last || isLine): // a ++ b, or a++ at the end of a line
	case (first == '+' || first == '-') && isLine: // ++a at its beginning
	case strings.IndexByte(l.openers, last) >= 0, strings.IndexByte(l.closers, first) >= 0:
		return written
	case l.lineEnds && !isLine && !(isWord(last) && isWord(first)) && !(last == '/' && first == '/'):
		return written
	}
	if isLine {
		return append(written, '\n')
	}
	return append(written, ' ')
}

// quoted returns how long the text in quotes is.
func quoted(text []byte, quote byte) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case quote:
			return i + 1
		}
	}
	return len(text)
}

// literal returns how long the text between backticks is, with the texts that it has within its values.
func literal(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case text[i] == '`':
			return i + 1
		case bytes.HasPrefix(text[i:], []byte("${")):
			i += value(text[i:]) - 1
		}
	}
	return len(text)
}

// leanLiteral shortens the values of a text between backticks.
func leanLiteral(text []byte, l *language) (short []byte) {
	for i := 0; i < len(text); {
		n := 1
		switch {
		case text[i] == '\\':
			n = 2
		case bytes.HasPrefix(text[i:], []byte("${")):
			n = value(text[i:])
			short = append(append(append(short, "${"...), leanText(text[i+2:i+n-1], l)...), '}')
			i += n
			continue
		}
		short = append(short, text[i:i+n]...)
		i += n
	}
	return short
}

// value returns how long the ${} of a template is.
func value(text []byte) int {
	depth := 0
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i + 1
			}
		case '\'', '"':
			i += quoted(text[i:], text[i]) - 1
		case '`':
			i += literal(text[i:]) - 1
		}
	}
	return len(text)
}

// beginsExpression tells whether a slash behind what is written begins a regular expression: elsewhere it divides.
func beginsExpression(written []byte) bool {
	written = bytes.TrimRight(written, " ")
	last := written[len(written)-1]
	return strings.IndexByte("(,=:[!&|?{};\n", last) >= 0 || bytes.HasSuffix(written, []byte("return")) ||
		bytes.HasSuffix(written, []byte("=>"))
}

// expression returns how long the regular expression is.
func expression(text []byte) int {
	class := false
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '[':
			class = true
		case ']':
			class = false
		case '/':
			if !class {
				return i + 1
			}
		}
	}
	return len(text)
}
