package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/products-importer/products-importer/examples/errorline"
	"github.com/products-importer/products-importer/examples/storeflags"
	"github.com/products-importer/products-importer/importer/job"
	"github.com/products-importer/products-importer/products"
)

const changesHeader = "key,kind,field,before,after,version,reason\n"

// TestUndo: an import whose changes are asked for is undone by the ID that it prints, but for what was edited.
func TestUndo(t *testing.T) {
	for name, url := range databases {
		t.Run(name, func(t *testing.T) {
			database := url(t)
			report := filepath.Join(t.TempDir(), "changes.csv")
			program := func(status int, args ...string) session {
				t.Helper()
				s := importcsv(t, nil, "", append([]string{"-database-url", database}, args...)...)
				require.Equal(t, status, s.status, s.stderr+s.stdout)
				return s
			}
			changes := func() string {
				text, err := os.ReadFile(report)
				require.NoError(t, err)
				return string(text)
			}
			program(0, write(t, "first.csv", "sku,name\na,A\nb,B\n"))
			file := write(t, "second.csv", "sku,name\na,=2\nb,2\nc,C\n")
			const did = changesHeader + "a,updated,name,A,'=2,2,\nb,updated,name,B,2,2,\nc,created,name,,C,1,\n" +
				"c,created,status,,false,1,\n"
			dry := program(0, "-mode", "update", "-dry-run", "-changes", report, "-json", file).decode(t)
			require.Equal(t, did, changes(), "a dry run tells of what the import does")
			s := program(1, "-undo", dry["id"].(string))
			require.Contains(t, s.stderr, "was a dry run: there is nothing to be undone")
			id := program(0, "-mode", "update", "-changes", report, "-json", file).decode(t)["id"].(string)
			require.Equal(t, did, changes())
			edit(t, database, "b")

			s = program(0, "-undo", id, "-dry-run")
			require.Contains(t, s.stdout, "dry run of an undo, nothing written: "+id+", 3 changes")
			s = program(0, "-undo", strings.ToUpper(id), "-changes", report)
			require.Contains(t, s.stdout, "updated              1  got back what they had")
			require.Contains(t, s.stdout, "deleted              1  had been created")
			require.Contains(t, s.stdout, "kept                 1  left alone")
			require.Equal(t, changesHeader+"a,updated,name,'=2,A,3,\nb,kept,,,,3,changed\nc,deleted,name,C,,1,\n"+
				"c,deleted,status,false,,1,\n", changes())
			_, undo, _ := strings.Cut(s.stdout, "\n-undo ")
			undo, _, _ = strings.Cut(undo, " ")
			s = program(1, "-undo", id)
			require.Contains(t, s.stderr, id+" was undone already: -undo "+undo+" takes that back")
			require.EqualValues(t, 1, program(0, "-undo", undo, "-json").decode(t)["created"])
			s = program(1, "-undo", "0197d3f0-5a4c-7b21-9c5e-2f6d1a0b3c4d")
			require.Contains(t, s.stderr, "the database has no import 0197d3f0")
		})
	}
}

// openDatabase opens the database at the URL, which the caller closes.
func openDatabase(t *testing.T, database string) *storeflags.Stores {
	t.Helper()
	u, err := storeflags.ParseURL(database)
	require.NoError(t, err)
	db, err := storeflags.Open(t.Context(), u, storeflags.Options{})
	require.NoError(t, err)
	return db
}

// edit changes the description of the product with the SKU.
func edit(t *testing.T, database, sku string) {
	t.Helper()
	db := openDatabase(t, database)
	defer func() { require.NoError(t, db.Close()) }()
	page, err := db.Products.List(t.Context(), products.Query{SKU: sku, Limit: 1})
	require.NoError(t, err)
	text := "by hand"
	_, err = db.Products.Update(t.Context(), page.Products[0].ID, 0, products.Patch{Description: &text})
	require.NoError(t, err)
}

