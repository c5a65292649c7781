package webhooks

import (
	"fmt"
	"net/netip"
	"slices"
)

// refused4 are the ranges of IPv4 that aren't public unicast addresses.
var refused4 = prefixes(
	"0.0.0.0/8",       // this network
	"10.0.0.0/8",      // private
	"100.64.0.0/10",   // carrier-grade NAT
	"127.0.0.0/8",     // loopback
	"169.254.0.0/16",  // link-local, cloud metadata
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // protocol assignments
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // 6to4 relays
	"192.168.0.0/16",  // private
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, broadcast
)

// global6 is the range of IPv6 from which public addresses are assigned. Everything outside it (loopback, NAT64, unique
// local, link-local, multicast and so on) is refused, and so are these ranges in it.
var (
	global6  = netip.MustParsePrefix("2000::/3")
	refused6 = prefixes(
		"2001::/23",     // protocol assignments: Teredo, ORCHID, benchmarks
		"2001:db8::/32", // documentation
		"2002::/16",     // 6to4
		"3fff::/20",     // documentation
	)
)

func prefixes(all ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(all))
	for i, p := range all {
		list[i] = netip.MustParsePrefix(p)
	}
	return list
}

// public reports whether the address is a public one.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	within := func(p netip.Prefix) bool { return p.Contains(a) }
	if a.Is4() {
		return !slices.ContainsFunc(refused4, within)
	}
	return global6.Contains(a) && !slices.ContainsFunc(refused6, within)
}

// addressError is the error for a connection that the policy forbids.
type addressError struct {
	address netip.Addr
	port    uint16
	badPort bool
}

func (e *addressError) Error() string {
	if e.badPort {
		return fmt.Sprintf("webhooks: the port %d is not allowed", e.port)
	}
	return fmt.Sprintf("webhooks: the address %v is not a public one", e.address)
}

// public returns the text for whoever may see the endpoint: without the address that the name led to.
func (e *addressError) public() string {
	if e.badPort {
		return fmt.Sprintf("the port %d is not allowed", e.port)
	}
	return "the address is not allowed"
}

// allows returns an *addressError for an address that the policy forbids.
func (p *Policy) allows(to netip.AddrPort) error {
	a := to.Addr().Unmap().WithZone("")
	if !p.allowsPort(to.Port()) {
		return &addressError{address: a, port: to.Port(), badPort: true}
	}
	if public(a) ||
		slices.ContainsFunc(p.AllowAddresses, func(prefix netip.Prefix) bool { return prefix.Contains(a) }) {
		return nil
	}
	return &addressError{address: a, port: to.Port()}
}

func (p *Policy) allowsPort(port uint16) bool {
	return p.AllowAnyPort || port == 443 || port == 80 || port == 8443 || slices.Contains(p.AllowPorts, port)
}
