package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/adapters/postgres/pgtest/home"
	"github.com/products-importer/products-importer/examples/errorline"
)

// session is what a run of the program in this process gave.
type session struct {
	status         int
	stdout, stderr string
}

// importcsv runs the program in this process, without a terminal and with nothing in its environment but env.
func importcsv(t *testing.T, env map[string]string, stdin string, args ...string) session {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status := run(t.Context(), args, func(name string) string { return env[name] }, strings.NewReader(stdin), &stdout,
		&stderr)
	return session{status, stdout.String(), stderr.String()}
}

// decode returns the one object that a run with -json printed.
func (s session) decode(t *testing.T) map[string]any {
	t.Helper()
	require.Equal(t, 1, strings.Count(s.stdout, "\n"), s.stdout)
	var object map[string]any
	require.NoError(t, json.Unmarshal([]byte(s.stdout), &object))
	require.InDelta(t, object["read"],
		object["created"].(float64)+object["updated"].(float64)+object["unchanged"].(float64)+
			object["skipped"].(float64)+object["superseded"].(float64)+object["rejected"].(float64), 0,
		"the counts add up")
	return object
}

// databases are those that a test may run over: functions that return the URL of an empty one.
var databases = map[string]func(t *testing.T) string{
	"SQLite":     func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "products.db") },
	"PostgreSQL": func(t *testing.T) string { return home.URL(t) },
	"partitions": func(t *testing.T) string { return home.In(t, postgres.HashPartitions(64)) },
}

// write makes a file of the test's own and returns its path.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

const small = "Title,SKU,Price,Published\n" +
	"Lamp,a-1,10,yes\n" +
	"Table,b-1,20,no\n" +
	",c-1,30,yes\n" +
	"Chair,d-1,40,perhaps\n" +
	"Lamp again,a-1,11,yes\n"

func TestJSON(t *testing.T) {
	s := importcsv(t, nil, "", "-json", write(t, "small.csv", small))
	require.Equal(t, 0, s.status, s.stderr)
	require.Empty(t, s.stderr)
	object := s.decode(t)
	require.GreaterOrEqual(t, object["seconds"], 0.0)
	delete(object, "seconds")
	text, err := json.Marshal(object)
	require.NoError(t, err)
	require.JSONEq(t,
		`{"state": "SUCCESS", "read": 5, "created": 2, "updated": 0, "unchanged": 0, "skipped": 0, "superseded": 1,
		"rejected": 2, "passed_over": 0, "deactivated": 0, "deleted": 0, "bytes": 113, "dialect": {"encoding": "utf-8", "delimiter": ",", "quote": "\"", "escape": "\"", "line_ends": "lf", "header": true, "evidence": {
			"encoding": "only ASCII characters", "delimiter": "6 of 6 records looked at have 4 fields, and there is a header with known names",
			"quote": "it is the usual one; none of the fields looked at stands in quotes", "line_ends": "6 LF behind the records looked at"}, "columns": [
			{"number": 1, "name": "Title", "field": "name"}, {"number": 2, "name": "SKU", "field": "sku"},
			{"number": 3, "name": "Price"}, {"number": 4, "name": "Published", "field": "status"}]}}`, string(text))
}

func TestSummary(t *testing.T) {
	path := write(t, "small.csv", small)
	s := importcsv(t, nil, "", path)
	require.Equal(t, 0, s.status)
	require.Empty(t, s.stderr)
	first, rest, _ := strings.Cut(s.stdout, "\n")
	require.Regexp(t, "^imported "+path+
		` into memory \(nothing is kept: name a database with -database-url\), mode ignore: 5 records in .*s$`, first)
	require.Equal(t, `
  created              2  new products
  superseded           1  another record of the file has the same SKU and counts
  rejected             2  invalid

read as:
  encoding    utf-8: only ASCII characters
  delimiter   ",": 6 of 6 records looked at have 4 fields, and there is a header with known names
  line ends   lf: 6 LF behind the records looked at

columns:
  name        from column 1, "Title"
  sku         from column 2, "SKU"
  status      from column 4, "Published"
  ignored:    Price

rejected:
  line 4, column Title: name must not be empty
  line 5, column Published: Published must be a yes or a no (true/false, 1/0, yes/no, on/off, active/inactive, published/unpublished, enabled/disabled, draft, archived), not "perhaps"
  in all: 1 bad_boolean, 1 empty
  -rejects FILE keeps them, to be mended and imported again
`, rest)
}

