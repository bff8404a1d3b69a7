package floor

import (
	"sync"
	"time"
)

// calibration is how long the counter is compared with the clock: the reading
// of the clock is uncertain by some 50 ns, so the factor is good to 1 in 50,000.
const calibration = 3 * time.Millisecond

// nanosPerTick is found at first use.
var nanosPerTick = sync.OnceValue(func() float64 {
	start, first := time.Now(), ticks()
	for time.Since(start) < calibration {
		pause()
	}
	elapsed, last := time.Since(start), ticks()
	return float64(elapsed.Nanoseconds()) / float64(last-first)
})

// Stopwatch measures short intervals on one core, for a few nanoseconds per
// reading: with the counter that amd64 and arm64 cores have, and with the
// runtime's clock elsewhere. It belongs to one goroutine of a process that is
// pinned to one core: counters of different cores may differ.
type Stopwatch struct{ factor float64 }

// NewStopwatch returns a stopwatch. The first one of a process takes three
// milliseconds, to compare the counter with the clock.
func NewStopwatch() Stopwatch { return Stopwatch{nanosPerTick()} }

// Read returns the counter.
func (s Stopwatch) Read() int64 { return ticks() }

// Nanos returns how many nanoseconds lie between two readings.
func (s Stopwatch) Nanos(from, to int64) int64 { return int64(float64(to-from) * s.factor) }
