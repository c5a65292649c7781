package products

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/go-playground/validator/v10"
)

// The codes of a FieldError about the value of a field, beside empty, too_long, too_many, bad_character and
// invalid_utf8.
const (
	// The value is none of the field's type.
	CodeBadText      = "bad_text"
	CodeBadInteger   = "bad_integer"
	CodeBadDecimal   = "bad_decimal"
	CodeBadBoolean   = "bad_boolean"
	CodeBadDate      = "bad_date"
	CodeBadTimestamp = "bad_timestamp"
	CodeBadList      = "bad_list"
	// CodeTooPrecise: a decimal has more digits behind the point than its scale, or a timestamp more than microseconds.
	CodeTooPrecise = "too_precise"
	// CodeOutOfRange: the type has no such value: an integer of more than 64 bits, a decimal of more than MaxDigits
	// digits, a year beyond 9999.
	CodeOutOfRange = "out_of_range"
	// CodeTooShort: fewer characters than min, gt, gte or len say.
	CodeTooShort = "too_short"
	// CodeTooFew: fewer entries of a list than min, gt, gte or len say.
	CodeTooFew = "too_few"
	// CodeBelowMinimum: a number or a time below min, gt or gte.
	CodeBelowMinimum = "below_minimum"
	// CodeAboveMaximum: a number or a time above max, lt or lte.
	CodeAboveMaximum = "above_maximum"
	// CodeNotAllowed: none of oneof, not eq or len, or just what ne forbids.
	CodeNotAllowed = "not_allowed"
	// CodeRepeated: unique, and a list has a text twice.
	CodeRepeated = "repeated"
	// CodeBadFormat: any other rule, such as email or url.
	CodeBadFormat = "bad_format"
)

// fieldRules are a field's rules, compiled.
type fieldRules struct {
	required bool
	// max is how many characters a Text may have; longest is how many a valid one has at most, which oneof bounds too.
	max, longest int
	// lower and upper are the bounds that rules have set so far, while they are compiled.
	lower, upper limit
	// checks are the other rules, in their order.
	checks []check
	// entry has the rules for each text of a List.
	entry *Field
}

// check checks a canonical text that is not null.
type check func(f *Field, text string) *FieldError

// limit is a bound of values, "" for none.
type limit struct {
	bound string
	equal bool // a value may be the bound itself
}

// limit notes a bound, and refuses one that leaves no value.
func (r *fieldRules) limit(compare func(a, b string) int, bound string, least, equal bool) error {
	lower, upper, other := r.lower, r.upper, r.lower.bound
	if least {
		lower, other = limit{bound, equal}, r.upper.bound
	} else {
		upper = limit{bound, equal}
	}
	if lower.bound != "" && upper.bound != "" {
		if c := compare(lower.bound, upper.bound); c > 0 || c == 0 && !(lower.equal && upper.equal) {
			return fmt.Errorf("no value keeps it beside the other bound, %s",
				Shorten(other))
		}
	}
	r.lower, r.upper = lower, upper
	return nil
}

// noRules are those of a field that has none.
var noRules = &fieldRules{max: MaxDescription, longest: MaxDescription}

// compiled returns the field's rules, those of its type alone where it is of no schema.
func (f *Field) compiled() *fieldRules {
	if f.rules == nil {
		return noRules
	}
	return f.rules
}

// Required reports whether the field must not be null.
func (f *Field) Required() bool { return f.compiled().required }

// MaxLength is how many characters a valid Text has at most, or each text of a List.
func (f *Field) MaxLength() int {
	r := f.compiled()
	if r.entry != nil {
		return r.entry.MaxLength()
	}
	return r.longest
}

// Check checks a canonical text, "" for null, against the field's rules. The text is as [Field.Parse] returns it; of a
// Text it checks also that it is one: valid UTF-8 without NUL, with at most MaxDescription characters. Only a
// field of a Schema has rules.
func (f *Field) Check(text string) *FieldError {
	r := f.compiled()
	if text == "" {
		if r.required {
			return f.broken(CodeEmpty, "not be empty")
		}
		return nil
	}
	if f.Type == Text {
		if err := f.checkText(r, text); err != nil {
			return err
		}
	}
	for _, holds := range r.checks {
		if err := holds(f, text); err != nil {
			return err
		}
	}
	if r.entry != nil {
		for _, entry := range ListTexts(text) {
			if err := r.entry.Check(entry); err != nil {
				err.Field = f.Name
				return err
			}
		}
	}
	return nil
}

