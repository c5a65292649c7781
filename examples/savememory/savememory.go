// Package savememory has a program's garbage collector run more often than usual.
package savememory

import "runtime/debug"

// Within makes the collector run twice as often, and more often still where that would not keep the memory that Go
// manages within so many bytes. GOGC and GOMEMLIMIT go before that. The caller calls restore at the end.
func Within(bytes int64, getenv func(string) string) (restore func()) {
	if getenv("GOGC") != "" || getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	percent := debug.SetGCPercent(50)
	limit := debug.SetMemoryLimit(bytes)
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}
