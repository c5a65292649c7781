// Package progress tells how far an import is: the Event, the Reporter that is told, and the Meter that works out rates
// and the time that is left.
//
//	import -> Meter -> Event -> Throttle -> Reporter (a progress bar, a hub of web clients, a log)
package progress
