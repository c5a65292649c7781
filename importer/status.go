package importer

import "strings"

// statuses are the words for a product's status, in lower case.
var statuses = map[string]bool{
	"true": true, "1": true, "yes": true, "on": true, "active": true, "published": true, "enabled": true,
	"false": false, "0": false, "no": false, "off": false, "inactive": false, "unpublished": false, "disabled": false,
	"draft": false, "archived": false,
}

// parseStatus reads a status in any case, with white space around it. An empty one is not set.
func parseStatus(s string) (status, set, ok bool) {
	s = strings.TrimSpace(s)
	if s == "" {
		return false, false, true
	}
	if status, ok = statuses[s]; !ok {
		status, ok = statuses[strings.ToLower(s)]
	}
	return status, ok, ok
}
