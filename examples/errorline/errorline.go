// Package errorline writes errors for the people who run a program.
package errorline

import (
	"regexp"
	"strings"
)

// prefix is the name of one of this module's packages before what it has to say, at the beginning or in the middle of
// an error.
var prefix = regexp.MustCompile(`(^|: |; )((products|importer|job|webhooks|postgres|sqlite|memory|outbox|worker|httpapi|` +
	`basicauth): )+`)

// Of returns the error as one line, without the names of packages, which tell programmers where it comes from: a
// program puts its own name before it.
func Of(err error) string { return OfText(err.Error()) }

// OfText is Of for an error that is there as a text alone.
func OfText(text string) string {
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	return prefix.ReplaceAllString(strings.Join(lines, "; "), "$1")
}
