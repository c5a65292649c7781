package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// setting is one of the settings of an import under the name that it has in the query and in JSON: a text, the mode, a
// flag, or texts by fields. One of the functions is given, and says where it stands.
type setting struct {
	name   string
	text   func(s *job.Settings) *string
	mode   func(s *job.Settings) *products.Mode
	flag   func(s *job.Settings) *bool
	fields func(s *job.Settings) *map[string]string
	// form is that of one of the fields' texts in the query. mayBeEmpty says whether such a text may be.
	form       string
	mayBeEmpty bool
}

// importSettings are all that a request can set. What they may be is for job.Settings to say, see [API.checkSettings].
var importSettings = []setting{
	{name: "mode", mode: func(s *job.Settings) *products.Mode { return &s.Mode }},
	{name: "dry_run", flag: func(s *job.Settings) *bool { return &s.DryRun }},
	{name: "extra", text: func(s *job.Settings) *string { return &s.Extra }},
	{name: "delimiter", text: func(s *job.Settings) *string { return &s.Delimiter }},
	{name: "quote", text: func(s *job.Settings) *string { return &s.Quote }},
	{name: "encoding", text: func(s *job.Settings) *string { return &s.Encoding }},
	{name: "header", text: func(s *job.Settings) *string { return &s.Header }},
	{name: "map", fields: func(s *job.Settings) *map[string]string { return &s.Map }, form: "FIELD=COLUMN"},
	{name: "set", fields: func(s *job.Settings) *map[string]string { return &s.Set }, form: "FIELD=VALUE",
		mayBeEmpty: true},
	{name: "number", fields: func(s *job.Settings) *map[string]string { return &s.Number }, form: "FIELD=SIGN"},
	{name: "date", fields: func(s *job.Settings) *map[string]string { return &s.Date }, form: "FIELD=ORDER"},
	{name: "zone", text: func(s *job.Settings) *string { return &s.Zone }},
	{name: "group", text: func(s *job.Settings) *string { return &s.Group }},
	{name: "max_rejects", text: func(s *job.Settings) *string { return &s.MaxRejects }},
}

// settingParameters are the names of the settings for readParameters.
func settingParameters() (names []string) {
	for _, k := range importSettings {
		if k.fields != nil {
			names = append(names, k.name+"...")
		} else {
			names = append(names, k.name)
		}
	}
	return names
}

// settings returns what the query sets.
func (p *parameters) settings() (s job.Settings) {
	for _, k := range importSettings {
		switch {
		case k.text != nil:
			*k.text(&s) = p.text(k.name)
		case k.mode != nil:
			p.unmarshal(k.name, k.mode(&s))
		case k.flag != nil:
			if flag := p.boolean(k.name); flag != nil {
				*k.flag(&s) = *flag
			}
		case k.fields != nil:
			*k.fields(&s) = p.assignments(k.name, k.form, k.mayBeEmpty)
		}
	}
	return s
}

// checkSettings returns a *job.SettingsError for settings that an import of this catalogue can't have.
func (a *API) checkSettings(s job.Settings) error {
	s.Fields = a.schema
	_, err := s.Options()
	return err
}

// settingChanges are what a JSON object sets. They are applied to settings that aren't known while it is read.
type settingChanges []func(s *job.Settings)

func (c settingChanges) apply(s *job.Settings) {
	for _, change := range c {
		change(s)
	}
}

// setters take the settings, each whole: null unsets one.
func (c *settingChanges) setters() setters {
	all := setters{}
	for _, k := range importSettings {
		all[k.name] = func(raw json.RawMessage) error {
			change, err := k.change(raw)
			if err == nil {
				*c = append(*c, change)
			}
			return err
		}
	}
	return all
}

// change returns what the JSON value does to settings.
func (k *setting) change(raw json.RawMessage) (change func(s *job.Settings), err error) {
	unset := isNull(raw)
	switch {
	case k.flag != nil:
		var flag bool
		if !unset && json.Unmarshal(raw, &flag) != nil {
			return nil, errors.New("true, false or null")
		}
		return func(s *job.Settings) { *k.flag(s) = flag }, nil
	case k.fields != nil:
		var texts map[string]string
		if !unset {
			texts, err = k.readFields(raw)
		}
		return func(s *job.Settings) { *k.fields(s) = texts }, err
	}
	text, ok := "", true
	if !unset {
		text, ok = scalar(raw)
	}
	switch {
	case !ok:
		return nil, errors.New("a string or null")
	case k.text != nil:
		return func(s *job.Settings) { *k.text(s) = text }, nil
	}
	var mode products.Mode // that of an empty text
	if text != "" {
		if err := mode.UnmarshalText([]byte(text)); err != nil {
			return nil, fieldErrors{{Field: k.name, Code: codeValue, Message: k.name + ": " + err.Error()}}
		}
	}
	return func(s *job.Settings) { *k.mode(s) = mode }, nil
}

// readFields reads an object of texts by fields.
func (k *setting) readFields(raw json.RawMessage) (map[string]string, error) {
	var values map[string]json.RawMessage
	if raw[0] != '{' || json.Unmarshal(raw, &values) != nil {
		return nil, errors.New("an object or null")
	}
	texts := make(map[string]string, len(values))
	for field, value := range values {
		text, ok := scalar(value)
		switch {
		case !ok:
			return nil, &innerError{field, codeType, "must be a string"}
		case field == "" || text == "" && !k.mayBeEmpty:
			return nil, &innerError{field, codeValue, "must not be empty"}
		}
		texts[field] = text
	}
	return texts, nil
}

// scalar returns a string as it is, and a number or a flag as it is written: 100 says what "100" does.
func scalar(raw json.RawMessage) (text string, ok bool) {
	switch {
	case raw[0] == '"':
		return text, json.Unmarshal(raw, &text) == nil
	case raw[0] == '{' || raw[0] == '[' || isNull(raw):
		return "", false
	}
	return string(bytes.TrimSpace(raw)), true
}

// settingProblem returns the problem with a setting in a JSON body.
func settingProblem(err error) error {
	var wrong *job.SettingsError
	if !errors.As(err, &wrong) {
		return err
	}
	return fieldProblem(http.StatusUnprocessableEntity, wrong.Field, codeValue, wrong.Field+": "+wrong.Message)
}

// assignments returns what the parameter, which may come several times, assigns to fields as FIELD=VALUE; nil without
// it.
func (p *parameters) assignments(name, form string, mayBeEmpty bool) (assigned map[string]string) {
	for _, entry := range p.values[name] {
		field, value, found := strings.Cut(entry, "=")
		if !found || field == "" || value == "" && !mayBeEmpty {
			p.fail(name, codeValue, fmt.Sprintf("%s must be %s, not %q", name, form, products.Shorten(entry)))
		}
		if _, twice := assigned[field]; twice {
			p.fail(name, codeTwice, fmt.Sprintf("%s names the field %q twice", name, products.Shorten(field)))
		}
		if assigned == nil {
			assigned = map[string]string{}
		}
		assigned[field] = value
	}
	return assigned
}