func (f *Field) checkText(r *fieldRules, text string) *FieldError {
	if code := storableCode(text); code != "" {
		return f.unread(code, fmt.Sprintf("%q", Shorten(text)))
	}
	if r.required && blankStart(text) && Blank(text) {
		must := "not be empty"
		if strings.TrimSpace(text) != "" {
			must += fmt.Sprintf(", and nobody sees its characters: %+q", Shorten(text))
		}
		return f.broken(CodeEmpty, must)
	}
	if len(text) > r.max {
		if n := utf8.RuneCountInString(text); n > r.max {
			return f.broken(CodeTooLong, fmt.Sprintf("not be longer than %d characters, but has %d: %q", r.max, n,
				Shorten(text)))
		}
	}
	return nil
}

// SurelyValid reports whether a look at the length in bytes and at the first character shows that a text, valid UTF-8
// without NUL, keeps the rules. It is true for most valid texts and for no invalid one, and makes validation cheap
// enough for millions of records. It is false for all types but Text, and where there are rules beside required and
// max.
func (f *Field) SurelyValid(text string) bool {
	r := f.rules
	return r != nil && f.Type == Text && len(r.checks) == 0 && len(text) <= r.max && !(r.required && blankStart(text))
}

// compile returns the field's rules. The error names the rule.
func (f *Field) compile() (*fieldRules, error) {
	r := &fieldRules{max: MaxDescription, longest: MaxDescription}
	tags := strings.Split(f.Rules, ",")
	if f.Rules == "" {
		tags = nil
	}
	for i, rule := range tags {
		tag, param, hasParam := strings.Cut(rule, "=")
		var err error
		switch {
		case rule == "":
			err = errors.New("it is empty: commas stand between rules")
		case rule == "required":
			r.required = true
		case rule == "omitempty", rule == "omitnil", rule == "omitzero":
			// What is null is not checked anyway.
		case rule == "dive":
			if f.Type != List {
				return nil, fmt.Errorf("the rule %q is for lists, not for %s", rule, f.Type)
			}
			r.entry = &Field{Name: "an entry of " + f.Name, Type: Text, Rules: strings.Join(tags[i+1:], ",")}
			if r.entry.rules, err = r.entry.compile(); err != nil {
				return nil, err
			}
			return r, nil
		default:
			err = f.compileRule(r, tag, param, hasParam)
		}
		if err != nil {
			return nil, fmt.Errorf("the rule %q: %w", Shorten(rule), err)
		}
	}
	return r, nil
}

func (f *Field) compileRule(r *fieldRules, tag, param string, hasParam bool) error {
	info := &types[f.Type]
	usual := slices.Contains(usualTags, tag) && !(info.measure == byCharacters && strings.Contains(param, "|"))
	// Of a list, eq and ne count entries as the others do.
	bounds := usual && tag != "oneof" && tag != "unique" && (info.measure == byEntries || tag != "eq" && tag != "ne")
	switch {
	case usual && tag != "unique" && param == "":
		return errors.New("it needs a value behind an equals sign")
	case bounds && (info.measure == byCharacters || info.measure == byEntries):
		return f.compileSize(r, tag, param)
	case bounds && info.measure == byValue:
		return f.compileBound(r, tag, param)
	case usual && (tag == "eq" || tag == "ne" || tag == "oneof") && info.measure != byEntries:
		return f.compileAllowed(r, tag, param)
	case tag == "unique" && info.measure == byEntries:
		if hasParam {
			return errors.New("it takes no value")
		}
		r.checks = append(r.checks, checkUnique)
		return nil
	case f.Type == Text && tag != "unique":
		return f.compileFormat(r, tag, param, hasParam)
	case f.Type == List:
		return errors.New(`it is for texts: write "dive" before it for those of a list`)
	}
	return fmt.Errorf("it doesn't fit the type %s", f.Type)
}

// usualTags are the rules that are checked here, at the cost of a comparison. All others are the validator's.
var usualTags = []string{"min", "max", "len", "gte", "lte", "gt", "lt", "eq", "ne", "oneof", "unique"}

