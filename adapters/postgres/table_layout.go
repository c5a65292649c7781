package postgres

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/lib/pq"

	"github.com/products-importer/products-importer/products"
)

// ownTable is what statements know of a table of somebody else's beside its columns.
type ownTable struct {
	key   column
	label string // the table's name in sentences
	// respell: one key has several spellings, and mode update takes over that of the record.
	respell   bool
	constants []constant
	// untried are columns whose constants only the server understands.
	untried []string
	// leftOut are columns that can't be taken.
	leftOut []LeftOutColumn
	// where are the conditions that rows p are ours, each with AND before it.
	where string
	// touch are columns that are set to the transaction's time.
	touch []column
	// keyIndexes are the names of the indexes of the key, of all partitions.
	keyIndexes map[string]bool
	// about has the columns of constraints and indexes by their names, and fields what the columns are called in files.
	about  map[string][]string
	fields map[string]string
	// judges are conditions that a SELECT can find broken before the table refuses a row for them.
	judges []judge
	// triggers are those that are fired where rows are written.
	triggers []tableTrigger
	// kinds are the table's columns as judges see them.
	kinds map[string]rowColumn
	// refused: the last batch had records that the table refused, so that the next one may have some too.
	refused atomic.Bool
}

// sets reports whether an UPDATE that takes these columns from records sets the one of that name.
func (o *ownTable) sets(name string, into []column) bool {
	is := func(c column) bool { return c.raw == name && !c.fixed }
	return o.respell && o.key.raw == name || slices.ContainsFunc(into, is) || slices.ContainsFunc(o.touch, is)
}

// constant is a column with one value.
type constant struct {
	column
	text string // canonical
}

// layoutMaker makes a layout of a catalog.
type layoutMaker struct {
	*tableCatalog
	options *TableOptions
	layout  *layout
	fields  []products.Field
	columns []column // of the fields
	sources []*tableColumn
	taken   map[string]bool // columns that need no field
	leftOut []LeftOutColumn
}

// layout returns how statements write the table, and the rule of its keys.
func (c *tableCatalog) layout(o *TableOptions) (*layout, products.KeyRule, error) {
	m := &layoutMaker{tableCatalog: c, options: o, taken: map[string]bool{}, layout: &layout{table: c.name,
		own: &ownTable{about: map[string][]string{}, fields: map[string]string{}, keyIndexes: map[string]bool{}}}}
	if err := m.checkNames(); err != nil {
		return nil, 0, err
	}
	keyColumn, rule, key, err := m.makeKey()
	if err != nil {
		return nil, 0, err
	}
	if err := m.makeConstants(); err != nil {
		return nil, 0, err
	}
	if err := m.findKey(); err != nil {
		return nil, 0, err
	}
	if err := m.makeTouched(); err != nil {
		return nil, 0, err
	}
	for i := range c.columns {
		if err := m.addColumn(&c.columns[i]); err != nil {
			return nil, 0, err
		}
	}
	if err := m.holdAgainst(); err != nil {
		return nil, 0, err
	}
	schema, err := products.TableSchema(false, key, m.fields...)
	if err != nil {
		return nil, 0, c.fault("", "rename or leave out what is named", "its schema can't be made: %v", err)
	}
	m.finish(schema, keyColumn)
	return m.layout, rule, nil
}

// destination is what identifies the table and the columns and rows that are written, for its Table.
func (l *layout) destination(o *TableOptions) string {
	text := fmt.Sprintf("the table %s with the key %s", l.table, l.own.key.name)
	for i := range l.own.constants {
		text += fmt.Sprintf(", %s=%q", l.own.constants[i].name, l.own.constants[i].text)
	}
	for _, column := range slices.Sorted(maps.Keys(o.Rename)) {
		text += fmt.Sprintf(", %s as %q", pq.QuoteIdentifier(column), o.Rename[column])
	}
	return text
}

// checkNames returns an error for an option that names a column which isn't there.
func (m *layoutMaker) checkNames() error {
	o := m.options
	if o.Key == "" {
		return m.fault("", "name the column that identifies a row", "no key is given")
	}
	named := slices.Concat([]string{o.Key}, o.Leave, o.Update, o.Touch, o.Blank)
	for name := range o.Rename {
		named = append(named, name)
	}
	for name := range o.Constants {
		named = append(named, name)
	}
	slices.Sort(named)
	for _, name := range named {
		if m.column(name) == nil {
			return m.fault(name, "it has "+m.names(), "it has no column %q", name)
		}
	}
	return nil
}

// makeKey makes the field of the key.
func (m *layoutMaker) makeKey() (col column, rule products.KeyRule, f products.Field, err error) {
	c := m.column(m.options.Key)
	if c.Generated {
		return col, 0, f, m.fault(c.Name, "take another key", "the column %q is generated", c.Name)
	}
	f, col, err = m.take(c)
	if errors.As(err, &untaken{}) {
		return col, 0, f, m.fault(c.Name, "take another key", "the key %q has the type %s, which can't be taken", c.Name, c.Type)
	}
	if err != nil {
		return col, 0, f, err
	}
	rule, problem := c.keyRuleOf(&f)
	if problem != "" {
		return col, 0, f, m.fault(c.Name, "take another key", "the key %q can't be followed: %s", c.Name, problem)
	}
	m.addChecks(c, &f)
	if asked := m.options.Fields; asked != nil {
		if f, err = m.joined(c, *asked.Key(), f); err != nil {
			return col, 0, f, err
		}
	}
	m.layout.own.respell = c.Base == "citext"
	m.taken[c.Name] = true
	m.layout.own.fields[c.Name] = f.Name
	m.sources = append(m.sources, c)
	return col, rule, f, nil
}

