package importer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/products-importer/products-importer/importer/dialect"
	"github.com/products-importer/products-importer/importer/internal/refuse"
	"github.com/products-importer/products-importer/importer/spelling"
	"github.com/products-importer/products-importer/products"
)

// mapping is which column sets which field.
type mapping struct {
	schema  *products.Schema
	columns []Column
	// names are those of the columns as FoldName leaves them, bare those without what stands in brackets at the end: ""
	// where a field has the whole name. own are the names of the fields themselves, which are no alias of another one.
	names, bare []string
	own         map[string]bool
	known       map[string]bool // all that fields are known by
	key         int             // index of the column of the key
	targets     []target        // what the records set, in the schema's order
	extra       []int           // columns of the attributes
	need        int             // fields that a record must have to hold them all
	// inherited are the targets that variants inherit, essential those of them that a product must have: a record
	// without one wants to inherit.
	inherited, essential []int
	grouping             grouping
	kinds                rowKinds
	// header names the columns where rejects are written; hasHeader: the names are the file's.
	header    []string
	hasHeader bool
	// rejects is the index of the first of RejectColumns, -1 where the file has none of them. Where it has, the first
	// record is no product, whatever Options.Header says.
	rejects int
	hints   []Hint

	look   func() (*sample, error) // reads the sample, nil once it did
	sample *sample                 // see sampled
	looked map[int]traits          // of columns of the sample
	unread error                   // why there is none
}

// target is a field that the records set.
type target struct {
	field *products.Field
	// column is the index of the column that holds it, -1 where every record has the constant.
	column   int
	constant string // canonical text
	asIs     bool   // a cell is its canonical text
	settings spelling.Settings
	trims    bool // what nobody sees around its values is no part of them
	// choices is the index of the column of the kinds of rows where variants have their choices in this one, as
	// BigCommerce has them in that of the name; else -1.
	choices int
	// leaves: where no record has a word that is known, nothing is taken from the column.
	leaves bool
}

// cell is what a record has in the target's column.
func (t *target) cell(r *rawRecord) string {
	if t.choices >= 0 && r.isVariant(t.choices) && areChoices(r.at(t.column)) {
		return ""
	}
	if t.trims {
		return trimmedValue(r.at(t.column))
	}
	return r.value(t.column)
}

// escape is the inverse of cell.
func (t *target) escape(text string) string {
	if t.trims {
		return EscapeTrimmed(text)
	}
	return EscapeFormula(text)
}

// mapColumns maps the columns of a file whose first record has the given fields. Where the names leave it open it has
// a look at the records behind it. With an error too it returns the mapping, as far as it came.
func mapColumns(first []string, o *Options, schema *products.Schema, look func() (*sample, error)) (*mapping, error) {
	m := &mapping{schema: schema, columns: make([]Column, len(first)), header: first, look: look,
		key: -1, kinds: rowKinds{kind: -1, view: -1},
		hasHeader: o.Header == HeaderAuto || o.Header == HeaderYes}
	if err := m.readNames(first); err != nil {
		return m, err
	}
	err := m.mapAll(first, o)
	if m.unread != nil {
		return m, m.unread
	}
	m.sample, m.looked, m.look = nil, nil, nil // they hold the file's beginning
	if err != nil {
		return m, err
	}
	if !m.hasHeader && o.Header == HeaderNo && m.rejects < 0 {
		m.header = m.madeUpHeader()
	}
	if err := m.keepExtra(o); err != nil {
		return m, err
	}
	if o.Mode == products.Existing && len(m.targets)+len(m.extra) == 0 {
		key := schema.Key().Name
		return m, &HeaderError{Found: first, Needed: []string{key},
			Detail: "beside the " + key + " it has no column that is used, so there is nothing to change"}
	}
	return m, nil
}

// mapAll gives fields their columns. Of several errors it returns the first, and goes on for those who want to see what
// the other columns are.
func (m *mapping) mapAll(first []string, o *Options) (err error) {
	schema := m.schema
	err = m.leaveOut(first, o)
	var wrong error
	if m.key, wrong = m.claim(schema.Key(), first, o); err == nil {
		err = wrong
	}
	m.need = m.key + 1
	for i := range schema.Len() {
		if wrong := m.mapField(schema.At(i), first, o); err == nil {
			err = wrong
		}
	}
	if err == nil {
		err = m.requireColumns(first, o)
	}
	if err != nil {
		return err
	}
	if m.grouping, err = m.findGrouping(first, o); err != nil {
		return err
	}
	m.findRowKinds()
	m.findProductColumn(o)
	m.overlooked(o)
	return nil
}

