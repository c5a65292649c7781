package spelling

import (
	"slices"
	"strings"
)

// units are those that stand behind the numbers of catalogues, in lower case, beside those that fields declare.
var units = strings.Fields("% ‰ mg g gr kg kgs lb lbs oz ml cl dl l mm cm dm m km in inch inches ft yd m² m2 cm² m³ m3 w kw " +
	"ah mah wh kwh db hz °c °f pcs pc stk uds szt")

// unitNames are other names of units, in lower case.
var unitNames = map[string]string{"gr": "g", "gram": "g", "grams": "g", "kgs": "kg", "kilogram": "kg", "kilograms": "kg",
	"lbs": "lb", "pound": "lb", "pounds": "lb", "ounce": "oz", "ounces": "oz", "inch": "in", "inches": "in"}

// sameUnit tells whether a unit is the one that a field declares.
func sameUnit(unit, declared string) bool {
	if declared == "" || unit == "" {
		return false
	}
	return strings.EqualFold(unit, declared) || unitName(unit) == unitName(declared)
}

// unitName returns the usual name of a unit, in lower case.
func unitName(unit string) string {
	unit = strings.ToLower(strings.TrimSuffix(unit, "."))
	if name, other := unitNames[unit]; other {
		return name
	}
	return unit
}

// Heading takes a column's name apart: "Preço (R$)" is Preço in R$, "Weight [kg]" is Weight in kg. What stands in
// brackets at the end is no part of the name. If there are none, unit is empty.
func Heading(name string) (bare, unit string) {
	s := trim(name)
	for _, pair := range [...]string{"()", "[]", "（）"} {
		runes := []rune(pair)
		inside, ok := strings.CutSuffix(s, string(runes[1]))
		if !ok {
			continue
		}
		if i := strings.LastIndex(inside, string(runes[0])); i > 0 && trim(inside[:i]) != "" {
			return trim(inside[:i]), trim(inside[i+len(string(runes[0])):])
		}
	}
	return s, ""
}

// unitOf returns the unit or the currency of a column's name as it stands there, "" if what is in brackets is none.
func unitOf(heading, declared string) string {
	_, unit := Heading(heading)
	if unit == "" {
		return ""
	}
	if currency(unit) != "" || sameUnit(unit, declared) ||
		slices.Contains(units, strings.ToLower(strings.TrimSuffix(unit, "."))) {
		return unit
	}
	// Several words, such as "incl. VAT, EUR": the one that is a currency, if it is one.
	var found string
	for _, word := range strings.FieldsFunc(unit, func(r rune) bool { return strings.ContainsRune(" ,;/", r) }) {
		if len(word) == 3 && currency(word) != "" || strings.ContainsAny(word, "€$£¥") && currency(word) != "" {
			if found != "" {
				return ""
			}
			found = word
		}
	}
	return found
}
