package envflags

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// width is how long the lines of the usage may be.
const width = 80

// explain writes the usage.
func (s *Set) explain(w io.Writer) {
	fmt.Fprintln(w, strings.TrimRight(s.intro, "\n"))
	if len(s.variables) > 0 {
		fmt.Fprintf(w, "\n%s\n", wrap("What stands in capitals is set by the environment as well, and a flag goes before it. "+
			"Where NAME_FILE stands beside it, that may name a file that has the value.", ""))
	}
	in := map[int][]*flag.Flag{} // the flags of each group; -1 for those before all of them
	s.VisitAll(func(f *flag.Flag) {
		at := len(s.groups) - 1
		for at >= 0 && slices.Contains(s.groups[at].before, f.Name) {
			at--
		}
		in[at] = append(in[at], f)
	})
	for i, g := range s.groups {
		if len(in[i]) == 0 && len(g.names) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s:\n", g.title)
		for _, f := range in[i] {
			s.explainFlag(w, f)
		}
		for _, name := range g.names {
			s.explainSecret(w, name)
		}
	}
	if len(in[-1]) > 0 {
		fmt.Fprintln(w)
		for _, f := range in[-1] {
			s.explainFlag(w, f)
		}
	}
}

// explainFlag writes a flag's lines.
func (s *Set) explainFlag(w io.Writer, f *flag.Flag) {
	plain := *f
	if v, ok := f.Value.(*watched); ok {
		plain.Value = v.Value
	}
	value, usage := flag.UnquoteUsage(&plain)
	if v, ok := plain.Value.(interface{ kindOf() string }); ok && value == "value" {
		value = v.kindOf()
	}
	head := "  -" + f.Name
	if value != "" {
		head += " " + value
	}
	for _, v := range s.variables {
		if v.flag == f.Name {
			head += "   " + v.head()
		}
	}
	if f.DefValue != "" && f.DefValue != "false" {
		usage += " (default " + f.DefValue + ")"
	}
	fmt.Fprintf(w, "%s\n%s\n", head, wrap(usage, "      "))
}

func (s *Set) explainSecret(w io.Writer, name string) {
	for _, v := range s.variables {
		if v.name == name {
			fmt.Fprintf(w, "  %s\n%s\n", v.head(), wrap(v.usage, "      "))
		}
	}
}

// head is the variable's name, or its two names.
func (v *variable) head() string {
	if v.secret {
		return v.name + ", " + v.name + "_FILE"
	}
	return v.name
}

// wrap returns the text in lines that begin with the indent.
func wrap(text, indent string) string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case len(indent)+len(line)+1+len(word) > width:
			lines, line = append(lines, indent+line), word
		default:
			line += " " + word
		}
	}
	return strings.Join(append(lines, indent+line), "\n")
}
