// Command receiver takes webhooks: it verifies each, prints it, passes over what comes late, since events come in any
// order, and says when it has everything of an import.
//
//	WEBHOOK_SECRET=whsec_... go run ./examples/receiver
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/products-importer/products-importer/webhooks"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:9090", "the `address` to serve")
	text := flag.String("secret", "", "the webhook's `secret`; without it that in WEBHOOK_SECRET")
	flag.Parse()
	if *text == "" {
		*text = os.Getenv("WEBHOOK_SECRET")
	}
	secret, err := webhooks.ParseSecret(*text)
	if err != nil {
		log.Fatal(err)
	}
	verifier, err := webhooks.NewVerifier(webhooks.VerifierOptions{}, secret)
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("receiving at http://%s\n", listener.Addr())
	tally, latest := webhooks.NewTally(), webhooks.NewLatest()
	server := http.Server{ReadTimeout: 30 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		message, err := verifier.Read(r)
		if err != nil {
			fmt.Println("refused:", err)
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		fmt.Printf("%s %s attempt %s %.400s\n", message.ID, message.Type, r.Header.Get(webhooks.HeaderAttempt), message.Data)
		changes, err := latest.Add(message)
		if err != nil {
			fmt.Println("not understood:", err)
		}
		for _, c := range changes {
			if !c.News {
				fmt.Printf("product %d: version %d comes late: passed over\n", c.ID, c.Version)
			}
		}
		imported, err := tally.Add(message)
		switch {
		case err != nil:
			fmt.Println("not understood:", err)
		case imported != nil && imported.Complete:
			fmt.Printf("import %s: complete: %d products in %d events\n", imported.ImportID, imported.Products, imported.Events)
		case imported != nil && imported.Summary != "":
			fmt.Printf("import %s: missing: %s\n", imported.ImportID, imported.Missing)
		}
		w.WriteHeader(http.StatusNoContent)
	})}
	log.Fatal(server.Serve(listener))
}
