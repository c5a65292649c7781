package importer

import "strings"

// statuses are the words for a product's status, in lower case. The last line has words of single shops: WooCommerce's
// for a draft, and Medusa's for products that are yet to be approved, or were not.
var statuses = map[string]bool{
	"true": true, "1": true, "yes": true, "on": true, "active": true, "published": true, "enabled": true,
	"false": false, "0": false, "no": false, "off": false, "inactive": false, "unpublished": false, "disabled": false,
	"draft": false, "archived": false,
	"-1": false, "proposed": false, "rejected": false,
}

// statusOf reads a status in any case, with white space around it. An empty one is not set.
func (m *mapping) statusOf(s string) (status, set, ok bool) {
	s = strings.TrimSpace(s)
	if s == "" || s == "2" && m.twoIsOff {
		return false, s != "", true
	}
	if status, ok = statuses[s]; !ok {
		status, ok = statuses[strings.ToLower(s)]
	}
	return status, ok, ok
}
