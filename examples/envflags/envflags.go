// Package envflags has the flags of a program, which the environment can set as well, each declared once: its name, its
// variable, its bounds, and the group under which -help explains it.
package envflags

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/products-importer/products-importer/examples/errorline"
	"github.com/products-importer/products-importer/examples/version"
	"github.com/products-importer/products-importer/products"
)

// Set is the flags of a program or of one of its commands. Flags are declared as those of a flag.FlagSet are. It isn't
// safe for concurrent use.
type Set struct {
	*flag.FlagSet
	intro     string
	groups    []group
	variables []variable
	hidden    map[string]bool   // flags whose values no error shows
	given     map[string]string // what set a flag, "-workers" or "WORKERS", by its name
	err       error             // the first value that was wrong
	checks    []func() error
	version   bool
}

// group is some flags and variables under a title.
type group struct {
	title  string
	before []string // flags that were declared before it
	names  []string // of variables without a flag
}

// variable is one of the environment.
type variable struct {
	name   string
	flag   string // empty for none
	secret bool   // may stand in a file that NAME_FILE names
	value  flag.Value
	usage  string // of one without a flag
}

// New returns a set with the flag -version alone. The program is "server", or "server backup" for a command; intro is
// what stands before the flags in the usage, with its first line from "Usage:" on, and examples.
func New(program, intro string) *Set {
	s := &Set{FlagSet: flag.NewFlagSet(program, flag.ContinueOnError), intro: intro, hidden: map[string]bool{},
		given: map[string]string{}}
	s.SetOutput(io.Discard)
	version.Add(s.FlagSet, &s.version)
	return s
}

// Group begins a group: the flags and secrets declared from now on, up to the next one.
func (s *Set) Group(title string) {
	s.groups = append(s.groups, group{title: title, before: s.names()})
}

// names are those of the flags so far.
func (s *Set) names() (all []string) {
	s.VisitAll(func(f *flag.Flag) { all = append(all, f.Name) })
	return all
}

// FromEnv has the environment set the flags, or all but -version where none is named: -log-level by LOG_LEVEL. A flag
// on the command line goes first, even if it is empty; an empty variable is none.
func (s *Set) FromEnv(flags ...string) {
	if len(flags) == 0 {
		flags = slices.DeleteFunc(s.names(), func(name string) bool {
			has := func(v variable) bool { return v.flag == name }
			return name == "version" || slices.ContainsFunc(s.variables, has)
		})
	}
	for _, name := range flags {
		s.add(variable{flag: name})
	}
}

// SecretFromEnv is FromEnv for a flag whose value nobody may see: it may also stand in the file that a variable with
// _FILE behind its name names, and no error shows it.
func (s *Set) SecretFromEnv(flag string) {
	s.Hide(flag)
	s.add(variable{flag: flag, secret: true})
}

// Hide has no error show the values of the flags.
func (s *Set) Hide(flags ...string) {
	for _, name := range flags {
		s.hidden[name] = true
	}
}

func (s *Set) add(v variable) {
	v.name = strings.ToUpper(strings.ReplaceAll(v.flag, "-", "_"))
	v.value = s.Lookup(v.flag).Value
	s.variables = append(s.variables, v)
}

// Secret declares what no flag has, since others see command lines: the environment's variable of that name, or the
// file that the variable with _FILE behind its name names. Its error must not show the value.
func (s *Set) Secret(name, usage string, set func(text string) error) {
	s.variables = append(s.variables, variable{name: name, secret: true, value: function(set), usage: usage})
	if last := len(s.groups) - 1; last >= 0 {
		s.groups[last].names = append(s.groups[last].names, name)
	}
}

// Check has Parse return the error of f, about flags that don't go together, once all of them are read.
func (s *Set) Check(f func() error) { s.checks = append(s.checks, f) }

// errVersion is what Parse returns for -version.
var errVersion = errors.New("the version is to be printed")

