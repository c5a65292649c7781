package postgres

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// sortItem is a record's place in a batch, with the beginning of its key, which is different for most records.
type sortItem struct {
	part uint64
	at   int32
}

// sortByKey returns the places of the records that count, ascending by key as COLLATE "C" has it, and marks the others
// as superseded. It is what Batch.Winners does, without a map: records of one key meet when they are sorted.
func sortByKey(b *products.Batch, outcomes []products.Outcome) []int32 {
	records := b.Records
	if len(records) == 0 {
		return nil
	}
	skip := commonPrefix(records)
	order := make([]sortItem, len(records))
	for i := range records {
		order[i] = sortItem{keyPart(records[i].Key[skip:]), int32(i)}
	}
	slices.SortFunc(order, func(a, b sortItem) int {
		if a.part != b.part {
			return cmp.Compare(a.part, b.part)
		}
		if c := strings.Compare(records[a.at].Key[skip:], records[b.at].Key[skip:]); c != 0 {
			return c
		}
		return int(a.at - b.at)
	})
	winners := make([]int32, 0, len(records))
	for i, o := range order {
		last := len(winners) - 1
		switch {
		case i == 0 || order[i-1].part != o.part || records[winners[last]].Key != records[o.at].Key:
			winners = append(winners, o.at)
		case b.Mode.FirstCounts():
			outcomes[o.at] = products.Superseded
		default:
			outcomes[winners[last]] = products.Superseded
			winners[last] = o.at
		}
	}
	return winners
}

// commonPrefix is the length of what all keys begin with. SKUs often have much in common there.
func commonPrefix(records []products.Record) int {
	first := records[0].Key
	n := len(first)
	for i := range records {
		key := records[i].Key
		n = min(n, len(key))
		for j := range n {
			if key[j] != first[j] {
				n = j
				break
			}
		}
	}
	return n
}

// keyPart packs the first eight bytes so that numbers compare as the text does. Shorter text is filled up with zeros,
// which no key contains.
func keyPart(s string) uint64 {
	var b [8]byte
	copy(b[:], s)
	return binary.BigEndian.Uint64(b[:])
}
