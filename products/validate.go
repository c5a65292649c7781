package products

import (
	"cmp"
	"errors"
	"fmt"
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

// storable tells whether every database can keep s as text: valid UTF-8 without the character NUL.
func storable(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// Validate checks what a client or a file can set. The error is nil or a *ValidationError.
func (p *Product) Validate() error {
	if len(p.Attributes) == 0 && storable(p.SKU) && storable(p.Name) && storable(p.Description) && Plain(p.SKU, p.Name, p.Description) {
		return nil
	}
	err := rules().Struct(p)
	size := p.Bytes()
	if err == nil && size <= MaxBytes {
		return nil
	}
	var broken validator.ValidationErrors
	if err != nil && !errors.As(err, &broken) {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	fields := make([]FieldError, len(broken))
	for i, b := range broken {
		fields[i] = explain(b)
	}
	if size > MaxBytes {
		fields = append(fields, FieldError{Field: fieldAttributes, Code: CodeTooLarge, Message: fmt.Sprintf(
			"attributes must not make the product larger than %d bytes, but it has %d", MaxBytes, size)})
	}
	// Attributes come in a map's order: make the list the same every time.
	slices.SortStableFunc(fields, func(a, b FieldError) int {
		if strings.HasPrefix(a.Field, "attributes[") && strings.HasPrefix(b.Field, "attributes[") {
			return cmp.Compare(a.Field, b.Field)
		}
		return 0
	})
	return &ValidationError{Fields: fields}
}

const fieldAttributes = "attributes"

// ValidateChange checks what a change makes of a product that is stored: as Validate, but one that is larger than
// MaxBytes already, or has more than MaxAttributes, may stay so as long as it doesn't grow. So it can be made smaller
// step by step.
func (p *Product) ValidateChange(before *Product) error {
	err := p.Validate()
	var invalid *ValidationError
	if !errors.As(err, &invalid) {
		return err
	}
	fields := slices.DeleteFunc(invalid.Fields, func(f FieldError) bool {
		return f.Field == fieldAttributes && (f.Code == CodeTooMany && len(p.Attributes) <= len(before.Attributes) ||
			f.Code == CodeTooLarge && p.Bytes() <= before.Bytes())
	})
	if len(fields) == 0 {
		return nil
	}
	return &ValidationError{Fields: fields}
}

// Outgrows tells of what a valid record makes of a product that is stored whether ValidateChange refuses it: such a record
// has the outcome Refused.
func (p *Product) Outgrows(before *Product) bool {
	if n := len(p.Attributes); n > MaxAttributes && n > len(before.Attributes) {
		return true
	}
	n := p.Bytes()
	return n > MaxBytes && n > before.Bytes()
}

// Plain tells of most valid products, and of no others, that the three fields are valid, given that they are valid
// UTF-8 without NUL. It is what makes validation cheap enough for millions of records: lengths in bytes bound lengths in
// characters.
func Plain(sku, name, description string) bool {
	return len(sku) <= MaxSKU && len(name) <= MaxName && len(description) <= MaxDescription &&
		!blankStart(sku) && !blankStart(name)
}

func explain(b validator.FieldError) FieldError {
	// Not b.Field: it is wrong where a name is longer than 255 bytes.
	e := FieldError{Field: strings.TrimPrefix(b.Namespace(), "Product.")}
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
			e.Message = fmt.Sprintf("%s must not have more than %s entries, but has %d", label, b.Param(), reflect.ValueOf(b.Value()).Len())
			break
		}
		e.Code = CodeTooLong
		e.Message = fmt.Sprintf("%s must not be longer than %s characters, but has %d: %q", label, b.Param(), utf8.RuneCountInString(text), value)
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
