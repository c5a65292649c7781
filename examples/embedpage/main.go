// Command embedpage is a shop's own back office with the importer in it: its log-in, its page, and in that page the
// import as an element.
//
//	go run ./examples/embedpage
//
// The shop decides who comes in. Behind its log-in it serves the importer's API and the files of its page below
// /catalog/, and its own page has
//
//	<script type="module" src="/catalog/page/products-import.js"></script>
//	<products-import endpoint="/catalog/"></products-import>
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/products-importer/products-importer/adapters/httpapi"
	"github.com/products-importer/products-importer/adapters/httpapi/page"
	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/adapters/worker"
	"github.com/products-importer/products-importer/importer/job"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8082", "the `address` to serve")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "embedpage:", err)
		os.Exit(1)
	}
}

// run serves the shop until the context ends.
func run(ctx context.Context, addr string, stdout io.Writer) error {
	office := newShop()
	db := memory.New(memory.Options{})
	service, err := job.NewService(db.Jobs(), db.Uploads(), job.ServiceOptions{KeyRule: db.Products().KeyRule()})
	if err != nil {
		return err
	}
	api, err := httpapi.New(db.Products(), service, db.Jobs(), nil, httpapi.Options{Authenticate: office.user})
	if err != nil {
		return err
	}
	files, err := page.New(page.Options{})
	if err != nil {
		return err
	}
	runner, err := job.NewRunner(db.Jobs(), db.Uploads(), db.Products(), job.RunnerOptions{})
	if err != nil {
		return err
	}
	imports, err := worker.New(runner, worker.Options{})
	if err != nil {
		return err
	}
	office.mux.Handle("/catalog/", http.StripPrefix("/catalog", files.Beside(api)))

	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	server := httpapi.NewHTTPServer(office.mux, nil)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var parts sync.WaitGroup
	start := func(part func() error) {
		parts.Go(func() {
			if err := part(); err != nil && !errors.Is(err, http.ErrServerClosed) {
				cancel(err)
			}
		})
	}
	start(func() error { return api.Run(ctx) })
	start(func() error { return imports.Run(ctx) })
	start(func() error { return server.Serve(listener) })
	start(func() error {
		<-ctx.Done()
		grace, end := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer end()
		return errors.Join(server.Shutdown(grace), server.Close())
	})
	fmt.Fprintf(stdout, "serving http://%s\n", listener.Addr())
	parts.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}
