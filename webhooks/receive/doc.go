// Package receive is for programs that receive webhooks: it verifies that a delivery comes from its sender, finds out
// which of a product's changes is the latest, and proves that nothing of an import is missing. It needs the standard
// library alone.
//
// A delivery is a POST request as Standard Webhooks 1.0 describes it; its body is one line:
//
//	POST /hook HTTP/1.1
//	Content-Type: application/json
//	Webhook-Id: evt_0198f0c2a7d87c3e9d0f5b6a1c2d3e4f
//	Webhook-Timestamp: 1777777321
//	Webhook-Signature: v1,wVxKATMW/iz3xWrV1kll6480xkG6OnF2XaICvZ4CDSA=
//	Webhook-Event: product.updated
//	Webhook-Attempt: 1
//
//	{"id":"evt_0198f0c2a7d87c3e9d0f5b6a1c2d3e4f","type":"product.updated","timestamp":"2026-05-03T03:02:01.000000Z",
//	 "data":{"products":[{"id":7,"sku":"mug-1","name":"Mug","version":3}]}}
//
// [Verifier.Read] makes a [Message] of it:
//
//	Message{
//		ID:        "evt_0198f0c2a7d87c3e9d0f5b6a1c2d3e4f",
//		Type:      "product.updated",
//		Timestamp: 2026-05-03 03:02:01 UTC,
//		Data:      `{"products":[{"id":7,"sku":"mug-1","name":"Mug","version":3}]}`,
//	}
//
// A sender tries again until it gets a status of 2xx. So the same message may come twice, with the same ID, and the
// messages of one product may come in any order. Whoever needs the latest state of a product compares versions, which
// grow with each change ([Latest] does so). The messages of an import are numbered by type, and its last message says
// how many there are ([Tally] counts them):
//
//	product.created   {"import_id":"b2f1","number":1,"products":[...]}
//	product.created   {"import_id":"b2f1","number":2,"products":[...]}
//	import.completed  {"import_id":"b2f1","counts":{"created":150, ...},"events":{"product.created":2}}
//
// An undo of an import is told like an import of its own; its last message has the ID of the import that was undone as
// undo, where others have their mode.
//
// Who fetches events, by GET /changes, gets the same messages, in a list, and uses [Latest] and [Tally] likewise; there
// is no signature to be verified.
package receive
