// Package webhooks tells others what has changed: signed, tried again for three days, never lost, and never more than is
// needed. It follows Standard Webhooks 1.0.
//
//	a change -> Notifier.Append -> Store           in the change's transaction
//	Store.Claim -> Dispatcher -> HTTP -> Finish    any number of workers
//	Service                                        endpoints, tests, what is sent again
//
// An event is stored with the change that it tells of, once, beside one delivery for each endpoint that listens. Workers
// claim deliveries by lease, a few at a time for each endpoint, and hold no transaction while they send. So a delivery may
// come twice, under the same ID, but never not at all.
//
// Events come in any order, those of one product too: deliveries are made many at a time, and tried again. Every product in an
// event has its version, which grows with each change, and a deletion has the last one: what comes late is what has a
// version that isn't greater. Latest tells it for receivers.
//
// The many events of an import are numbered, so that a receiver can prove that it has them all.
//
// Package storetest holds the suite that every Store passes.
package webhooks
