package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/charset"
)

// shownRejects is how many kinds of rejected records the summary explains.
const shownRejects = 8

// rejects are the rejected records, by what is wrong with them, in the order of their first ones.
type rejects []*rejectKind

// rejectKind counts the records that were rejected for one reason.
type rejectKind struct {
	first importer.Reject
	count int64
}

// note counts a rejected record.
func (k *rejects) note(r importer.Reject) error {
	i := slices.IndexFunc(*k, func(kind *rejectKind) bool {
		return kind.first.Code == r.Code &&
			kind.first.Column == r.Column
	})
	if i < 0 {
		r.Fields = nil
		*k = append(*k, &rejectKind{first: r})
		i = len(*k) - 1
	}
	(*k)[i].count++
	return nil
}

// describe states each reason once, those of most records first, and counts all records by code.
func (k rejects) describe(b *strings.Builder, o *outcome) {
	if len(k) == 0 {
		return
	}
	b.WriteString("\nrejected:\n")
	kinds := slices.SortedStableFunc(slices.Values(k),
		func(a, b *rejectKind) int { return cmp.Compare(b.count, a.count) })
	for _, kind := range kinds[:min(shownRejects, len(kinds))] {
		r := kind.first
		fmt.Fprintf(b, "  line %d", r.Line)
		if r.LastLine > r.Line {
			fmt.Fprintf(b, " to %d", r.LastLine)
		}
		if kind.count > 1 {
			english.Fprintf(b, " and %d more", kind.count-1)
		}
		if r.Column != "" {
			fmt.Fprintf(b, ", column %s", r.Column)
		}
		fmt.Fprintf(b, ": %s\n", r.Reason)
	}
	if more := len(kinds) - shownRejects; more > 0 {
		fmt.Fprintf(b, "  and %s\n", plural(more, "other reason"))
	}
	if o.result != nil && len(o.result.Rejects) > 0 {
		codes := slices.SortedFunc(maps.Keys(o.result.Rejects), func(a, b importer.Code) int {
			return cmp.Or(cmp.Compare(o.result.Rejects[b], o.result.Rejects[a]), cmp.Compare(a, b))
		})
		b.WriteString("  in all:")
		for i, code := range codes {
			if i > 0 {
				b.WriteByte(',')
			}
			english.Fprintf(b, " %d %s", o.result.Rejects[code], code)
		}
		b.WriteByte('\n')
	}
	switch {
	case o.settings.rejects == "":
		b.WriteString("  -rejects FILE keeps them, to be mended and imported again\n")
	case o.err == nil:
		fmt.Fprintf(b, "  all of them are in %s, to be mended and imported again\n", o.settings.rejects)
	}
}

// describeHints names the flags that may be missing.
func describeHints(b *strings.Builder, hints []importer.Hint) {
	for _, h := range hints {
		fmt.Fprintf(b, "\nhint: %s\n", h.Text)
		if h.Field != "" {
			fmt.Fprintf(b, "  %s\n", mapFlag(h.Field, h.Column))
		}
	}
}

// headerAdvice names the flags that may help with a header.
func headerAdvice(e *importer.HeaderError) string {
	var flags []string
	for _, field := range slices.Sorted(maps.Keys(e.Suggestions)) {
		flags = append(flags, mapFlag(field, e.Suggestions[field]))
	}
	for _, field := range e.Missing {
		if e.Suggestions[field] == "" {
			flags = append(flags, "-map "+field+"=COLUMN")
		}
	}
	if len(flags) == 0 {
		return ""
	}
	return "; to say which column it is: " + strings.Join(flags, " ")
}

// advice has a line for each question about the file, with the flags that answer it.
func (o *outcome) advice() string {
	var b strings.Builder
	var question *importer.QuestionError
	if errors.As(o.err, &question) {
		for _, q := range question.Questions {
			flags := make([]string, len(q.Answers))
			for i, answer := range q.Answers {
				flags[i] = "-" + q.Kind + " " + answer
			}
			if len(flags) > 0 {
				answers(&b, flags)
			}
		}
	}
	var encoding *charset.QuestionError
	if errors.As(o.err, &encoding) {
		flags := make([]string, len(encoding.Readings))
		for i, r := range encoding.Readings {
			flags[i] = "-encoding " + r.Encoding.String()
		}
		answers(&b, flags)
	}
	return b.String()
}

// answers writes the flags of which one answers a question.
func answers(b *strings.Builder, flags []string) {
	fmt.Fprintf(b, "  to answer:  %s\n", strings.Join(flags, "   or   "))
}

// mapFlag is the flag that maps a field, as a shell takes it.
func mapFlag(field, column string) string {
	if strings.ContainsFunc(column, func(r rune) bool { return !strings.ContainsRune(plainInShells, r) }) {
		column = strconv.Quote(column)
	}
	return "-map " + field + "=" + column
}

const plainInShells = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.,:"
