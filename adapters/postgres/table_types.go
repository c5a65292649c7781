package postgres

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lib/pq"

	"github.com/products-importer/products-importer/products"
)

// looseScale is the scale of numbers whose column has none: all that a field can have.
const looseScale = 18

// fieldOf returns the field that the column's type makes, without a name, and the column as statements have it. ok is
// false for a type that can't be taken.
func (c *tableColumn) fieldOf() (f products.Field, col column, ok bool) {
	col = column{name: pq.QuoteIdentifier(c.Name), raw: c.Name}
	switch {
	case c.Kind == "e":
		f = products.Field{Type: products.Text}
		if rule, fits := oneOf(c.Labels); fits {
			f.Rules = rule
		}
		// Words that are none of it must not end the statement that compares.
		col.left, col.cast = "%s::text", "::"+c.BareType
		return f, col, true
	case c.Kind != "b":
		return f, col, false
	case !c.System:
		if c.Base != "citext" {
			return f, col, false
		}
		col.left, col.cast = "%s::text", "::"+c.BareType
		return products.Field{Type: products.Text}, col, true
	}
	switch c.Base {
	case "text":
		f.Type, col.left = products.Text, `%s COLLATE "C"`
	case "varchar":
		f.Type, col.left = products.Text, `%s COLLATE "C"`
		f.Rules = c.most(4)
	case "bpchar":
		f.Type, col.cast = products.Text, "::bpchar"
		f.Rules = c.most(4)
	case "uuid":
		f.Type, f.Rules, col.cast = products.Text, "uuid_rfc4122", "::uuid"
	case "int2":
		f = products.Field{Type: products.Integer, Rules: "gte=-32768,lte=32767"}
	case "int4":
		f = products.Field{Type: products.Integer, Rules: "gte=-2147483648,lte=2147483647"}
	case "int8":
		f.Type = products.Integer
	case "numeric":
		return c.decimal(col)
	case "float4", "float8":
		f = products.Field{Type: products.Decimal, Scale: looseScale}
		col.cast = "::" + c.BareType
	case "bool":
		f.Type = products.Boolean
	case "date":
		f.Type = products.Date
	case "timestamptz":
		f.Type, col.cast = products.Timestamp, "::"+c.Type
	case "timestamp":
		f.Type, col.before, col.cast = products.Timestamp, "(", " AT TIME ZONE 'UTC')::"+c.Type
	case "_text", "_varchar":
		f.Type, col.cast = products.List, "::"+c.BareType
		if c.Base == "_varchar" && c.Modifier >= 4 {
			f.Rules = "dive," + c.most(4)
		}
	default:
		return f, col, false
	}
	return f, col, true
}

// most is the rule for the length of a text, "" for none. The modifier has so many bytes more.
func (c *tableColumn) most(header int) string {
	if n := c.Modifier - header; n > 0 && n <= products.MaxDescription {
		return "max=" + strconv.Itoa(n)
	}
	return ""
}

// decimal is fieldOf for a numeric.
func (c *tableColumn) decimal(col column) (f products.Field, _ column, ok bool) {
	f = products.Field{Type: products.Decimal, Scale: looseScale}
	if c.Modifier < 4 {
		return f, col, true
	}
	digits, scale := (c.Modifier-4)>>16&0xffff, (c.Modifier-4)&0x7ff
	if scale > 1023 || scale > looseScale || scale > digits { // negative, or finer than a field can be
		return f, col, false
	}
	if f.Scale = scale; digits < products.MaxDigits {
		limit := "1" + strings.Repeat("0", digits-scale)
		f.Rules = "gt=-" + limit + ",lt=" + limit
	}
	return f, col, true
}

// loose reports whether the column doesn't keep the zeros behind the point that the field's canonical text has.
func (c *tableColumn) loose() bool {
	return c.Base == "numeric" && c.Modifier < 4 || c.Base == "float4" || c.Base == "float8"
}

// oneOf returns the rule that a text is one of these, and reports whether there can be such a rule.
func oneOf(texts []string) (rule string, ok bool) {
	words := make([]string, len(texts))
	for i, text := range texts {
		if text == "" || strings.ContainsAny(text, "'\",|=\\") || text != strings.TrimSpace(text) {
			return "", false
		}
		if words[i] = text; strings.Contains(text, " ") {
			words[i] = "'" + text + "'"
		}
	}
	return "oneof=" + strings.Join(words, " "), len(texts) > 0
}

