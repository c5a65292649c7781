package products

import (
	"maps"
	"strconv"
	"time"
)

// Bounds of a product's fields. Lengths count characters (code points), not bytes.
const (
	MaxName           = 500
	MaxSKU            = 255
	MaxDescription    = 65_535
	MaxAttributes     = 2_000
	MaxAttributeName  = 255
	MaxAttributeValue = 65_535
)

// MaxBytes bounds a product as a whole: its Bytes. Only attributes can make it so large.
const MaxBytes = 1 << 20

// Product is one product of the catalogue. [Schema.Validate] has the rules for what a client sends and what a file
// holds.
//
// ID, CreatedAt, UpdatedAt and Version belong to the store: what a caller puts there is ignored when a product is
// created.
type Product struct {
	// ID names the product in URLs: positive, never used twice, with gaps.
	ID int64 `json:"id"`
	// Name has at least one visible character, see Blank.
	Name string `json:"name" validate:"text,notblank,max=500"`
	// SKU identifies the product: no two products of a store have SKUs with the same key (see KeyRule). It has at least
	// one visible character.
	SKU string `json:"sku" validate:"text,notblank,max=255"`
	// Description may be empty.
	Description string `json:"description" validate:"text,max=65535"`
	Status      bool   `json:"status"`
	// Fields are the values of the fields of one's own that a [Schema] declares, by name. One that is null isn't among
	// them. A store returns an empty map rather than nil.
	Fields map[string]Value `json:"fields"`
	// Attributes are the columns of an imported file that no field claims, by column name. A store returns an empty map
	// rather than nil.
	Attributes map[string]string `json:"attributes"`
	CreatedAt  time.Time         `json:"created_at"`
	UpdatedAt  time.Time         `json:"updated_at"`
	// Version is 1 for a new product and grows by one at every change.
	Version int64 `json:"version"`
}

// Text returns the canonical text of the product's value of a field, "" for null.
func (p *Product) Text(f *Field) string {
	switch f.builtin {
	case nameField:
		return p.Name
	case descriptionField:
		return p.Description
	case statusField:
		return strconv.FormatBool(p.Status)
	}
	return p.Fields[f.Name].text
}

// Set sets a field to the value with that canonical text, "" for null. It writes to the map Fields, which must be the
// product's own.
func (p *Product) Set(f *Field, text string) {
	switch f.builtin {
	case nameField:
		p.Name = text
	case descriptionField:
		p.Description = text
	case statusField:
		p.Status = text == "true"
	default:
		if text == "" {
			delete(p.Fields, f.Name)
			return
		}
		if p.Fields == nil {
			p.Fields = map[string]Value{}
		}
		p.Fields[f.Name] = f.Value(text)
	}
}

// Owned returns the product with maps of its own, which are not nil, and without fields that are null.
func (p Product) Owned() Product {
	fields := make(map[string]Value, len(p.Fields))
	for name, value := range p.Fields {
		if !value.IsNull() {
			fields[name] = value
		}
	}
	attributes := make(map[string]string, len(p.Attributes))
	maps.Copy(attributes, p.Attributes)
	p.Fields, p.Attributes = fields, attributes
	return p
}

// Bytes is the size of the product's text: of SKU, name and description, of the values of its other fields, and of the
// attributes' names and values.
func (p *Product) Bytes() int {
	n := len(p.SKU) + len(p.Name) + len(p.Description)
	for _, value := range p.Fields {
		n += len(value.text)
	}
	for name, value := range p.Attributes {
		n += len(name) + len(value)
	}
	return n
}

// Patch is a change to a product: nil leaves a field as it is.
type Patch struct {
	Name        *string `json:"name"`
	SKU         *string `json:"sku"`
	Description *string `json:"description"`
	Status      *bool   `json:"status"`
	// Fields are set: a null clears the field.
	Fields map[string]Value `json:"fields"`
	// ReplaceFields makes the fields that Fields doesn't have null.
	ReplaceFields bool `json:"-"`
	// Attributes are merged into those there are: a nil value removes the attribute (RFC 7396).
	Attributes map[string]*string `json:"attributes"`
	// ReplaceAttributes drops the attributes there were first.
	ReplaceAttributes bool `json:"-"`
}

// Apply returns p with the patch's fields. It changes neither p nor its maps, and leaves ID, Version and the times to
// the store. The result is not validated: see [Schema.ValidateChange].
func (c Patch) Apply(p Product) Product {
	if c.Name != nil {
		p.Name = *c.Name
	}
	if c.SKU != nil {
		p.SKU = *c.SKU
	}
	if c.Description != nil {
		p.Description = *c.Description
	}
	if c.Status != nil {
		p.Status = *c.Status
	}
	fields := make(map[string]Value, len(p.Fields)+len(c.Fields))
	if !c.ReplaceFields {
		maps.Copy(fields, p.Fields)
	}
	for name, value := range c.Fields {
		if value.IsNull() {
			delete(fields, name)
		} else {
			fields[name] = value
		}
	}
	p.Fields = fields
	p.Attributes = c.attributes(p.Attributes)
	return p
}

// attributes returns what the patch makes of attributes.
func (c *Patch) attributes(before map[string]string) map[string]string {
	attributes := make(map[string]string, len(before)+len(c.Attributes))
	if !c.ReplaceAttributes {
		maps.Copy(attributes, before)
	}
	for name, value := range c.Attributes {
		if value == nil {
			delete(attributes, name)
		} else {
			attributes[name] = *value
		}
	}
	return attributes
}

// SameContent reports whether two products agree in everything that a client can set.
func SameContent(a, b Product) bool {
	return a.Name == b.Name && a.SKU == b.SKU && a.Description == b.Description && a.Status == b.Status &&
		maps.Equal(a.Fields, b.Fields) && maps.Equal(a.Attributes, b.Attributes)
}
