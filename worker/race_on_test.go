//go:build race

package worker_test

// raceDetector makes sync.Pool forget things at random: allocations are not
// counted then.
const raceDetector = true
