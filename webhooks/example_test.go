package webhooks_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"

	"github.com/products-importer/products-importer/adapters/memory"
	"github.com/products-importer/products-importer/webhooks"
	"github.com/products-importer/products-importer/webhooks/receive"
)

// A server wires a store, a sender, a service that manages endpoints, and a dispatcher that sends what is appended.
// With PostgreSQL the store is that of adapters/postgres, and adapters/worker runs the dispatcher.
func Example() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()

	// To be tried on one machine, this policy allows what others don't: http, any port, private addresses.
	policy := webhooks.Policy{AllowHTTP: true, AllowAnyPort: true, AllowAddresses: webhooks.AllAddresses()}
	db := memory.New(memory.Options{})
	store := db.Webhooks()
	sender, err := webhooks.NewSender(webhooks.SenderOptions{Policy: policy})
	if err != nil {
		log.Fatal(err)
	}
	service, err := webhooks.NewService(store, sender, webhooks.ServiceOptions{Policy: policy})
	if err != nil {
		log.Fatal(err)
	}
	dispatcher, err := webhooks.NewDispatcher(store, sender, webhooks.DispatcherOptions{})
	if err != nil {
		log.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- dispatcher.Run(ctx) }()

	// Somebody registers an endpoint, and gets its secret.
	received := make(chan *receive.Message)
	secret := receive.NewSecret()
	verifier, err := receive.NewVerifier(receive.VerifierOptions{}, secret)
	if err != nil {
		log.Fatal(err)
	}
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		message, err := verifier.Read(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		received <- message
	}))
	defer receiver.Close()
	endpoint := webhooks.Endpoint{URL: receiver.URL, Events: []string{"product.*"}}
	endpoint.Secrets = []webhooks.LiveSecret{{Secret: secret}}
	if _, err = service.Create(ctx, endpoint); err != nil {
		log.Fatal(err)
	}

	// Something changes: the event is part of the transaction that changes it.
	err = db.InTx(ctx, func(ctx context.Context) error {
		_, err := store.Append(ctx, []webhooks.Event{{
			Type: webhooks.ProductUpdated,
			Data: []byte(`{"products":[{"id":7,"sku":"mug-1","name":"Mug","version":3}]}`),
		}})
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	message := <-received
	fmt.Printf("%s %s\n", message.Type, message.Data)

	stop()
	fmt.Println(<-ended)
	// Output:
	// product.updated {"products":[{"id":7,"sku":"mug-1","name":"Mug","version":3}]}
	// <nil>
}

// A Sender signs with every secret in use. For a day after a rotation these are two, so that the receiver has time to
// change over.
func ExampleSender() {
	before, after := receive.NewSecret(), receive.NewSecret()
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			log.Fatal(err)
		}
		for _, secret := range []receive.Secret{before, after, receive.NewSecret()} {
			verifier, err := receive.NewVerifier(receive.VerifierOptions{}, secret)
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(verifier.Verify(r.Header, body))
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	defer receiver.Close()

	endpoint := webhooks.Endpoint{URL: receiver.URL, Timeout: 5 * time.Second}
	for _, secret := range []receive.Secret{before, after} {
		if err := endpoint.Rotate(time.Now(), secret, 24*time.Hour); err != nil {
			log.Fatal(err)
		}
	}
	sender, err := webhooks.NewSender(webhooks.SenderOptions{Policy: webhooks.Policy{
		AllowHTTP: true, AllowAnyPort: true, AllowAddresses: webhooks.AllAddresses()}})
	if err != nil {
		log.Fatal(err)
	}
	event := webhooks.Event{Type: webhooks.ProductsDeletedAll, Data: []byte(`{"count":3}`)}
	event.Init(time.Now())
	answer, err := sender.Send(context.Background(), &endpoint, &event, 1)
	fmt.Println(answer.Status, err)
	// Output:
	// <nil>
	// <nil>
	// receive: the signature is wrong
	// 204 <nil>
}

// What is wrong with an endpoint is said field by field.
func ExamplePolicy_Check() {
	policy := webhooks.Policy{}
	err := policy.Check(&webhooks.Endpoint{
		URL: "http://localhost:8080/hook", Events: []string{"product.*", "orders.*"}, Concurrency: 8,
		Timeout: 15 * time.Second,
		Credentials: webhooks.Credentials{
			Secrets: []webhooks.LiveSecret{{Secret: receive.NewSecret()}},
		},
	})
	var invalid *webhooks.ValidationError
	if errors.As(err, &invalid) {
		for _, f := range invalid.Fields {
			fmt.Printf("%s (%s): %s\n", f.Field, f.Code, f.Message)
		}
	}
	// Output:
	// callback_url (forbidden): callback_url must begin with https://: http is not allowed
	// callback_url (forbidden): callback_url must not have the port 8080
	// callback_url (forbidden): callback_url must not lead to localhost: it is not a public address
	// events (unknown): events has an entry that is no type of events: "orders.*"
}

func ExampleMatches() {
	for _, subscription := range []string{"*", "product.*", "product.created", "import.*"} {
		fmt.Println(subscription, webhooks.Matches(subscription, webhooks.ProductUpdated))
	}
	// Output:
	// * true
	// product.* true
	// product.created false
	// import.* false
}

// An endpoint that was switched off gets the events that it missed, once it is resumed and they are replayed.
func ExampleService_Replay() {
	ctx := context.Background()
	store := memory.New(memory.Options{}).Webhooks()
	sender, err := webhooks.NewSender(webhooks.SenderOptions{})
	if err != nil {
		log.Fatal(err)
	}
	service, err := webhooks.NewService(store, sender, webhooks.ServiceOptions{})
	if err != nil {
		log.Fatal(err)
	}
	e, err := service.Create(ctx, webhooks.Endpoint{URL: "https://example.com/hook"})
	if err != nil {
		log.Fatal(err)
	}
	switchTo := func(change func(e *webhooks.Endpoint)) {
		if _, err := service.Update(ctx, e.ID, 0, func(e *webhooks.Endpoint) error {
			change(e)
			return nil
		}); err != nil {
			log.Fatal(err)
		}
	}
	states := func() (states []webhooks.DeliveryState) {
		deliveries, err := store.ListDeliveries(ctx, webhooks.DeliveryQuery{EndpointID: e.ID})
		if err != nil {
			log.Fatal(err)
		}
		for _, d := range slices.Backward(deliveries) {
			states = append(states, d.State)
		}
		return states
	}

	if _, err := store.Append(ctx, []webhooks.Event{{Type: webhooks.ProductsDeletedAll,
		Data: []byte(`{"count":3}`)}}); err != nil {
		log.Fatal(err)
	}
	fmt.Println("appended:", states())
	switchTo(func(e *webhooks.Endpoint) { e.State = webhooks.Inactive })
	fmt.Println("switched off:", states())
	switchTo((*webhooks.Endpoint).Resume)
	n, err := service.Replay(ctx, e.ID, time.Now().Add(-time.Hour))
	fmt.Println("replayed:", n, err, states())
	// Output:
	// appended: [pending]
	// switched off: [skipped]
	// replayed: 1 <nil> [pending]
}
