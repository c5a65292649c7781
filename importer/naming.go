package importer

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/products-importer/products-importer/importer/internal/refuse"
	"github.com/products-importer/products-importer/products"
)

// findByName returns the column of a field by the columns' names, -1 for none: first one that has the field's name, or
// one of its aliases that are sure; then, for the key, the ID of a feed and a column whose name says so; and then one
// that has a weak alias, if its values fit.
func (m *mapping) findByName(field *products.Field, first []string, o *Options) (int, error) {
	names, weak := field.ColumnNames(), field.WeakNames()
	names = names[:len(names)-len(weak)]
	for _, have := range [][]string{m.names, m.bare} {
		i, err := m.findNamed(field, names, have, first, o)
		if i >= 0 && field == m.schema.Key() && have[i] != names[0] {
			m.hintRivals(i, m.keyColumns(i, o))
		}
		if i >= 0 || err != nil {
			return i, err
		}
	}
	if field == m.schema.Key() {
		if m.isFeed() && !o.claims(m.columns[m.called(idColumn)]) {
			return m.called(idColumn), nil
		}
		return m.findWeakKey(weak, first, o)
	}
	return m.findWeak(field, weak, o), nil
}

// findNamed returns the column of a field by the names that the columns have, -1 for none.
func (m *mapping) findNamed(field *products.Field, names, have, first []string, o *Options) (int, error) {
	for rank, name := range names {
		if rank > 0 && m.own[name] {
			continue
		}
		found := -1
		for i := range m.columns {
			if have[i] != name || o.claims(m.columns[i]) {
				continue
			}
			if found >= 0 {
				return -1, &HeaderError{Found: first, Detail: fmt.Sprintf(
					"columns %d and %d are both called %s; map the right one by its number, %s=%d or %s=%d", found+1,
					i+1, name, field.Name, found+1, field.Name, i+1)}
			}
			found = i
		}
		if found >= 0 {
			return found, nil
		}
	}
	return -1, nil
}

// candidates returns the columns that have one of the names, the best names first.
func (m *mapping) candidates(names []string, o *Options) (found []int) {
	for _, have := range [][]string{m.names, m.bare} {
		for _, name := range names {
			for i, c := range m.columns {
				if have[i] == name && !m.own[name] && unclaimed(c) && !o.claims(c) && !slices.Contains(found, i) {
					found = append(found, i)
				}
			}
		}
	}
	return found
}

// findWeak returns the column of a field by names that other things have too, the best one whose values fit: those of a
// boolean are all known words. -1 for none.
func (m *mapping) findWeak(field *products.Field, names []string, o *Options) int {
	var fitting []int
	for _, i := range m.candidates(names, o) {
		t := m.traits(i)
		if t.empty() {
			continue
		}
		if field.Type == products.Boolean && t.records > 0 {
			if n, _ := m.sampled().readable(field, m.columns[i]); n < t.filled {
				continue
			}
		}
		fitting = append(fitting, i)
	}
	if len(fitting) == 0 {
		return -1
	}
	m.hintChoice(field, fitting[0], fitting[1:])
	return fitting[0]
}

// findWeakKey returns the column of the key where none has a name that is sure, -1 for none: of those whose name says
// that it is the key, and then of those with a weak alias, the only one that tells products apart. Where several do,
// somebody has to say which it is.
func (m *mapping) findWeakKey(weak, first []string, o *Options) (int, error) {
	key := m.schema.Key()
	called, saying := m.candidates(weak, o), m.saying(o)
	if len(called)+len(saying) == 0 {
		return -1, nil
	}
	if m.traits(0).records == 0 {
		if len(called) > 0 {
			return called[0], nil
		}
		return -1, nil
	}
	identify := func(i int) bool { return m.traits(i).identify() }
	for _, choice := range [][]int{filter(saying, identify), filter(called, identify),
		filter(called, func(i int) bool { return m.traits(i).most() })} {
		if len(choice) == 0 {
			continue
		}
		found := choice[0]
		if slices.ContainsFunc(choice[1:], func(i int) bool { return !m.sampled().same(found, i) }) {
			return -1, m.eitherError(key, choice, first)
		}
		m.hintWeakKey(found, choice, append(saying, called...))
		return found, nil
	}
	if len(called) == 0 || m.identifies(m.identifier()) {
		return -1, nil // what can be suggested is better
	}
	return called[0], nil
}

func filter(of []int, keep func(int) bool) []int {
	return slices.DeleteFunc(slices.Clone(of), func(i int) bool { return !keep(i) })
}

// identifies reports whether there is such a column, and it tells products apart.
func (m *mapping) identifies(i int) bool { return i >= 0 && m.traits(i).identify() }

