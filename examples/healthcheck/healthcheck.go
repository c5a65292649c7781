// Package healthcheck asks a program on this machine whether it is ready, for the engines of containers: an image that
// has nothing but the program has no other way to ask.
package healthcheck

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/products-importer/products-importer/examples/envflags"
	"github.com/products-importer/products-importer/examples/errorline"
)

// patience is how long the program may take to answer. It answers within 3 seconds, whatever its database does.
const patience = 5 * time.Second

// Command is the command of a program.
type Command struct {
	// Program is the program's name, and Flag that of its flag for the address that is asked.
	Program, Flag string
	// Addr is the address where neither the flag nor the environment names one.
	Addr string
}

// Run runs the command with the arguments behind its name. It returns the exit status: that the program isn't ready, or
// isn't there, is a failure.
func (c Command) Run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	flags := envflags.New(c.Program+" healthcheck", "Usage: "+c.Program+" healthcheck [flags]\n\nAsks the "+c.Program+
		" that runs here whether it is ready: its exit status is 0, or else 1.\n")
	addr := flags.String(c.Flag, c.Addr, "the `address` that the running "+c.Program+" serves")
	flags.FromEnv()
	arguments, err := flags.Parse(args, getenv)
	if err == nil {
		err = envflags.None(arguments)
	}
	url := ""
	if err == nil {
		url, err = readyURL(*addr)
	}
	if err != nil {
		return flags.Report(err, stdout, stderr)
	}
	if err := ask(ctx, url); err != nil {
		return errorline.Fail(stderr, flags.Name(), err)
	}
	return errorline.Success
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