// TestAfterAKill: an import and an undo whose processes were killed are in nobody's way, and the undo is gone on with.
func TestAfterAKill(t *testing.T) {
	for name, url := range databases {
		t.Run(name, func(t *testing.T) {
			database := url(t)
			report := filepath.Join(t.TempDir(), "changes.csv")
			imported := func(text string) string {
				s := importcsv(t, nil, "", "-database-url", database, "-changes", report, "-json", write(t, "f.csv", text))
				require.Equal(t, 0, s.status, s.stderr)
				return s.decode(t)["id"].(string)
			}
			first := imported("sku,name\na,A\n")
			leave(t, database, job.Settings{})
			undo := leave(t, database, job.Settings{Undo: first})
			imported("sku,name\nb,B\n")
			leave(t, database, job.Settings{})
			s := importcsv(t, nil, "", "-database-url", database, "-undo", first, "-json")
			require.Equal(t, 0, s.status, s.stderr)
			require.Contains(t, s.stdout, `"id":"`+undo+`"`)
			require.Contains(t, s.stdout, `"deleted":1,`)
		})
	}
}

// leave makes a job of a process's own, and returns its ID once the process would have to be there and isn't.
func leave(t *testing.T, database string, settings job.Settings) string {
	t.Helper()
	const lease = 10 * time.Millisecond
	id := leaveFor(t, database, settings, lease)
	time.Sleep(2 * lease)
	return id
}

// leaveFor makes a job of a process's own, which a process has for so long.
func leaveFor(t *testing.T, database string, settings job.Settings, lease time.Duration) string {
	t.Helper()
	db := openDatabase(t, database)
	defer func() { require.NoError(t, db.Close()) }()
	settings.Changes = job.ChangesAll
	j, err := db.Jobs.Create(t.Context(), job.Job{Priority: job.MaxPriority + 1, Settings: settings, Size: 1})
	require.NoError(t, err)
	var claims []*job.Claim
	for len(claims) == 0 || claims[len(claims)-1].Job.ID != j.ID { // those that were left before come first
		claim, err := db.Jobs.Claim(t.Context(), "gone", time.Minute, 100)
		require.NoError(t, err)
		require.NotNil(t, claim)
		claims = append(claims, claim)
	}
	for _, claim := range claims {
		_, err = db.Jobs.Renew(t.Context(), claim, lease, nil)
		require.NoError(t, err)
	}
	return j.ID
}

// TestChangesIntoMemory: what an import would do to each product, without a database.
func TestChangesIntoMemory(t *testing.T) {
	report := filepath.Join(t.TempDir(), "changes.csv")
	s := importcsv(t, nil, "", "-changes", report, write(t, "small.csv", small))
	require.Equal(t, 0, s.status, s.stderr)
	require.NotContains(t, s.stdout, "-undo")
	text, err := os.ReadFile(report)
	require.NoError(t, err)
	require.Equal(t, changesHeader+"a-1,created,name,,Lamp,1,\na-1,created,status,,true,1,\nb-1,created,name,,Table,1,\n"+
		"b-1,created,status,,false,1,\n", string(text))
}

func TestUndoUsage(t *testing.T) {
	for want, args := range map[string][]string{
		"-undo takes no file: leave out x.csv":                               {"-undo", "1", "x.csv"},
		"-undo needs the database of the import: name it with -database-url": {"-undo", "1"},
		"leave out -rejects, -superseded and -skipped":                       {"-database-url", "sqlite:x.db", "-undo", "1", "-rejects", "r"},
		"-undo imports no file: leave out -mode":                             {"-database-url", "sqlite:x.db", "-undo", "1", "-mode", "update"},
		"-undo imports no file: leave out -scope":                            {"-database-url", "sqlite:x.db", "-undo", "1", "-scope", "a=b"},
		"-undo is without the ID of an import":                               {"-database-url", "sqlite:x.db", "-undo", ""},
		"-changes - would be standard output":                                {"-database-url", "sqlite:x.db", "-undo", "1", "-changes", "-"},
		`-schema "shop" is for PostgreSQL alone`:                             {"-database-url", "sqlite:x.db", "-undo", "1", "-schema", "shop"},
	} {
		s := importcsv(t, nil, "", args...)
		require.Equal(t, 2, s.status, args)
		require.Contains(t, s.stderr, want)
	}
	file := filepath.Join(t.TempDir(), "none.db")
	s := importcsv(t, nil, "", "-database-url", "sqlite:"+file, "-undo", "1")
	oneLine(t, s, errorline.Failure, "there is no database "+file)
	require.NoFileExists(t, file)
}