func TestSummaryOfAnUnusualFile(t *testing.T) {
	path := write(t, "shop.csv", "\xff\xfe"+strings.Join(strings.Split("Export\r\r'sku';'name'\r'a';'it\\'s'\r", ""),
		"\x00")+"\x00")
	s := importcsv(t, nil, "", path)
	require.Equal(t, 0, s.status, s.stderr)
	require.Contains(t, s.stdout, `
read as:
  encoding    utf-16le: it begins with a byte order mark
  delimiter   ";": 2 of 2 records looked at have 2 fields, and there is a header with known names
  quote       ': it stands around 4 of the fields looked at; with quotes behind backslashes fewer lines are damaged
  escape      \: in front of quotes
  line ends   cr: 2 CR behind the records looked at
  before the header 2 lines passed over
`)
}

// TestOneRecord: one is no plural, and the message has the program's name alone before it.
func TestOneRecord(t *testing.T) {
	s := importcsv(t, nil, "", write(t, "one.csv", "sku,name\na,b\n"))
	require.Contains(t, s.stdout, "mode ignore: 1 record in ")
	s = importcsv(t, nil, "", "-max-rejects", "0", write(t, "none.csv", "sku,name\n,b\n"))
	require.Equal(t, 1, s.status)
	require.Contains(t, s.stderr, "importcsv: too many rejected records: more than 0")
}

func TestSettings(t *testing.T) {
	for _, c := range []struct {
		name  string
		args  []string
		file  string
		wants map[string]any
	}{
		{"mode", []string{"-mode", "update"}, small, map[string]any{"created": 2.0, "superseded": 1.0}},
		{"dry run", []string{"-dry-run"}, small, map[string]any{"created": 2.0, "rejected": 2.0}},
		{"delimiter", []string{"-delimiter", ";"}, "name;sku\na;1\nb;2\n", map[string]any{"created": 2.0}},
		{"delimiter auto", []string{"-delimiter", "auto"}, "name|sku\na|1\nb|2\n", map[string]any{"created": 2.0}},
		{"encoding", []string{"-encoding", "ISO-8859-1"}, "name,sku\na\x81,1\n", map[string]any{"created": 1.0}},
		{"quote none", []string{"-quote", "none"}, "name,sku\n\"a\",1\n\"b,2\n", map[string]any{"created": 2.0}},
		{"delimiter tab", []string{"-delimiter", "tab"}, "name\tsku\na\t1\n", map[string]any{"created": 1.0}},
		{"no header", []string{"-header=no"}, "a,1\nb,2\n", map[string]any{"created": 2.0}},
		{"header passed over", []string{"-header=skip"}, "x,y\nb,2\n", map[string]any{"created": 1.0}},
		{"group", []string{"-group", "Line"}, "name,sku,Line\na,1,x\n,2,x\n",
			map[string]any{"created": 2.0, "inherited": 1.0}},
		{"no group", []string{"-group", "none"}, "name,sku,slug\na,1,x\n,2,x\n",
			map[string]any{"created": 1.0, "rejected": 1.0, "inherited": nil}},
		{"map", []string{"-map", "sku=Code", "-map", "name=1"}, "What,Code\na,1\n", map[string]any{"created": 1.0}},
		{"writers", []string{"-writers", "4"}, small, map[string]any{"created": 2.0}},
		{"rejects within the limit", []string{"-max-rejects", "2"}, small, map[string]any{"rejected": 2.0}},
		{"rejects within the share", []string{"-max-rejects", "40%"}, small, map[string]any{"rejected": 2.0}},
		{"an empty database URL", []string{"-database-url", ""}, small, map[string]any{"created": 2.0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			env := map[string]string{}
			if c.name == "an empty database URL" {
				env["DATABASE_URL"] = "postgres://127.0.0.1:1/none"
			}
			// Flags may stand before and behind the file.
			s := importcsv(t, env, "", append([]string{"-json", write(t, "file.csv", c.file)}, c.args...)...)
			require.Equal(t, 0, s.status, s.stderr)
			object := s.decode(t)
			for key, want := range c.wants {
				require.Equal(t, want, object[key], key)
			}
		})
	}
}

