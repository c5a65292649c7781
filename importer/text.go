package importer

import (
	"bufio"
	"errors"
	"io"
)

const (
	// judgedBytes is how long the stretch is by which UTF-8 is told from Windows-1252.
	judgedBytes = 64 << 10
	// beforeBytes is how much of what is before it helps.
	beforeBytes = 16
	// rawBytes is how much is decoded at a time.
	rawBytes = 32 << 10
)

// textReader gives a file's text in UTF-8. UTF-8 comes as it is, valid or not, and is not copied. In other encodings, bytes
// that stand for no character become bytes that are invalid in UTF-8 too, so that they are found where UTF-8 is checked.
type textReader struct {
	in *bufio.Reader
	judged
	undecided bool    // nothing but ASCII was seen, which is the same in all that is still possible
	decode    decoder // nil for UTF-8
	given     int64   // bytes of text, in UTF-8 a byte order mark too
	err       error   // of in, once it has ended

	before []byte // the last that was given while undecided

	ahead []byte // read, and not yet given or decoded
	raw   []byte // room for what is to be decoded
	left  int    // bytes of raw that were too few to be decoded
	room  []byte // for what was decoded
	out   []byte // decoded, and not yet given
}

// decoder appends to dst what src stands for, and tells how much of src it used: all of it at the file's end, else up to
// three bytes less.
type decoder func(dst, src []byte, end bool) (out []byte, used int)

// newTextReader begins to read a file of the encoding, or finds out about it. The reader must be able to peek at
// SniffBytes.
func newTextReader(in *bufio.Reader, want Encoding) (*textReader, error) {
	start, err := in.Peek(SniffBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	t := &textReader{in: in}
	marked, mark := markOf(start)
	switch unmarked := utf16Of(start); {
	case want != EncodingAuto && marked != EncodingAuto && marked != want:
		return nil, inputError("it begins with the byte order mark of %v, but its encoding is given as %v", marked, want)
	case want != EncodingAuto:
		t.judged = judged{want, "given"}
	case marked != EncodingAuto:
		t.judged = judged{marked, "it begins with a byte order mark"}
	case unmarked != EncodingAuto:
		t.judged = judged{unmarked, "every other byte of its beginning is NUL"}
	default:
		t.judged, t.undecided = judged{UTF8, "only ASCII characters"}, true
	}
	_, _ = in.Discard(mark) // it was peeked at
	if t.decode = decoderOf(t.encoding); t.decode == nil {
		t.given = int64(mark)
	}
	return t, nil
}

// Read gives the text.
func (t *textReader) Read(p []byte) (n int, err error) {
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

// decide looks at what was just read. At the first bytes beyond ASCII it takes them back, and decides on the encoding by
// them and what follows. It tells how many bytes may be given at once.
func (t *textReader) decide(read []byte) int {
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
	t.judged = judge(t.before, t.ahead[:min(len(t.ahead), judgedBytes)], len(t.ahead) < judgedBytes)
	t.decode = decoderOf(t.encoding)
	return n
}

// fill decodes what comes next, and returns the error that the file ended with when nothing does.
func (t *textReader) fill() error {
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
	out, used := t.decode(t.room[:0], raw, end)
	t.left, t.out = copy(t.raw, raw[used:]), out
	if len(out) == 0 && len(t.ahead) == 0 {
		return t.err
	}
	return nil
}
