package main

import (
	"context"
	"io"
	"os"

	"github.com/products-importer/products-importer/examples/envflags"
	"github.com/products-importer/products-importer/examples/errorline"
	"github.com/products-importer/products-importer/examples/healthcheck"
)

// subcommand is a command of the program, beside serving.
type subcommand interface {
	add(flags *envflags.Set)
	check(arguments []string) error
	run(ctx context.Context, stdout io.Writer) error
}

// runCommand runs the command that the arguments begin with, and reports whether there is one.
func runCommand(ctx context.Context, args []string, getenv func(string) string, stdout,
	stderr io.Writer) (status int, ran bool) {
	if len(args) == 0 {
		return 0, false
	}
	var c subcommand
	var usage string
	switch args[0] {
	case "backup":
		c, usage = &backup{}, backupUsage
	case "copy":
		c, usage = &moving{}, copyUsage
	case "migrate":
		c, usage = &migrate{stderr: stderr}, migrateUsage
	case "user":
		c, usage = &user{stdin: os.Stdin}, userUsage
	case "token":
		c, usage = &token{}, tokenUsage
	case "healthcheck":
		check := healthcheck.Command{Program: "server", Flag: "addr", Addr: defaultAddr}
		return check.Run(ctx, args[1:], getenv, stdout, stderr), true
	default:
		return 0, false
	}
	flags := envflags.New("server "+args[0], usage)
	c.add(flags)
	arguments, err := flags.Parse(args[1:], getenv)
	if err == nil {
		err = c.check(arguments)
	}
	if err != nil {
		return flags.Report(err, stdout, stderr), true
	}
	if err := c.run(ctx, stdout); err != nil {
		return errorline.Fail(stderr, flags.Name(), err), true
	}
	return errorline.Success, true
}
