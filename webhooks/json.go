package webhooks

import "unicode/utf8"

// AppendJSONString appends the text as a JSON string, for those who make the Data of an [Event]. Every byte that isn't
// part of valid UTF-8 becomes U+FFFD.
func AppendJSONString(to []byte, s string) []byte {
	const hex = "0123456789abcdef"
	to = append(to, '"')
	start, valid := 0, false // s is copied up to start, and known to be valid UTF-8
	for i := 0; i < len(s); {
		i += plainWords(s[i:], valid)
		for end := min(i+8, len(s)); i < end; i++ {
			c := s[i]
			switch {
			case jsonPlain[c]:
				continue
			case c >= utf8.RuneSelf:
				if !valid && !utf8.ValidString(s[i:]) {
					s = s[:i] + string([]rune(s[i:])) // replaces each bad byte, by more bytes
				}
				valid = true
				continue
			}
			to = append(to, s[start:i]...)
			start = i + 1
			switch c {
			case '\n':
				to = append(to, '\\', 'n')
			case '"', '\\':
				to = append(to, '\\', c)
			default:
				to = append(to, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			}
		}
	}
	return append(append(to, s[start:]...), '"')
}

// jsonPlain has the ASCII characters that stand for themselves in a JSON string.
var jsonPlain = func() (plain [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		plain[c] = c != '"' && c != '\\'
	}
	return plain
}()

// plainWords returns how many bytes the text has, in words of eight, before the first word with a byte that a JSON
// string must escape, or, in text that isn't known to be valid UTF-8, a byte that isn't ASCII.
func plainWords(s string, valid bool) (n int) {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	for ; len(s)-n >= 8; n += 8 {
		b := s[n : n+8]
		w := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		quote, slash := w^ones*'"', w^ones*'\\'
		// This has the high bit of each byte that is below the space, a quote or a backslash; perhaps that of bytes
		// after such a one too, which doesn't matter here.
		special := ((w-ones*' ')&^w | (quote-ones)&^quote | (slash-ones)&^slash) & highs
		if special != 0 || !valid && w&highs != 0 {
			break
		}
	}
	return n
}
