package catalogtest

import "testing"

// BenchRecords returns the length of the catalogues that benchmarks import: 500,000 records, and 50,000 with -short,
// for who wants to know that they run and not what they measure.
func BenchRecords() int {
	if testing.Short() {
		return 50_000
	}
	return 500_000
}