// claim finds the column of a field, -1 for none, and marks it as the field's.
func (m *mapping) claim(field *products.Field, first []string, o *Options) (int, error) {
	i, err := m.find(field, first, o)
	if err != nil || i < 0 {
		return i, err
	}
	switch other := m.columns[i].Field; {
	case other == m.schema.Key().Name && o.mapsTo(other) && o.mapsTo(field.Name):
		m.columns[i].Also = append(m.columns[i].Also, field.Name)
		return i, nil
	case other != "":
		return -1, &HeaderError{Found: first, Detail: fmt.Sprintf("column %q is wanted for both %s and %s",
			m.columns[i].shortLabel(), other, field.Name)}
	}
	m.columns[i].Field = field.Name
	return i, nil
}

// mapField finds out where the records have a field from.
func (m *mapping) mapField(field *products.Field, first []string, o *Options) error {
	t := target{field: field, column: -1, choices: -1, asIs: isText(field), trims: Trims(field)}
	if text, set := o.Set[field.Name]; set {
		var fault *products.FieldError
		if t.constant, fault = constant(field, text); fault != nil {
			return badOption("Set", "has a value that can't be taken: %s", fault.Message)
		}
	} else {
		var err error
		if t.column, err = m.claim(field, first, o); err != nil {
			return err
		}
		if t.column < 0 {
			return nil
		}
	}
	if t.column >= 0 {
		t.settings = spelling.Settings{Sign: o.Numbers[field.Name], Order: o.Dates[field.Name], Zone: o.Zone,
			Words: columnWords[products.FoldName(m.columns[t.column].Name)]}
		t.leaves = field.Type == products.Boolean && !field.Required() && m.hasHeader &&
			!o.mapsTo(field.Name)
	}
	m.addTarget(t)
	return nil
}

// addTarget adds what the records set, and what of it variants inherit.
func (m *mapping) addTarget(t target) {
	if t.field.Inherit && t.column >= 0 {
		m.inherited = append(m.inherited, len(m.targets))
		if t.field.Required() {
			m.essential = append(m.essential, len(m.targets))
		}
	}
	m.need = max(m.need, t.column+1)
	m.targets = append(m.targets, t)
}

// isText reports whether each cell is the canonical text of a field's value, as [spelling.Format.Read] has it.
func isText(f *products.Field) bool {
	return f.Type == products.Text && (f.Empty == products.EmptyIsText || f.Required())
}

// constant returns the canonical text of a value of Options.Set.
func constant(field *products.Field, text string) (string, *products.FieldError) {
	canonical, fault := field.Parse(text)
	if fault == nil {
		fault = field.Check(canonical)
	}
	return canonical, fault
}

// readNames fills in the columns' names, as far as the file has any.
func (m *mapping) readNames(first []string) (err error) {
	m.rejects = findRejects(first)
	for i, name := range first {
		m.columns[i].Number = i + 1
		if m.hasHeader || m.isNote(i) {
			m.columns[i].Name = trimmedName(cellValue(name))
		}
		if err == nil && m.hasHeader && (!utf8.ValidString(name) || strings.IndexByte(name, 0) >= 0) {
			err = refuse.Errorf("the name of column %d is not UTF-8 text: %q", i+1, products.Shorten(name))
		}
	}
	m.foldNames()
	return err
}

// foldNames fills in names, bare, own and known.
func (m *mapping) foldNames() {
	m.known, m.own = map[string]bool{}, map[string]bool{}
	know := func(field *products.Field) {
		names := field.ColumnNames()
		m.own[names[0]] = true
		for _, name := range names {
			m.known[name] = true
		}
	}
	know(m.schema.Key())
	for i := range m.schema.Len() {
		know(m.schema.At(i))
	}
	m.names, m.bare = make([]string, len(m.columns)), make([]string, len(m.columns))
	for i, c := range m.columns {
		if m.isNote(i) {
			continue // fields may be called code and reason
		}
		if m.names[i] = products.FoldName(c.Name); !m.known[m.names[i]] {
			bare, _ := spelling.Heading(c.Name)
			m.bare[i] = products.FoldName(bare)
		}
	}
}

