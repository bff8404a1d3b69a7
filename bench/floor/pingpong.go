package floor

import (
	"sync/atomic"
	"time"

	"github.com/ringmaster-ipc/ringmaster/ring"
)

// over is the value that ends a ping-pong.
const over = 1<<64 - 1

// Ping sends one cache line back and forth with the process that calls
// [Memory.Pong], for the duration, and calls record with the nanoseconds of
// each round trip. It spins; it reports [ErrStalled] when limit has passed
// without an answer.
func (m *Memory) Ping(duration, limit time.Duration, record func(nanos int64)) error {
	ping, pong := m.word(offPing), m.word(offPong)
	defer publish(ping, over)
	watch := NewStopwatch()
	start := watch.Read()
	for n := uint64(1); ; n++ {
		from := watch.Read()
		publish(ping, n)
		if !await(pong, n, limit) {
			return stalled("ping", limit)
		}
		to := watch.Read()
		record(watch.Nanos(from, to))
		if watch.Nanos(start, to) > duration.Nanoseconds() {
			return nil
		}
	}
}

// await spins until a word has a value.
func await(word *atomic.Uint64, value uint64, limit time.Duration) bool {
	for range spinsPerLook {
		if word.Load() == value {
			return true
		}
	}
	p := newPatience(limit)
	for word.Load() != value {
		if !p.wait() {
			return false
		}
	}
	return true
}

// Pong answers [Memory.Ping] until that ends. It spins. It reports [ErrStalled]
// when that has not ended within limit.
func (m *Memory) Pong(limit time.Duration) error {
	ping, pong := m.word(offPing), m.word(offPong)
	seen := uint64(0)
	p := newPatience(limit)
	for {
		n := ping.Load()
		switch n {
		case seen:
			if !p.wait() {
				return stalled("pong", limit)
			}
			continue
		case over:
			return nil
		}
		publish(pong, n)
		seen = n
	}
}

// sleepLimit bounds one sleep in a bare futex loop.
const sleepLimit = 20 * time.Millisecond

// PingSleep is [Memory.Ping] for two processes that sleep on a futex until the
// other one wakes them.
func (m *Memory) PingSleep(duration, limit time.Duration, record func(nanos int64)) error {
	ping, pong := m.sleepWord(offPing), m.sleepWord(offPong)
	defer func() {
		ping.Store(1<<32 - 1)
		ring.BareWake(ping, 1)
	}()
	start := time.Now()
	for n := uint32(1); ; n++ {
		from := time.Now()
		ping.Store(n)
		ring.BareWake(ping, 1)
		for pong.Load() != n {
			if time.Since(from) > limit {
				return stalled("sleeping ping", limit)
			}
			ring.BareWait(pong, n-1, sleepLimit)
		}
		record(time.Since(from).Nanoseconds())
		if time.Since(start) > duration {
			return nil
		}
	}
}

// PongSleep answers [Memory.PingSleep] until that ends. It reports [ErrStalled]
// when nothing came for limit.
func (m *Memory) PongSleep(limit time.Duration) error {
	ping, pong := m.sleepWord(offPing), m.sleepWord(offPong)
	seen := uint32(0)
	for heard := time.Now(); ; {
		n := ping.Load()
		switch n {
		case seen:
			if time.Since(heard) > limit {
				return stalled("sleeping pong", limit)
			}
			ring.BareWait(ping, seen, sleepLimit)
			continue
		case 1<<32 - 1:
			return nil
		}
		pong.Store(n)
		ring.BareWake(pong, 1)
		seen, heard = n, time.Now()
	}
}
