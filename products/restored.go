package products

import (
	"slices"
	"strconv"
	"strings"
)

// Restored says which versions of a product are the same as earlier ones, since a RevertBatch gave it back what it had
// then: pairs of numbers such as 4=2, ascending. So changes can be taken back one after the other, although each time
// the version grows. Stores keep it beside a product, as it is, whatever else changes the product. It is empty where
// there are none.
type Restored string

// mostRestored is how many pairs are kept, the latest.
const mostRestored = 32

// As returns the earliest version that is known to be the same as the one.
func (r Restored) As(version int64) int64 {
	for _, pair := range slices.Backward(strings.Fields(string(r))) {
		one, other, _ := strings.Cut(pair, "=")
		if n, err := strconv.ParseInt(one, 10, 64); err != nil || n != version {
			continue
		}
		if n, err := strconv.ParseInt(other, 10, 64); err == nil {
			version = n
		}
	}
	return version
}

// with adds that a version is the same as an earlier one.
func (r Restored) with(version, as int64) Restored {
	pairs := append(strings.Fields(string(r)), strconv.FormatInt(version, 10)+"="+strconv.FormatInt(r.As(as), 10))
	return Restored(strings.Join(pairs[max(0, len(pairs)-mostRestored):], " "))
}