// Parse sets the flags by the arguments and the environment. It returns the arguments that are no flags: flags may
// stand before, between and behind them. The error, for [Set.Report], is a sentence that names the flag or the
// variable.
func (s *Set) Parse(args []string, getenv func(string) string) (arguments []string, err error) {
	s.VisitAll(func(f *flag.Flag) { f.Value = &watched{f.Value, s, f.Name} })
	for {
		if err := s.FlagSet.Parse(args); err != nil {
			return nil, err
		}
		rest := s.Args()
		read := len(args) - len(rest)
		if len(rest) == 0 || read > 0 && args[read-1] == "--" {
			arguments = append(arguments, rest...)
			break
		}
		arguments, args = append(arguments, rest[0]), rest[1:]
	}
	switch {
	case s.version:
		return nil, errVersion
	case s.err != nil:
		return nil, s.err
	}
	for _, v := range s.variables {
		if err := s.read(&v, getenv); err != nil {
			return nil, err
		}
	}
	for _, check := range s.checks {
		if err := check(); err != nil {
			return nil, err
		}
	}
	return arguments, nil
}

// None returns an error for arguments that nobody asked for.
func None(arguments []string) error {
	if len(arguments) > 0 {
		return fmt.Errorf("there is nothing to do with %q", arguments[0])
	}
	return nil
}

// read sets what the environment says.
func (s *Set) read(v *variable, getenv func(string) string) error {
	if s.given[v.flag] != "" {
		return nil
	}
	name, text := v.name, getenv(v.name)
	if v.secret {
		var err error
		if name, text, err = readSecret(name, text, getenv); err != nil {
			return err
		}
	}
	if text == "" {
		return nil
	}
	if v.flag != "" {
		s.given[v.flag] = name
	}
	return set(v.value, name, text, v.secret)
}

// Given reports whether the flag was given, on the command line or in the environment.
func (s *Set) Given(name string) bool { return s.given[name] != "" }

// Named is what an error calls the flag that is wrong: "-workers", or "WORKERS" where the environment has set it.
func (s *Set) Named(name string) string { return cmp.Or(s.given[name], "-"+name) }

// Report ends the program for what Parse returned, or what was wrong with the settings as a whole: it explains the
// program, prints its version, or says in one line what is wrong. It returns the exit status.
func (s *Set) Report(err error, stdout, stderr io.Writer) (status int) {
	switch {
	case errors.Is(err, flag.ErrHelp):
		s.explain(stdout)
		return errorline.Success
	case errors.Is(err, errVersion):
		program, _, _ := strings.Cut(s.Name(), " ")
		fmt.Fprintln(stdout, version.Line(program))
		return errorline.Success
	}
	return errorline.Misused(stderr, s.Name(), err)
}

// watched is the value of a flag on the command line. The errors of flag.FlagSet would show secrets, and have another
// form than those of variables.
type watched struct {
	flag.Value
	set  *Set
	name string
}

// IsBoolFlag says whether the flag is set by its name alone.
func (w *watched) IsBoolFlag() bool { return isBool(w.Value) }

// String is the value's.
func (w *watched) String() string {
	if w.Value == nil {
		return "" // package flag asks the zero value
	}
	return w.Value.String()
}

// Set sets the value. An error is kept for Parse.
func (w *watched) Set(text string) error {
	w.set.given[w.name] = "-" + w.name
	if err := set(w.Value, "-"+w.name, text, w.set.hidden[w.name]); err != nil && w.set.err == nil {
		w.set.err = err
	}
	return nil
}

// set sets the value by the flag or the variable of that name.
func set(v flag.Value, name, text string, hidden bool) error {
	err := v.Set(text)
	switch {
	case err == nil:
		return nil
	case hidden:
		return fmt.Errorf("%s: %w", name, err)
	case isBool(v): // package flag says "parse error"
		err = errors.New("is neither true nor false")
	}
	return fmt.Errorf("%s %q: %w", name, products.Shorten(text), err)
}

func isBool(v flag.Value) bool {
	b, ok := v.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

// function is a function as a value.
type function func(text string) error

func (f function) Set(text string) error { return f(text) }

func (f function) String() string { return "" }