// typed gives the column the type that reads and writes values of the field.
func (c *tableColumn) typed(col *column, f *products.Field) {
	t := *typeOf(f)
	t.column = always(c.Type)
	switch {
	case c.loose():
		// The zeros are not sent, so that they aren't stored.
		t.appendText = func(to []byte, text string) []byte { return append(to, withoutZeros(text)...) }
		t.add = func(a *array, text string) error { return addDecimal(a, withoutZeros(text)) }
		t.text = numberText(f)
	case c.Base == "bpchar":
		t.text = func(value any) (string, error) {
			text, err := textOf(value)
			return strings.TrimRight(text, " "), err
		}
	}
	col.fieldType, col.field = &t, f
}

// withoutZeros cuts zeros off behind the point.
func withoutZeros(text string) string {
	if !strings.Contains(text, ".") {
		return text
	}
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// numberText reads a number that the server doesn't write in the field's canonical form.
func numberText(f *products.Field) func(value any) (string, error) {
	return func(value any) (string, error) {
		text := ""
		if v, ok := value.(float64); ok {
			text = strconv.FormatFloat(v, 'f', -1, 64)
		} else {
			var err error
			if text, err = textOf(value); err != nil {
				return "", err
			}
		}
		if canonical, fault := f.Parse(text); fault == nil {
			return canonical, nil
		}
		return text, nil // NaN, and what has more digits
	}
}

// constant is the canonical text of a default that is a literal, such as 'new'::text or 0.
func (c *tableColumn) constant(f *products.Field) (text string, ok bool) {
	expression := c.Default.String
	for strings.HasPrefix(expression, "(") && strings.HasSuffix(expression, ")") {
		expression = expression[1 : len(expression)-1]
	}
	literal, rest, found := strings.Cut(expression, "::")
	if !found {
		literal = expression
	}
	literal = strings.Trim(literal, "()")
	if strings.ContainsAny(rest, "()") && !strings.HasPrefix(rest, "character") && !strings.HasPrefix(rest, "numeric") {
		return "", false
	}
	if len(literal) >= 2 && literal[0] == '\'' && literal[len(literal)-1] == '\'' {
		literal = literal[1 : len(literal)-1]
		if strings.ContainsAny(literal, "'\\") {
			return "", false
		}
	} else if f.Type != products.Integer && f.Type != products.Decimal && f.Type != products.Boolean {
		return "", false
	}
	if f.Type == products.List {
		return "", literal == "{}"
	}
	if literal == "" {
		return "", f.Type == products.Text
	}
	text, fault := f.Parse(literal)
	return text, fault == nil
}

// keyRuleOf returns the rule by which a column of the key tells texts apart, or what keeps it from being a key.
func (c *tableColumn) keyRuleOf(f *products.Field) (rule products.KeyRule, problem string) {
	switch {
	case c.Vague:
		return 0, "its collation takes different texts for the same one, which the import can't follow"
	case f.Type == products.Boolean, f.Type == products.List, c.Base == "float4", c.Base == "float8":
		return 0, "its type " + c.Type + " can't be a key's"
	case c.Base == "citext", c.Base == "uuid":
		return products.LowerKeys, ""
	}
	return products.PlainKeys, ""
}

// unfit says why values of a field that is asked for can't be the column's, "" where they can.
func (c *tableColumn) unfit(asked, own *products.Field) string {
	switch {
	case asked.Type != own.Type:
		return fmt.Sprintf("the field is of the type %s, but the column's %s makes it %s", asked.Type, c.Type, own.Type)
	case asked.Scale != own.Scale && !c.loose():
		return fmt.Sprintf("the field has %d digits behind the point, but the column's %s has %d", asked.Scale, c.Type,
			own.Scale)
	}
	return ""
}

// literally is the column for values that are sent as the server reads its type.
func (c *tableColumn) literally() column {
	t := fieldTypes[products.Text]
	t.column = always(c.Type)
	return column{fieldType: &t, field: &products.Field{Type: products.Text}, name: pq.QuoteIdentifier(c.Name),
		raw: c.Name, cast: "::" + c.Type}
}

// timeTypes are those of columns that are set to a time.
var timeTypes = []string{"timestamptz", "timestamp", "date"}

// touchable reports whether the column can be set to the transaction's time.
func (c *tableColumn) touchable() bool { return c.System && slices.Contains(timeTypes, c.Base) }

// literal is a value with the canonical text as statements have it.
func (c *column) literal(text string) string {
	if c.appendText != nil {
		text = string(c.appendText(nil, text))
	}
	return c.value(pq.QuoteLiteral(text) + "::" + c.element)
}
