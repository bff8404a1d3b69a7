package bench

import (
	"time"

	"github.com/ringmaster-ipc/ringmaster/ring"
)

// clock reads the time that all processes share. Reading the kernel's clock by
// a system call costs more than what is measured here, so it is read once and
// the runtime's clock, which costs a tenth of it, is read from then on.
type clock struct {
	base   time.Time
	offset int64 // of base on the shared clock
}

// clockTries is how often the two clocks are compared; the closest pair counts.
const clockTries = 64

func newClock() clock {
	c := clock{base: time.Now()}
	closest := time.Duration(1<<63 - 1)
	for range clockTries {
		before := time.Since(c.base)
		shared := ring.Now()
		after := time.Since(c.base)
		if after-before < closest {
			closest = after - before
			c.offset = shared - int64(before+after)/2
		}
	}
	return c
}

// now returns nanoseconds on the shared clock.
func (c *clock) now() int64 { return c.offset + int64(time.Since(c.base)) }
