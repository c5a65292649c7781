package receive_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"

	"github.com/products-importer/products-importer/webhooks/receive"
)

// A handler verifies what it gets, and answers 2xx once it has dealt with it: everything else is sent again.
func ExampleVerifier() {
	secret, err := receive.ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=")
	if err != nil {
		log.Fatal(err)
	}
	verifier, err := receive.NewVerifier(receive.VerifierOptions{}, secret)
	if err != nil {
		log.Fatal(err)
	}
	handler := func(w http.ResponseWriter, r *http.Request) {
		message, err := verifier.Read(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		fmt.Printf("%s: %s\n", message.Type, message.Data)
		w.WriteHeader(http.StatusNoContent)
	}

	// A test of the handler signs requests itself.
	const body = `{"id":"evt_1","type":"product.deleted","timestamp":"2026-05-03T03:02:01Z",` +
		`"data":{"products":[{"id":7,"sku":"mug-1","version":3}]}}`
	for _, sent := range []string{body, strings.Replace(body, "mug-1", "mug-2", 1)} {
		now := time.Now()
		r := httptest.NewRequest(http.MethodPost, "/hook", strings.NewReader(sent))
		r.Header.Set(receive.HeaderID, "evt_1")
		r.Header.Set(receive.HeaderTimestamp, strconv.FormatInt(now.Unix(), 10))
		r.Header.Set(receive.HeaderSignature, secret.Sign("evt_1", now, []byte(body)))
		w := httptest.NewRecorder()
		handler(w, r)
		fmt.Printf("%d, %q\n", w.Code, w.Body)
	}
	// Output:
	// product.deleted: {"products":[{"id":7,"sku":"mug-1","version":3}]}
	// 204, ""
	// 401, "receive: the signature is wrong\n"
}

// A Tally says what of an import is missing, and when nothing is, in whatever order the messages come.
func ExampleTally() {
	tally := receive.NewTally()
	for _, message := range []receive.Message{
		{Type: receive.ProductCreated, Data: []byte(`{"import_id":"b2f1","number":2,"products":[{"sku":"c"}]}`)},
		{Type: receive.ImportCompleted, Data: []byte(
			`{"import_id":"b2f1","counts":{"created":3,"updated":0},"events":{"product.created":2}}`)},
		{Type: receive.ProductCreated, Data: []byte(
			`{"import_id":"b2f1","number":1,"products":[{"sku":"a"},{"sku":"b"}]}`)},
	} {
		status, err := tally.Add(&message)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d products, complete: %t, missing: %q\n", status.Products, status.Complete, status.Missing)
		if status.Complete {
			tally.Forget(status.ImportID)
		}
	}
	// Output:
	// 1 products, complete: false, missing: "the import hasn't ended"
	// 1 products, complete: false, missing: "product.created: numbers 1 to 1 of 2"
	// 3 products, complete: true, missing: ""
}

// Messages of one product come in any order: its version says which is the latest.
func ExampleLatest() {
	latest := receive.NewLatest()
	for _, message := range []receive.Message{
		{Type: receive.ProductCreated, Data: []byte(`{"products":[{"id":7,"name":"Mug","version":1}]}`)},
		{Type: receive.ProductUpdated, Data: []byte(`{"products":[{"id":7,"name":"Blue mug","version":3}]}`)},
		{Type: receive.ProductUpdated, Data: []byte(`{"products":[{"id":7,"name":"Big mug","version":2}]}`)},
		{Type: receive.ProductDeleted, Data: []byte(`{"products":[{"id":7,"name":"Blue mug","version":3}]}`)},
	} {
		changes, err := latest.Add(&message)
		if err != nil {
			log.Fatal(err)
		}
		for _, c := range changes {
			fmt.Printf("version %d, stale: %t, deleted: %t\n", c.Version, c.Stale, c.Deleted)
		}
	}
	// Output:
	// version 1, stale: false, deleted: false
	// version 3, stale: false, deleted: false
	// version 2, stale: true, deleted: false
	// version 3, stale: false, deleted: true
}
