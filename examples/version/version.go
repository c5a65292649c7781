// Package version says which version of the module a program was built from.
package version

import (
	"cmp"
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

// Build returns the version, and the commit where the build knows it, which is followed by " with changes" for one that
// was built from something else.
func Build() (version, commit string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return describe(tag, info)
}

// Line is a line, without its end, with the program's name, the version, the commit where the build knows it, and Go's
// version.
func Line(program string) string {
	version, commit := Build()
	if commit != "" {
		version += " commit " + commit
	}
	return fmt.Sprintf("%s %s %s %s/%s", program, version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// describe returns the version, and the commit behind it.
func describe(tag string, info *debug.BuildInfo) (version, commit string) {
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if commit = settings["vcs.revision"]; commit != "" && settings["vcs.modified"] == "true" {
		commit += " with changes"
	}
	return cmp.Or(tag, info.Main.Version, "(devel)"), commit
}