// makeConstants makes the columns that have one value.
func (m *layoutMaker) makeConstants() error {
	for i := range m.tableCatalog.columns {
		c := &m.tableCatalog.columns[i]
		text, given := m.options.Constants[c.Name]
		if !given {
			continue
		}
		if m.taken[c.Name] || c.Generated {
			return m.fault(c.Name, "give it none", "the column %q can't have a constant: it is the key, or generated", c.Name)
		}
		f, col, err := m.take(c)
		if errors.As(err, &untaken{}) {
			own := m.layout.own
			own.constants = append(own.constants, constant{c.literally(), text})
			own.untried = append(own.untried, c.Name)
			m.taken[c.Name] = true
			continue
		}
		if err != nil {
			return err
		}
		own := f
		own.Name, own.Aliases = "constant", nil
		schema, err := products.TableSchema(false, products.Field{Name: "key", Type: products.Text}, own)
		if err != nil {
			return m.fault(c.Name, "leave it out", "the column %q: %v", c.Name, err)
		}
		field := schema.Find("constant")
		canonical, fault := field.Parse(text)
		if fault == nil {
			fault = field.Check(canonical)
		}
		if fault != nil || canonical == "" {
			return m.fault(c.Name, "give one of the type "+c.Type, "the column %q can't have the constant %q", c.Name,
				products.Shorten(text))
		}
		c.typed(&col, field)
		m.layout.own.constants = append(m.layout.own.constants, constant{col, canonical})
		m.taken[c.Name] = true
	}
	return nil
}

// findKey finds the unique key.
func (m *layoutMaker) findKey() error {
	own := m.layout.own
	var found *tableKey
	var others []string
	for i := range m.keys {
		k := &m.keys[i]
		for _, part := range k.Parts {
			own.about[part] = k.Columns
		}
		others = append(others, k.Shown)
		fits := k.Usable && slices.Contains(k.Columns, m.options.Key)
		for _, name := range k.Columns {
			_, constant := m.options.Constants[name]
			fits = fits && (constant || name == m.options.Key)
		}
		if fits && found == nil {
			found = k
		}
	}
	if found == nil {
		with := ""
		if len(m.options.Constants) > 0 {
			with = " together with the constants"
		}
		have := "it has no unique key"
		if len(others) > 0 {
			have = "it has the unique keys " + strings.Join(others, ", ") + ", of which a key takes all columns, for all rows"
		}
		return m.fault(m.options.Key, "name a unique key, and give its other columns as constants",
			"the column %q isn't unique%s: %s", m.options.Key, with, have)
	}
	for _, part := range found.Parts {
		own.keyIndexes[part] = true
	}
	for i := range own.constants {
		if c := &own.constants[i]; slices.Contains(found.Columns, c.raw) {
			own.where += " AND p." + c.name + " = " + c.literal(c.text)
		}
	}
	return nil
}

// makeTouched makes the columns that are set to the time.
func (m *layoutMaker) makeTouched() error {
	for _, name := range m.options.Touch {
		c := m.column(name)
		switch {
		case m.taken[name] || c.Generated:
			return m.fault(name, "leave it out of Touch", "the column %q can't be set to the time: it is the key, a constant, or "+
				"generated", name)
		case !c.touchable():
			return m.fault(name, "name a column of times", "the column %q has the type %s, and no time", name, c.Type)
		case !c.Writable:
			return m.noRights(c)
		}
		m.layout.own.touch = append(m.layout.own.touch, column{name: pq.QuoteIdentifier(name), raw: name})
		m.taken[name] = true
	}
	return nil
}

// holdAgainst returns an error for a field that is asked for and has no column.
func (m *layoutMaker) holdAgainst() error {
	asked := m.options.Fields
	if asked == nil {
		return nil
	}
	for _, f := range asked.All() {
		if !slices.ContainsFunc(m.fields, func(have products.Field) bool { return have.Name == f.Name }) {
			return m.fault("", "take it out of the schema, or name its column by Rename",
				"the field %q has no column that can be set; it has %s", f.Name, m.names())
		}
	}
	if name := m.layout.own.fields[m.options.Key]; asked.Key().Name != name {
		return m.fault(m.options.Key, "give them one name", "the schema's key is %q, and the table's %q", asked.Key().Name, name)
	}
	return nil
}

// finish makes what statements need.
func (m *layoutMaker) finish(schema *products.Schema, key column) {
	l := m.layout
	l.schema = schema
	m.sources[0].typed(&key, schema.Key())
	l.own.key, l.key, l.own.label, l.own.leftOut = key, key.name, m.asked, m.leftOut
	l.own.triggers = m.triggers
	var sizes []string
	for i, f := range schema.All() {
		c := m.columns[i]
		m.sources[i+1].typed(&c, f)
		if c.bytes != nil {
			sizes = append(sizes, "coalesce("+c.bytes("p."+c.name+c.sizedAs())+", 0)")
		}
		l.fields, l.columns = append(l.fields, f), append(l.columns, c)
	}
	l.size = "(" + strings.Join(append(sizes, fmt.Sprint(40*len(l.columns))), " + ") + ")"
	for i := range m.constraints {
		l.own.about[m.constraints[i].Name] = m.constraints[i].Columns
	}
	m.makeJudges()
}

// sizedAs is the cast with which the column's size is looked at.
func (c *column) sizedAs() string {
	if c.textual && c.element == "text" && c.cast != "" && c.appendText == nil {
		return "::text"
	}
	return ""
}
