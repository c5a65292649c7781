package progress_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/products-importer/products-importer/progress"
	"github.com/stretchr/testify/require"
)

// message is what a client makes of a frame.
type message struct{ event, id, data string }

// lineBreak is any of the three that the format knows.
var lineBreak = regexp.MustCompile(`\r\n|\r|\n`)

// parseStream reads a stream as section 9.2.6 of the HTML standard wants it from a client.
func parseStream(stream string) (messages []message, comments int) {
	var event, id string
	var data strings.Builder
	seen := false
	for _, line := range lineBreak.Split(strings.TrimPrefix(stream, "\ufeff"), -1) {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "":
			if seen {
				messages = append(messages, message{event, id, strings.TrimSuffix(data.String(), "\n")})
			}
			event, seen = "", false
			data.Reset()
		case name == "":
			comments++
		case name == "event":
			event = value
		case name == "id" && !strings.Contains(value, "\x00"):
			id = value
		case name == "data":
			seen = true
			data.WriteString(value + "\n")
		}
	}
	return messages, comments
}

func TestFrame(t *testing.T) {
	for _, test := range []struct {
		name  string
		frame progress.Frame
		want  string
	}{
		{"whole", progress.Frame{Event: "progress", ID: "17", Data: []byte(`{"state":"PROGRESS"}`)}, "event: progress\nid: 17\ndata: {\"state\":\"PROGRESS\"}\n\n"},
		{"data alone", progress.Frame{Data: []byte("x")}, "data: x\n\n"},
		{"empty", progress.Frame{}, "data: \n\n"},
		{"lines", progress.Frame{Data: []byte("a\nb\rc\r\nd\n\re\n")}, "data: a\ndata: b\ndata: c\ndata: d\ndata: \ndata: e\ndata: \n\n"},
		{"forged fields", progress.Frame{Event: "a\ndata: b", ID: "1\r\n\x002", Data: []byte("c")}, "event: adata: b\nid: 12\ndata: c\n\n"},
		{"space kept", progress.Frame{Data: []byte(" a")}, "data:  a\n\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, string(test.frame.AppendTo(nil)))
			require.Equal(t, "before"+test.want, string(test.frame.AppendTo([]byte("before"))))
		})
	}
}

func TestComment(t *testing.T) {
	for text, want := range map[string]string{
		"":                   ":\n\n",
		"still here":         ": still here\n\n",
		"a\ndata: x\r\n\r\n": ": a\n: data: x\n\n",
	} {
		require.Equal(t, want, string(progress.AppendComment(nil, text)))
		messages, comments := parseStream(want)
		require.Empty(t, messages)
		require.Positive(t, comments)
	}
}

func FuzzFrame(f *testing.F) {
	f.Add("progress", "1", []byte("{}"), "ping")
	f.Add("", "", []byte("\r\n\r\n\r"), "\r")
	f.Add("a\rb", "\x00", []byte("\ufeffdata: \n\n: x"), "data: y\n\ndata: z")
	f.Fuzz(func(t *testing.T, event, id string, data []byte, comment string) {
		frames := []progress.Frame{{Event: "first", ID: "0", Data: []byte("before")}, {Event: event, ID: id, Data: data}, {Event: "last", ID: "2", Data: []byte("after")}}
		var stream []byte
		for _, frame := range frames {
			stream = frame.AppendTo(stream)
			stream = progress.AppendComment(stream, comment)
		}
		clean := strings.NewReplacer("\r", "", "\n", "", "\x00", "")
		wantID := clean.Replace(id)
		if id == "" {
			wantID = "0" // a client keeps the one it has
		}
		got, comments := parseStream(string(stream))
		require.Equal(t, []message{
			{"first", "0", "before"},
			{clean.Replace(event), wantID, lineBreak.ReplaceAllString(string(data), "\n")},
			{"last", "2", "after"},
		}, got)
		require.GreaterOrEqual(t, comments, len(frames))
	})
}
