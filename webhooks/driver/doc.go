// Package driver is for those who write a [webhooks.Store]. It has the rules of the lives of endpoints and deliveries,
// so that they are the same in every store: which endpoint may be sent how much, when one is paused or given up, and
// what becomes of a delivery. Everybody else uses package webhooks alone.
//
// A store reads what is stored, calls a function of this package, and writes the result back, all in one transaction:
//
//	CreateEndpoint   InitEndpoint
//	UpdateEndpoint   UpdateEndpoint, SkipDelivery
//	Listening        Audience
//	Append           CheckEvent, webhooks.Event.Init, Listens, NewDelivery
//	Claim            CheckClaim, Plan, Spread, NewID
//	Finish           CheckResult, NoteResults, ConcludeDelivery, DisabledEvent, SkipDelivery
//	Resend, Replay   CheckReplay, ResendDelivery
//	Prune            CheckPrune
//
// Nothing here keeps state: all functions are safe for concurrent use on different values. Times
// are those of the store's clock. [RewindEndpoint] and [RewindDelivery] are for stores whose clock may be set back.
//
// The suite in webhooks/storetest checks that a store keeps to all of it.
package driver
