//go:build !nopage

package page

import (
	"bytes"
	"path"
	"regexp"
	"strings"
)

// lean returns a file of the page without its comments and the white space by which people read it, of which a browser
// makes nothing, and with the shorter of two ways to write the same: a quarter of the page. Names stay, so that what a
// browser says of a module can be found in its source.
func lean(name string, content []byte) []byte {
	switch path.Ext(name) {
	case ".js":
		return script.lean(content)
	case ".css":
		return styles.lean(content)
	}
	var short []byte
	for line := range bytes.Lines(content) {
		short = append(short, bytes.TrimSpace(line)...)
	}
	return short
}

// language is what lean has to know of how a file is written.
type language struct {
	script   bool   // it has comments to a line's end, words, expressions between slashes, and texts between backticks
	openers  string // characters behind which white space says nothing
	closers  string // characters before which it says nothing
	lineEnds bool   // a line break may end a statement, unless it is beside one of these characters or behind a block
}

var (
	script = language{script: true, openers: "{([,;:=+-*&|?<>!~^%", closers: "})],;:=.?*&|<>%^+-", lineEnds: true}
	// In a selector, a space before a colon or beside a plus means something.
	styles = language{openers: "{},;:>", closers: "{},;>"}
)

// lean cuts a text into pieces that stay as they are, and white space, comments and words between them.
func (l *language) lean(text []byte) []byte {
	short := make([]byte, 0, len(text))
	lets := []bool{false} // whether the statement is a declaration, in each pair of brackets that is open
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
		case c == '`' && l.script:
			n := literal(text[i:])
			short = append(short, l.leanLiteral(text[i:i+n])...)
			i += n
			continue
		case c == '/' && l.script && beginsExpression(short):
			end = i + expression(text[i:])
		case isWord(c) && l.script:
			end = i + word(text[i:])
			short = leanWord(short, text[i:end], lets)
			i = end
			continue
		case c == '(' && l.script && len(parameter.Find(text[i:])) > 0:
			end = i + bytes.IndexByte(text[i:], ')') + 1
			if n := len(short); n > 0 && isWord(short[n-1]) { // async
				short = append(short, ' ')
			}
			short = append(short, text[i+1:end-1]...)
			i = end
			continue
		case c == '(' || c == '[' || c == '{':
			lets = append(lets, false)
		case c == ')' || c == ']' || c == '}':
			lets = lets[:max(1, len(lets)-1)]
			if c == '}' {
				short = bytes.TrimSuffix(short, []byte(";")) // no loop of the page has nothing but that
			}
			short = bytes.TrimSuffix(short, []byte(",")) // behind the last of several: no list has a hole there
		case c == ';':
			at := &lets[len(lets)-1]
			*at = *at && declares.Match(text[end+l.between(text[end:]):])
		}
		short = append(short, text[i:end]...)
		i = end
	}
	return bytes.TrimSuffix(short, []byte(";"))
}

var (
	parameter = regexp.MustCompile(`^\([\w$]+\) =>`) // that needs no brackets
	declares  = regexp.MustCompile(`^(?:const|let) `)
)

// leanWord adds a word. A constant is declared as a variable, to which no program that works assigns.
func leanWord(written, word []byte, lets []bool) []byte {
	isLet := &lets[len(lets)-1]
	switch text := string(word); {
	case bytes.HasSuffix(written, []byte(".")): // a property
	case (text == "const" || text == "let") && *isLet:
		written[len(written)-1] = ',' // the semicolon before it
		return written
	case text == "const" || text == "let":
		*isLet = !bytes.HasSuffix(written, []byte("export "))
		return append(written, "let"...)
	case text == "true":
		return append(written, "!0"...)
	case text == "false":
		return append(written, "!1"...)
	case text == "undefined":
		return append(written, "void 0"...)
	}
	return append(written, word...)
}

// word returns how long the word is that a text begins with.
func word(text []byte) int {
	n := 0
	for n < len(text) && isWord(text[n]) {
		n++
	}
	return n
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
	case l.script && bytes.HasPrefix(text, []byte("//")):
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
	case strings.IndexByte(l.openers, last) >= 0, strings.IndexByte(l.closers, first) >= 0,
		last == '}' && isWord(first): // what ends with a bracket and is no block has its semicolon
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
func (l *language) leanLiteral(text []byte) (short []byte) {
	for i := 0; i < len(text); {
		n := 1
		switch {
		case text[i] == '\\':
			n = 2
		case bytes.HasPrefix(text[i:], []byte("${")):
			n = value(text[i:])
			short = append(append(append(short, "${"...), l.lean(text[i+2:i+n-1])...), '}')
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
