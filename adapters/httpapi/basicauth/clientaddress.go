package basicauth

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// ClientAddress returns the address that the request's connection comes from, without its port. Of an IPv6 address it
// is the network of 64 bits, since one client may have all of that.
func ClientAddress(r *http.Request) string {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return network(at.Addr())
}

// network returns the address as text, or of an IPv6 address its network of 64 bits.
func network(address netip.Addr) string {
	address = address.Unmap().WithZone("")
	if address.Is6() {
		if network, err := address.Prefix(64); err == nil {
			return network.Masked().String()
		}
	}
	return address.String()
}

// TrustedProxies returns an Options.ClientAddress for a server behind proxies whose addresses are in the networks. Of
// a request from one of them, the client is the last entry of X-Forwarded-For or Forwarded that isn't one of the
// proxies: each proxy appends the address that it got the request from, and what stands further to the left may be the
// client's own invention. The proxies have to set or extend one of the two headers. The client is the proxy itself
// where that entry is no address, and where a request has both headers and they name different clients, since the
// client may have sent one of them. Without networks the result is as that of ClientAddress.
func TrustedProxies(networks ...netip.Prefix) func(r *http.Request) string {
	trusted := func(address netip.Addr) bool { return contain(networks, address) }
	return func(r *http.Request) string {
		at, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil || !trusted(at.Addr()) {
			return ClientAddress(r)
		}
		listed := r.Header.Values("X-Forwarded-For")
		elements := r.Header.Values("Forwarded")
		last := func(entries []string, read func(entry string) (netip.Addr, bool)) netip.Addr {
			client := at.Addr()
			for trusted(client) && len(entries) > 0 {
				address, ok := read(entries[len(entries)-1])
				if !ok {
					break
				}
				client, entries = address, entries[:len(entries)-1]
			}
			return client
		}
		client := last(splitEntries(listed), addressOf)
		if len(elements) > 0 {
			second := last(splitEntries(elements), forwardedFor)
			switch {
			case len(listed) == 0:
				client = second
			case client.Unmap() != second.Unmap():
				client = at.Addr()
			}
		}
		return network(client)
	}
}

// contain reports whether one of the networks has the address.
func contain(networks []netip.Prefix, address netip.Addr) bool {
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(address.Unmap().WithZone("")) })
}

// Forwarded returns what a proxy whose address is in the networks says of a request that it passes on: the scheme and
// the host that it was asked for, as the last entries of X-Forwarded-Proto and X-Forwarded-Host have them, or else
// those of Forwarded. They are empty where it doesn't say, and where the request comes from somewhere else.
func Forwarded(r *http.Request, networks ...netip.Prefix) (scheme, host string) {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !contain(networks, at.Addr()) {
		return "", ""
	}
	last := func(header, parameter string) string {
		if all := splitEntries(r.Header.Values(header)); len(all) > 0 {
			return strings.TrimSpace(all[len(all)-1])
		}
		if all := splitEntries(r.Header.Values("Forwarded")); len(all) > 0 {
			value, _ := forwarded(all[len(all)-1], parameter)
			return value
		}
		return ""
	}
	return strings.ToLower(last("X-Forwarded-Proto", "proto")), last("X-Forwarded-Host", "host")
}

// splitEntries returns the entries of a header's lines, in order.
func splitEntries(lines []string) (entries []string) {
	if len(lines) == 0 {
		return nil
	}
	return strings.Split(strings.Join(lines, ","), ",")
}

// forwardedFor returns the address in the parameter "for" of an element of Forwarded (RFC 7239).
func forwardedFor(element string) (address netip.Addr, ok bool) {
	value, ok := forwarded(element, "for")
	if !ok {
		return address, false
	}
	return addressOf(value)
}

// forwarded returns a parameter of an element of Forwarded.
func forwarded(element, parameter string) (value string, ok bool) {
	for pair := range strings.SplitSeq(element, ";") {
		name, value, _ := strings.Cut(pair, "=")
		if strings.EqualFold(strings.TrimSpace(name), parameter) {
			return strings.Trim(strings.TrimSpace(value), `"`), true
		}
	}
	return "", false
}

// addressOf parses an address, which may have a port.
func addressOf(entry string) (address netip.Addr, ok bool) {
	entry = strings.TrimSpace(entry)
	if at, err := netip.ParseAddrPort(entry); err == nil {
		return at.Addr(), true
	}
	address, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(entry, "["), "]"))
	return address, err == nil
}