// oneLine checks that the program has said what is wrong in one line.
func oneLine(t *testing.T, s session, status int, want string) {
	t.Helper()
	require.Equal(t, status, s.status, s.stderr)
	require.Equal(t, 1, strings.Count(s.stderr, "\n"), s.stderr)
	require.True(t, strings.HasPrefix(s.stderr, "importcsv: "), s.stderr)
	require.Contains(t, s.stderr, want)
}

func TestUsage(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"no file", nil, "name the file to import"},
		{"two files", []string{"a.csv", "b.csv"}, "one file at a time, not 2: a.csv b.csv"},
		{"an unknown flag", []string{"-colour", "a.csv"}, "flag provided but not defined: -colour"},
		{"an unknown flag behind the file", []string{"a.csv", "-colour"}, "flag provided but not defined: -colour"},
		{"an unknown mode", []string{"-mode", "merge", "a.csv"}, "want ignore, update or existing"},
		{"an unknown way with extra columns", []string{"-extra", "drop", "a.csv"}, "want ignore, keep, reject"},
		{"a column without a name", []string{"-leave-out", " ", "a.csv"}, `-leave-out " ": want a column`},
		{"an unknown header mode", []string{"-header", "maybe", "a.csv"}, "want auto, yes, no, skip"},
		{"a delimiter of two characters", []string{"-delimiter", "::", "a.csv"}, "want one ASCII character"},
		{"a quote that is none", []string{"-quote", "x", "a.csv"}, "want \", ', none or auto"},
		{"a quote as delimiter", []string{"-delimiter", `"`, "a.csv"}, "want one ASCII character"},
		{"no delimiter", []string{"-delimiter", "", "a.csv"}, "want one ASCII character"},
		{"an unknown encoding", []string{"-encoding", "ebcdic", "a.csv"}, "want auto, utf-8"},
		{"a mapping without a column", []string{"-map", "sku", "a.csv"}, "want FIELD=COLUMN"},
		{"a mapping of an unknown field", []string{"-map", "price=Price", "a.csv"}, `no field "price"`},
		{"a field mapped twice", []string{"-map", "sku=A", "-map", "sku=B", "a.csv"}, "sku is given twice"},
		{"a dry run that moves products", []string{"-database-url", "postgres://localhost/shop", "-distribute", "hash:8",
			"-dry-run", "a.csv"}, "-dry-run writes nothing, and -distribute may move all products: leave one of them out"},
		{"an undo that is tried and moves products", []string{"-database-url", "postgres://localhost/shop", "-distribute",
			"none", "-dry-run", "-undo", "1"}, "-dry-run writes nothing, and -distribute may move all products"},
		{"no writer", []string{"-writers", "0", "a.csv"}, "want a number from 1 on"},
		{"a writer that is no number", []string{"-writers", "two", "a.csv"}, "want a number from 1 on"},
		{"too many writers", []string{"-writers", "65", "a.csv"}, "must be between 1 and 64, not 65"},
		{"an unknown word for what is missing", []string{"-missing", "drop", "a.csv"}, "want keep, deactivate, delete"},
		{"a bad limit of what is missing", []string{"-missing", "delete", "-max-missing", "x", "a.csv"}, "want a count like 100"},
		{"a limit of what is kept", []string{"-max-missing", "5", "a.csv"}, "-max-missing bounds how many " +
			"products may be missing, but missing=keep keeps them all"},
		{"a scope that is not active", []string{"-missing", "deactivate", "-scope", "status=false", "a.csv"},
			"-scope has only products that aren't active, and missing=deactivate deactivates those that are"},
		{"a scope of what is kept", []string{"-scope", "status=true", "a.csv"}, "-scope says which products"},
		{"a scope by an unknown field", []string{"-missing", "delete", "-scope", "vendor=acme", "a.csv"}, `no field "vendor"`},
		{"what is missing without a database", []string{"-missing", "delete", "a.csv"}, "nothing that could be missing"},
		{"changes to standard output", []string{"-changes", "-", "a.csv"}, "-changes - would be standard output"},
		{"rejects to standard output", []string{"-rejects", "-", "a.csv"}, "-rejects - would be standard output"},
		{"a schema of a file", []string{"-database-url", "sqlite:x.db", "-schema", "shop", "a.csv"},
			`-schema "shop" is for PostgreSQL alone`},
		{"a bad limit of rejects", []string{"-max-rejects", "-1", "a.csv"}, "bad limit of rejects"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := importcsv(t, nil, "", c.args...)
			oneLine(t, s, errorline.Usage, c.want)
			require.Empty(t, s.stdout)
		})
	}
}

