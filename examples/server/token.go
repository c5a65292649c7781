package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/products-importer/products-importer/adapters/httpapi/basicauth"
	"github.com/products-importer/products-importer/examples/envflags"
	"github.com/products-importer/products-importer/examples/storeflags"
)

const tokenUsage = `Usage: server token add [flags] NAME
       server token remove|list [flags] [NAME]

Makes and withdraws tokens, with which programs log in at every server that has the database: the header is
"Authorization: Bearer TOKEN". add prints the token, which nobody can see a second time, since only a hash of it is
kept. A token that is removed ends within two seconds. Roles are admin, editor (products and imports), importer (imports
alone) and viewer.

  server token add -role importer nightly-import

`

// token is the command token.
type token struct {
	database storeflags.Settings
	role     basicauth.Role
	verb     string
	name     string
}

func (k *token) add(flags *envflags.Set) {
	k.database.Add(flags, defaultDatabase)
	k.database.AddNoMigrate(flags)
	flags.TextVar(&k.role, "role", basicauth.Viewer, "the `role` says what a new token may do: admin, editor, importer or viewer")
}

func (k *token) check(arguments []string) error {
	if !k.database.URL.Stored() {
		return errors.New("memory has nothing that another process could change: name a database, or ask the server " +
			"itself: POST /tokens/")
	}
	if len(arguments) == 0 {
		return errors.New("say what to do: add, remove or list")
	}
	want := 1
	switch k.verb = arguments[0]; k.verb {
	case "add", "remove":
	case "list":
		want = 0
	default:
		return fmt.Errorf("%q is nothing to do: want add, remove or list", k.verb)
	}
	if len(arguments)-1 != want {
		return fmt.Errorf("%s wants %d names, not %d", k.verb, want, len(arguments)-1)
	}
	if want == 1 {
		k.name = arguments[1]
	}
	return nil
}

func (k *token) run(ctx context.Context, stdout io.Writer) (err error) {
	db, err := storeflags.Open(ctx, k.database.URL, storeflags.Options{MaxConns: 2,
		Schema: k.database.Schema, NoMigrate: k.database.NoMigrate, Named: k.database.Named})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tokens, err := basicauth.NewTokens(db.Tokens)
	if err != nil {
		return err
	}
	switch k.verb {
	case "add":
		_, text, err := tokens.Add(ctx, k.name, k.role)
		if err == nil {
			fmt.Fprintln(stdout, text)
		}
		return err
	case "remove":
		return tokens.Remove(ctx, k.name)
	}
	all, err := tokens.List(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tROLE\tCREATED")
	for _, t := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\n", t.Name, t.Role, t.CreatedAt.Format(time.RFC3339))
	}
	return w.Flush()
}
