package ring

import (
	"runtime"
	"time"
)

// Strategy says how a process waits for mail.
type Strategy uint8

// The strategies. The zero value is Adaptive.
const (
	// Adaptive spins about as long as a wake-up costs, then blocks; it stops
	// spinning while that does not help.
	Adaptive Strategy = iota

	// Spin polls without pause and never sleeps: the shortest latency, one
	// core at 100 %.
	Spin

	// Yield polls and offers the core to others between two looks.
	Yield

	// Block sleeps at once and polls no lane.
	Block

	// Poll never waits: Wait returns at once, the program drives.
	Poll
)

var strategyNames = [...]string{"adaptive", "spin", "yield", "block", "poll"}

// String returns the strategy's name in lower case.
func (s Strategy) String() string {
	if int(s) < len(strategyNames) {
		return strategyNames[s]
	}
	return "unknown strategy"
}

// ParseStrategy returns the strategy of that name and reports whether there is
// one.
func ParseStrategy(name string) (Strategy, bool) {
	for i, n := range strategyNames {
		if n == name {
			return Strategy(i), true
		}
	}
	return 0, false
}

const (
	// spinsPerYield is how many looks a spinning receiver takes before it
	// looks whether the Go scheduler wants the processor.
	spinsPerYield = 1 << 12

	// spinBudget is how long Adaptive spins before it blocks: about what a
	// futex wake-up of an idle core costs (30–60 µs on a virtual machine).
	spinBudget = 50 * time.Microsecond

	// spinBlock is the number of looks between two readings of the clock.
	spinBlock = 64
)

// adaptive notes whether spinning has been worth it.
type adaptive struct {
	misses uint8 // spins in a row that found nothing
	skips  uint8 // waits to come that do not spin
}

// Wait waits until a pass over a class of lanes may find something, or until
// [Port.Interrupt]; it may return early. Only the receiving goroutine calls it.
// It does not allocate.
func (p *Port) Wait(class Class) { p.await(class, 0) }

// WaitUntil is [Port.Wait] with a limit in time, which a strategy that spins
// keeps to within about a hundred microseconds.
func (p *Port) WaitUntil(class Class, limit time.Duration) {
	p.await(class, deadlineAfter(limit))
}

func (p *Port) await(class Class, deadline int64) {
	if p.strategy == Poll || p.strategy != Block && p.pending(class) {
		return
	}
	p.chased = 0 // nothing to be had: the sender is far from being crowded
	switch p.strategy {
	case Spin:
		p.spin(class, deadline)
	case Yield:
		for !p.pending(class) && !past(deadline) {
			runtime.Gosched()
			osYield()
		}
	case Block:
		p.park(class, deadline)
	default:
		if !p.spinAdaptive(class) {
			p.park(class, deadline)
		}
	}
}

// past reports whether a deadline has passed; 0 never does.
func past(deadline int64) bool { return deadline > 0 && monotonic() >= deadline }

func (p *Port) spin(class Class, deadline int64) {
	for i := 1; !p.pending(class); i++ {
		pause(1)
		if i%spinsPerYield == 0 {
			if past(deadline) {
				return
			}
			runtime.Gosched()
		}
	}
}

// spinAdaptive spins for the budget and reports whether mail came. After spins
// that found nothing it skips twice as many waits as before, up to 64, so that
// a process whose peer needs this very core gives it up.
func (p *Port) spinAdaptive(class Class) bool {
	a := &p.adaptive
	if a.skips > 0 {
		a.skips--
		return p.pending(class)
	}
	if spinUseless {
		return p.pending(class)
	}
	for start := time.Now(); ; {
		for range spinBlock {
			if p.pending(class) {
				a.misses = 0
				return true
			}
			pause(1)
		}
		if time.Since(start) > spinBudget {
			break
		}
	}
	if a.misses < 6 {
		a.misses++
	}
	a.skips = 1<<a.misses - 1
	return false
}

// spinUseless is true on a machine with one core: whoever spins there keeps the
// sender from running. runtime.NumCPU does not tell: it counts the cores of this
// process, and a process pinned to one has peers on others.
var spinUseless = onlineCores() == 1

// park sleeps until the bell rings. Everything that was polled must be rung for
// first, and every sender that waits for space must know of all there is.
func (p *Port) park(class Class, deadline int64) {
	p.demoteAll()
	for _, r := range p.active {
		r.release(true)
	}
	if p.pending(class) {
		return
	}
	if len(p.retry) > 0 && (deadline == 0 || p.retryAt < deadline) {
		deadline = p.retryAt
	}
	p.stats.parks.Add(1)
	p.waits.Store(uint32(class)) // for the watcher: what else lies unread is no lost wake-up
	p.bell.sleep(p.words, deadline)
}

// crowding is the number of passes in a row that caught up with the sender and
// found more at once, from which on the receiver keeps its distance.
const crowding = 4

// distance is how many times PAUSE the receiver stays behind. With 16 instead of
// 4 the streams of "ringmaster bench stream" are some 5 % faster (medians of
// three on an AMD EPYC virtual machine); 48 and 128 gain nothing certain for
// typed messages.
const distance = 16

// keepDistance gives a sender that is being crowded a moment. A receiver right
// behind a sender makes every record move its cache lines twice, between two
// cores, and both are several times slower than they need be. Mail that comes
// one by one is never held up: the receiver has to wait for it.
func (p *Port) keepDistance(taken int) {
	switch {
	case taken == 0 || taken >= passLimit:
		p.chased = 0
	case p.chased < crowding:
		p.chased++
	default:
		pause(distance)
	}
}
