package envflags

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// number is a flag's value between bounds.
type number[T int | int64 | time.Duration] struct {
	kind        string // in the usage
	value       *T
	least, most T
	parse       func(text string) (T, error)
	format      func(T) string
}

func (n *number[T]) Set(text string) error {
	v, err := n.parse(text)
	if err != nil {
		return err
	}
	if v < n.least || v > n.most {
		return fmt.Errorf("must be between %s and %s", n.format(n.least), n.format(n.most))
	}
	*n.value = v
	return nil
}

func (n *number[T]) String() string {
	if n.value == nil {
		return "" // package flag asks the zero value
	}
	return n.format(*n.value)
}

func (n *number[T]) kindOf() string { return n.kind }

// IntIn declares a flag that is a whole number between two bounds.
func (s *Set) IntIn(p *int, name string, value, least, most int, usage string) {
	*p = value
	s.Var(&number[int]{"number", p, least, most, func(text string) (int, error) {
		n, err := strconv.Atoi(text)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			return 0, errors.New("is no whole number")
		}
		return n, nil // the nearest one where it is out of range
	}, strconv.Itoa}, name, usage)
}

// DurationIn declares a flag that is a duration between two bounds.
func (s *Set) DurationIn(p *time.Duration, name string, value, least, most time.Duration, usage string) {
	*p = value
	s.Var(&number[time.Duration]{"duration", p, least, most, func(text string) (time.Duration, error) {
		d, err := ParseDuration(text)
		if err != nil {
			return 0, errors.New("is no duration: want one such as 30s, 2m or 12h")
		}
		return d, nil
	}, FormatDuration}, name, usage)
}

// digits are the numbers in a duration.
var digits = regexp.MustCompile(`\d+`)

// ParseDuration is as [time.ParseDuration], but for durations that are too long for it: it returns the nearest one, for
// which it is up to the bounds to refuse it.
func ParseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		if _, err := time.ParseDuration(digits.ReplaceAllString(text, "1")); err == nil {
			if strings.HasPrefix(text, "-") {
				return math.MinInt64, nil
			}
			return math.MaxInt64, nil
		}
	}
	return d, err
}

// FormatDuration writes a duration without what is zero at its end: 24h, not 24h0m0s.
func FormatDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	if d == 0 {
		return "0"
	}
	return text
}

// SizeIn declares a flag that is a number of bytes between two bounds, with a unit or without: 10GiB, 500MB, 4096.
func (s *Set) SizeIn(p *int64, name string, value, least, most int64, usage string) {
	*p = value
	s.Var(&number[int64]{"size", p, least, most, func(text string) (int64, error) {
		n, err := humanize.ParseBytes(text)
		if err != nil {
			return 0, errors.New("is no size: want one such as 500MB or 10GiB")
		}
		return int64(min(n, math.MaxInt64)), nil
	}, FormatSize}, name, usage)
}

// FormatSize writes a number of bytes with the greatest unit that leaves it a whole number: 10GiB, 500MB, 4097B.
func FormatSize(n int64) string {
	for _, unit := range []struct {
		bytes int64
		name  string
	}{{humanize.TiByte, "TiB"}, {humanize.TByte, "TB"}, {humanize.GiByte, "GiB"}, {humanize.GByte, "GB"},
		{humanize.MiByte, "MiB"}, {humanize.MByte, "MB"}, {humanize.KiByte, "KiB"}, {humanize.KByte, "KB"}} {
		if n > 0 && n%unit.bytes == 0 {
			return strconv.FormatInt(n/unit.bytes, 10) + unit.name
		}
	}
	return strconv.FormatInt(n, 10) + "B"
}

// address is a flag's value, an address to listen at.
type address struct {
	value    *string
	optional bool
}

func (a *address) Set(text string) error {
	if text != "" || !a.optional {
		_, port, err := net.SplitHostPort(text)
		if err == nil {
			_, err = net.LookupPort("tcp", port)
		}
		if err != nil {
			return errors.New("is no address: want host:port")
		}
	}
	*a.value = text
	return nil
}

func (a *address) String() string {
	if a.value == nil {
		return "" // package flag asks the zero value
	}
	return *a.value
}

func (a *address) kindOf() string { return "address" }

// Address declares a flag that is an address to listen at, host:port. Where it is optional, empty is none.
func (s *Set) Address(p *string, name, value string, optional bool, usage string) {
	*p = value
	s.Var(&address{p, optional}, name, usage)
}

// maxSecret is how long a secret's file may be.
const maxSecret = 64 << 10

// readSecret returns the text of the variable, or of the file that the variable with _FILE behind its name names, and
// which of the two has it.
func readSecret(name, text string, getenv func(string) string) (from, secret string, err error) {
	from = name + "_FILE"
	path := getenv(from)
	switch {
	case path == "":
		return name, text, nil
	case text != "":
		return "", "", fmt.Errorf("%s and %s are both set: keep one of them", name, from)
	}
	file, err := os.Open(path)
	if err != nil {
		return "", "", fmt.Errorf("%s: %w", from, err)
	}
	defer func() { _ = file.Close() }() // it was only read
	content, err := io.ReadAll(io.LimitReader(file, maxSecret+1))
	if err != nil {
		return "", "", fmt.Errorf("%s: %w", from, err)
	}
	secret = strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
	switch {
	case len(content) > maxSecret:
		return "", "", fmt.Errorf("%s: %s is longer than %d bytes, which is no secret", from, path, maxSecret)
	case secret == "":
		return "", "", fmt.Errorf("%s: %s is empty", from, path)
	}
	return from, secret, nil
}
