package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/products-importer/products-importer/adapters/outbox"
	"github.com/products-importer/products-importer/examples/envflags"
	"github.com/products-importer/products-importer/examples/storeflags"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
)

// newOwn returns what does imports and undos that are kept in the database. Of a database that others have events tell
// of them.
func (s *settings) newOwn(db *storeflags.Stores, events *outbox.Outbox) (own *job.Own, err error) {
	options := job.RunnerOptions{Writers: s.options.Writers}
	if events != nil {
		db.Jobs.OnEnd(events.JobEnded)
		options.Notifier = events.Import
	}
	own = &job.Own{InTx: db.InTx, Worker: fmt.Sprintf("importcsv %d", os.Getpid()),
		OnWait: func(id string, until time.Time) {
			s.log.Warn("waiting for the process that has "+id+": where it is gone, the undo begins when its lease ends", "until",
				until.Format(time.TimeOnly))
		}}
	if own.Service, err = job.NewService(db.Jobs, db.Uploads, job.ServiceOptions{Fields: s.fields.Schema,
		KeyRule: db.Products.KeyRule()}); err != nil {
		return nil, err
	}
	own.Runner, err = job.NewRunner(db.Jobs, db.Uploads, db.Products, options)
	return own, err
}

// userName is who runs the program, empty where that isn't known.
func userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

// fileName is what the file is called where the import is told of.
func (o *outcome) fileName() string {
	if o.settings.file == "-" {
		return "standard input"
	}
	return filepath.Base(o.settings.file)
}

// asked returns what is told of an import's options.
func asked(options *importer.Options) job.Settings {
	s := job.Settings{Mode: options.Mode, DryRun: options.DryRun, Missing: options.Missing.String(),
		Scope: options.Scope}
	if options.MaxMissing != nil {
		s.MaxMissing = options.MaxMissing.String()
	}
	return s
}

// importOwn imports, keeps the import with what it changes, and writes the changes to their report.
func (o *outcome) importOwn(ctx context.Context, own *job.Own, source importer.Source, options importer.Options,
	reports *reports) (*importer.Result, error) {
	j, result, err := own.Import(ctx, source, options, job.Request{FileName: o.fileName(), User: userName(),
		Settings: asked(&options)})
	o.id, o.wroteNothing = j.ID, wroteNothing(&j)
	if err != nil {
		return result, err
	}
	return result, writeChanges(ctx, own, j.ID, reports.changes)
}

// writeChanges writes what a job changed.
func writeChanges(ctx context.Context, own *job.Own, id string, to *report) error {
	to.reported = true
	_, err := own.Service.ChangesCSV(ctx, id, job.ChangeQuery{}, to.buffer)
	return to.named(err)
}

// checkUndo returns what is wrong with the flags of an undo.
func (s *settings) checkUndo(flags *envflags.Set, files []string) error {
	switch {
	case s.undo == "":
		return errors.New("-undo is without the ID of an import: an import with -changes prints its ID")
	case len(files) > 0:
		return fmt.Errorf("-undo takes no file: leave out %s", files[0])
	case s.table.Name != "":
		return errors.New("-undo is for products: of a table of one's own the importer keeps no changes")
	case !s.database.URL.Stored():
		return errors.New("-undo needs the database of the import: name it with -database-url")
	case s.rejects != "" || s.superseded != "" || s.skipped != "":
		return errors.New("-undo reads no records: leave out -rejects, -superseded and -skipped")
	}
	var other error
	flags.VisitAll(func(f *flag.Flag) {
		if flags.Given(f.Name) && !slices.Contains(ofUndo, f.Name) && other == nil {
			other = fmt.Errorf("-undo imports no file: leave out %s", flags.Named(f.Name))
		}
	})
	return cmp.Or(other, s.checkReports(), s.checkDatabase())
}

// ofUndo are the flags that mean something with -undo.
var ofUndo = []string{"undo", "database-url", "schema", "no-migrate", "distribute", "fields",
	"dry-run", "changes", "json", "quiet"}

