// Command citus starts a Citus cluster for tests, a coordinator and two workers, from PostgreSQL's programs on this
// machine, which must have Citus. It prints the setting for them and runs until it is interrupted; then nothing of the
// cluster is left.
//
//	go run ./adapters/postgres/pgtest/citus
//	TEST_CITUS_URL=postgres://.. go test ./adapters/postgres -run Citus
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/products-importer/products-importer/adapters/postgres/pgtest"
)

func main() {
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
