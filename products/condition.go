package products

import (
	"fmt"
	"slices"
	"strings"
)

// Operator says how a [Condition] compares.
type Operator string

// The operators of conditions. But for OpIsNull, what is null matches none of them.
const (
	// OpEqual matches the value itself.
	OpEqual Operator = "eq"
	// OpGreater, OpAtLeast, OpLess and OpAtMost compare as [Field.Compare] does.
	OpGreater Operator = "gt"
	OpAtLeast Operator = "gte"
	OpLess    Operator = "lt"
	OpAtMost  Operator = "lte"
	// OpIsNull matches what is null where the value is true, and all else where it is false.
	OpIsNull Operator = "isnull"
	// OpContains matches lists that have the value among their texts.
	OpContains Operator = "contains"
)

// Operators returns the operators that conditions on the field may have.
func (f *Field) Operators() []Operator {
	switch types[f.Type].measure {
	case byEntries:
		return []Operator{OpContains, OpIsNull}
	case byNothing:
		return []Operator{OpEqual, OpIsNull}
	default:
		return []Operator{OpEqual, OpGreater, OpAtLeast, OpLess, OpAtMost, OpIsNull}
	}
}

// Condition is a condition on a field of one's own.
type Condition struct {
	// Field is the name of the field.
	Field string
	// Op is one of the field's Operators.
	Op Operator
	// Value is a text that [Field.Parse] takes, but for OpIsNull, where it is true or false, and for OpContains, where
	// it is a text of a list.
	Value string
}

// Name is how the API names the condition, and errors do: price for OpEqual, else price__gte and so on.
func (c Condition) Name() string {
	if c.Op == OpEqual {
		return c.Field
	}
	return c.Field + "__" + string(c.Op)
}

// Check returns the condition with its value in the canonical form. Otherwise it says what is wrong with it, where
// FieldError.Field is its Name.
func (c Condition) Check(schema *Schema) (Condition, *FieldError) {
	name := Shorten(c.Name())
	fail := func(code, format string, a ...any) (Condition, *FieldError) {
		return c, &FieldError{Field: name, Code: code, Message: fmt.Sprintf(format, a...)}
	}
	f := schema.Find(c.Field)
	switch {
	case f == nil || f.Builtin():
		var own []string
		for _, f := range schema.All() {
			if !f.Builtin() {
				own = append(own, f.Name)
			}
		}
		if len(own) == 0 {
			return fail(CodeUnknownField, "there is no field %q to filter by", Shorten(c.Field))
		}
		return fail(CodeUnknownField, "there is no field %q to filter by: want one of %s", Shorten(c.Field), listed(own))
	case !slices.Contains(f.Operators(), c.Op):
		var names []string
		for _, op := range f.Operators() {
			names = append(names, Condition{Field: f.Name, Op: op}.Name())
		}
		return fail(CodeUnknownField, "there is no filter %s, since %s is a field of the type %v: want one of %s", name,
			f.Name, f.Type, listed(names))
	case c.Op == OpIsNull:
		if c.Value != "true" && c.Value != "false" {
			return fail(CodeBadBoolean, "%s must be true or false, not %q", name, Shorten(c.Value))
		}
		return c, nil
	case c.Op == OpContains:
		if !storable(c.Value) || Blank(c.Value) {
			return fail(CodeBadText, "%s must be a text that is not blank, not %q", name, Shorten(c.Value))
		}
		return c, nil
	}
	canonical, wrong := f.Parse(c.Value)
	if wrong != nil {
		return fail(wrong.Code, "%s%s", name, strings.TrimPrefix(wrong.Message, f.Name))
	}
	if canonical == "" {
		return fail(CodeEmpty, "%s must not be empty: %s__isnull finds what has no value", name, f.Name)
	}
	c.Value = canonical
	return c, nil
}

// Matches reports whether a product with that canonical text in the field, "" for null, meets the condition, which
// Check has returned.
func (c Condition) Matches(f *Field, text string) bool {
	if c.Op == OpIsNull {
		return (text == "") == (c.Value == "true")
	}
	if text == "" {
		return false
	}
	switch c.Op {
	case OpEqual:
		return text == c.Value
	case OpContains:
		return slices.Contains(ListTexts(text), c.Value)
	case OpGreater:
		return f.Compare(text, c.Value) > 0
	case OpAtLeast:
		return f.Compare(text, c.Value) >= 0
	case OpLess:
		return f.Compare(text, c.Value) < 0
	default:
		return f.Compare(text, c.Value) <= 0
	}
}

// listed names some of many.
func listed(names []string) string {
	const most = 40
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
