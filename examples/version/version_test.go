package version

import (
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDescribe(t *testing.T) {
	commit := []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "false"}}
	changed := []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}}
	for _, c := range []struct {
		tag             string
		info            debug.BuildInfo
		version, commit string
	}{
		{"", debug.BuildInfo{}, "(devel)", ""},
		{"", debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, "v1.2.3", ""},
		{"v2.0.0", debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, "v2.0.0", ""},
		{"v2.0.0", debug.BuildInfo{Settings: commit}, "v2.0.0", "abc"},
		{"", debug.BuildInfo{Settings: changed}, "(devel)", "abc with changes"},
	} {
		version, commit := describe(c.tag, &c.info)
		require.Equal(t, c.version, version)
		require.Equal(t, c.commit, commit)
	}
}

func TestLine(t *testing.T) {
	line := Line("server")
	require.True(t, strings.HasPrefix(line, "server "), line)
	require.True(t, strings.HasSuffix(line, " "+runtime.Version()+" "+runtime.GOOS+"/"+runtime.GOARCH), line)
}
