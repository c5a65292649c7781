package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/products-importer/products-importer/examples/errorline"
	"github.com/products-importer/products-importer/examples/healthcheck"
)

// runCommand runs the command that the arguments begin with, and reports whether there is one.
func runCommand(ctx context.Context, args []string, getenv func(string) string, stdout,
	stderr io.Writer) (status int, ran bool) {
	if len(args) == 0 {
		return 0, false
	}
	var c interface {
		add(flags *flag.FlagSet)
		check(arguments []string, getenv func(string) string) error
		run(ctx context.Context, stdout io.Writer) error
	}
	var usage string
	switch args[0] {
	case "backup":
		c, usage = &backup{}, backupUsage
	case "copy":
		c, usage = &moving{}, copyUsage
	case "user":
		c, usage = &user{stdin: os.Stdin}, userUsage
	case "token":
		c, usage = &token{}, tokenUsage
	case "healthcheck":
		return healthcheck.Command{Program: "server", Flag: "addr", Addr: cmp.Or(getenv("ADDR"), defaultAddr)}.Run(ctx,
			args[1:], stdout, stderr), true
	default:
		return 0, false
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	c.add(flags)
	arguments, err := parseMixed(flags, args[1:])
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return 0, true
	}
	if err == nil {
		err = c.check(arguments, getenv)
	}
	if err != nil {
		fmt.Fprintf(stderr, "server %s: %v (server %[1]s -h explains)\n", args[0], err)
		return 2, true
	}
	if err := c.run(ctx, stdout); err != nil {
		fmt.Fprintf(stderr, "server %s: %s\n", args[0], errorline.Of(err))
		return 1, true
	}
	return 0, true
}

// parseMixed parses flags that stand before, between and behind the other arguments, and returns those.
func parseMixed(flags *flag.FlagSet, args []string) (arguments []string, err error) {
	for {
		if err := flags.Parse(args); err != nil {
			return nil, err
		}
		rest := flags.Args()
		if read := len(args) - len(rest); len(rest) == 0 || read > 0 && args[read-1] == "--" {
			return append(arguments, rest...), nil
		}
		arguments, args = append(arguments, rest[0]), rest[1:]
	}
}