// undoImport takes back what the import of the settings did.
func undoImport(ctx context.Context, s *settings) *outcome {
	out := &outcome{settings: s}
	out.err = out.undo(ctx)
	out.cancelled = out.err != nil && ctx.Err() != nil
	return out
}

func (o *outcome) undo(ctx context.Context) (err error) {
	if u := o.settings.database.URL; u.Kind == storeflags.SQLite { // which would be made
		if _, err := os.Stat(u.Location()); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("there is no database %s in which an import could be undone", u)
		}
	}
	into, err := o.settings.openStore(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, into.close()) }()
	own := into.own
	reports, err := openReports(o.settings, &importer.Options{OnReject: func(importer.Reject) error { return nil }})
	if err != nil {
		return err
	}
	defer func() { o.partial = reports.keepPartial() }()
	j, err := own.Undo(ctx, strings.ToLower(o.settings.undo), job.UndoRequest{User: userName(),
		DryRun: o.settings.options.DryRun})
	if err != nil {
		return undoError(o.settings.undo, err)
	}
	o.id, o.undone, o.wroteNothing = j.ID, &j, wroteNothing(&j)
	if j.State != job.Success {
		return errors.Join(ctx.Err(), errors.New(j.Error))
	}
	if reports.changes != nil {
		if err := writeChanges(ctx, own, j.ID, reports.changes); err != nil {
			return err
		}
	}
	return reports.finish()
}

// undoError says for people why an import can't be undone.
func undoError(id string, err error) error {
	var undone *job.UndoneError
	switch {
	case errors.As(err, &undone) && undone.By.State.Final():
		return fmt.Errorf("%s was undone already: -undo %s takes that back", id, undone.By.ID)
	case errors.As(err, &undone):
		return fmt.Errorf("%s is being undone, or brought back, by %s: wait for its end", id, undone.By.ID)
	case errors.Is(err, job.ErrNotFound):
		return fmt.Errorf("the database has no import %s", id)
	case errors.Is(err, job.ErrNoChanges):
		return fmt.Errorf("of %s no changes are kept, so that it can't be undone: -changes FILE keeps those of an import", id)
	case errors.Is(err, job.ErrDryRun):
		return fmt.Errorf("%s was a dry run: there is nothing to be undone", id)
	case errors.Is(err, job.ErrNotEnded):
		return fmt.Errorf("%s has not ended: wait for its end, or cancel it, and undo it then", id)
	}
	return err
}

// describeUndo says what an undo did.
func (o *outcome) describeUndo(b *strings.Builder) {
	verb, c := "undone:", &o.undone.Event.Counts
	switch {
	case o.settings.options.DryRun:
		verb = "dry run of an undo, nothing written:"
	case o.undone.State != job.Success:
		verb = "undone in part:"
	}
	english.Fprintf(b, "%s %s, %d changes\n\n", verb, o.settings.undo, c.Read)
	writeCounts(b, "kept", []countLine{
		{"created", c.Created, "brought back"},
		{"updated", c.Updated, "got back what they had"},
		{"unchanged", c.Unchanged, "had it back already"},
		{"deleted", c.Deleted, "had been created"},
		{"kept", c.Kept, "left alone: somebody has changed or deleted them since"},
	})
}

// describeID says how the import can be undone.
func (o *outcome) describeID(b *strings.Builder) {
	if o.id == "" || o.settings.options.DryRun || !o.settings.database.URL.Stored() || o.err != nil && o.wroteNothing {
		return
	}
	fmt.Fprintf(b, "\n-undo %s takes this back\n", o.id)
}

// wroteNothing says that the job has ended, and has changed nothing.
func wroteNothing(j *job.Job) bool {
	c := &j.Event.Counts
	return j.State.Final() && c.Created+c.Updated+c.Deactivated+c.Deleted == 0
}
