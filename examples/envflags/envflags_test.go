package envflags_test

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/examples/envflags"
)

// program has one flag of each kind.
type program struct {
	workers  int
	wait     time.Duration
	upload   int64
	verbose  bool
	name     string
	database string
	key      string
	*envflags.Set
}

func newProgram() *program {
	p := &program{}
	p.Set = envflags.New("demo", "Usage: demo [flags] FILE\n\n  demo -workers 2 a.csv\n")
	p.Group("Work")
	p.IntIn(&p.workers, "workers", 1, 0, 1000, "how many at a time")
	p.DurationIn(&p.wait, "wait", time.Minute, 0, 24*time.Hour, "how long is waited")
	p.Group("The rest")
	p.SizeIn(&p.upload, "max-upload", 4<<30, 1, 1<<50, "how long a file may be")
	p.BoolVar(&p.verbose, "verbose", false, "say more")
	p.StringVar(&p.name, "name", "", "the `name`")
	p.Func("database-url", "the `URL`", func(text string) error {
		if p.database = text; strings.HasPrefix(text, "bad:") {
			return errors.New("that is no URL")
		}
		return nil
	})
	p.SecretFromEnv("database-url")
	p.Secret("KEY", "the key, "+strings.Repeat("which is long, ", 20), func(text string) error {
		if p.key = text; text == "wrong" {
			return errors.New("it has too few bytes")
		}
		return nil
	})
	p.FromEnv()
	return p
}

func getter(environment map[string]string) func(string) string {
	return func(name string) string { return environment[name] }
}

