// Command receiver receives webhooks: it verifies each one and prints it. It says which changes are stale, since events
// come in any order, and when everything of an import has arrived.
//
//	WEBHOOK_SECRET=whsec_... go run ./examples/receiver
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/products-importer/products-importer/examples/errorline"
	"github.com/products-importer/products-importer/examples/version"
	"github.com/products-importer/products-importer/webhooks/receive"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:9090", "the `address` to serve")
	text := flag.String("secret", "", "the webhook's `secret`; without it that in WEBHOOK_SECRET")
	asked := false
	version.Add(flag.CommandLine, &asked)
	flag.Parse()
	if asked {
		fmt.Println(version.Line("receiver"))
		return
	}
	if *text == "" {
		*text = os.Getenv("WEBHOOK_SECRET")
	}
	secret, err := receive.ParseSecret(*text)
	if err != nil {
		os.Exit(errorline.Misused(os.Stderr, "receiver", err))
	}
	os.Exit(errorline.Fail(os.Stderr, "receiver", serve(*addr, secret)))
}

// serve serves for ever.
func serve(addr string, secret receive.Secret) error {
	verifier, err := receive.NewVerifier(receive.VerifierOptions{}, secret)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Printf("receiving at http://%s\n", listener.Addr())
	tally, latest := receive.NewTally(), receive.NewLatest()
	server := http.Server{ReadTimeout: 30 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			message, err := verifier.Read(r)
			if err != nil {
				fmt.Println("refused:", err)
				http.Error(w, err.Error(), http.StatusUnauthorized)
				return
			}
			fmt.Printf("%s %s attempt %s %.400s\n", message.ID, message.Type, r.Header.Get(receive.HeaderAttempt),
				message.Data)
			changes, err := latest.Add(message)
			if err != nil {
				fmt.Println("not understood:", err)
			}
			for _, c := range changes {
				if c.Stale {
					fmt.Printf("product %d: version %d comes late: passed over\n", c.ID, c.Version)
				}
			}
			status, err := tally.Add(message)
			switch {
			case err != nil:
				fmt.Println("not understood:", err)
			case status != nil && status.Complete:
				fmt.Printf("import %s: complete: %d products in %d events\n", status.ImportID, status.Products,
					status.Events)
			case status != nil && status.Summary != "":
				fmt.Printf("import %s: missing: %s\n", status.ImportID, status.Missing)
			}
			w.WriteHeader(http.StatusNoContent)
		})}
	return server.Serve(listener)
}
