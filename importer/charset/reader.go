package charset

import (
	"bufio"
	"errors"
	"io"

	"github.com/products-importer/products-importer/importer/internal/refuse"
)

// ErrInput: the file begins with the mark of another encoding than the one that is given for it, or its encoding isn't
// clear: [QuestionError].
var ErrInput = refuse.ErrInput

const (
	// startBytes is how much of a file's beginning is looked at for a byte order mark, or the NUL bytes of UTF-16.
	startBytes = 4 << 10
	// judgedBytes is how long the stretch is by which UTF-8 is distinguished from other encodings.
	judgedBytes = 64 << 10
	// beforeBytes is how much of what is before it helps.
	beforeBytes = 40
	// rawBytes is how much is decoded at a time.
	rawBytes = 32 << 10
)

// Reader gives a file's text in UTF-8. It is not safe for concurrent use.
type Reader struct {
	in        *bufio.Reader
	detected  Detected
	undecided bool    // nothing but ASCII was seen, which is the same in all that is still possible
	decode    decoder // nil for UTF-8
	given     int64   // bytes of text, in UTF-8 a byte order mark too
	err       error   // of in, once it has ended

	survey   *survey // of what was read of a file that may be Windows1252
	surveyed int     // bytes of ahead that were surveyed already
	western  table   // of Windows1252, where there is a survey

	before []byte // the last that was given while undecided

	ahead []byte // read, and not yet given or decoded
	raw   []byte // room for what is to be decoded
	left  int    // bytes of raw that were too few to be decoded
	room  []byte // for what was decoded
	out   []byte // decoded, and not yet given
}

// NewReader begins to read a file of the encoding, or detects it: [Auto]. A byte order mark is no part of the text. The
// error is an [ErrInput] where the file begins with the byte order mark of another encoding than the wanted one, or one
// of r. Reading ends with a [QuestionError], before the file's end is given, where the encoding isn't clear.
//
// UTF-8 comes as it is, valid or not, and is not copied. In other encodings, bytes that stand for no character become
// bytes that are invalid in UTF-8 too, so that they are found where UTF-8 is checked: whatever the encoding, utf8.Valid
// reports whether text is what somebody wrote.
func NewReader(r io.Reader, want Encoding) (*Reader, error) {
	t := &Reader{in: bufio.NewReaderSize(r, startBytes)}
	start, err := t.in.Peek(startBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	marked, mark := ByteOrderMark(start)
	found := detectUnicode(start)
	switch {
	case want != Auto && marked != Auto && marked != want:
		return nil, refuse.Errorf("it begins with the byte order mark of %v, but its encoding is given as %v", marked,
			want)
	case want != Auto:
		t.detected = Detected{Encoding: want, Evidence: "given"}
	case found.Encoding != Auto:
		t.detected = found
	default:
		t.detected, t.undecided = onlyASCII, true
	}
	_, _ = t.in.Discard(mark) // it was peeked at
	if t.decode = newDecoder(t.detected.Encoding); t.decode == nil {
		t.given = int64(mark)
	}
	return t, nil
}

// Detected returns the file's encoding, as far as it is known: that of a file that begins with ASCII is UTF-8 until the
// first bytes beyond it were read.
func (t *Reader) Detected() Detected { return t.detected }

// Offset returns how many bytes of text were read. In UTF-8 it is the place in the file: a byte order mark counts.
func (t *Reader) Offset() int64 { return t.given }

// Read reads the text.
func (t *Reader) Read(p []byte) (n int, err error) {
	for n == 0 && err == nil && len(p) > 0 {
		switch {
		case len(t.out) > 0:
			n = copy(p, t.out)
			t.out = t.out[n:]
		case t.decode != nil:
			err = t.fill()
		case len(t.ahead) > 0:
			n = copy(p, t.ahead)
			t.ahead = t.ahead[n:]
		case t.err != nil:
			err = t.err
		default:
			n, t.err = t.in.Read(p)
			if t.undecided {
				n = t.decide(p[:n])
			}
		}
	}
	t.given += int64(n)
	return n, err
}

// decide looks at what was just read. At the first bytes beyond ASCII it takes them back, and decides on the encoding
// by them and what follows. It returns how many bytes may be given at once.
func (t *Reader) decide(read []byte) int {
	n := countASCII(read)
	t.before = append(t.before, read[max(0, n-beforeBytes):n]...)
	t.before = t.before[max(0, len(t.before)-beforeBytes):]
	if n == len(read) {
		return n
	}
	t.undecided = false
	t.ahead = append(make([]byte, 0, max(judgedBytes, len(read)-n)), read[n:]...)
	for t.err == nil && len(t.ahead) < judgedBytes {
		var more int
		more, t.err = t.in.Read(t.ahead[len(t.ahead):judgedBytes])
		t.ahead = t.ahead[:len(t.ahead)+more]
	}
	// The same stretch, however the reads fell.
	stretch := t.ahead[:min(len(t.ahead), judgedBytes)]
	t.detected, t.survey = judge(t.before, stretch, len(t.ahead) < judgedBytes && errors.Is(t.err, io.EOF))
	t.surveyed = len(stretch)
	if t.survey == nil && len(t.detected.Readings) > 0 {
		t.ahead, t.err = nil, &QuestionError{Readings: t.detected.Readings}
	}
	if t.decode = newDecoder(t.detected.Encoding); t.survey != nil {
		t.western, _ = newTable(Windows1252)
	}
	return n
}

// fill decodes what comes next, and returns the error that the file ended with when nothing does.
func (t *Reader) fill() error {
	if t.raw == nil {
		t.raw, t.room = make([]byte, rawBytes), make([]byte, 0, 3*rawBytes)
	}
	n := copy(t.raw[t.left:], t.ahead)
	t.ahead = t.ahead[n:]
	if n == 0 && t.err == nil {
		n, t.err = t.in.Read(t.raw[t.left:])
	}
	end := len(t.ahead) == 0 && errors.Is(t.err, io.EOF)
	raw := t.raw[:t.left+n]
	var out []byte
	used := len(raw)
	if t.survey == nil {
		out, used = t.decode(t.room[:0], raw, end)
	} else {
		known := min(n, t.surveyed) // nothing is left of what was too little
		t.surveyed -= known
		out = t.western.decode(t.western.decode(t.room[:0], raw[:known], nil), raw[known:], t.survey)
		if end {
			if err := t.conclude(); err != nil {
				t.err = err
				return err
			}
		}
	}
	t.left, t.out = copy(t.raw, raw[used:]), out
	if len(out) == 0 && len(t.ahead) == 0 {
		return t.err
	}
	return nil
}

// conclude decides once more, by all of the file.
func (t *Reader) conclude() error {
	v := t.survey.verdict()
	t.survey, t.detected = nil, v.detected()
	if !v.sure {
		return &QuestionError{Readings: v.readings}
	}
	return nil
}