func TestParse(t *testing.T) {
	secret := func(text string) string {
		path := filepath.Join(t.TempDir(), "secret")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	for name, c := range map[string]struct {
		environment map[string]string
		args        []string
		want        program
		arguments   []string
	}{
		"nothing": {want: program{}},
		"flags, around the arguments": {args: []string{"a", "-workers", "2", "b", "-verbose", "--", "-c"},
			want: program{workers: 2, verbose: true}, arguments: []string{"a", "b", "-c"}},
		"the environment": {environment: map[string]string{"WORKERS": "0", "WAIT": "90s", "MAX_UPLOAD": "500MB",
			"VERBOSE": "true", "NAME": "n", "DATABASE_URL": "d", "KEY": "k", "VERSION": "1"},
			want: program{wait: 90 * time.Second, upload: 500e6, verbose: true, name: "n", database: "d", key: "k"}},
		"a flag goes before the environment, wrong as that may be": {environment: map[string]string{"WORKERS": "x",
			"NAME": "n", "DATABASE_URL": "bad:", "DATABASE_URL_FILE": "none"},
			args: []string{"-workers", "3", "-name", "", "-database-url", ""}, want: program{workers: 3}},
		"files, whose last line's end is none of theirs": {environment: map[string]string{
			"DATABASE_URL_FILE": secret("d \n"), "KEY_FILE": secret("k\n\r\n")},
			want: program{database: "d ", key: "k\n"}},
		"a file without a line's end": {environment: map[string]string{"KEY_FILE": secret("k")}, want: program{key: "k"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProgram()
			arguments, err := p.Parse(c.args, getter(c.environment))
			require.NoError(t, err)
			require.Equal(t, c.arguments, arguments)
			if name == "nothing" || !p.Given("workers") {
				c.want.workers = 1
			}
			if !p.Given("wait") {
				c.want.wait = time.Minute
			}
			if !p.Given("max-upload") {
				c.want.upload = 4 << 30
			}
			p.Set = nil
			require.Equal(t, c.want, *p)
		})
	}
}

// TestWrong: whatever is wrong is one line that names the flag or the variable, and shows no secret.
func TestWrong(t *testing.T) {
	empty, long := filepath.Join(t.TempDir(), "empty"), filepath.Join(t.TempDir(), "long")
	require.NoError(t, os.WriteFile(empty, []byte("\n"), 0o600))
	require.NoError(t, os.WriteFile(long, make([]byte, 64<<10+1), 0o600))
	for _, c := range []struct {
		environment map[string]string
		args        []string
		says        string
	}{
		{nil, []string{"-workers", "1001"}, `-workers "1001": must be between 0 and 1000`},
		{nil, []string{"-workers", "99999999999999999999"}, `: must be between 0 and 1000`},
		{map[string]string{"WORKERS": "-1"}, nil, `WORKERS "-1": must be between 0 and 1000`},
		{map[string]string{"WORKERS": "many"}, nil, `WORKERS "many": is no whole number`},
		{nil, []string{"-workers", ""}, `-workers "": is no whole number`},
		{map[string]string{"WAIT": "30"}, nil, `WAIT "30": is no duration: want one such as 30s, 2m or 12h`},
		{map[string]string{"WAIT": "25h"}, nil, `WAIT "25h": must be between 0 and 24h`},
		{map[string]string{"WAIT": "99999999h"}, nil, `WAIT "99999999h": must be between 0 and 24h`},
		{map[string]string{"WAIT": "-1h99999999h"}, nil, `WAIT "-1h99999999h": must be between 0 and 24h`},
		{map[string]string{"WAIT": "99999999"}, nil, `WAIT "99999999": is no duration`},
		{map[string]string{"MAX_UPLOAD": "10 potatoes"}, nil,
			`MAX_UPLOAD "10 potatoes": is no size: want one such as 500MB or 10GiB`},
		{nil, []string{"-max-upload", "0"}, `-max-upload "0": must be between 1B and 1024TiB`},
		{nil, []string{"-max-upload", "9999999TiB"}, `: must be between 1B and 1024TiB`},
		{map[string]string{"VERBOSE": "yes"}, nil, `VERBOSE "yes": is neither true nor false`},
		{nil, []string{"-verbose=yes"}, `-verbose "yes": is neither true nor false`},
		{map[string]string{"DATABASE_URL": "bad:hunter2"}, nil, "DATABASE_URL: that is no URL"},
		{nil, []string{"-database-url", "bad:hunter2"}, "-database-url: that is no URL"},
		{map[string]string{"KEY": "wrong"}, nil, "KEY: it has too few bytes"},
		{map[string]string{"KEY": "hunter2", "KEY_FILE": empty}, nil, "KEY and KEY_FILE are both set: keep one of them"},
		{map[string]string{"KEY_FILE": empty}, nil, "KEY_FILE: " + empty + " is empty"},
		{map[string]string{"KEY_FILE": long}, nil, "is longer than 65536 bytes"},
		{map[string]string{"KEY_FILE": empty + "x"}, nil, "KEY_FILE: open " + empty + "x: "},
		{nil, []string{"-nonsense"}, "not defined: -nonsense"},
	} {
		p := newProgram()
		_, err := p.Parse(c.args, getter(c.environment))
		require.ErrorContains(t, err, c.says)
		require.NotContains(t, err.Error(), "hunter2")
		var stdout, stderr bytes.Buffer
		require.Equal(t, 2, p.Report(err, &stdout, &stderr))
		require.Empty(t, stdout.String())
		require.Equal(t, "demo: "+err.Error()+" (demo -h explains)\n", stderr.String())
	}
	p := newProgram()
	_, err := p.Parse([]string{"-name", "n"}, getter(map[string]string{"WORKERS": "2", "NAME": "m"}))
	require.NoError(t, err)
	require.Equal(t, []string{"-name", "WORKERS", "-wait"}, []string{p.Named("name"), p.Named("workers"), p.Named("wait")})
	require.NoError(t, envflags.None(nil))
	require.EqualError(t, envflags.None([]string{"a", "b"}), `there is nothing to do with "a"`)
}

// TestUsage: every flag is explained under its group, with its variable, in lines that fit a terminal.
func TestUsage(t *testing.T) {
	report := func(args ...string) string {
		p := newProgram()
		_, err := p.Parse(args, getter(map[string]string{"WORKERS": "wrong"}))
		var stdout, stderr bytes.Buffer
		require.Zero(t, p.Report(err, &stdout, &stderr))
		require.Empty(t, stderr.String())
		return stdout.String()
	}
	require.Regexp(t, `^demo .+\n$`, report("-version"))
	text := report("-h")
	require.Equal(t, text, report("-workers", "5", "-help"), "what is given is no default")
	require.True(t, strings.HasPrefix(text, "Usage: demo [flags] FILE\n\n  demo -workers 2 a.csv\n\n"), text)
	at := 0
	for _, part := range []string{
		"\nWork:\n",
		"\n  -wait duration   WAIT\n      how long is waited (default 1m)\n",
		"\n  -workers number   WORKERS\n      how many at a time (default 1)\n",
		"\nThe rest:\n",
		"\n  -database-url URL   DATABASE_URL, DATABASE_URL_FILE\n      the URL\n",
		"\n  -max-upload size   MAX_UPLOAD\n      how long a file may be (default 4GiB)\n",
		"\n  -name name   NAME\n", "\n  -verbose   VERBOSE\n      say more\n",
		"\n  KEY, KEY_FILE\n      the key,",
		"\n  -version\n",
	} {
		i := strings.Index(text[at:], part)
		require.GreaterOrEqual(t, i, 0, "%s\nin\n%s", part, text)
		at += i
	}
	for line := range strings.Lines(text) {
		require.LessOrEqual(t, len(line), 81)
	}
}

func TestFormat(t *testing.T) {
	for size, want := range map[int64]string{0: "0B", 1: "1B", 1000: "1KB", 1024: "1KiB", 4 << 30: "4GiB", 500e6: "500MB",
		1536 << 20: "1536MiB", 4097: "4097B", math.MaxInt64: "9223372036854775807B"} {
		require.Equal(t, want, envflags.FormatSize(size))
	}
	for d, want := range map[time.Duration]string{0: "0", time.Second: "1s", time.Minute: "1m", 90 * time.Second: "1m30s",
		24 * time.Hour: "24h", time.Hour + time.Second: "1h0m1s", 90 * time.Minute: "1h30m"} {
		require.Equal(t, want, envflags.FormatDuration(d))
	}
}
