package storeflags

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/products-importer/products-importer/adapters/postgres"
	"github.com/products-importer/products-importer/examples/envflags"
	"github.com/products-importer/products-importer/importer"
	"github.com/products-importer/products-importer/importer/job"
)

// Table says which table of one's own is imported into, if any.
type Table struct {
	// Name is empty for none.
	Name string
	// Key has all columns of a unique key of the table.
	Key []string
	// Leave, Rename and Touch are as in postgres.TableOptions.
	Leave, Touch []string
	Rename       map[string]string
	flags        *envflags.Set
}

// flagsOfTable are those that Table adds.
var flagsOfTable = []string{"table", "key", "leave", "rename", "touch"}

// Add adds the flags -table, -key, -leave, -rename and -touch.
func (t *Table) Add(flags *envflags.Set) {
	t.flags = flags
	flags.StringVar(&t.Name, "table", "",
		"import into the table of that `name` in PostgreSQL, such as shop.items, which is there already and whose "+
			"columns are the fields; nothing but its rows is changed")
	flags.Func("key", "the `COLUMNS` of a unique key of -table, with commas between them: one comes from the file, the "+
		"others have a value by -set. Columns are named as the table has them, with quotes as in SQL or without",
		func(text string) error {
			t.Key = nil
			return addColumns(&t.Key, text, "tenant_id,code")
		})
	flags.Func("leave", "`COLUMNS` of -table that no file sets, with commas between them: new rows get their defaults. "+
		"Those of types that can't be taken, such as jsonb, are left out anyway, if a row can do without a value",
		func(text string) error { return addColumns(&t.Leave, text, "secret,photo") })
	flags.Func("rename", "`COLUMN=FIELD`: the name that a column of -table has in files; several have commas between "+
		"them, or it is repeated. Without it Item No is item_no, and madeAt is made_at", func(text string) error {
		return addPairs(&t.Rename, text, "COLUMN=FIELD", "artikel=name")
	})
	flags.Func("touch", "`COLUMNS` of -table that are set to the time wherever a row is created or changed, with commas "+
		"between them, such as updated_at", func(text string) error { return addColumns(&t.Touch, text, "updated_at") })
}

// addColumns adds the names of a list with commas. An empty text has none.
func addColumns(to *[]string, text, example string) error {
	if text == "" {
		return nil
	}
	for more := true; more; {
		var name string
		name, text = cutColumn(text, ",")
		if text, more = strings.CutPrefix(text, ","); name == "" || !more && text != "" || slices.Contains(*to, name) {
			return errors.New("want one column, or several different ones: " + example)
		}
		*to = append(*to, name)
	}
	return nil
}

// cutColumn returns the name of a column that the text begins with, up to one of the ends or its own, and what is
// behind it. The name is as the table has it, with or without quotes as in SQL, "" for what is none.
func cutColumn(text, ends string) (name, rest string) {
	if text = strings.TrimSpace(text); !strings.HasPrefix(text, `"`) {
		at := strings.IndexAny(text, ends)
		if at < 0 {
			at = len(text)
		}
		return strings.TrimSpace(text[:at]), text[at:]
	}
	for rest = text[1:]; ; {
		part, behind, closed := strings.Cut(rest, `"`)
		if name += part; !closed {
			return "", ""
		}
		if rest, closed = strings.CutPrefix(behind, `"`); !closed {
			return name, strings.TrimSpace(behind)
		}
		name += `"`
	}
}

// addPairs adds the pairs of a list with commas. An empty text has none.
func addPairs(to *map[string]string, text, form, example string) error {
	if text == "" {
		return nil
	}
	if *to == nil {
		*to = map[string]string{}
	}
	for more := true; more; {
		column, behind := cutColumn(text, ",=")
		var value string
		value, text, more = strings.Cut(behind, ",")
		value, ok := strings.CutPrefix(value, "=")
		if !ok || column == "" {
			return fmt.Errorf("want %s, with commas between several: %s", form, example)
		}
		if _, twice := (*to)[column]; twice {
			return fmt.Errorf("gives %s two values", column)
		}
		(*to)[column] = value
	}
	return nil
}

