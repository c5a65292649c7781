// Package webhooks tells other systems what has changed, by HTTP requests as Standard Webhooks 1.0 describes them. An
// event is stored in the transaction of the change; it is signed, sent, and tried again for three days; and however
// many events there are, no endpoint gets more requests at a time than it wants.
//
//	a change -> Notifier.Append -> Store           in the change's transaction
//	Store.Claim -> Dispatcher -> HTTP -> Finish    any number of workers
//	Service                                        endpoints, tests, replays
//	Feed.ReadFeed, Service.AwaitFeed               for those who fetch events
//
// An [Event] is stored once, with one [Delivery] for each [Endpoint] that listens. So this call
//
//	store.Append(ctx, []webhooks.Event{{
//		Type: webhooks.ProductUpdated,
//		Data: []byte(`{"products":[{"id":7,"sku":"mug-1","name":"Mug","version":3}]}`),
//	}})
//
// leads to this request to every endpoint whose Events have "product.updated", "product.*" or "*":
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
// Workers claim deliveries for a limited time, a few for each endpoint, and hold no transaction while they send. A
// delivery may come twice, with the same ID. It is tried again for three days, with the waits of [Schedule], until the
// endpoint answers 2xx. An endpoint that fails for five days is disabled. Connections are made to public addresses
// only, unless the [Policy] allows others.
//
// Events come in any order, since many are sent at the same time and some are tried again. Every product in an event
// has its version, which grows with each change; a deletion has the last one. The many events of an import are
// numbered, and its last event says how many there are.
//
// Who would rather fetch than be sent reads the [Feed], where events are kept for some time once that is switched on
// (KeepFeed): the same ones, each once, in one order.
//
// Package receive is for receivers. Package driver is for those who write a [Store], and package storetest has the
// suite that every store passes.
package webhooks