func TestHelp(t *testing.T) {
	s := importcsv(t, map[string]string{"DATABASE_URL": "postgres://me:secret@host/shop"}, "", "-h")
	require.Equal(t, 0, s.status)
	require.Empty(t, s.stderr)
	require.Contains(t, s.stdout, "-max-rejects")
	require.NotContains(t, s.stdout, "secret")
	require.Contains(t, s.stdout, "\n  -writers N\n")
	require.NotRegexp(t, `(?m)^  -\S+ (value|string|int|ignore|auto)\b`, s.stdout, "what stands behind a flag says what it is")
}

func TestBadFiles(t *testing.T) {
	for _, c := range []struct {
		name string
		path string
		args []string
		want string
	}{
		{"missing", filepath.Join(t.TempDir(), "none.csv"), nil, "no such file"},
		{"a directory", t.TempDir(), nil, "is a directory"},
		{"empty", write(t, "empty.csv", ""), nil, "empty"},
		{"binary", write(t, "image.png", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), nil, "cannot be imported"},
		{"no known header", write(t, "plain.csv", "a,b\nc,d\n"), nil, `found: "a", "b"`},
		{"no SKU", write(t, "nosku.csv", "name,price\nc,d\n"), nil,
			"needed: sku and name; found: \"name\", \"price\"; to say which column it is: -map sku=COLUMN"},
		{"a misspelt SKU", write(t, "skuu.csv", "name,Store Skuu,Price\nc,d,e\n"), nil, "needed: sku and name"},
		{"a column that is nearly right", write(t, "nmae.csv", "Product nmae,sku\nc,d\n"), nil,
			"-map name=\"Product nmae\""},
		{"a group that isn't there", write(t, "group.csv", "name,sku\nc,d\n"), []string{"-group", "Line"},
			"no column \"Line\", to which group is mapped"},
		{"columns that are refused", write(t, "extra.csv", small), []string{"-extra", "reject"}, `"Price"`},
		{"too many rejects", write(t, "rejects.csv", small), []string{"-max-rejects", "1"},
			"too many rejected records"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := importcsv(t, nil, "", append(c.args, c.path)...)
			oneLine(t, s, errorline.Failure, c.want)

			s = importcsv(t, nil, "", append(c.args, "-json", c.path)...)
			oneLine(t, s, errorline.Failure, c.want)
			object := s.decode(t)
			require.Equal(t, "FAILURE", object["state"])
			require.Contains(t, object["error"], c.want)
			require.InDelta(t, 0, object["created"], 0)
		})
	}
}

func TestQuietPrintsErrorsOnly(t *testing.T) {
	s := importcsv(t, nil, "", "-quiet", write(t, "small.csv", small))
	require.Equal(t, session{status: 0}, s)
	oneLine(t, importcsv(t, nil, "", "-quiet", t.TempDir()), errorline.Failure, "is a directory")
}

func TestStandardInput(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	for _, c := range []struct {
		name, stdin string
		status      int
	}{
		{"imported", small, errorline.Success},
		{"refused", "", errorline.Failure},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := importcsv(t, nil, c.stdin, "-json", "-")
			require.Equal(t, c.status, s.status, s.stderr)
			left, err := os.ReadDir(temporary)
			require.NoError(t, err)
			require.Empty(t, left, "the temporary file is removed")
		})
	}
}