// Check returns what is wrong with the flags together, and with -fields if that is given.
func (t *Table) Check(database URL) error {
	if t.Name == "" {
		for _, given := range []struct {
			flag   string
			values int
		}{{"key", len(t.Key)}, {"leave", len(t.Leave)}, {"rename", len(t.Rename)}, {"touch", len(t.Touch)}} {
			if given.values > 0 {
				return errors.New(t.flags.Named(given.flag) + " is for -table, which is missing")
			}
		}
		return nil
	}
	table := t.flags.Named("table")
	switch {
	case len(t.Key) == 0:
		return errors.New(table + " needs a unique key: name its columns with -key")
	case database.Kind != PostgreSQL:
		return errors.New(table + " is of PostgreSQL: name its database, postgres://user:password@host/name, with " +
			"-database-url or DATABASE_URL")
	case t.flags.Given("distribute"):
		return fmt.Errorf("%s is distributed by its owner: leave out %s, which is for the products", table,
			t.flags.Named("distribute"))
	case t.flags.Given("fields"):
		return fmt.Errorf("%s has its own fields, so leave out %s", table, t.flags.Named("fields"))
	}
	return nil
}

// Options are those of the table, where columns of the key have these constant values. They are all columns of the key
// but one.
func (t *Table) Options(set map[string]string) (options postgres.TableOptions, err error) {
	options = postgres.TableOptions{Name: t.Name, Constants: map[string]string{}, Leave: t.Leave, Rename: t.Rename,
		Touch: t.Touch}
	for _, column := range t.Key {
		value, constant := set[column]
		switch {
		case constant:
			options.Constants[column] = value
		case options.Key == "":
			options.Key = column
		default:
			return options, fmt.Errorf("%s has %s and %s from the file: give all of its columns but one a value with -set",
				t.flags.Named("key"), options.Key, column)
		}
	}
	if options.Key == "" {
		return options, fmt.Errorf("%s gives all columns of %s a value: one of them has to come from the file",
			t.flags.Named("set"), t.flags.Named("key"))
	}
	return options, nil
}

// ServedTable is the table that servers and workers import into, if any. All of one database have the same one.
type ServedTable struct {
	Table
	// Options are nil without a table. They are there after Check.
	Options *postgres.TableOptions
	set     map[string]string
}

// Add adds the flags -table, -key and -set.
func (t *ServedTable) Add(flags *envflags.Set) {
	t.Table.Add(flags)
	flags.Func("set", "`COLUMN=VALUE`: the same in every row of -table; several have commas between them, as in "+
		"tenant_id=7,source=files, or it is repeated. "+
		"Servers and workers of one database have the same flags of the table", func(text string) error {
		return addPairs(&t.set, text, "COLUMN=VALUE", "tenant_id=7")
	})
	flags.FromEnv(append(slices.Clone(flagsOfTable), "set")...)
}

// Check makes the Options, or returns what is wrong with the flags together.
func (t *ServedTable) Check(database URL) error {
	if err := t.Table.Check(database); err != nil {
		return err
	}
	if t.Name == "" {
		if len(t.set) > 0 {
			return errors.New(t.flags.Named("set") + " is for -table, which is missing")
		}
		return nil
	}
	options, err := t.Table.Options(t.set)
	if err != nil {
		return err
	}
	maps.Copy(options.Constants, t.set) // those beside the key are constants too
	t.Options = &options
	return nil
}

// notifier makes the notifier of a job's import.
type notifier = func(job.Job) importer.WebhookNotifier

// Notifier is the notifier of imports for job.RunnerOptions: the one of products, or one that tells of nothing where
// there is a table, whose rows are no products.
func (t *ServedTable) Notifier(ofProducts notifier) notifier {
	if t.Options == nil {
		return ofProducts
	}
	return func(job.Job) importer.WebhookNotifier { return nil }
}
