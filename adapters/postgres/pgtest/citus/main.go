// Command citus starts a Citus cluster for tests, a coordinator and two workers, from PostgreSQL's programs on this
// machine, which must have Citus. It prints the setting for them and runs until it is interrupted; then nothing of the
// cluster is left.
//
//	go run ./adapters/postgres/pgtest/citus
//	TEST_CITUS_URL=postgres://.. go test ./adapters/postgres -run Citus
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
)

func main() {
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), `usage: go run ./adapters/postgres/pgtest/citus

Starts a Citus cluster for tests, a coordinator and two workers, from PostgreSQL's programs on this machine, which must
have Citus. Prints TEST_CITUS_URL=URL and runs until it is interrupted; then nothing of the cluster is left.`)
	}
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(flag.CommandLine.Output(), "unexpected argument: %q\n", flag.Arg(0))
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	url, remove, err := pgtest.RunCitus()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
	fmt.Println("TEST_CITUS_URL=" + url)
	<-ctx.Done()
	stop()
	remove()
}