func TestRejects(t *testing.T) {
	rejects := filepath.Join(t.TempDir(), "rejects.csv")
	s := importcsv(t, nil, "", "-rejects", rejects, write(t, "small.csv", small))
	require.Equal(t, 0, s.status, s.stderr)
	require.Contains(t, s.stdout, "all of them are in "+rejects)
	text, err := os.ReadFile(rejects)
	require.NoError(t, err)
	lines := strings.Split(string(text), "\n")
	require.Equal(t, "\ufeffTitle,SKU,Price,Published,_line,_column,_code,_reason", lines[0])
	require.True(t, strings.HasPrefix(lines[1], ",c-1,30,yes,4,Title,empty,"), lines[1])
	require.True(t, strings.HasPrefix(lines[2], "Chair,d-1,40,perhaps,5,Published,bad_boolean,"), lines[2])

	t.Run("they are imported again, once mended", func(t *testing.T) {
		mended := strings.Replace(strings.Replace(string(text), "perhaps", "yes", 1), ",c-1", "Cup,c-1", 1)
		s := importcsv(t, nil, "", "-json", "-extra", "reject", "-leave-out", "price",
			write(t, "mended.csv", mended))
		require.Equal(t, 0, s.status, s.stderr)
		require.InDelta(t, 2, s.decode(t)["created"], 0)
	})
	t.Run("the file that is imported is not overwritten", func(t *testing.T) {
		path := write(t, "small.csv", small)
		oneLine(t, importcsv(t, nil, "", "-rejects", path, path), errorline.Failure, "name another one")
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, small, string(text))
	})
	t.Run("the folder must exist", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "none", "rejects.csv")
		oneLine(t, importcsv(t, nil, "", "-rejects", path, write(t, "small.csv", small)), errorline.Failure,
			"the file for -rejects: there is no folder "+filepath.Dir(path)+": make it first")
	})
	t.Run("a full disk fails the import", func(t *testing.T) {
		if _, err := os.Stat("/dev/full"); err != nil {
			t.Skip("this system has no /dev/full")
		}
		oneLine(t, importcsv(t, nil, "", "-rejects", "/dev/full", write(t, "small.csv", small)), errorline.Failure,
			"no space left")
	})
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	status := run(ctx, []string{"-json", write(t, "small.csv", small)}, func(string) string { return "" },
		strings.NewReader(""), &stdout, &stderr)
	s := session{status, stdout.String(), stderr.String()}
	oneLine(t, s, errorline.Failure, "cancelled; nothing was written")
	require.Equal(t, "REVOKED", s.decode(t)["state"])
}

func TestUnreachableDatabase(t *testing.T) {
	const password, url = "tr0ub4dor&3", "postgres://me:tr0ub4dor&3@127.0.0.1:1/shop"
	path := write(t, "small.csv", small)
	s := importcsv(t, map[string]string{"DATABASE_URL": url}, "", "-json", path)
	oneLine(t, s, errorline.Failure, "")
	require.Equal(t, "FAILURE", s.decode(t)["state"])
	require.NotContains(t, s.stderr+s.stdout, password)
	require.Equal(t, s, importcsv(t, nil, "", "-json", "-database-url", url, path))
}

func TestUnreadableURL(t *testing.T) {
	for name, url := range map[string]string{
		"a bad port":   "postgres://me:tr0ub4dor&3@127.0.0.1:port/shop",
		"a bad escape": "postgres://me:tr0ub4dor&3%zz@127.0.0.1/shop",
	} {
		t.Run(name, func(t *testing.T) {
			s := importcsv(t, map[string]string{"DATABASE_URL": url}, "", write(t, "small.csv", small))
			oneLine(t, s, errorline.Usage, "DATABASE_URL: it can't be read")
			require.NotContains(t, s.stderr+s.stdout, "tr0ub4dor")
		})
	}
}

type fullWriter struct{}

func (fullWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestAResultThatCannotBeWrittenIsAFailure(t *testing.T) {
	var stderr bytes.Buffer
	status := run(t.Context(), []string{write(t, "small.csv", small)}, func(string) string { return "" }, nil,
		fullWriter{}, &stderr)
	oneLine(t, session{status: status, stderr: stderr.String()}, errorline.Failure, "can't be written")
}
