// Package errorline is how programs end: with an exit status, and an error written for the people who run them.
package errorline

import (
	"fmt"
	"io"
	"regexp"
	"strings"
)

// The exit statuses of all programs and their commands.
const (
	Success = 0
	Failure = 1
	Usage   = 2 // wrong flags, variables or arguments, told without having looked at any database or file of data
)

// Fail says in one line why the program, or a command of it, failed, and returns its exit status.
func Fail(stderr io.Writer, program string, err error) (status int) {
	return fail(stderr, program, err, Failure)
}

// Misused is Fail for wrong usage.
func Misused(stderr io.Writer, program string, err error) (status int) {
	return fail(stderr, program, fmt.Errorf("%w (%s -h explains)", err, program), Usage)
}

func fail(stderr io.Writer, program string, err error, status int) int {
	fmt.Fprintf(stderr, "%s: %s\n", program, Of(err))
	return status
}

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
