package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

// setting is one of the settings of an import under the name that it has in the query and in JSON: a text, several of
// them, the mode, a flag, or texts by fields. One of the functions is given, and says where it stands.
type setting struct {
	name   string
	text   func(s *job.Settings) *string
	texts  func(s *job.Settings) *[]string
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
	{name: "leave_out", texts: func(s *job.Settings) *[]string { return &s.LeaveOut }},
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
	{name: "missing", text: func(s *job.Settings) *string { return &s.Missing }},
	{name: "max_missing", text: func(s *job.Settings) *string { return &s.MaxMissing }},
	{name: "scope", texts: func(s *job.Settings) *[]string { return &s.Scope }},
	{name: "changes", text: func(s *job.Settings) *string { return &s.Changes }},
}

// settingParameters are the names of the settings for readParameters.
func settingParameters() (names []string) {
	for _, k := range importSettings {
		if k.fields != nil || k.texts != nil {
			names = append(names, k.name+"...")
		} else {
			names = append(names, k.name)
		}
	}
	return append(names, profileName)
}

// profileName names the profile whose settings count where a request doesn't set others.
const profileName = "profile"

// querySettings returns the settings of the query: those of the profile that it names, but for what it sets itself.
func (a *API) querySettings(ctx context.Context, p *parameters) (s job.Settings, err error) {
	changes := p.settingChanges()
	if p.err != nil {
		return s, p.err
	}
	return a.settingsOf(ctx, p.text(profileName), changes)
}

// settingsOf returns the settings of the profile, for an empty name the usual ones, with the changes.
func (a *API) settingsOf(ctx context.Context, profile string, changes settingChanges) (s job.Settings, err error) {
	if profile != "" {
		found, err := a.profile(ctx, profile)
		if err != nil {
			return s, err
		}
		s = found.Settings
	}
	changes.apply(&s)
	return s, nil
}

// settingChanges returns what the query sets. An empty text unsets.
func (p *parameters) settingChanges() (changes settingChanges) {
	for _, k := range importSettings {
		if !p.has(k.name) {
			continue
		}
		var s job.Settings
		switch {
		case k.text != nil:
			*k.text(&s) = p.text(k.name)
		case k.texts != nil:
			*k.texts(&s) = p.texts(k.name)
		case k.mode != nil:
			p.unmarshal(k.name, k.mode(&s))
		case k.flag != nil:
			if flag := p.boolean(k.name); flag != nil {
				*k.flag(&s) = *flag
			}
		case k.fields != nil:
			*k.fields(&s) = p.assignments(k.name, k.form, k.mayBeEmpty)
		}
		changes = append(changes, func(to *job.Settings) { k.copy(to, &s) })
	}
	return changes
}

// copy sets the setting to what it is in others.
func (k *setting) copy(to, from *job.Settings) {
	switch {
	case k.text != nil:
		*k.text(to) = *k.text(from)
	case k.texts != nil:
		*k.texts(to) = *k.texts(from)
	case k.mode != nil:
		*k.mode(to) = *k.mode(from)
	case k.flag != nil:
		*k.flag(to) = *k.flag(from)
	case k.fields != nil:
		*k.fields(to) = *k.fields(from)
	}
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
	var s job.Settings
	if !isNull(raw) {
		err = k.read(raw, &s)
	}
	return func(to *job.Settings) { k.copy(to, &s) }, err
}

// read sets the setting to the JSON value.
func (k *setting) read(raw json.RawMessage, s *job.Settings) (err error) {
	switch {
	case k.flag != nil:
		if json.Unmarshal(raw, k.flag(s)) != nil {
			return errors.New("true, false or null")
		}
		return nil
	case k.fields != nil:
		*k.fields(s), err = k.readFields(raw)
		return err
	case k.texts != nil:
		*k.texts(s), err = readTexts(raw)
		return err
	}
	text, ok := scalar(raw)
	switch {
	case !ok:
		return errors.New("a string or null")
	case k.text != nil:
		*k.text(s) = text
	case text != "":
		if err := k.mode(s).UnmarshalText([]byte(text)); err != nil {
			return fieldErrors{{Field: k.name, Code: codeValue, Message: k.name + ": " + err.Error()}}
		}
	}
	return nil
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

// readTexts reads an array of texts.
func readTexts(raw json.RawMessage) (texts []string, err error) {
	var values []json.RawMessage
	if raw[0] != '[' || json.Unmarshal(raw, &values) != nil {
		return nil, errors.New("an array of strings or null")
	}
	for i, value := range values {
		text, ok := scalar(value)
		switch {
		case !ok:
			return nil, &innerError{strconv.Itoa(i), codeType, "must be a string"}
		case text == "":
			return nil, &innerError{strconv.Itoa(i), codeValue, "must not be empty"}
		}
		texts = append(texts, text)
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
