package httpapi

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/products-importer/products-importer/products"
)

// storedSchema describes the value of a field in JSON Schema, as products have it. Its rules are not part of that: a
// value may be older than they are.
func storedSchema(f *products.Field) object {
	switch f.Type {
	case products.Integer:
		return object{"type": "integer", "format": "int64"}
	case products.Decimal:
		return object{"type": "string", "pattern": decimalPattern(f.Scale)}
	case products.Boolean:
		return object{"type": "boolean"}
	case products.Date:
		return object{"type": "string", "format": "date"}
	case products.Timestamp:
		return object{"type": "string", "format": "date-time"}
	case products.List:
		return object{"type": "array", "items": object{"type": "string"}, "minItems": 1}
	}
	return object{"type": "string", "minLength": 1}
}

// decimalPattern matches what decimals are stored as.
func decimalPattern(scale int) string {
	if scale == 0 {
		return "^-?(0|[1-9][0-9]*)$"
	}
	return fmt.Sprintf(`^-?(0|[1-9][0-9]*)\.[0-9]{%d}$`, scale)
}

// inputSchema describes what a client may send for the field, with those of its rules that JSON Schema has too; the
// description has them all.
func inputSchema(f *products.Field) object {
	s := storedSchema(f)
	rules, entries := fieldRules(f)
	delete(s, "minLength")
	delete(s, "minItems")
	delete(s, "pattern")
	for _, rule := range rules {
		addRule(s, f.Type, rule)
	}
	if f.Type == products.List {
		for _, rule := range entries {
			addRule(s["items"].(object), products.Text, rule)
		}
	}
	if f.Rules != "" {
		s["description"] = "Rules: " + f.Rules
	}
	if f.Required() {
		if f.Type == products.Text && s["minLength"] == nil && s["enum"] == nil {
			s["minLength"] = 1
		}
	} else {
		// What is empty is null too, whatever the rules.
		delete(s, "minLength")
		delete(s, "minItems")
		delete(s, "format")
		s["type"] = []string{s["type"].(string), "null"}
		if words, has := s["enum"].([]any); has {
			s["enum"] = append(words, nil, "")
		}
	}
	if f.Type == products.Decimal {
		// A type of two is one that programs which make code of the document can't name.
		s["oneOf"] = []object{{"type": s["type"]}, {"type": "number", "format": "double"}}
		delete(s, "type")
	}
	return s
}

// addRule adds a rule to a schema of values of the type, if JSON Schema has it.
func addRule(s object, t products.Type, rule fieldRule) {
	switch t {
	case products.Text:
		addTextRule(s, rule)
	case products.Integer:
		if names := numberRules[rule.tag]; isInteger(rule.param) {
			for _, name := range names {
				s[name] = json.Number(rule.param)
			}
		}
	case products.List:
		if n, err := strconv.Atoi(rule.param); err == nil {
			addSize(s, "minItems", "maxItems", rule.tag, n)
		}
		if rule.tag == "unique" {
			s["uniqueItems"] = true
		}
	}
}

// isInteger reports whether JSON has the number as it is.
func isInteger(param string) bool {
	n, err := strconv.ParseInt(param, 10, 64)
	return err == nil && strconv.FormatInt(n, 10) == param
}

// numberRules are the names that the rules of numbers have in JSON Schema.
var numberRules = map[string][]string{"min": {"minimum"}, "gte": {"minimum"}, "max": {"maximum"}, "lte": {"maximum"},
	"gt": {"exclusiveMinimum"}, "lt": {"exclusiveMaximum"}, "eq": {"minimum", "maximum"}, "len": {"minimum", "maximum"}}

func addTextRule(s object, rule fieldRule) {
	switch rule.tag {
	case "oneof":
		var words []any
		for _, word := range oneOf(rule.param) {
			words = append(words, word)
		}
		s["enum"] = words
	case "email":
		s["format"] = "email"
	case "uuid":
		s["format"] = "uuid"
	default:
		if n, err := strconv.Atoi(rule.param); err == nil && rule.tag != "eq" {
			addSize(s, "minLength", "maxLength", rule.tag, n)
		}
	}
}

// addSize adds a rule about how many characters or entries there are.
func addSize(s object, least, most, tag string, n int) {
	switch tag {
	case "min", "gte":
		s[least] = n
	case "gt":
		s[least] = n + 1
	case "max", "lte":
		s[most] = n
	case "lt":
		s[most] = n - 1
	case "len":
		s[least], s[most] = n, n
	}
}

// operatorTexts say what filters match, as in "stock is at least this".
var operatorTexts = map[products.Operator]string{products.OpEqual: "is this", products.OpGreater: "is greater",
	products.OpAtLeast: "is this or greater", products.OpLess: "is less", products.OpAtMost: "is this or less",
	products.OpIsNull: "has no value; with false, any value", products.OpContains: "has this text among others"}

// filterParameter describes a filter by a field.
func filterParameter(f *products.Field, op products.Operator) object {
	s := storedSchema(f)
	switch {
	case op == products.OpIsNull:
		s = object{"type": "boolean"}
	case op == products.OpContains:
		s = object{"type": "string"}
	case f.Type == products.Decimal:
		s = object{"type": "number", "format": "double"}
	}
	delete(s, "minLength")
	return object{"name": products.Condition{Field: f.Name, Op: op}.Name(), "in": "query", "required": false, "schema": s,
		"description": f.Name + " " + operatorTexts[op] + "."}
}