// compileSize compiles a rule about how many characters or entries there are.
func (f *Field) compileSize(r *fieldRules, tag, param string) error {
	n, err := strconv.Atoi(param)
	if err != nil || n < 0 || n == math.MaxInt {
		return errors.New("its value must be a whole number that is not negative")
	}
	list := f.Type == List
	least, most := 0, math.MaxInt
	switch tag {
	case "min", "gte":
		least = n
	case "gt":
		least = n + 1
	case "max", "lte":
		most = n
	case "lt":
		most = n - 1
	case "ne":
		r.checks = append(r.checks, func(f *Field, text string) *FieldError {
			if listCount(text) == n {
				return f.broken(CodeNotAllowed, fmt.Sprintf("not have %d entries", n))
			}
			return nil
		})
		return nil
	default:
		least, most = n, n
	}
	if most < 1 {
		return errors.New("no value keeps it: what is empty is null, which is not checked")
	}
	if !list {
		if least > MaxDescription || most > MaxDescription && most != math.MaxInt {
			return fmt.Errorf("a text has at most %d characters", MaxDescription)
		}
		r.max = min(r.max, most)
		r.longest = min(r.longest, most)
	}
	switch {
	case list:
		r.checks = append(r.checks, func(f *Field, text string) *FieldError {
			switch n := listCount(text); {
			case n < least:
				return f.broken(CodeTooFew, fmt.Sprintf("have at least %d entries, but has %d", least, n))
			case n > most:
				return f.broken(CodeTooMany, fmt.Sprintf("not have more than %d entries, but has %d", most, n))
			}
			return nil
		})
	case least > 1:
		r.checks = append(r.checks, func(f *Field, text string) *FieldError {
			// A character has at most 4 bytes.
			if len(text) >= utf8.UTFMax*least {
				return nil
			}
			if n := utf8.RuneCountInString(text); n < least {
				return f.broken(CodeTooShort, fmt.Sprintf("have at least %d characters, but has %d: %q", least, n,
					Shorten(text)))
			}
			return nil
		})
	}
	return nil
}

// bound reads the value of a rule about numbers or times. A number may have more digits than the field's scale.
func (f *Field) bound(param string) (string, error) {
	switch f.Type {
	case Integer, Decimal:
		n, ok := scanNumber(param)
		if !ok || len(n.whole)+len(n.fraction) > MaxDigits {
			return "", fmt.Errorf("%q is no number", Shorten(param))
		}
		return n.text(len(n.fraction), ""), nil
	}
	text, err := f.Parse(param)
	if err != nil || text == "" {
		return "", fmt.Errorf("%q is not %s", Shorten(param), types[f.Type].what)
	}
	return text, nil
}

// compileBound compiles a rule that compares the value.
func (f *Field) compileBound(r *fieldRules, tag, param string) error {
	bound, err := f.bound(param)
	if err != nil {
		return err
	}
	if tag == "len" {
		return f.compileAllowed(r, "eq", param)
	}
	info := &types[f.Type]
	var least bool
	var must string
	equal := true
	switch tag {
	case "min", "gte":
		least, must = true, "not be "+info.less
	case "max", "lte":
		must = "not be " + info.greater
	case "gt":
		least, equal, must = true, false, "be "+info.greater
	case "lt":
		equal, must = false, "be "+info.less
	}
	code := CodeAboveMaximum
	if least {
		code = CodeBelowMinimum
	}
	must += " " + Shorten(param) + ", but is "
	if err := r.limit(info.compare, bound, least, equal); err != nil {
		return err
	}
	r.checks = append(r.checks, func(f *Field, text string) *FieldError {
		c := info.compare(text, bound)
		if least {
			c = -c
		}
		if c > 0 || c == 0 && !equal {
			return f.broken(code, must+text)
		}
		return nil
	})
	return nil
}

// params are the values of oneof: words, or what stands between single quotes.
var params = regexp.MustCompile(`'[^']*'|\S+`)

// compileAllowed compiles eq, ne and oneof.
func (f *Field) compileAllowed(r *fieldRules, tag, param string) error {
	// So the validator writes what separates rules.
	param = strings.NewReplacer("0x2C", ",", "0x7C", "|").Replace(param)
	given := []string{param}
	if tag == "oneof" {
		given = params.FindAllString(param, -1)
		for i := range given {
			given[i] = strings.ReplaceAll(given[i], "'", "")
		}
	}
	values := make([]string, len(given))
	for i, text := range given {
		value, err := f.Parse(text)
		if err != nil || value == "" {
			return fmt.Errorf("%q is not %s of the field", Shorten(text), types[f.Type].what)
		}
		values[i] = value
	}
	if len(values) == 0 {
		return errors.New("it needs a value behind an equals sign")
	}
	if tag != "ne" && f.Type == Text {
		longest := 0
		for _, value := range values {
			longest = max(longest, utf8.RuneCountInString(value))
		}
		r.longest = min(r.longest, longest)
	}
	// The sentence comes with every record that is rejected.
	const most = 20
	short := make([]string, 0, most+1)
	for _, value := range values[:min(len(values), most)] {
		short = append(short, Shorten(value))
	}
	if len(values) > most {
		short = append(short, "...")
	}
	shown := strings.Join(short, ", ")
	must := "be " + shown
	switch {
	case tag == "ne":
		must = "not be " + shown
	case len(values) > 1:
		must = "be one of " + shown
	}
	r.checks = append(r.checks, func(f *Field, text string) *FieldError {
		if slices.Contains(values, text) == (tag != "ne") {
			return nil
		}
		if tag == "ne" {
			return f.broken(CodeNotAllowed, must)
		}
		return f.broken(CodeNotAllowed, fmt.Sprintf("%s, not %q", must, Shorten(text)))
	})
	return nil
}

