package job

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/klauspost/compress/s2"

	"github.com/products-importer/products-importer/products"
)

// mostChunkBytes bounds a body: one change has the text of a product before and after, and what was there before it.
const mostChunkBytes = 3*products.MaxBytes + chunkBytes

var errBadChunk = errors.New("job: what is stored of an import's changes is damaged")

// decodeChanges calls f with each change of the chunk, until it returns false. The change is f's to keep.
func decodeChanges(c *ChangeChunk, f func(change *Change) bool) error {
	n, err := s2.DecodedLen(c.Body)
	if err == nil && n > mostChunkBytes {
		err = errBadChunk
	}
	var body []byte
	if err == nil {
		body, err = s2.Decode(nil, c.Body)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errBadChunk, err)
	}
	d := changeDecoder{rest: string(body)}
	d.readNames()
	for !d.failed && len(d.rest) > 0 {
		change := d.change()
		if !d.failed && !f(&change) {
			return nil
		}
	}
	if d.failed {
		return errBadChunk
	}
	return nil
}

// changeDecoder reads what changeEncoder has written. Once something is wrong all that it reads is empty.
type changeDecoder struct {
	rest   string
	failed bool
	names  []string
	last   string
	lastID int64
}

func (d *changeDecoder) fail() {
	d.failed, d.rest = true, ""
}

func (d *changeDecoder) readNames() {
	n := d.uvarint()
	for i := uint64(0); i < n && !d.failed; i++ {
		d.names = append(d.names, d.text())
	}
}

// change reads one.
func (d *changeDecoder) change() (c Change) {
	code := d.rest[0]
	d.rest = d.rest[1:]
	switch code {
	case deletedRestored:
		c.Kind = ChangeDeleted
	case deactivated:
		c.Kind = ChangeDeactivated
	default:
		if code > deactivated {
			d.fail()
			return c
		}
		c.Kind = ChangeKinds[code]
	}
	shared := d.uvarint()
	if shared > uint64(len(d.last)) {
		d.fail()
		return c
	}
	c.Key = d.last[:shared] + d.text()
	c.SKU = c.Key
	if sku := d.optional(); sku != nil {
		c.SKU = *sku
	}
	c.ID = d.lastID + d.varint()
	version := d.uvarint()
	if version > math.MaxInt64 {
		d.fail()
	}
	c.Version = int64(version)
	switch c.Kind {
	case ChangeDeleted:
		c.CreatedAt = time.UnixMicro(d.varint()).UTC()
		if code == deletedRestored {
			c.Restored = products.Restored(d.text())
		}
	case ChangeKept:
		c.Reason = d.text()
	}
	for n := d.uvarint(); n > 0 && !d.failed; n-- {
		at := d.uvarint()
		if at >= uint64(len(d.names)) {
			d.fail()
			return c
		}
		c.Fields = append(c.Fields, FieldChange{Name: d.names[at], Before: d.optional(), After: d.optional()})
	}
	d.last, d.lastID = c.Key, c.ID
	return c
}

func (d *changeDecoder) uvarint() uint64 {
	n, size := binary.Uvarint([]byte(d.rest[:min(len(d.rest), binary.MaxVarintLen64)]))
	if size <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

func (d *changeDecoder) varint() int64 {
	n, size := binary.Varint([]byte(d.rest[:min(len(d.rest), binary.MaxVarintLen64)]))
	if size <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

// take takes so many bytes.
func (d *changeDecoder) take(n uint64) string {
	if n > uint64(len(d.rest)) {
		d.fail()
		return ""
	}
	text := d.rest[:n]
	d.rest = d.rest[n:]
	return text
}

func (d *changeDecoder) text() string { return d.take(d.uvarint()) }

// optional reads a text that may not be there.
func (d *changeDecoder) optional() *string {
	n := d.uvarint()
	if n == 0 {
		return nil
	}
	text := d.take(n - 1)
	return &text
}
