package spelling

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/products-importer/products-importer/products"
)

// Settings are what is known of a column's spelling before its cells are looked at. The zero Settings find out
// everything.
type Settings struct {
	// Sign stands before the decimals of its numbers.
	Sign Sign
	// Order is that of the parts of its dates.
	Order Order
	// Zone is that of times that don't say theirs.
	Zone Zone
	// Words are words of a Boolean in lower case; they win over Field.Words and the usual ones.
	Words map[string]bool
}

// Sign is the character before a number's decimals, '.' or ','. The zero Sign is found out.
type Sign byte

// String returns the character; auto for 0.
func (s Sign) String() string {
	switch s {
	case 0:
		return "auto"
	case '.', ',':
		return string(rune(s))
	}
	return fmt.Sprintf("Sign(%d)", byte(s))
}

// MarshalText returns String.
func (s Sign) MarshalText() ([]byte, error) {
	if s != 0 && s != '.' && s != ',' {
		return nil, fmt.Errorf("bad decimal sign %q", byte(s))
	}
	return []byte(s.String()), nil
}

// UnmarshalText takes what String returns.
func (s *Sign) UnmarshalText(text []byte) error {
	switch string(text) {
	case "auto":
		*s = 0
	case ".", ",":
		*s = Sign(text[0])
	default:
		return fmt.Errorf(`bad decimal sign %q: want "," or "." or auto`, products.Shorten(string(text)))
	}
	return nil
}

// other is the sign that s isn't, which may stand between groups of three digits.
func (s Sign) other() Sign { return '.' + ',' - s }

// name is the sign's name in a sentence.
func (s Sign) name() string {
	if s == ',' {
		return "comma"
	}
	return "point"
}

// Order is the order of day, month and year in dates that are written with digits only. The zero Order is found out.
type Order uint8

const (
	// YMD is the year first.
	YMD Order = iota + 1
	// DMY is the day first.
	DMY
	// MDY is the month first.
	MDY
)

var orderNames = [...]string{0: "auto", YMD: "ymd", DMY: "dmy", MDY: "mdy"}

// String returns ymd, dmy or mdy; auto for 0.
func (o Order) String() string {
	if int(o) >= len(orderNames) {
		return fmt.Sprintf("Order(%d)", uint8(o))
	}
	return orderNames[o]
}

// MarshalText returns String.
func (o Order) MarshalText() ([]byte, error) {
	if int(o) >= len(orderNames) {
		return nil, fmt.Errorf("bad order of dates %d", uint8(o))
	}
	return []byte(o.String()), nil
}

// UnmarshalText takes what String returns.
func (o *Order) UnmarshalText(text []byte) error {
	i := slices.Index(orderNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("bad order of dates %q: want ymd, dmy, mdy or auto", products.Shorten(string(text)))
	}
	*o = Order(i)
	return nil
}

// Zone is the time zone of times that don't say theirs. The zero Zone is UTC.
type Zone struct{ location *time.Location }

// ZoneOf is the zone of a location, UTC for nil. A Zone is written and read by its name, so a location without an IANA
// name isn't to be marshalled.
func ZoneOf(location *time.Location) Zone {
	if location == time.UTC {
		location = nil
	}
	return Zone{location}
}

// Location returns the zone's location.
func (z Zone) Location() *time.Location {
	if z.location == nil {
		return time.UTC
	}
	return z.location
}

// String returns the zone's name, such as Europe/Berlin.
func (z Zone) String() string { return z.Location().String() }

// MarshalText returns String.
func (z Zone) MarshalText() ([]byte, error) { return []byte(z.String()), nil }

// UnmarshalText takes the IANA name of a zone; "" is UTC. Local is refused: it is another zone on another machine.
func (z *Zone) UnmarshalText(text []byte) error {
	name := string(text)
	location, err := time.LoadLocation(name)
	if err != nil || location == time.Local {
		return fmt.Errorf("unknown time zone %q: want a name like Europe/Berlin", products.Shorten(name))
	}
	*z = ZoneOf(location)
	return nil
}

// Signs are decimal signs by field. A *Signs is a flag that may be given once for each field, as price=, is.
type Signs map[string]Sign

// String returns what Set took, ordered by field.
func (s *Signs) String() string { return joined(*s) }

// Set takes one field's sign, as in "price=,".
func (s *Signs) Set(text string) error { return set(s, text, "price=,") }

// Orders are orders of dates by field. An *Orders is a flag that may be given once for each field, as
// available_from=dmy is.
type Orders map[string]Order

// String returns what Set took, ordered by field.
func (o *Orders) String() string { return joined(*o) }

// Set takes one field's order, as in "available_from=dmy".
func (o *Orders) Set(text string) error { return set(o, text, "available_from=dmy") }

func joined[V fmt.Stringer](m map[string]V) string {
	var b strings.Builder
	for i, field := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(field + "=" + m[field].String())
	}
	return b.String()
}

func set[M ~map[string]V, V any, P interface {
	*V
	UnmarshalText(text []byte) error
}](m *M, text, example string) error {
	field, setting, ok := strings.Cut(text, "=")
	if field = strings.TrimSpace(field); !ok || field == "" {
		return fmt.Errorf("bad setting %q: want a field and how it is written, as in %s", products.Shorten(text), example)
	}
	var value V
	if err := P(&value).UnmarshalText([]byte(strings.TrimSpace(setting))); err != nil {
		return err
	}
	if _, twice := (*m)[field]; twice {
		return fmt.Errorf("%s is given twice", field)
	}
	if *m == nil {
		*m = M{}
	}
	(*m)[field] = value
	return nil
}