// requireColumns returns an error where a column is missing that every file must have.
func (m *mapping) requireColumns(first []string, o *Options) error {
	key := m.schema.Key()
	e := &HeaderError{Found: first, Suggestions: map[string]string{}, Needed: []string{key.Name}}
	missing := func(field *products.Field) {
		e.Missing = append(e.Missing, field.Name)
		if like := m.resembling(field, o); like >= 0 {
			e.Suggestions[field.Name] = m.reference(like)
		}
	}
	if m.key < 0 {
		missing(key)
	}
	for i := range m.schema.Len() {
		field := m.schema.At(i)
		if o.Mode == products.Existing || !field.Required() {
			continue
		}
		e.Needed = append(e.Needed, field.Name)
		if !slices.ContainsFunc(m.targets, func(t target) bool { return t.field == field }) {
			missing(field)
		}
	}
	known := slices.ContainsFunc(m.columns, func(c Column) bool { return c.Field != "" })
	switch {
	case len(e.Missing) == 0:
		return nil
	case !m.hasHeader && o.mapsColumns():
		e.Detail = fmt.Sprintf("without a header, and with columns that are mapped, it has what is mapped alone: no column "+
			"for %s", strings.Join(e.Missing, " and none for "))
	case !m.hasHeader:
		e.Detail = fmt.Sprintf("without a header the columns are %s, but the first record has %d",
			strings.Join(positions(m.schema), ","), len(first))
	case len(first) == 1 && m.separator(first[0]) != "":
		e.Detail, e.Suggestions = "the first line has one column; say so if another character separates its columns, "+
			"such as "+m.separator(first[0]), nil
	case m.suggestName(e):
		e.Detail = "the header has no column for " + key.Name + "; if the names tell products apart, map both to theirs"
	case !known:
		e.Detail = "the first record has no known column name; say so if the file has no header"
	case m.key >= 0 && len(m.targets) > 0:
		e.Detail = fmt.Sprintf("the header has no column for %s; to change only products that exist it needs none in "+
			"the mode existing", strings.Join(e.Missing, " and none for "))
	}
	return e
}

// separator is a character that may separate columns in a line that was taken for one, "" for none: one of the usual
// ones, or one beside which names of columns stand.
func (m *mapping) separator(line string) string {
	if i := strings.IndexAny(line, ",;\t|"); i >= 0 {
		return strconv.Quote(line[i : i+1])
	}
	for i := range len(line) {
		c := line[i : i+1]
		if unicode.IsLetter(rune(c[0])) || unicode.IsDigit(rune(c[0])) || !dialect.IsDelimiter(c[0]) {
			continue
		}
		names := strings.Split(line, c)
		unknown := func(name string) bool { return !m.known[products.FoldName(name)] }
		if len(names) > 1 && !slices.ContainsFunc(names, unknown) {
			return strconv.Quote(c)
		}
	}
	return ""
}

// suggestName suggests the column of the name for the key too, where that alone is missing, nothing else can stand in
// for it, and several records have names that all differ.
func (m *mapping) suggestName(e *HeaderError) bool {
	key := m.schema.Key().Name
	if len(e.Missing) != 1 || e.Missing[0] != key || e.Suggestions[key] != "" {
		return false
	}
	i := slices.IndexFunc(m.targets, func(t target) bool { return t.field.Builtin() && t.field.Required() })
	if i < 0 || m.targets[i].column < 0 {
		return false
	}
	column := m.targets[i].column
	if t := m.traits(column); t.filled < 2 || t.filled < t.records || t.repeated > 0 {
		return false
	}
	e.Suggestions[key], e.Suggestions[m.targets[i].field.Name] = m.reference(column), m.reference(column)
	return true
}

// positions are the names of the columns of a file without a header, in their order: the first required field, the key,
// and then the second field.
func positions(schema *products.Schema) []string {
	names := []string{schema.Key().Name}
	for i := range min(schema.Len(), 2) {
		names = append(names, schema.At(i).Name)
	}
	if len(names) > 1 {
		names[0], names[1] = names[1], names[0]
	}
	return names
}

