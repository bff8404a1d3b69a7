package ring

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// Words for the hammer, in the unused part of the bells' first page.
const (
	hammerSent = 512 // how many times the sender has returned from Publish
	hammerStop = 640 // not zero: the sender ends
)

func init() { children["hammer"] = childHammer }

// pin keeps the calling goroutine on one core until the process ends.
func pin(core int) error {
	runtime.LockOSThread()
	var set unix.CPUSet
	set.Set(core)
	return unix.SchedSetaffinity(0, &set)
}

// twoCores returns two cores this process may use.
func twoCores(t testing.TB) [2]int {
	t.Helper()
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		t.Skipf("cores: %v", err)
	}
	var cores []int
	for core := range 1024 {
		if set.IsSet(core) {
			cores = append(cores, core)
		}
	}
	if len(cores) < 2 {
		t.Skip("this needs two cores: on one, a store is always visible to what runs next")
	}
	return [2]int{cores[0], cores[1]}
}

// childHammer publishes one record after the other, each at a random moment
// after the last was handled.
func childHammer(pair *Pair) error {
	var core int
	if _, err := fmt.Sscan(os.Getenv(countVariable), &core); err != nil {
		return err
	}
	if err := pin(core); err != nil {
		return err
	}
	p, err := pair.Port(1, Poll)
	if err != nil {
		return err
	}
	s, err := p.Open(0, 0)
	if err != nil {
		return err
	}
	sent, stop := shm.Uint64(p.bells, hammerSent), shm.Uint64(p.bells, hammerStop)
	random := rand.New(rand.NewPCG(1, 1))
	limit := time.Now().Add(2 * patience)
	for k := uint64(1); ; k++ {
		for i := 1; s.done.Load() != s.published; i++ {
			if stop.Load() != 0 || i%(1<<24) == 0 && time.Now().After(limit) {
				return nil
			}
		}
		loiter(random)
		if _, err := s.Claim(8); err != nil {
			return err
		}
		s.Commit(Meta{})
		if err := s.Publish(); err != nil {
			return err
		}
		sent.Store(k)
	}
}

// loiter takes between nothing and some tens of nanoseconds.
func loiter(random *rand.Rand) {
	for n := random.IntN(60); n > 0; n-- {
		idle.Load()
	}
}

var idle atomic.Uint32

// hammer lets a receiver poll a lane for a moment, stop polling it, look once
// more, and then trust the bell, while the other process publishes. It returns
// how often it did so, until a message was missed or time was up: published,
// not seen in that last look, and not rung for.
func hammer(t *testing.T, barrier bool, limit time.Duration) (rounds int, missed bool) {
	cores := twoCores(t)
	c := startChild(t, "hammer", small(2), countVariable+"="+fmt.Sprint(cores[1]))
	p := c.port(Poll)
	if p.fenced {
		t.Skip("membarrier is refused here: every publish is a full barrier")
	}
	p.fenced = !barrier // leaves the receiver's barrier out; the sender does not know
	if err := pin(cores[0]); err != nil {
		t.Fatal(err)
	}
	sent, stop := shm.Uint64(p.bells, hammerSent), shm.Uint64(p.bells, hammerStop)
	defer c.wait()
	defer stop.Store(1)
	one := errors.New("one is enough")
	takeOne := func(*Record) error { return one }
	if err := eachRecord(p, 1, takeOne); err != one {
		t.Fatal(err)
	}
	r := p.senders[1*OutboxesPerSlot].receiver(0)
	random := rand.New(rand.NewPCG(2, 2))
	for end := time.Now().Add(limit); rounds%1024 != 0 || time.Now().Before(end); rounds++ {
		settled(t, p, sent, uint64(rounds)+1)
		p.promote(r)
		for n := random.IntN(120); n > 0 && r.tail.Load() == r.pos; n-- {
			idle.Load()
		}
		p.demote(r)
		if empty, err := r.empty(); err != nil {
			t.Fatal(err)
		} else if empty && !rung(t, p, sent, uint64(rounds)+2) {
			return rounds, true
		}
		p.list(r)
		n, err := p.Receive(All, takeOne)
		if n != 1 || err != one {
			t.Fatalf("round %d: took %d, %v", rounds, n, err)
		}
	}
	return rounds, false
}

// settled waits until the sender is done with its k-th record, and takes the
// ready bit away that it may have set for that.
func settled(t *testing.T, p *Port, sent *atomic.Uint64, k uint64) {
	spinUntil(t, "the sender goes on", func() bool { return sent.Load() >= k })
	if err := p.collect(); err != nil {
		t.Fatal(err)
	}
}

// rung waits for the bell and reports whether it rang before, or while, the
// sender was done with publishing its k-th record.
func rung(t *testing.T, p *Port, sent *atomic.Uint64, k uint64) (ready bool) {
	spinUntil(t, "the sender publishes", func() bool {
		published := sent.Load() >= k
		ready = p.bell.anyReady(p.words)
		return ready || published
	})
	return ready
}

// spinUntil is eventually for what takes less than a microsecond.
func spinUntil(t *testing.T, what string, condition func() bool) {
	limit := time.Time{}
	for i := 1; !condition(); i++ {
		if i%(1<<20) != 0 {
			continue
		}
		switch now := time.Now(); {
		case limit.IsZero():
			limit = now.Add(patience)
		case now.After(limit):
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

func TestNoMessageIsMissedBetweenPollingAndSleeping(t *testing.T) {
	needProcesses(t)
	limit := 2500 * time.Millisecond
	if testing.Short() || raceEnabled {
		limit /= 5
	}
	rounds, missed := hammer(t, true, limit)
	if missed {
		t.Fatalf("round %d: a message was published, not seen and not rung for", rounds)
	}
	t.Logf("%d rounds, none missed", rounds)
}

// The control: the same without the barrier. If this finds nothing, the test
// above proves nothing on this machine.
func TestWithoutTheBarrierMessagesAreMissed(t *testing.T) {
	needProcesses(t)
	if storesOrdered || raceEnabled || !assembly {
		t.Skip("in this build, or on this processor, stores are ordered without a barrier")
	}
	rounds, missed := hammer(t, false, 20*time.Second)
	if !missed {
		t.Errorf("none of %d messages was missed without the barrier", rounds)
	}
	t.Logf("the first miss was in round %d", rounds)
}

func TestTheBarrierCostsMicroseconds(t *testing.T) {
	if err := RegisterBarrier(); err != nil {
		wantError(t, "RegisterBarrier", err, ErrNotSupported)
		t.Skipf("%v", err)
	}
	const n = 1000
	start := time.Now()
	for range n {
		if err := barrier(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%v each", time.Since(start)/n)
}

func TestAnUnknownBarrierIsNotSupported(t *testing.T) {
	wantError(t, "command 2^30", membarrier(1<<30), ErrNotSupported)
}

func TestAFencedRunNeedsNoBarrier(t *testing.T) {
	r := newRun(small(2))
	a, b := r.port(t, 0, Spin), r.port(t, 1, Spin)
	a.fenced, b.fenced = true, true
	s := mustOpen(t, a, 1, 0)
	n := streamLength(t) / 10
	sent := make(chan error, 1)
	go func() { sent <- sendNumbered(s, n, 1) }()
	i := 0
	receiveN(t, b, n, func(rec *Record) { checkNumbered(t, rec.Payload, i); i++ })
	if err := <-sent; err != nil {
		t.Error(err)
	}
}
