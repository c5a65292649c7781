//go:build race

package main

// raceDetector tells whether the tests, and the programs that they start, have the race detector.
const raceDetector = true
