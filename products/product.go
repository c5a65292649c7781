package products

import (
	"maps"
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

// Product is one product of the catalogue. The struct tags are the one set of rules for what a client sends and what a
// file holds; Validate applies them.
//
// ID, CreatedAt, UpdatedAt and Version belong to the store: what a caller puts there is ignored when a product is created.
type Product struct {
	// ID names the product in URLs: positive, never used twice, with gaps.
	ID int64 `json:"id"`
	// Name has at least one character that people see, see Blank.
	Name string `json:"name" validate:"text,notblank,max=500"`
	// SKU identifies the product: no two products of a store have SKUs with the same key (see KeyRule). It has at least one
	// character that people see.
	SKU string `json:"sku" validate:"text,notblank,max=255"`
	// Description may be empty.
	Description string `json:"description" validate:"text,max=65535"`
	Status      bool   `json:"status"`
	// Attributes are the columns of an imported file that no field claims, by column name. A store returns an empty map
	// rather than nil.
	Attributes map[string]string `json:"attributes" validate:"max=2000,dive,keys,text,notblank,max=255,endkeys,text,max=65535"`
	CreatedAt  time.Time         `json:"created_at"`
	UpdatedAt  time.Time         `json:"updated_at"`
	// Version is 1 for a new product and grows by one at every change.
	Version int64 `json:"version"`
}

// Bytes is the size of the product's text: of SKU, name and description, and of the attributes' names and values.
func (p *Product) Bytes() int {
	n := len(p.SKU) + len(p.Name) + len(p.Description)
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
	// Attributes are merged into those there are: a nil value removes the attribute (RFC 7396).
	Attributes map[string]*string `json:"attributes"`
	// ReplaceAttributes drops the attributes there were first.
	ReplaceAttributes bool `json:"-"`
}

// Apply returns p with the patch's fields. It changes neither p nor its Attributes, and leaves ID, Version and the
// times to the store. The result is not validated: see
// Product.ValidateChange.
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
	attributes := make(map[string]string, len(p.Attributes)+len(c.Attributes))
	if !c.ReplaceAttributes {
		maps.Copy(attributes, p.Attributes)
	}
	for name, value := range c.Attributes {
		if value == nil {
			delete(attributes, name)
		} else {
			attributes[name] = *value
		}
	}
	p.Attributes = attributes
	return p
}

// SameContent tells whether two products agree in everything that a client can set.
func SameContent(a, b Product) bool {
	return a.Name == b.Name && a.SKU == b.SKU && a.Description == b.Description && a.Status == b.Status &&
		maps.Equal(a.Attributes, b.Attributes)
}
