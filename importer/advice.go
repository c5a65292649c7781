package importer

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// advise adds a hint to an import that succeeded but changed nothing: what to do next.
func (r *run) advise() {
	if text := r.nothingChanged(); text != "" {
		d := &r.result.Dialect
		d.Hints = append(slices.Clip(d.Hints), Hint{Text: text})
	}
}

// nothingChanged says why no product was created or updated, and what can be done; "" where one was, and where there is
// nothing to do.
func (r *run) nothingChanged() string {
	n := &r.result.Counts
	existing := r.options.Mode == products.Existing
	switch {
	case n.Created+n.Updated > 0, n.Read > 0 && n.Skipped+n.Rejected == 0:
		return "" // all is as the file has it
	case n.Read == 0 && r.result.passedOver() > 0:
		rows := fmt.Sprintf("all %d rows were", r.result.passedOver())
		if r.result.passedOver() == 1 {
			rows = "its only row was"
		}
		return fmt.Sprintf("no record of a product was found: %s passed over (%s); see whether the right table was "+
			"exported", rows, counted(r.result.PassedOver))
	case n.Read == 0:
		return "the file has no record below its header; see whether the export was empty, or filtered"
	case r.keyHinted:
		return "" // another column for the SKU is what to try next
	case n.Rejected == n.Read:
		return fmt.Sprintf("nothing was imported, as every record was rejected (%s); mend what the reasons name, or the "+
			"mapping of the columns, and import it again", counted(r.result.Rejects))
	}
	skipped, next := "products that exist", "; the mode update overwrites products that exist"
	if existing {
		skipped, next = "SKUs that don't exist",
			"; see whether the SKUs come from the right column; the mode update creates products that don't exist"
	}
	if n.Skipped == 0 {
		next = "; mend what was rejected, and import it again"
	}
	var why []string
	for _, part := range []struct {
		count int64
		what  string
	}{{n.Skipped, skipped}, {n.Unchanged, "products as the file has them"}, {n.Rejected, "rejected records"}} {
		if part.count > 0 {
			why = append(why, fmt.Sprintf("%s: %d", part.what, part.count))
		}
	}
	return "nothing was changed (" + strings.Join(why, ", ") + ")" + next
}

// counted lists counts, the largest first.
func counted[K ~string](counts map[K]int64) string {
	keys := slices.SortedFunc(maps.Keys(counts), func(a, b K) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	list := make([]string, len(keys))
	for i, key := range keys {
		list[i] = fmt.Sprintf("%d %s", counts[key], key)
	}
	return strings.Join(list, ", ")
}
