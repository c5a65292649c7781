// Package version says which version of the module a program was built from.
package version

import (
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
)

// tag is what a build that knows its version sets, by -ldflags "-X .../examples/version.tag=v1.2.3".
var tag string

// Add adds the flag -version, which sets asked: the program is to print Line, and to end.
func Add(flags *flag.FlagSet, asked *bool) {
	flags.BoolVar(asked, "version", false, "print the version and end")
}

// Line is a line, without its end, with the program's name, the version, the commit where the build knows it, and Go's
// version.
func Line(program string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return fmt.Sprintf("%s %s %s %s/%s", program, describe(tag, info), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// describe returns the version, with the commit behind it.
func describe(tag string, info *debug.BuildInfo) string {
	text := tag
	if text == "" {
		text = info.Main.Version
	}
	if text == "" {
		text = "(devel)"
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if commit := settings["vcs.revision"]; commit != "" {
		text += " commit " + commit
		if settings["vcs.modified"] == "true" {
			text += " with changes"
		}
	}
	return text
}
