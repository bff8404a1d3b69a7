package floor

import (
	"errors"
	"os"
	"syscall"
	"testing"
	"time"
)

// Durations of the tests: the loops run this long, and give up after limit.
const (
	short = 5 * time.Millisecond
	limit = 20 * time.Second
)

func newMemory(t *testing.T, rings, size int) *Memory {
	t.Helper()
	m, err := Create(rings, size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// other opens the memory as another process would.
func other(t *testing.T, m *Memory) *Memory {
	t.Helper()
	fd, err := syscall.Dup(int(m.File().Fd()))
	if err != nil {
		t.Fatal(err)
	}
	o, err := Open(os.NewFile(uintptr(fd), "floor"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return o
}

// together runs two ends at once and reports their errors.
func together(t *testing.T, first, second func() error) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- second() }()
	if err := first(); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestPingPongRecordsEveryRoundTrip(t *testing.T) {
	m := newMemory(t, 1, 32)
	peer := other(t, m)
	count := 0
	record := func(nanos int64) {
		if count++; nanos < 0 {
			t.Errorf("round trip %d took %d ns", count, nanos)
		}
	}
	together(t, func() error { return m.Ping(short, limit, record) }, func() error { return peer.Pong(limit) })
	if count == 0 {
		t.Error("no round trip was recorded")
	}
}

func TestSleepingPingPongRecordsEveryRoundTrip(t *testing.T) {
	m := newMemory(t, 1, 32)
	peer := other(t, m)
	count := 0
	together(t, func() error { return m.PingSleep(short, limit, func(int64) { count++ }) }, func() error { return peer.PongSleep(limit) })
	if count == 0 {
		t.Error("no round trip was recorded")
	}
}

func TestWhatIsFedIsDrained(t *testing.T) {
	for _, size := range []int{8, 32, 100, 1024, 4096, 64 << 10, 1 << 20} {
		for _, batch := range []bool{false, true} {
			m := newMemory(t, 1, size)
			peer := other(t, m)
			var sent, received int64
			together(t,
				func() (err error) { sent, err = Feed([]*Ring{m.Ring(0)}, batch, short, limit); return },
				func() (err error) { received, err = Drain([]*Ring{peer.Ring(0)}, limit); return })
			if sent == 0 || sent != received {
				t.Errorf("slots of %d bytes, batch %t: %d sent, %d received", size, batch, sent, received)
			}
		}
	}
}

func TestOneFeedsSeveral(t *testing.T) {
	m := newMemory(t, 2, 32)
	peer := other(t, m)
	var sent, received int64
	together(t,
		func() (err error) {
			sent, err = Feed([]*Ring{m.Ring(0), m.Ring(1)}, false, short, limit)
			return
		},
		func() (err error) { received, err = Drain([]*Ring{peer.Ring(0), peer.Ring(1)}, limit); return })
	if sent == 0 || sent != received {
		t.Errorf("%d sent, %d received", sent, received)
	}
}

func TestARelayPassesEverythingOn(t *testing.T) {
	m := newMemory(t, 2, 32)
	relay, sink := other(t, m), other(t, m)
	var sent, received int64
	done := make(chan error, 1)
	go func() {
		_, err := Relay(relay.Ring(0), relay.Ring(1), limit)
		done <- err
	}()
	together(t,
		func() (err error) { sent, err = Feed([]*Ring{m.Ring(0)}, false, short, limit); return },
		func() (err error) { received, err = Drain([]*Ring{sink.Ring(1)}, limit); return })
	if err := <-done; err != nil {
		t.Error(err)
	}
	if sent == 0 || sent != received {
		t.Errorf("%d sent, %d received", sent, received)
	}
}

func TestAPaceIsKeptByCount(t *testing.T) {
	m := newMemory(t, 1, 32)
	peer := other(t, m)
	base := time.Now()
	now := func() int64 { return int64(time.Since(base)) }
	pace, seen := Pace{Interval: 50 * time.Microsecond, Count: 100}, int64(0)
	together(t,
		func() error { return m.Tick(pace, now, limit) },
		func() error {
			return peer.Watch(pace, now, limit, func(nanos int64) {
				if seen++; nanos < 0 {
					t.Errorf("slot %d was read %d ns before its time", seen, -nanos)
				}
			})
		})
	if seen != pace.Count {
		t.Errorf("%d slots were seen, %d were sent", seen, pace.Count)
	}
}

func TestEveryLoopGivesUpOnAnEndThatIsNotThere(t *testing.T) {
	const soon = 10 * time.Millisecond
	nothing := func(int64) {}
	now := func() int64 { return time.Now().UnixNano() }
	for name, loop := range map[string]func(m *Memory) error{
		"ping":           func(m *Memory) error { return m.Ping(short, soon, nothing) },
		"pong":           func(m *Memory) error { return m.Pong(soon) },
		"sleeping ping":  func(m *Memory) error { return m.PingSleep(short, soon, nothing) },
		"sleeping pong":  func(m *Memory) error { return m.PongSleep(soon) },
		"feed":           func(m *Memory) error { _, err := Feed([]*Ring{m.Ring(0)}, false, short, soon); return err },
		"drain":          func(m *Memory) error { _, err := Drain([]*Ring{m.Ring(0)}, soon); return err },
		"relay":          func(m *Memory) error { _, err := Relay(m.Ring(0), m.Ring(1), soon); return err },
		"watching":       func(m *Memory) error { return m.Watch(Pace{time.Millisecond, 1}, now, soon, nothing) },
		"paced, at once": func(m *Memory) error { return m.Tick(Pace{1, 1 << 20}, now, soon) },
	} {
		if err := loop(newMemory(t, 2, 32)); !errors.Is(err, ErrStalled) {
			t.Errorf("%s without another end: %v, want ErrStalled", name, err)
		}
	}
}

func TestADamagedSlotIsFoundOut(t *testing.T) {
	for _, size := range []int{32, 4096} {
		m := newMemory(t, 1, size)
		r := m.Ring(0)
		if r.put(1, false) != 1 {
			t.Fatal("an empty ring had no room")
		}
		r.data[size-1] ^= 1
		r.close()
		if _, err := Drain([]*Ring{other(t, m).Ring(0)}, limit); err == nil {
			t.Errorf("a changed byte in a slot of %d bytes was not noticed", size)
		}
	}
}

func TestSizesOutOfBoundsAreRefused(t *testing.T) {
	for _, c := range []struct{ rings, size int }{{0, 32}, {MaxRings + 1, 32}, {1, 0}, {1, MaxBlock + 1}} {
		if m, err := Create(c.rings, c.size); !errors.Is(err, ErrSize) {
			if err == nil {
				m.Close()
			}
			t.Errorf("%d rings of slots of %d bytes: %v, want ErrSize", c.rings, c.size, err)
		}
	}
}

func TestAResetMemoryIsAsNew(t *testing.T) {
	m := newMemory(t, 1, 32)
	for range 2 {
		peer := other(t, m)
		together(t,
			func() error { _, err := Feed([]*Ring{m.Ring(0)}, true, short, limit); return err },
			func() error { _, err := Drain([]*Ring{peer.Ring(0)}, limit); return err })
		m.Reset()
	}
}

func TestFilledBlocksAreIntactUntilOneByteChanges(t *testing.T) {
	for _, size := range []int{0, 1, 7, 4096, 4097, 100_000} {
		block := make([]byte, size)
		Fill(block, 0xa5)
		if !Intact(block, 0xa5) {
			t.Errorf("a block of %d bytes is not as it was filled", size)
		}
		if size > 0 {
			block[size/2] = 0
			if Intact(block, 0xa5) {
				t.Errorf("a changed byte in %d was not noticed", size)
			}
		}
	}
}

func TestAStopwatchAgreesWithTheClock(t *testing.T) {
	w, start := NewStopwatch(), time.Now()
	from := w.Read()
	for time.Since(start) < short {
		pause()
	}
	least := time.Since(start).Nanoseconds()
	nanos := w.Nanos(from, w.Read())
	most := time.Since(start).Nanoseconds()
	// The counter was read inside of least and most, calibrated to 1 in 1000.
	if nanos < least-least/100-1000 || nanos > most+most/100+1000 {
		t.Errorf("the stopwatch says %d ns, the clock between %d and %d", nanos, least, most)
	}
}

func TestGobAndCopyAreMeasured(t *testing.T) {
	encode, decode, err := Gob(struct{ N int }{1}, short)
	if err != nil || encode <= 0 || decode <= 0 {
		t.Errorf("gob: %v and %v messages per second, %v", encode, decode, err)
	}
	if _, _, err := Gob(func() {}, short); err == nil {
		t.Error("gob of a function is not refused")
	}
	if n := Copy(32, short); n <= 0 {
		t.Errorf("copy: %v per second", n)
	}
}
