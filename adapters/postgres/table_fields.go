package postgres

import (
	"errors"
	"slices"
	"strings"
	"unicode"

	"github.com/lib/pq"

	"github.com/products-importer/products-importer/products"
)

// fieldName is what the column is called in files: its name, or that in the form of a field's, item_no for Item No and
// made_at for madeAt.
func (m *layoutMaker) fieldName(c *tableColumn) string {
	if name, renamed := m.options.Rename[c.Name]; renamed {
		return name
	}
	var b strings.Builder
	between, lower := false, false // the last character: one of no word, a small letter or a digit
	for _, r := range c.Name {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', 'A' <= r && r <= 'Z':
			if capital := r < 'a' && r >= 'A'; b.Len() > 0 && (between || lower && capital) {
				b.WriteByte('_')
			}
			b.WriteString(strings.ToLower(string(r)))
			between, lower = false, r > 'Z' || r < 'A'
		case r > unicode.MaxASCII:
			return c.Name // what it would be in these letters, its owner has to say
		default:
			between = true
		}
	}
	return b.String()
}

// isAlias reports whether files may give the field by the column's own name too: it is another one, and nothing else is
// called so.
func (m *layoutMaker) isAlias(c *tableColumn, field string) bool {
	own := products.FoldName(c.Name)
	if products.FoldName(field) == own {
		return false
	}
	for i := range m.tableCatalog.columns {
		other := &m.tableCatalog.columns[i]
		called := products.FoldName(other.Name) == own || products.FoldName(m.fieldName(other)) == own
		if called && other.Name != c.Name {
			return false
		}
	}
	return true
}

// untaken is an error of take: the column has a type that can't be taken.
type untaken struct{ error }

func (u untaken) Unwrap() error { return u.error }

// take makes the field and the column of a column of the table.
func (m *layoutMaker) take(c *tableColumn) (f products.Field, col column, err error) {
	f, col, ok := c.fieldOf()
	switch {
	case !ok:
		remedy := "leave it out"
		if !c.optional() {
			remedy = "give it a constant, or a default"
		}
		return f, col, untaken{m.fault(c.Name, remedy, "the column %q has the type %s, which can't be taken", c.Name, c.Type)}
	case !c.Writable:
		return f, col, m.noRights(c)
	}
	if f.Name = m.fieldName(c); m.isAlias(c, f.Name) {
		f.Aliases = []string{c.Name}
	}
	col.notNull, col.nulls = c.NotNull, true
	return f, col, nil
}

// noRights is the error for a column that the user may not write.
func (m *layoutMaker) noRights(c *tableColumn) error {
	return m.fault(c.Name, "GRANT SELECT, INSERT, UPDATE ON "+m.name.String()+" TO "+pq.QuoteIdentifier(m.user),
		"the user %q may not read and write the column %q", m.user, c.Name)
}

// addColumn adds a column's field, unless it needs none.
func (m *layoutMaker) addColumn(c *tableColumn) error {
	_, renamed := m.options.Rename[c.Name]
	asked := m.options.Fields
	out := slices.Contains(m.options.Leave, c.Name) || asked != nil && asked.Find(m.fieldName(c)) == nil
	switch {
	case m.taken[c.Name], c.Generated, c.Numbered && !renamed && !(asked != nil && !out):
		return nil
	case out && c.optional():
		return nil
	case out:
		return m.fault(c.Name, "let files set it, or give it a constant",
			"the column %q must be set in new rows, and has no source", c.Name)
	}
	f, col, err := m.take(c)
	if errors.As(err, &untaken{}) && c.optional() && !m.isAskedFor(c) {
		m.leftOut = append(m.leftOut, LeftOutColumn{Name: c.Name, Type: c.Type})
		return nil
	}
	if err != nil {
		return err
	}
	m.addEmpty(c, &f, &col)
	m.addChecks(c, &f)
	if asked != nil {
		if f, err = m.joined(c, *asked.Find(f.Name), f); err != nil {
			return err
		}
	}
	if problem := m.alone(&f); problem != nil {
		return m.fault(c.Name, "rename it or leave it out", "the column %q makes no field: %v", c.Name, problem)
	}
	col.fixed = m.options.Update != nil && !slices.Contains(m.options.Update, c.Name)
	m.fields, m.columns, m.sources = append(m.fields, f), append(m.columns, col), append(m.sources, c)
	m.layout.own.fields[c.Name] = f.Name
	return nil
}

// isAskedFor reports whether the options want a field for the column.
func (m *layoutMaker) isAskedFor(c *tableColumn) bool {
	_, renamed := m.options.Rename[c.Name]
	return renamed || m.options.Fields != nil || slices.Contains(m.options.Update, c.Name) ||
		slices.Contains(m.options.Blank, c.Name)
}

// alone returns why a field can't be one.
func (m *layoutMaker) alone(f *products.Field) error {
	_, err := products.TableSchema(false, products.Field{Name: "k" + strings.Repeat("x", 50), Type: products.Text}, *f)
	return err
}

// addEmpty says what an empty cell means. Where the default is the empty text or list itself it is that, in rows that
// exist too.
func (m *layoutMaker) addEmpty(c *tableColumn, f *products.Field, col *column) {
	text, literal := c.constant(f)
	empty := c.NotNull && c.Default.Valid && literal && text == ""
	switch {
	case f.Type == products.Text && (empty || slices.Contains(m.options.Blank, c.Name)):
		f.Empty, col.nulls, col.blank = products.EmptyIsText, false, !c.optional()
	case f.Type == products.List && empty:
		col.nulls = false
	case c.NotNull && c.Default.Valid:
		if f.Empty, col.defaults = products.EmptyKeeps, !literal; literal {
			col.fresh = text
		}
	case c.NotNull:
		f.Rules = strings.TrimSuffix("required,"+f.Rules, ",")
	}
}

// addChecks adds rules that say what CHECKs of the column and of its domain do, as far as rules can.
func (m *layoutMaker) addChecks(c *tableColumn, f *products.Field) {
	var own []string
	for i := range m.constraints {
		if k := &m.constraints[i]; !k.Foreign && len(k.Columns) == 1 && k.Columns[0] == c.Name {
			own = append(own, k.Expression)
		}
	}
	for _, expression := range slices.Concat(c.DomainChks, own) {
		rules, ok := rulesOf(expression, f)
		if !ok {
			continue
		}
		with := *f
		if with.Name == "" {
			with.Name = "x"
		}
		with.Rules = strings.Trim(f.Rules+","+rules, ",")
		if f.Type == products.List && strings.Contains(f.Rules, "dive") {
			continue
		}
		if m.alone(&with) == nil {
			f.Rules = with.Rules
		}
	}
}

// joined returns the field that is asked for with what the table asks of its values.
func (m *layoutMaker) joined(c *tableColumn, asked, own products.Field) (products.Field, error) {
	if problem := c.unfit(&asked, &own); problem != "" {
		return asked, m.fault(c.Name, "declare it as the column is", "the field %q doesn't fit the column %q: %s", asked.Name,
			c.Name, problem)
	}
	asked.Rules = strings.Trim(own.Rules+","+asked.Rules, ",")
	asked.Empty = own.Empty
	if m.isAlias(c, asked.Name) {
		asked.Aliases = append(slices.Clone(asked.Aliases), c.Name)
	}
	return asked, nil
}
