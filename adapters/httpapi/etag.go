package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// etag is the entity tag of a product's version.
func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// tags is what an If-Match or If-None-Match header names.
type tags struct {
	any    bool // *
	strong []string
	weak   []string
}

// readTags reads the header's entity tags, with their quotes. What is none is passed over: it matches nothing.
func readTags(h http.Header, name string) (tags, bool) {
	lines := h.Values(name)
	var t tags
	for _, rest := range lines {
		for rest = strings.TrimLeft(rest, " \t,"); rest != ""; rest = strings.TrimLeft(rest, " \t,") {
			tag, weak := strings.CutPrefix(rest, "W/")
			switch {
			case strings.HasPrefix(rest, "*"):
				t.any, rest = true, rest[1:]
				continue
			case !strings.HasPrefix(tag, `"`):
				_, rest, _ = strings.Cut(rest, ",")
				continue
			}
			end := strings.IndexByte(tag[1:], '"')
			if end < 0 {
				break
			}
			tag, rest = tag[:end+2], tag[end+2:]
			if weak {
				t.weak = append(t.weak, tag)
			} else {
				t.strong = append(t.strong, tag)
			}
		}
	}
	return t, len(lines) > 0
}

// matchesWeakly is the comparison of If-None-Match.
func (t *tags) matchesWeakly(tag string) bool {
	return t.any || slices.Contains(t.strong, tag) || slices.Contains(t.weak, tag)
}

// matchesStrongly is the comparison of If-Match: a weak tag matches nothing.
func (t *tags) matchesStrongly(tag string) bool { return t.any || slices.Contains(t.strong, tag) }

// precondition returns the version that a change of the product is for, as the request's If-Match and If-None-Match want
// it: 0 for any. A version is passed on to the store, which compares it in the transaction of the change.
func (a *API) precondition(ctx context.Context, h http.Header, id int64) (version int64, err error) {
	match, hasMatch := readTags(h, "If-Match")
	none, hasNone := readTags(h, "If-None-Match")
	if !hasMatch && !hasNone {
		return 0, nil
	}
	if !hasNone && len(match.strong) == 1 && !match.any {
		if version, err := strconv.ParseInt(strings.Trim(match.strong[0], `"`), 10, 64); err == nil && version > 0 && etag(version) == match.strong[0] {
			return version, nil
		}
	}
	product, err := a.products.Get(ctx, id)
	if err != nil {
		return 0, err
	}
	now := etag(product.Version)
	if hasMatch && !match.matchesStrongly(now) {
		return 0, products.ErrVersion
	}
	if hasNone && none.matchesWeakly(now) {
		return 0, newProblem(http.StatusPreconditionFailed, "version_matches", "the product is as If-None-Match says that it must not be")
	}
	if match.any {
		return 0, nil
	}
	return product.Version, nil
}
