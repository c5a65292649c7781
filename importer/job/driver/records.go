package driver

import (
	"encoding/binary"
	"encoding/json"
	"errors"

	"github.com/products-importer/products-importer/importer"
)

// storedReject is a record that was refused, as it is stored: with its fields.
type storedReject struct {
	importer.Reject
	Fields []string `json:"fields"`
}

// MarshalRefused makes the refused records of a checkpoint ready to be stored, as JSON, empty for none.
func MarshalRefused(all []importer.Reject) (string, error) {
	if len(all) == 0 {
		return "", nil
	}
	stored := make([]storedReject, len(all))
	for i := range all {
		stored[i] = storedReject{all[i], all[i].Fields}
	}
	text, err := json.Marshal(stored)
	return string(text), err
}

// UnmarshalRefused returns what MarshalRefused was given.
func UnmarshalRefused(text []byte) ([]importer.Reject, error) {
	var stored []storedReject
	if err := json.Unmarshal(text, &stored); err != nil {
		return nil, err
	}
	all := make([]importer.Reject, len(stored))
	for i := range stored {
		all[i] = stored[i].Reject
		all[i].Fields = stored[i].Fields
	}
	return all, nil
}

// MarshalSkipped makes the skipped records of a checkpoint ready to be stored, nil for none: of each the distance from
// the line before, the length of the SKU and the SKU. So one takes two bytes more than its SKU.
func MarshalSkipped(all []importer.Skipped) (stored []byte) {
	last := int64(0)
	for i := range all {
		stored = binary.AppendVarint(stored, all[i].Line-last)
		stored = binary.AppendUvarint(stored, uint64(len(all[i].SKU)))
		stored = append(stored, all[i].SKU...)
		last = all[i].Line
	}
	return stored
}

var errBadSkipped = errors.New("job: what is stored of a batch's skipped records is damaged")

// UnmarshalSkipped returns what MarshalSkipped was given.
func UnmarshalSkipped(stored []byte) (all []importer.Skipped, err error) {
	line := int64(0)
	for len(stored) > 0 {
		distance, n := binary.Varint(stored)
		if n <= 0 {
			return nil, errBadSkipped
		}
		stored = stored[n:]
		length, n := binary.Uvarint(stored)
		if n <= 0 || length > uint64(len(stored)-n) {
			return nil, errBadSkipped
		}
		line += distance
		all = append(all, importer.Skipped{SKU: string(stored[n : n+int(length)]), Line: line})
		stored = stored[n+int(length):]
	}
	return all, nil
}
