package importer

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/products-importer/products-importer/products"
)

// previewAttributes is how many attributes of a product a preview shows.
const previewAttributes = 100

// PreviewRecord is a record as an import would take it: a product or a reject.
type PreviewRecord struct {
	// Line is its first line in the file, from 1.
	Line int64 `json:"line"`
	// Product is nil for a reject, Reject for a product.
	Product *PreviewProduct `json:"product"`
	Reject  *PreviewReject  `json:"reject"`
}

// PreviewProduct is what a record sets of its product. Its JSON is an object with the fields by name, the values as
// products.Value writes them, and an object "attributes" where the record has any.
type PreviewProduct struct {
	SKU string
	// Values are those of the fields that the file sets, null for an empty one. Texts are cut to 200 characters.
	Values []PreviewValue
	// Attributes are the first 100 that aren't empty, by name.
	Attributes map[string]string
}

// PreviewValue is the value of a field. Of a Text for which an empty one is no null, null is the empty text.
type PreviewValue struct {
	Field string
	Value products.Value

	isText bool
}

// MarshalJSON writes the object, the fields in the schema's order.
func (p PreviewProduct) MarshalJSON() ([]byte, error) {
	sku, err := json.Marshal(p.SKU)
	if err != nil {
		return nil, err
	}
	out := append([]byte(`{"sku":`), sku...)
	for _, v := range p.Values {
		name, err := json.Marshal(v.Field)
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, ','), name...), ':')
		if v.isText && v.Value.IsNull() {
			out = append(out, `""`...)
			continue
		}
		out = v.Value.AppendJSON(out)
	}
	if len(p.Attributes) > 0 {
		attributes, err := json.Marshal(p.Attributes)
		if err != nil {
			return nil, err
		}
		out = append(append(out, `,"attributes":`...), attributes...)
	}
	return append(out, '}'), nil
}

// PreviewReject says why a record would be rejected.
type PreviewReject struct {
	// Column is the name of the column that is wrong, empty where the record as a whole is.
	Column string `json:"column"`
	Code   Code   `json:"code"`
	// Reason is a sentence.
	Reason string `json:"reason"`
	// Value is what the record has in the column, cut to 200 characters.
	Value string `json:"value"`
}

// checkedRecords is what a preview's check finds out about the records.
type checkedRecords struct {
	plan           *plan
	most           int
	records        []PreviewRecord
	read, rejected int64
	lackKey        int64 // rejected for their empty key
	passed         map[Passed]int64
	odd            []oddity
}

// take takes what came of a block.
func (c *checkedRecords) take(p *parsed) error {
	if c.passed == nil {
		c.passed = map[Passed]int64{}
	}
	m := c.plan.mapping
	key := m.columns[m.key].shortLabel()
	c.odd = addOddities(c.odd, p.odd)
	rejects := p.rejects
	for i := range p.items {
		it := &p.items[i]
		if it.passed != passNone {
			c.passed[passages[it.passed]]++
			continue
		}
		c.read++
		var reject *Reject
		if it.reject {
			reject, rejects = &rejects[0], rejects[1:]
			c.rejected++
			if reject.Code == CodeEmpty && reject.Column == key {
				c.lackKey++
			}
		}
		switch {
		case len(c.records) == c.most:
		case reject != nil:
			c.records = append(c.records, PreviewRecord{Line: reject.Line, Reject: m.previewReject(reject)})
		default:
			c.records = append(c.records, PreviewRecord{Line: it.record.Line,
				Product: previewProduct(&c.plan.parser.columns, &it.record)})
		}
	}
	return nil
}

// previewProduct copies what is shown of a record.
func previewProduct(columns *products.Columns, r *products.Record) *PreviewProduct {
	p := &PreviewProduct{SKU: shown(r.SKU)}
	for i, f := range columns.Fields {
		text := strings.Clone(r.Values[i])
		value := f.Value(text)
		if f.Type == products.Text || len(text) > utf8Max*previewCell { // or a long list
			value = products.TextValue(shown(text))
		}
		isText := f.Type == products.Text && f.Empty == products.EmptyIsText
		p.Values = append(p.Values, PreviewValue{f.Name, value, isText})
	}
	for i, name := range columns.Attributes {
		if value := columns.Attribute(r, i); value != "" && len(p.Attributes) < previewAttributes {
			if p.Attributes == nil {
				p.Attributes = map[string]string{}
			}
			p.Attributes[name] = shown(value)
		}
	}
	return p
}

// previewReject copies what is shown of a reject.
func (m *mapping) previewReject(r *Reject) *PreviewReject {
	const longest = 500 // characters
	out := &PreviewReject{Column: r.Column, Code: r.Code, Reason: truncate(printable(r.Reason), longest)}
	if r.Column == "" {
		return out
	}
	i := slices.IndexFunc(m.columns, func(c Column) bool { return c.shortLabel() == r.Column })
	if i >= 0 && i < len(r.Fields) {
		out.Value = shown(r.Fields[i])
	}
	return out
}
