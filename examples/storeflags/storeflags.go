// Package storeflags has the flag about where products are kept that the programs have in common, and opens what it
// names.
package storeflags

import (
	"cmp"
	"flag"
	"fmt"
)

// Settings are what the command line and the environment say.
type Settings struct {
	// URL is that of the flag, of DATABASE_URL or the fallback; the zero URL where there is none of them.
	URL   URL
	text  string
	given bool
}

// Add adds the flag. without says what happens where neither it nor DATABASE_URL names anything.
func (s *Settings) Add(flags *flag.FlagSet, without string) {
	// Not with the environment as its default value, which the usage would show, password and all.
	flags.Func("database-url", "the `URL` of the database: "+Forms+"; without it that in DATABASE_URL, "+without,
		func(text string) error {
			s.text, s.given = text, true
			return nil
		})
}

// Read reads the URL, or else the fallback, which may be empty: a flag that is given as empty means that, whatever
// DATABASE_URL says. The error is a sentence that names where the URL comes from and shows no password.
func (s *Settings) Read(getenv func(string) string, fallback string) (err error) {
	from := "-database-url"
	if !s.given {
		from, s.text = "DATABASE_URL", getenv("DATABASE_URL")
	}
	if s.text = cmp.Or(s.text, fallback); s.text == "" {
		return nil
	}
	if s.URL, err = ParseURL(s.text); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	return nil
}
