package webhooks

import "unicode/utf8"

// AppendString appends text as a JSON string. Every byte that is no part of UTF-8 becomes U+FFFD.
func AppendString(to []byte, s string) []byte {
	const hex = "0123456789abcdef"
	if !utf8.ValidString(s) {
		s = string([]rune(s)) // a replacement for each bad byte
	}
	to = append(to, '"')
	for {
		n := plain(s)
		to = append(to, s[:n]...)
		if n == len(s) {
			return append(to, '"')
		}
		switch c := s[n]; c {
		case '\n':
			to = append(to, '\\', 'n')
		case '"', '\\':
			to = append(to, '\\', c)
		default:
			to = append(to, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		s = s[n+1:]
	}
}

// plain returns how many bytes of the text stand for themselves in a JSON string. It looks at eight at a time.
func plain(s string) (n int) {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	for ; len(s)-n >= 8; n += 8 {
		b := s[n : n+8]
		w := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 | uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		quote, slash := w^ones*'"', w^ones*'\\'
		// The high bit of a byte that is below the space, a quote, or a backslash; of others perhaps, behind such a one.
		if ((w-ones*' ')&^w|(quote-ones)&^quote|(slash-ones)&^slash)&highs != 0 {
			break
		}
	}
	for ; n < len(s); n++ {
		if c := s[n]; c < ' ' || c == '"' || c == '\\' {
			break
		}
	}
	return n
}
