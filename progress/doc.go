// Package progress has what an import reports while it works: the Event and the Reporter that gets it, the Meter that
// computes rates and the time that is left, and the Hub that passes values on to any number of subscribers.
//
//	import -> Meter -> Event -> Throttle -> Reporter (a progress bar, a hub of web clients, a log)
//
// A Reporter is one function. This one
//
//	progress.Func(func(_ context.Context, e progress.Event) {
//		fmt.Printf("%s %.1f%%, %d created, %d rejected\n", e.Phase, e.Percent(), e.Created, e.Rejected)
//	})
//
// writes, of a file with 1,000 new products of which three are broken:
//
//	checking 0.0%, 0 created, 0 rejected
//	importing 10.0%, 0 created, 0 rejected
//	done 100.0%, 997 created, 3 rejected
package progress
