package httpapi

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// etag returns the entity tag of a version, a product's or an endpoint's.
func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// tags are the entity tags of an If-Match or If-None-Match header.
type tags struct {
	any  bool // *
	list []string
}

// readTags returns the header's entity tags, with their quotes, and whether there is such a header. What is no tag is
// ignored. A weak tag is as good as a strong one, in If-Match too, where RFC 9110 wants strong ones alone: a proxy that
// compresses an answer makes its tag weak, and what the tag stands for is a version, whatever the bytes are.
func readTags(h http.Header, name string) (tags, bool) {
	lines := h.Values(name)
	var t tags
	for _, rest := range lines {
		for rest = strings.TrimLeft(rest, " \t,"); rest != ""; rest = strings.TrimLeft(rest, " \t,") {
			tag := strings.TrimPrefix(rest, "W/")
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
			t.list = append(t.list, uncompressed(tag))
		}
	}
	return t, len(lines) > 0
}

// uncompressed returns the tag without what a proxy that compresses adds to it, such as -gzip.
func uncompressed(tag string) string {
	for _, suffix := range []string{"-gzip", "-br", "-zstd", "-df"} {
		if bare, ok := strings.CutSuffix(tag, suffix+`"`); ok {
			return bare + `"`
		}
	}
	return tag
}

// matches reports whether the tag is one of the header's.
func (t *tags) matches(tag string) bool { return t.any || slices.Contains(t.list, tag) }

// precondition returns the version that a change is for by the request's If-Match and If-None-Match, 0 for any. The
// store compares it in the transaction of the change. current returns the version that there is, for headers that need
// it; changed is the error for one that If-Match doesn't have.
func precondition(h http.Header, changed error, current func() (int64, error)) (version int64, err error) {
	match, hasMatch := readTags(h, "If-Match")
	none, hasNone := readTags(h, "If-None-Match")
	if !hasMatch && !hasNone {
		return 0, nil
	}
	if !hasNone && len(match.list) == 1 && !match.any {
		if version, err := strconv.ParseInt(strings.Trim(match.list[0], `"`), 10, 64); err == nil && version > 0 &&
			etag(version) == match.list[0] {
			return version, nil
		}
	}
	version, err = current()
	if err != nil {
		return 0, err
	}
	now := etag(version)
	if hasMatch && !match.matches(now) {
		return 0, changed
	}
	if hasNone && none.matches(now) {
		return 0, newProblem(http.StatusPreconditionFailed, "version_matches",
			"it has the version that If-None-Match excludes")
	}
	if match.any {
		return 0, nil
	}
	return version, nil
}
