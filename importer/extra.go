package importer

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/products-importer/products-importer/importer/internal/refuse"
	"github.com/products-importer/products-importer/products"
)

// AttributePrefix stands before the names of attributes in the header of an export: a column attributes.color is kept
// as the attribute color whatever Options.Extra says.
const AttributePrefix = "attributes."

// keepExtra decides on the columns that no field claims.
func (m *mapping) keepExtra(o *Options) error {
	var unclaimed []string
	taken := map[string]bool{}
	for i := range m.columns {
		c := &m.columns[i]
		if c.LeftOut && c.Field != "" {
			return m.usedAllTheSame(c)
		}
		if c.Field != "" || c.LeftOut || c.ofRejects() {
			continue
		}
		exported, isExported := strings.CutPrefix(c.Name, AttributePrefix)
		isExported = isExported && !products.Blank(exported) && m.schema.KeepsAttributes()
		if !isExported && (!c.Group || o.Group == "") {
			unclaimed = append(unclaimed, c.label())
		}
		if !isExported && o.Extra != ExtraKeep {
			continue
		}
		// Two columns of one name are both kept: the later one goes by its number too.
		if c.Attribute = c.label(); isExported {
			c.Attribute = exported
		}
		if c.Name == "" || taken[c.Attribute] {
			c.Attribute = strings.TrimSpace(fmt.Sprintf("%s column %d", c.Name, c.Number))
		}
		taken[c.Attribute] = true
		if utf8.RuneCountInString(c.Attribute) > products.MaxAttributeName {
			return refuse.Errorf("the name of column %d is longer than the %d characters of an attribute's name",
				c.Number, products.MaxAttributeName)
		}
		m.extra = append(m.extra, i)
	}
	if len(m.extra) > products.MaxAttributes {
		return refuse.Errorf("it has %d columns to be kept as attributes, more than %d", len(m.extra),
			products.MaxAttributes)
	}
	if o.Extra == ExtraReject && len(unclaimed) > 0 {
		return refuse.Errorf("it has columns that no field claims: %s", refuse.Names(unclaimed))
	}
	return nil
}

// leaveOut marks the columns of which nothing is taken, since the options say so.
func (m *mapping) leaveOut(first []string, o *Options) error {
	for _, want := range o.LeaveOut {
		i, again := m.named(want)
		switch {
		case again >= 0:
			return refuse.Errorf("columns %d and %d are both called %q; leave them out by number", i+1, again+1,
				products.Shorten(want))
		case i < 0:
			text := fmt.Sprintf("there is no column %q, which is to be left out", products.Shorten(want))
			if like := closest(m.columns, []string{products.FoldName(want)}, notOfRejects); like >= 0 {
				text += fmt.Sprintf("; did you mean %s?", refuse.Names([]string{m.reference(like)}))
			}
			return refuse.Errorf("%s; found: %s", text, refuse.Names(first))
		}
		m.columns[i].LeftOut = true
	}
	return nil
}

// usedAllTheSame returns the error for a column of a field that is to be left out.
func (m *mapping) usedAllTheSame(c *Column) error {
	text := fmt.Sprintf("the column %q is to be left out, but the %s is taken from it", c.shortLabel(), c.Field)
	if f := m.schema.Find(c.Field); f != nil && !f.Required() {
		text += fmt.Sprintf("; map %s to another column, or to %s", c.Field, MapNone)
	} else {
		text += fmt.Sprintf("; map the %s to another column", c.Field)
	}
	return refuse.Errorf("%s", text)
}
