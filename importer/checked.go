package importer

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"

	"github.com/products-importer/products-importer/products"
	"github.com/products-importer/products-importer/progress"
)

// Checked is what the check of a file found, for another [Run] that is to import the same file without checking it
// again: see Options.Checked. It can be kept as bytes.
type Checked struct {
	// Rejects counts the records that the check rejected, by what was wrong.
	Rejects map[Code]int64

	found      found
	superseded lineSet
}

// found is the rest of it, as it is kept.
type found struct {
	Mode     products.Mode
	KeyRule  products.KeyRule
	Inherits bool // some record wants to inherit
	Read     int64
	// Of the file as a whole, see extent.
	Source, Text int64
	Sum          uint32
	// Of the result, beside Rejects.
	Inherited            int64
	PassedOver           map[Passed]int64
	Hints                []Hint
	Encoding, ByEncoding string
}

// keptChecked is the head of the bytes; the pages of the lines that don't count follow.
type keptChecked struct {
	Rejects map[Code]int64
	Found   found
}

// checkedMagic begins the bytes. Its number grows when a later version of this package would read a file in another
// way, or the bytes.
const checkedMagic = "products-import checked 1\n"

// MarshalBinary returns the bytes to be kept: some hundreds, and at most a bit for each line of the file.
func (c *Checked) MarshalBinary() ([]byte, error) {
	head, err := json.Marshal(keptChecked{c.Rejects, c.found})
	if err != nil {
		return nil, fmt.Errorf("importer: keep what was checked: %w", err)
	}
	b := appendText([]byte(checkedMagic), head)
	for _, page := range slices.Sorted(maps.Keys(c.superseded)) {
		b = binary.AppendUvarint(b, uint64(page))
		for _, word := range c.superseded[page] {
			b = binary.LittleEndian.AppendUint64(b, word)
		}
	}
	return seal(b), nil
}

// seal appends the checksum of bytes that are to be kept, which begin with the magic by which unseal knows them.
func seal(b []byte) []byte { return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli)) }

// unseal returns what stands between magic and checksum, and false for bytes that seal didn't return.
func unseal(b []byte, magic string) (rest []byte, ok bool) {
	if len(b) < len(magic)+4 || string(b[:len(magic)]) != magic {
		return nil, false
	}
	rest, sum := b[:len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	return rest[len(magic):], crc32.Checksum(rest, castagnoli) == sum
}

// appendText appends what cutText returns first.
func appendText[T string | []byte](b []byte, text T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// cutText returns the text at the beginning of what was kept, and what is behind it.
func cutText[T string | []byte](b T) (text, rest T, ok bool) {
	length, n := uvarint(b)
	if n <= 0 || length > uint64(len(b)-n) {
		return text, rest, false
	}
	return b[n : n+int(length)], b[n+int(length):], true
}

// uvarint is [binary.Uvarint], of a string too.
func uvarint[T string | []byte](b T) (n uint64, length int) {
	return binary.Uvarint([]byte(b[:min(len(b), binary.MaxVarintLen64)]))
}

// errChecked: the bytes are none of a Checked.
var errChecked = errors.New("importer: what was kept of a check can't be read")

// UnmarshalBinary takes what MarshalBinary returned. An error for anything else, what another version of this package
// kept among it; then the file has to be checked again.
func (c *Checked) UnmarshalBinary(b []byte) error {
	rest, ok := unseal(b, checkedMagic)
	if !ok {
		return errChecked
	}
	text, rest, ok := cutText(rest)
	if !ok {
		return errChecked
	}
	var head keptChecked
	if err := json.Unmarshal(text, &head); err != nil {
		return errors.Join(errChecked, err)
	}
	lines := lineSet{}
	for len(rest) > 0 {
		page, n := binary.Uvarint(rest)
		words := new([512]uint64)
		if n <= 0 || len(rest)-n < 8*len(words) {
			return errChecked
		}
		for i := range words {
			words[i] = binary.LittleEndian.Uint64(rest[n+8*i:])
		}
		lines[int64(page)], rest = words, rest[n+8*len(words):]
	}
	*c = Checked{Rejects: head.Rejects, found: head.Found, superseded: lines}
	return nil
}

// tellChecked calls Options.OnChecked, where the check found all that there is to know by what can be kept.
func (c *checker) tellChecked(rule products.KeyRule) error {
	r := c.run
	if r.options.OnChecked == nil || c.resurveyed || r.keyHinted || !c.checked.survey.kept {
		return nil
	}
	d := &r.result.Dialect
	c.checked.kept = true
	return r.options.OnChecked(&Checked{Rejects: maps.Clone(r.result.Rejects), superseded: c.checked.survey.superseded,
		found: found{Mode: r.options.Mode, KeyRule: rule, Inherits: c.checked.inherits, Read: c.read,
			Source: c.checked.end.source, Text: c.checked.end.text, Sum: c.checked.end.sum,
			Inherited: r.result.Inherited, PassedOver: maps.Clone(r.result.PassedOver), Hints: slices.Clone(d.Hints),
			Encoding: d.Encoding, ByEncoding: d.Evidence.Encoding}})
}

// knows takes what an earlier Run checked for the file of the plan.
func (r *run) knows(ctx context.Context, p *plan, rule products.KeyRule) (*checked, error) {
	k := r.options.Checked
	if k.found.Mode != r.options.Mode || k.found.KeyRule != rule {
		return nil, badOption("Checked", "is of another mode or another rule for keys")
	}
	f := &k.found
	d := &r.result.Dialect
	d.Hints, d.Encoding, d.Evidence.Encoding = slices.Clone(f.Hints), f.Encoding, f.ByEncoding
	r.result.Inherited = f.Inherited
	maps.Copy(r.result.Rejects, k.Rejects)
	maps.Copy(r.result.PassedOver, f.PassedOver)
	r.report(ctx, progress.Checking, f.Read, f.Source)
	return &checked{plan: p, inherits: f.Inherits, kept: true, end: extent{source: f.Source, text: f.Text, sum: f.Sum},
		survey: &survey{mode: r.options.Mode, byLog: true, superseded: k.superseded}}, nil
}
