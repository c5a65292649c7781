package httpapi

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// etag is the entity tag of a version, a product's or an endpoint's.
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

// precondition returns the version that a change is for, as the request's If-Match and If-None-Match want it: 0 for any. A
// version is passed on to the store, which compares it in the transaction of the change. current finds the version that
// there is, for headers that need it; changed is the error for another one than is wanted.
func precondition(h http.Header, changed error, current func() (int64, error)) (version int64, err error) {
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
	version, err = current()
	if err != nil {
		return 0, err
	}
	now := etag(version)
	if hasMatch && !match.matchesStrongly(now) {
		return 0, changed
	}
	if hasNone && none.matchesWeakly(now) {
		return 0, newProblem(http.StatusPreconditionFailed, "version_matches", "it is as If-None-Match says that it must not be")
	}
	if match.any {
		return 0, nil
	}
	return version, nil
}