// eitherError asks which of several columns a field has.
func (m *mapping) eitherError(field *products.Field, columns []int, first []string) error {
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = m.reference(column)
	}
	return &HeaderError{Found: first, Detail: fmt.Sprintf("each of the columns %s may be the %s; map the right one, "+
		"such as %[2]s=%[3]s", refuse.Names(names), field.Name, names[0])}
}

// hintWeakKey tells what the key was taken from, and what else it might have been: columns other than the choice, and
// what could stand in for a column whose values are repeated.
func (m *mapping) hintWeakKey(found int, choice, all []int) {
	key := m.schema.Key()
	rivals := filter(all, func(i int) bool { return i != found && !slices.Contains(choice, i) && !m.traits(i).empty() })
	t := m.traits(found)
	switch i := m.identifier(); {
	case len(rivals) > 0:
		m.hintChoice(key, found, rivals)
	case slices.Contains(m.saying(&Options{}), found):
		m.hints = append(m.hints, Hint{Field: key.Name, Column: m.reference(found), Text: fmt.Sprintf(
			"the column %q was taken for the %s, since its name and its values look like it", m.columns[found].Name,
			key.Name)})
	case !t.identify() && t.repeated > 0 && m.identifies(i):
		m.hints = append(m.hints, Hint{Field: key.Name, Column: m.reference(i), Text: fmt.Sprintf(
			"the column %q was taken for the %s, but %d of the first %d records repeat a value of it; the column %q "+
				"tells them apart", m.columns[found].Name, key.Name, t.repeated, t.records, m.columns[i].Name)})
	}
}

// hintRivals adds a hint at what else may be the key than the column that was found, unless nothing is in it.
func (m *mapping) hintRivals(found int, others []int) {
	m.hintChoice(m.schema.Key(), found, filter(others, func(i int) bool { return !m.traits(i).empty() }))
}

// hintChoice adds a hint that a column was taken for the field, and another one was not.
func (m *mapping) hintChoice(field *products.Field, found int, others []int) {
	if len(others) == 0 {
		return
	}
	m.hints = append(m.hints, Hint{Field: field.Name, Column: m.reference(others[0]), Text: fmt.Sprintf(
		"the column %q was taken for the %s, not %q", m.columns[found].Name, field.Name, m.columns[others[0]].Name)})
}

// keyColumns returns the columns other than the found one that have one of the key's names.
func (m *mapping) keyColumns(found int, o *Options) (others []int) {
	names := map[string]bool{}
	for _, name := range m.schema.Key().ColumnNames() {
		names[name] = !m.own[name]
	}
	for i, c := range m.columns {
		if i != found && (names[m.names[i]] || names[m.bare[i]]) && unclaimed(c) && !o.claims(c) {
			others = append(others, i)
		}
	}
	return others
}

// otherSKU are words in names of columns that have the SKU of something else, or say something about it.
var otherSKU = setOf("parent, master, base, group, bundle, component, related, linked, upsell, crosssell, cross, sell, " +
	"supplier, suppliers, vendor, manufacturer, mfr, mfg, competitor, old, previous, alternate, alternative, " +
	"substitute, replacement, is, has, use, no, eltern, lieferant, lieferanten, hersteller, fournisseur, fabricant, " +
	"padre, proveedor, fabricante, fornitore, produttore, leverancier, fabrikant, pai, fornecedor, dostawcy, producenta")

// behindSKU are words that may stand behind it.
var behindSKU = setOf("number, no, nr, num, code, id, value, nummer, numéro, número, numero, codice, código, kod")

// setOf splits words at their commas.
func setOf(list string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Split(list, ", ") {
		set[word] = true
	}
	return set
}

// says reports whether the name of a column says that it is the key, though it is none of those that are known.
func (m *mapping) says(i int) bool {
	key := m.schema.Key().Name
	if !strings.Contains(m.names[i], key) || m.known[m.names[i]] || m.known[m.bare[i]] {
		return false
	}
	words := words(m.columns[i].Name)
	at := slices.Index(words, key)
	if at < 0 || slices.ContainsFunc(words[:at], func(word string) bool { return otherSKU[word] }) {
		return false
	}
	behind := words[at+1:]
	return slices.Contains(m.schema.Key().ColumnNames(), strings.Join(behind, "")) ||
		!slices.ContainsFunc(behind, func(word string) bool { return !behindSKU[word] })
}

// saying returns the columns whose name says that they are the key, though it is none of the names that are known:
// "Store SKU", "SKU/Reference".
func (m *mapping) saying(o *Options) (found []int) {
	for i, c := range m.columns {
		if m.says(i) && unclaimed(c) && !o.claims(c) {
			found = append(found, i)
		}
	}
	return found
}

// words splits a name into its words, in lower case.
func words(name string) []string {
	var b strings.Builder
	lower := false
	for _, r := range name {
		if lower && unicode.IsUpper(r) {
			b.WriteByte(' ')
		}
		if lower = unicode.IsLower(r); !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			r = ' '
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return strings.Fields(b.String())
}
