package spelling

import (
	"fmt"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// Description says how a column is read, for people, and for [Known]. The zero Description is that of a column whose
// cells needed none.
type Description struct {
	// Number is an example, 1.234,50, and DecimalSign the sign in it.
	Number      string `json:"number,omitempty"`
	DecimalSign Sign   `json:"decimal_sign,omitzero"`
	// Currency is the code of the currency that may stand beside the numbers; its sign, or several codes, where that is
	// all that is known of it.
	Currency string `json:"currency,omitempty"`
	// Unit is the field's, which may stand behind the numbers.
	Unit string `json:"unit,omitempty"`
	// Date is the order of dates in digits, and Assumed tells that no cell has decided
	// for it: dates with points have the day first, and those that begin with four digits the year.
	Date    Order `json:"date,omitzero"`
	Assumed bool  `json:"assumed,omitempty"`
	// Layout is the field's, by which dates are read.
	Layout string `json:"layout,omitempty"`
	// Zone is that of times that don't say theirs.
	Zone string `json:"zone,omitempty"`
	// Yes and No are letters that are taken for words, such as S and N.
	Yes string `json:"yes,omitempty"`
	No  string `json:"no,omitempty"`
	// Evidence is a sentence with the cells that decided, and their lines.
	Evidence string `json:"evidence,omitempty"`
}

// Describe returns how the column is read.
func (f *Format) Describe() Description {
	var d Description
	switch f.field.Type {
	case products.Integer, products.Decimal:
		d = Description{DecimalSign: f.sign, Currency: f.currency, Unit: f.field.Unit}
		group := f.group
		if group == string(rune(f.sign)) {
			group = ""
		}
		if f.sign != 0 {
			d.Number = "1" + group + "234" + f.sign.String() + "50"
		} else if group != "" {
			d.Number = "1" + group + "234"
		}
	case products.Date, products.Timestamp:
		d = Description{Date: f.order, Assumed: f.assumed, Layout: f.field.Layout}
		if d.Date == 0 && f.iso {
			d.Date, d.Assumed = YMD, true
		}
		if f.field.Type == products.Timestamp {
			d.Zone = f.zone.String()
		}
	case products.Boolean:
		d = Description{Yes: f.yes, No: f.no}
	default:
		return d
	}
	d.Evidence = f.evidence()
	return d
}

// evidence says what decided.
func (f *Format) evidence() string {
	if f.found != "" {
		return f.found
	}
	var says []string
	switch {
	case f.decider.seen:
		says = append(says, f.reason())
	case f.given:
		says = append(says, "given")
	}
	if f.zoneless.seen {
		says = append(says, fmt.Sprintf("%s: %q has no zone and is taken as %s", place(f.zoneless.line),
			f.zoneless.text, f.zone))
	}
	return strings.Join(says, "; ")
}

// because is the evidence in a message, "" without one.
func (f *Format) because() string {
	switch {
	case f.decider.seen:
		return " (" + f.reason() + ")"
	case f.found != "":
		return " (" + f.found + ")"
	}
	return ""
}

// reason says how the decider decides.
func (f *Format) reason() string {
	why := ""
	if f.sign != 0 {
		n, _ := scan(f.decider.text)
		why = n.reason(f.sign)
	} else {
		switch f.order {
		case DMY:
			why = "has a day that is no month, in front"
		case MDY:
			why = "has a day that is no month, in the middle"
		default:
			why = "begins with a number that is no day"
		}
		if f.assumed {
			why = "has points, so the day is taken to come first"
		}
	}
	return fmt.Sprintf("%s: %q %s", place(f.decider.line), f.decider.text, why)
}

// reason says why the number can be read with that sign only.
func (n *number) reason(sign Sign) string {
	other := sign.other()
	count, others := n.points, n.commas
	if sign == ',' {
		count, others = others, count
	}
	switch {
	case count == 0:
		return fmt.Sprintf("has the %s more than once, or between groups", other.name())
	case others > 0:
		return fmt.Sprintf("has the %s behind the %s", sign.name(), other.name())
	}
	whole, decimals, _ := n.split(sign)
	switch {
	case len(decimals) == 0:
		return fmt.Sprintf("ends with the %s", sign.name())
	case len(decimals) == 1:
		return fmt.Sprintf("has one digit behind the %s", sign.name())
	case len(decimals) != 3:
		return fmt.Sprintf("has %d digits behind the %s", len(decimals), sign.name())
	case n.groups > 0:
		return fmt.Sprintf("has groups before the %s", sign.name())
	case whole == "":
		return fmt.Sprintf("begins with the %s", sign.name())
	case whole[0] == '0':
		return fmt.Sprintf("has a zero before the %s", sign.name())
	}
	return fmt.Sprintf("has %d digits before the %s", len(whole), sign.name())
}

// Known is the format that Describe described, for a column of which nothing is to be found out, such as that of an
// import that is resumed. Settings win over the description. With neither, it takes what needs no decision, and has no
// sign for decimals yet.
func Known(field *products.Field, heading string, settings Settings, found Description) (*Format, error) {
	f := newFormat(field, heading, settings)
	f.found = found.Evidence
	switch field.Type {
	case products.Integer, products.Decimal:
		f.currency = found.Currency
		if f.codes = currency(found.Currency); f.codes == "" {
			f.codes = found.Currency
		}
		for code := range strings.FieldsSeq(f.codes) {
			if currency(code) != code {
				return nil, fmt.Errorf("unknown currency %q", products.Shorten(code))
			}
		}
		if f.sign == 0 {
			f.sign = found.DecimalSign
		}
		if _, after, ok := strings.Cut(found.Number, "1"); ok {
			f.group, _, _ = strings.Cut(after, "234")
		}
	case products.Date, products.Timestamp:
		if f.order == 0 {
			f.order, f.assumed = found.Date, found.Assumed
		}
		if f.assumed && f.order == YMD {
			f.order, f.assumed, f.iso = 0, false, true
		}
		if settings.Zone == (Zone{}) && found.Zone != "" {
			var zone Zone
			if err := zone.UnmarshalText([]byte(found.Zone)); err != nil {
				return nil, err
			}
			f.zone = zone.Location()
		}
	case products.Boolean:
		f.yes, f.no, f.seen = found.Yes, found.No, seenOther
		if kind := kindOf(found.Yes, false); kind >= seenLetter {
			f.seen = kind | seenNo
		}
	}
	return f, nil
}
