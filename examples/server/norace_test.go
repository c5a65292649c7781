//go:build !race

package main

// raceDetector reports whether the tests, and the programs that they start, have the race detector.
const raceDetector = false
