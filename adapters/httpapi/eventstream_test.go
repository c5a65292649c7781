package httpapi

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// receivedMessage is what a client makes of a message.
type receivedMessage struct{ event, id, data string }

// lineBreak is any of the three that the format knows.
var lineBreak = regexp.MustCompile(`\r\n|\r|\n`)

// parseStream reads a stream as section 9.2.6 of the HTML standard wants it from a client.
func parseStream(stream string) (messages []receivedMessage, comments int) {
	var event, id string
	var data strings.Builder
	seen := false
	for _, line := range lineBreak.Split(strings.TrimPrefix(stream, "\ufeff"), -1) {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "":
			if seen {
				messages = append(messages, receivedMessage{event, id, strings.TrimSuffix(data.String(), "\n")})
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

func TestMessage(t *testing.T) {
	for _, test := range []struct {
		name    string
		message message
		want    string
	}{
		{"whole", message{event: "progress", id: "17", data: []byte(`{"state":"PROGRESS"}`)},
			"event: progress\nid: 17\ndata: {\"state\":\"PROGRESS\"}\n\n"},
		{"data alone", message{data: []byte("x")}, "data: x\n\n"},
		{"empty", message{}, "data: \n\n"},
		{"lines", message{data: []byte("a\nb\rc\r\nd\n\re\n")},
			"data: a\ndata: b\ndata: c\ndata: d\ndata: \ndata: e\ndata: \n\n"},
		{"forged fields", message{event: "a\ndata: b", id: "1\r\n\x002", data: []byte("c")},
			"event: adata: b\nid: 12\ndata: c\n\n"},
		{"space kept", message{data: []byte(" a")}, "data:  a\n\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, string(test.message.appendTo(nil)))
			require.Equal(t, "before"+test.want, string(test.message.appendTo([]byte("before"))))
		})
	}
}

func TestComment(t *testing.T) {
	for text, want := range map[string]string{
		"":                   ":\n\n",
		"still here":         ": still here\n\n",
		"a\ndata: x\r\n\r\n": ": a\n: data: x\n\n",
	} {
		require.Equal(t, want, string(appendComment(nil, text)))
		messages, comments := parseStream(want)
		require.Empty(t, messages)
		require.Positive(t, comments)
	}
}

func FuzzMessage(f *testing.F) {
	f.Add("progress", "1", []byte("{}"), "ping")
	f.Add("", "", []byte("\r\n\r\n\r"), "\r")
	f.Add("a\rb", "\x00", []byte("\ufeffdata: \n\n: x"), "data: y\n\ndata: z")
	f.Fuzz(func(t *testing.T, event, id string, data []byte, comment string) {
		sent := []message{{event: "first", id: "0", data: []byte("before")},
			{event: event, id: id, data: data}, {event: "last", id: "2", data: []byte("after")}}
		var stream []byte
		for _, m := range sent {
			stream = m.appendTo(stream)
			stream = appendComment(stream, comment)
		}
		clean := strings.NewReplacer("\r", "", "\n", "", "\x00", "")
		wantID := clean.Replace(id)
		if id == "" {
			wantID = "0" // a client keeps the one it has
		}
		got, comments := parseStream(string(stream))
		require.Equal(t, []receivedMessage{
			{"first", "0", "before"},
			{clean.Replace(event), wantID, lineBreak.ReplaceAllString(string(data), "\n")},
			{"last", "2", "after"},
		}, got)
		require.GreaterOrEqual(t, comments, len(sent))
	})
}
