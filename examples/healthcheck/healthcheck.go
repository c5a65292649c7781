// Package healthcheck asks a program on this machine whether it is ready, for the engines of containers: an image that
// has nothing but the program has no other way to ask.
package healthcheck

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// patience is how long the program may take to answer. It answers within 3 seconds, whatever its database does.
const patience = 5 * time.Second

// Command is the command of a program.
type Command struct {
	// Program is the program's name, and Flag that of its flag for the address that is asked.
	Program, Flag string
	// Addr is the address where the flag isn't given.
	Addr string
}

// Run runs the command with the arguments behind its name. It returns the exit status: 0 where the program is ready, 1
// where it isn't, or isn't there, which stderr says in one line, and 2 for wrong usage.
func (c Command) Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("healthcheck", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	addr := flags.String(c.Flag, c.Addr, "the `address` that the running "+c.Program+" serves")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(stdout, "Usage: %s healthcheck [flags]\n\nAsks the %[1]s that runs here whether it is ready: its exit "+
			"status is 0, or else 1.\n\n", c.Program)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return 0
	case err == nil && flags.NArg() > 0:
		err = fmt.Errorf("there is nothing to do with %q", flags.Arg(0))
	}
	url := ""
	if err == nil {
		url, err = readyURL(*addr)
	}
	if err != nil {
		fmt.Fprintf(stderr, "%s healthcheck: %v (%[1]s healthcheck -h explains)\n", c.Program, err)
		return 2
	}
	if err := ask(ctx, url); err != nil {
		fmt.Fprintf(stderr, "%s healthcheck: %v\n", c.Program, err)
		return 1
	}
	return 0
}

// readyURL is where a program answers that listens at the address.
func readyURL(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("%q is no address: want host:port", addr)
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1" // of all addresses the one that nobody else has
	}
	return "http://" + net.JoinHostPort(host, port) + "/readyz", nil
}

func ask(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	// Not through a proxy that the environment names: this is about this machine.
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // it was only read
	if response.StatusCode == http.StatusOK {
		return nil
	}
	why, err := io.ReadAll(io.LimitReader(response.Body, 500))
	if err != nil {
		return err
	}
	return fmt.Errorf("%s answers %s: %s", url, response.Status, strings.Join(strings.Fields(string(why)), " "))
}