// madeUpHeader names the columns of a file without a header, so that its rejects can have one.
func (m *mapping) madeUpHeader() []string {
	names := make([]string, len(m.columns))
	for i, c := range m.columns {
		if names[i] = c.Field; c.Field == "" {
			names[i] = fmt.Sprintf("column %d", c.Number)
		}
	}
	return names
}

// find returns the column of a field, -1 for none.
func (m *mapping) find(field *products.Field, first []string, o *Options) (int, error) {
	if want, given := o.Map[field.Name]; given {
		if want == MapNone {
			return -1, nil
		}
		return m.findGiven(field.Name, want, first)
	}
	if !m.hasHeader {
		if o.mapsColumns() {
			return -1, nil
		}
		i := slices.Index(positions(m.schema), field.Name)
		if i < 0 || i >= len(first) || m.columns[i].ofRejects() || o.claims(m.columns[i]) {
			return -1, nil
		}
		return i, nil
	}
	return m.findByName(field, first, o)
}

// isFeed reports whether the file is a feed of products as Google takes it.
func (m *mapping) isFeed() bool {
	return !slices.ContainsFunc(feedColumns, func(name string) bool { return m.called(name) < 0 })
}

// claims reports whether the map gives the column to a field.
func (o *Options) claims(c Column) bool {
	for _, want := range o.Map {
		if want == c.Name || want == strconv.Itoa(c.Number) {
			return true
		}
	}
	return false
}

// mapsTo reports whether the map names a column of the field.
func (o *Options) mapsTo(field string) bool {
	column, mapped := o.Map[field]
	return mapped && column != MapNone
}

// mapsColumns reports whether the map names any column: then a file without a header has what is mapped alone.
func (o *Options) mapsColumns() bool {
	for field := range o.Map {
		if o.mapsTo(field) {
			return true
		}
	}
	return false
}

// findGiven finds the column that the options name for the field.
func (m *mapping) findGiven(field, want string, first []string) (int, error) {
	found, again := m.named(want)
	switch {
	case again >= 0:
		return -1, &HeaderError{Found: first,
			Detail: fmt.Sprintf("columns %d and %d are both called %q; map %s by number", found+1, again+1, want, field)}
	case found >= 0:
		return found, nil
	}
	e := &HeaderError{Found: first, Detail: fmt.Sprintf("there is no column %q, to which %s is mapped", want, field)}
	if like := closest(m.columns, []string{products.FoldName(want)}, notOfRejects); like >= 0 {
		e.Suggestions = map[string]string{field: m.reference(like)}
	}
	return -1, e
}

// named returns the column that is meant by its exact name, its folded name or its number, -1 for none, and again
// another one that has the name too, -1 for none.
func (m *mapping) named(want string) (found, again int) {
	for _, same := range []func(c Column) bool{
		func(c Column) bool { return c.Name != "" && c.Name == strings.TrimSpace(want) },
		func(c Column) bool {
			return !m.isNote(c.Number-1) && products.FoldName(c.Name) != "" &&
				products.FoldName(c.Name) == products.FoldName(want)
		},
	} {
		found := slices.IndexFunc(m.columns, same)
		if found < 0 {
			continue
		}
		again := slices.IndexFunc(m.columns[found+1:], same)
		if again >= 0 {
			again += found + 1
		}
		return found, again
	}
	if n, err := strconv.Atoi(want); err == nil && n >= 1 && n <= len(m.columns) {
		return n - 1, -1
	}
	return -1, -1
}

// columnOf names the column from which a field is taken, the key too, "" for none.
func (m *mapping) columnOf(field string) string {
	if field == "" {
		return ""
	}
	for i := range m.columns {
		if c := &m.columns[i]; c.Field == field || slices.Contains(c.Also, field) {
			return c.shortLabel()
		}
	}
	return ""
}

// batchColumns returns what the records of the file set.
func (m *mapping) batchColumns() products.Columns {
	var c products.Columns
	for i := range m.targets {
		c.Fields = append(c.Fields, m.targets[i].field)
	}
	for _, i := range m.extra {
		c.Attributes = append(c.Attributes, m.columns[i].Attribute)
	}
	return c
}
