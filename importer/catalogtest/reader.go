package catalogtest

import (
	"encoding/hex"
	"io"
	"strconv"
)

// Reader is a catalogue as a stream. It holds 64 KiB of it in memory and is not safe for concurrent use.
type Reader struct {
	records int
	variant Variant
	columns columns
	keep    func(i int) bool // nil for all
	next    int              // record
	begun   bool
	buf     []byte
	rest    []byte // of buf, not read yet
}

// NewReader returns a catalogue with so many records, header not counted.
func NewReader(records int, variant Variant) *Reader {
	return &Reader{records: records, variant: variant}
}

const bufferSize = 64 << 10

// Read reads the next bytes of the catalogue.
func (r *Reader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 && !r.fill() {
		return 0, io.EOF
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// WriteTo writes what is left of the catalogue to w.
func (r *Reader) WriteTo(w io.Writer) (written int64, err error) {
	for len(r.rest) > 0 || r.fill() {
		n, err := w.Write(r.rest)
		written += int64(n)
		r.rest = r.rest[n:]
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// fill makes the next records, and reports whether there were any.
func (r *Reader) fill() bool {
	if r.buf == nil {
		r.buf = make([]byte, 0, bufferSize+1<<10)
	}
	r.buf = r.buf[:0]
	if !r.begun {
		r.begun = true
		r.buf = append(r.buf, r.columns.header()+"\r\n"...)
	}
	for r.next < r.records && len(r.buf) < bufferSize {
		if r.keep == nil || r.keep(r.next) {
			r.buf = r.appendRecord(r.buf, r.next)
		}
		r.next++
	}
	r.rest = r.buf
	return len(r.buf) > 0
}

// What the random numbers of one purpose are mixed with, to be others than those of the next purpose.
const (
	seedRepeat  = 0x9b05688c2b3e6c1f
	seedContent = 0x1f83d9abfb41bd6b
	seedHalfNew = 0x5be0cd19137e2179
	seedDigits  = 0xa54ff53a5f1d36f1
	seedWords   = 0x3c6ef372
)

// mix is a bijection of 64-bit numbers that makes one that looks random out of every other: the finalizer of
// MurmurHash3 with the constants of David Stafford's thirteenth variant.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// mix32 is a bijection too, so that different numbers give different SKUs.
func mix32(x uint32) uint32 {
	x ^= x >> 16
	x *= 0x7feb352d
	x ^= x >> 15
	x *= 0x846ca68b
	return x ^ x>>16
}

// appendRecord appends record i.
func (r *Reader) appendRecord(b []byte, i int) []byte {
	random := uint64(seedContent)
	if r.variant == HalfNew || r.variant == Changed {
		random = seedHalfNew
	}
	random = mix(random ^ uint64(i))
	if r.columns == stockColumns {
		return appendStock(b, i, random)
	}
	b = appendName(b, i, random)
	b = append(b, ',')
	b = appendSKU(b, i, r.variant)
	b = append(b, ',')
	b = appendDescription(b, random)
	if r.columns == fieldColumns {
		b = appendFields(b, random)
	}
	return append(b, "\r\n"...)
}

// appendName appends two words and the record's number; one name in 16 has a comma and is quoted.
func appendName(b []byte, i int, random uint64) []byte {
	first, second := words[byte(random)], words[byte(random>>8)]
	quoted := random>>16&15 == 0
	if quoted {
		b = append(b, '"')
	}
	b = append(b, first[0]-'a'+'A')
	b = append(b, first[1:]...)
	if quoted {
		b = append(b, ',')
	}
	b = append(b, ' ')
	b = append(b, second...)
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(i)+1, 10)
	if quoted {
		b = append(b, '"')
	}
	return b
}

// appendSKU appends the SKU of record i.
func appendSKU(b []byte, i int, variant Variant) []byte {
	n, _ := ordinal(i)
	number := uint32(n)
	switch {
	case variant == Random:
		var digits [16]byte
		high, low := mix(uint64(n)^seedDigits), mix(uint64(n))
		for k := range 8 {
			digits[k], digits[8+k] = byte(high>>(8*k)), byte(low>>(8*k))
		}
		return hex.AppendEncode(b, digits[:])
	case variant == HalfNew && n%2 == 1:
		number |= 1 << 31 // no catalogue is that long
	}
	number = mix32(number ^ seedWords)
	for k := range 4 {
		if k > 0 {
			b = append(b, '-')
		}
		b = append(b, words[byte(number>>(8*k))]...)
	}
	return b
}

// appendDescription appends 6 to 21 words; of every two descriptions one is quoted.
func appendDescription(b []byte, random uint64) []byte {
	shape := random >> 20
	count := 6 + int(shape&15)
	shape >>= 4
	quoted := shape&1 == 1
	shape >>= 1
	emphasis := shape&3 == 0 // one quoted description in four has doubled quotes in it
	shape >>= 2
	breakAt, commaAt := 1+int(shape&7), 1+int(shape>>3&7)
	if quoted {
		b = append(b, '"')
	}
	for k := range count {
		if k%8 == 0 {
			random = mix(random + 1)
		}
		word := words[byte(random>>(8*(k%8)))]
		switch {
		case k == 0:
			b = append(b, word[0]-'a'+'A')
			word = word[1:]
		case quoted && k%9 == breakAt:
			b = append(b, '\n')
		case quoted && k%9 == commaAt:
			b = append(b, ", "...)
		default:
			b = append(b, ' ')
		}
		if quoted && emphasis && k == count-1 {
			b = append(b, `""`...)
			b = append(b, word...)
			b = append(b, `""`...)
			continue
		}
		b = append(b, word...)
	}
	b = append(b, '.')
	if quoted {
		b = append(b, '"')
	}
	return b
}
