package products

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/go-playground/validator/v10"
)

// The codes of FieldError.
const (
	CodeEmpty        = "empty"
	CodeTooLong      = "too_long"
	CodeTooMany      = "too_many"
	CodeBadCharacter = "bad_character"
	CodeInvalidUTF8  = "invalid_utf8"
	CodeTooLarge     = "too_large"
	CodeUnknownField = "unknown_field"
)

// The codes of what a database refuses a record for: see BatchResult.Reasons.
const (
	CodeCheck      = "check_violation"       // a CHECK constraint, of a table or a domain, or no partition takes it
	CodeForeignKey = "foreign_key_violation" // it refers to a row that isn't there
	CodeUnique     = "unique_violation"      // another row has the same in other columns than the key
	CodeExclusion  = "exclusion_violation"   // an exclusion constraint
	CodeNotNull    = "not_null_violation"    // a column must not be null
	CodeRefused    = "refused"               // anything else, such as an exception of a trigger
)

// rules is the one validator, built at its first use; it is safe for concurrent use.
var rules = sync.OnceValue(func() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		return name
	})
	must(v.RegisterValidation("notblank", func(f validator.FieldLevel) bool { return !Blank(f.Field().String()) }))
	must(v.RegisterValidation("text", func(f validator.FieldLevel) bool { return storable(f.Field().String()) }))
	return v
})

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// storable reports whether every database can keep s as text: valid UTF-8 without the character NUL.
func storable(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// Check returns every rule that a record for these columns breaks: first those of the key, then those of the fields and
// of the attributes. It returns nil for one that is valid.
func (c *Columns) Check(key *Field, r *Record) (broken []FieldError) {
	if fault := key.Check(r.SKU); fault != nil {
		broken = append(broken, *fault)
	}
	for i, f := range c.Fields {
		if fault := f.Check(r.Values[i]); fault != nil {
			broken = append(broken, *fault)
		}
	}
	if len(c.Attributes) > 0 {
		attributes := make(map[string]string, len(c.Attributes))
		for i, name := range c.Attributes {
			if value := c.Attribute(r, i); value != "" {
				attributes[name] = value
			}
		}
		broken = append(broken, checkAttributes(attributes)...)
	}
	return append(broken, checkBytes(c.Bytes(r))...)
}

// checkBytes returns an error for a product that is too large.
func checkBytes(bytes int) []FieldError {
	if bytes <= MaxBytes {
		return nil
	}
	return []FieldError{{Field: fieldAttributes, Code: CodeTooLarge, Message: fmt.Sprintf(
		"attributes must not make the product larger than %d bytes, but it has %d", MaxBytes, bytes)}}
}

// attributeRules has the rules for attributes.
type attributeRules struct {
	Attributes map[string]string `json:"attributes" validate:"max=2000,dive,keys,text,notblank,max=255,endkeys,text,max=65535"`
}

// Validate checks what a client or a file can set. The values of fields of one's own need not be in their canonical
// form, see [Schema.Canonical]. The error is nil or a *ValidationError.
func (s *Schema) Validate(p *Product) error {
	var broken []FieldError
	if fault := s.key.Check(p.SKU); fault != nil {
		broken = append(broken, *fault)
	}
	for i := range s.fields {
		f := &s.fields[i]
		if fault := f.checkValue(p); fault != nil {
			broken = append(broken, *fault)
		}
	}
	broken = append(broken, s.foreign(p)...)
	if len(p.Attributes) > 0 {
		broken = append(broken, checkAttributes(p.Attributes)...)
	}
	broken = append(broken, checkBytes(p.Bytes())...)
	if len(broken) == 0 {
		return nil
	}
	return &ValidationError{Fields: broken}
}

// checkValue checks the product's value of the field.
func (f *Field) checkValue(p *Product) *FieldError {
	if f.Builtin() {
		return f.Check(p.Text(f))
	}
	text, fault := f.Canonical(p.Fields[f.Name])
	if fault != nil {
		return fault
	}
	return f.Check(text)
}

// Canonical returns the values of a product's fields of one's own as a store keeps them: each as [Field.Canonical]
// makes it, none null, in a map of their own. Values that it can't make anything of stay as they are, for Validate to
// refuse.
func (s *Schema) Canonical(fields map[string]Value) map[string]Value {
	canonical := make(map[string]Value, len(fields))
	for name, value := range fields {
		if f := s.Find(name); f != nil && !f.Builtin() {
			if text, fault := f.Canonical(value); fault == nil {
				value = f.Value(text)
			}
		}
		if !value.IsNull() {
			canonical[name] = value
		}
	}
	return canonical
}

// foreign returns an error for each of the product's fields that the schema doesn't have, in the order of their names.
func (s *Schema) foreign(p *Product) (broken []FieldError) {
	for _, name := range slices.Sorted(maps.Keys(p.Fields)) {
		if f := s.Find(name); f == nil || f.Builtin() {
			broken = append(broken, FieldError{Field: name, Code: CodeUnknownField,
				Message: fmt.Sprintf("there is no field %q", Shorten(name))})
		}
	}
	return broken
}

// checkAttributes applies the rules of attributes.
func checkAttributes(attributes map[string]string) (broken []FieldError) {
	err := rules().Struct(attributeRules{attributes})
	var found validator.ValidationErrors
	if errors.As(err, &found) {
		for _, b := range found {
			broken = append(broken, explain(b))
		}
	}
	// Attributes come in a map's order: make the list the same every time.
	slices.SortStableFunc(broken, func(a, b FieldError) int { return cmp.Compare(a.Field, b.Field) })
	return broken
}

const fieldAttributes = "attributes"

// ValidateChange checks what a change makes of a product that is stored: as Validate, but one that is larger than
// MaxBytes already, or has more than MaxAttributes, may stay so as long as it doesn't grow. So it can be made smaller
// step by step. Likewise a value that breaks a rule may stay as it is, since the rule may be younger.
func (s *Schema) ValidateChange(after, before *Product) error {
	err := s.Validate(after)
	var invalid *ValidationError
	if !errors.As(err, &invalid) {
		return err
	}
	fields := slices.DeleteFunc(invalid.Fields, func(e FieldError) bool {
		if e.Field == fieldAttributes {
			return e.Code == CodeTooMany && len(after.Attributes) <= len(before.Attributes) ||
				e.Code == CodeTooLarge && after.Bytes() <= before.Bytes()
		}
		f := s.Find(e.Field)
		return f != nil && !f.Builtin() && after.Fields[f.Name] == before.Fields[f.Name] || f == nil &&
			e.Code == CodeUnknownField && after.Fields[e.Field] == before.Fields[e.Field]
	})
	if len(fields) == 0 {
		return nil
	}
	return &ValidationError{Fields: fields}
}

// Outgrows reports whether ValidateChange refuses what a valid record makes of a product that is stored, for its size.
// Such a record has the outcome Refused.
func (p *Product) Outgrows(before *Product) bool {
	if n := len(p.Attributes); n > MaxAttributes && n > len(before.Attributes) {
		return true
	}
	n := p.Bytes()
	return n > MaxBytes && n > before.Bytes()
}

func explain(b validator.FieldError) FieldError {
	// Not b.Field: it is wrong where a name is longer than 255 bytes.
	_, name, _ := strings.Cut(b.Namespace(), ".")
	e := FieldError{Field: name}
	label := e.Field
	if name, ok := strings.CutPrefix(label, "attributes["); ok {
		// A client's name of an attribute may be of any length.
		label = "attributes[" + Shorten(strings.TrimSuffix(name, "]")) + "]"
	}
	text, _ := b.Value().(string)
	value := Shorten(text)
	switch b.Tag() {
	case "notblank":
		e.Code = CodeEmpty
		e.Message = fmt.Sprintf("%s must not be empty", label)
		if strings.TrimSpace(text) != "" {
			e.Message += fmt.Sprintf(", and nobody sees its characters: %+q", value)
		}
	case "max":
		if b.Kind() == reflect.Map {
			e.Code = CodeTooMany
			e.Message = fmt.Sprintf("%s must not have more than %s entries, but has %d", label, b.Param(),
				reflect.ValueOf(b.Value()).Len())
			break
		}
		e.Code = CodeTooLong
		e.Message = fmt.Sprintf("%s must not be longer than %s characters, but has %d: %q", label, b.Param(),
			utf8.RuneCountInString(text), value)
	case "text":
		if e.Code = CodeInvalidUTF8; utf8.ValidString(text) {
			e.Code = CodeBadCharacter
			e.Message = fmt.Sprintf("%s must not contain the character NUL: %q", label, value)
			break
		}
		e.Message = fmt.Sprintf("%s must be valid UTF-8: %q", label, value)
	default:
		e.Code = b.Tag()
		e.Message = fmt.Sprintf("%s breaks the rule %s: %q", label, b.Tag(), value)
	}
	return e
}

// Shorten cuts a value that goes into a message to 40 characters.
func Shorten(s string) string {
	n := 0
	for i := range s {
		if n++; n > 40 {
			return s[:i] + "..."
		}
	}
	return s
}
