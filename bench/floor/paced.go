package floor

import (
	"fmt"
	"time"
)

// Clock tells the time since a moment that all processes of a measurement
// agree on, in nanoseconds.
type Clock func() int64

// Pace is an open loop: message number n is meant to be sent n intervals after
// the start, whatever became of those before it, and its latency counts from
// that moment. So a stall is charged to every message that it delayed.
type Pace struct {
	Interval time.Duration
	Count    int64 // messages
}

// Appoint tells the other end when the first message of a pace is meant to be
// sent, on the common clock, and returns it. It is to be called before that
// message is published.
func (m *Memory) Appoint(start int64) int64 {
	m.word(offStart).Store(uint64(start))
	return start
}

// Appointed returns what the other end told with Appoint.
func (m *Memory) Appointed() int64 { return int64(m.word(offStart).Load()) }

// Tick writes one slot of ring 0 at each time of the pace, then closes the ring
// and waits until all is read. It spins; limit bounds that wait.
func (m *Memory) Tick(pace Pace, now Clock, limit time.Duration) error {
	r, start := m.Ring(0), m.Appoint(now())
	for n := range pace.Count {
		for due := start + n*int64(pace.Interval); now() < due; {
			pause()
		}
		for r.put(1, false) == 0 {
			pause()
			if now() > start+pace.Count*int64(pace.Interval)+int64(limit) {
				return stalled("a paced writer", limit)
			}
		}
	}
	r.close()
	return r.flush(limit)
}

// Watch reads what [Memory.Tick] writes and calls record with how many
// nanoseconds after its time each slot was read. It spins; it reports
// [ErrStalled] when the ring is not closed within limit.
func (m *Memory) Watch(pace Pace, now Clock, limit time.Duration, record func(nanos int64)) error {
	r, start, p := m.Ring(0), int64(0), newPatience(limit)
	for {
		number := r.next
		n, intact := r.take(1)
		switch {
		case !intact:
			return fmt.Errorf("floor: slot %d is not as it was written", number)
		case n == 1:
			if number == 0 {
				start = m.Appointed()
			}
			record(now() - start - int64(number)*int64(pace.Interval))
		case r.ended():
			return nil
		case !p.wait():
			return stalled("a watching reader", limit)
		}
	}
}