func checkUnique(f *Field, text string) *FieldError {
	texts := ListTexts(text)
	seen := make(map[string]bool, len(texts))
	for _, t := range texts {
		if seen[t] {
			return f.broken(CodeRepeated, fmt.Sprintf("not have an entry twice: %q", Shorten(t)))
		}
		seen[t] = true
	}
	return nil
}

// formats is the validator of all rules that are not checked here. It is safe for concurrent use.
var formats = sync.OnceValue(func() *validator.Validate { return validator.New() })

// described are sentences for the usual ones of the validator's rules.
var described = map[string]string{
	"email":            "an e-mail address",
	"url":              "a URL, such as https://example.com/a",
	"http_url":         "a URL, such as https://example.com/a",
	"https_url":        "a URL that begins with https://",
	"uri":              "a URI, such as https://example.com/a",
	"uuid":             "a UUID, such as 6ba7b810-9dad-11d1-80b4-00c04fd430c8",
	"e164":             "a phone number such as +14155552671",
	"isbn":             "an ISBN",
	"isbn10":           "an ISBN of 10 digits",
	"isbn13":           "an ISBN of 13 digits",
	"issn":             "an ISSN",
	"iso4217":          "the code of a currency, such as EUR",
	"iso3166_1_alpha2": "the code of a country, such as DE",
	"hexcolor":         "a color such as #ff8800",
	"alpha":            "letters from a to z alone",
	"alphanum":         "letters from a to z and digits alone",
	"ascii":            "ASCII characters alone",
	"numeric":          "a number",
	"number":           "digits alone",
	"lowercase":        "in lower case",
	"uppercase":        "in upper case",
}

// compileFormat compiles a rule of the validator's, for a Text.
func (f *Field) compileFormat(r *fieldRules, tag, param string, hasParam bool) error {
	rule := tag
	if hasParam {
		rule += "=" + param
	}
	for alternative := range strings.SplitSeq(rule, "|") {
		name, _, _ := strings.Cut(alternative, "=")
		if reason := refusedTag(name); reason != "" {
			return errors.New(reason)
		}
	}
	// The validator panics on what it doesn't know, and on values that a rule can't have.
	if err := try(rule); err != nil {
		return err
	}
	must := "be " + described[rule]
	if described[rule] == "" {
		must = "keep the rule " + Shorten(rule)
	}
	r.checks = append(r.checks, func(f *Field, text string) *FieldError {
		if formats().Var(text, rule) != nil {
			return f.broken(CodeBadFormat, fmt.Sprintf("%s: %q", must, Shorten(text)))
		}
		return nil
	})
	return nil
}

// refusedTag says why a rule of the validator's can't be one of a field, "" where it can.
func refusedTag(tag string) string {
	switch tag {
	case "structonly", "nostructlevel", "keys", "endkeys", "validateFn", "isdefault", "dive", "required", "omitempty",
		"omitnil", "omitzero", "-":
		return "it is not for the values of a field"
	case "file", "image", "dir", "uds_exists", "unix_addr", "tcp_addr", "tcp4_addr", "tcp6_addr", "udp_addr", "udp4_addr",
		"udp6_addr", "ip_addr", "ip4_addr", "ip6_addr":
		return "it looks at this machine or its network, not at the value"
	case "fieldcontains", "fieldexcludes":
		return "it compares with other fields"
	}
	for _, prefix := range []string{"required_", "excluded_", "skip_"} {
		if strings.HasPrefix(tag, prefix) {
			return "it looks at other fields"
		}
	}
	if strings.HasSuffix(tag, "field") {
		return "it compares with other fields"
	}
	return ""
}

// try finds out whether the validator takes a rule for a text.
func try(rule string) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("there is no such rule for texts, or it has a wrong value")
		}
	}()
	for _, text := range []string{"a", "1", "a@b.c"} {
		_ = formats().Var(text, rule)
	}
	return nil
}
