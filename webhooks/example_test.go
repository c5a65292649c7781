package webhooks_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/products-importer/products-importer/webhooks"
)

// A receiver verifies what it gets, and knows when it has all of an import.
func ExampleVerifier() {
	secret, err := webhooks.ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=")
	if err != nil {
		log.Fatal(err)
	}
	verifier, err := webhooks.NewVerifier(webhooks.VerifierOptions{}, secret)
	if err != nil {
		log.Fatal(err)
	}
	tally := webhooks.NewTally()
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		message, err := verifier.Read(r)
		if err != nil {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		if imported, err := tally.Add(message); err == nil && imported != nil {
			fmt.Println(message.Type, imported.Events, imported.Products, imported.Complete, imported.Missing)
		}
	}))
	defer receiver.Close()

	// What the other side does.
	sender, err := webhooks.NewSender(webhooks.SenderOptions{Policy: webhooks.Policy{AllowHTTP: true, AllowAnyPort: true, AllowAddresses: webhooks.Everywhere()}})
	if err != nil {
		log.Fatal(err)
	}
	endpoint := webhooks.Endpoint{URL: receiver.URL, Timeout: 5 * time.Second}
	if err := endpoint.Rotate(time.Now(), secret, 0); err != nil {
		log.Fatal(err)
	}
	for _, event := range []webhooks.Event{
		{Type: webhooks.ProductCreated, ImportID: "i-1", Number: 1, Data: []byte(`{"products":[{"sku":"a"},{"sku":"b"}]}`)},
		{Type: webhooks.ImportCompleted, ImportID: "i-1", Data: []byte(`{"counts":{"created":2},"events":{"product.created":1}}`)},
	} {
		event.Init(time.Now())
		if _, err := sender.Send(context.Background(), &endpoint, &event, 1); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// product.created 1 2 false the import hasn't ended
	// import.completed 1 2 true
}
