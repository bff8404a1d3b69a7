package ring

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// patience bounds every wait of a test: much longer than anything takes, so
// that only what hangs fails.
const patience = 30 * time.Second

// small is a geometry whose limits are near.
func small(slots int) Geometry {
	return Geometry{Slots: slots, LaneSize: MinLaneSize, SlabSize: 16 * pageSize, DictionarySize: MinDictionarySize}
}

// run is the memory of a few processes on the heap, where the race detector
// sees every access.
type run struct {
	geometry Geometry
	bells    []byte
	inboxes  [][]byte

	mu       sync.Mutex
	outboxes [][OutboxesPerSlot]runOutbox
	version  atomic.Uint64
	fail     map[int]error // slots whose outboxes cannot be mapped
	asked    map[[2]int]int
	released []uint32 // incarnations
}

type runOutbox struct {
	mem         []byte
	incarnation uint32
}

func newRun(g Geometry) *run {
	r := &run{geometry: g, bells: shm.Aligned(g.BellsSize()), fail: map[int]error{}, asked: map[[2]int]int{}}
	r.outboxes = make([][OutboxesPerSlot]runOutbox, g.Slots)
	for range g.Slots {
		r.inboxes = append(r.inboxes, shm.Aligned(g.InboxSize()))
	}
	return r
}

// setOutbox gives a slot an outbox of an incarnation, or takes it away.
func (r *run) setOutbox(slot, index int, incarnation uint32) []byte {
	var mem []byte
	if incarnation != 0 {
		mem = shm.Aligned(r.geometry.OutboxSize())
	}
	r.mu.Lock()
	r.outboxes[slot][index] = runOutbox{mem, incarnation}
	r.mu.Unlock()
	r.version.Add(1)
	return mem
}

// port returns a port of a slot that writes a new outbox.
func (r *run) port(t testing.TB, slot int, wait Strategy) *Port {
	return r.incarnation(t, slot, 0, 1, wait)
}

func (r *run) incarnation(t testing.TB, slot, index int, incarnation uint32, wait Strategy) *Port {
	t.Helper()
	c := Config{
		Geometry: r.geometry, Slot: slot, Index: index,
		Outbox: r.setOutbox(slot, index, incarnation), Inbox: r.inboxes[slot], Bells: r.bells,
		Memory: r, Wait: wait, Fenced: RegisterBarrier() != nil,
	}
	p, err := NewPort(c)
	if err != nil {
		t.Fatalf("NewPort for slot %d: %v", slot, err)
	}
	t.Cleanup(p.Close)
	return p
}

func (r *run) Inbox(slot int) ([]byte, error) { return r.inboxes[slot], nil }

func (r *run) Outbox(slot, index int) ([]byte, uint32, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked[[2]int{slot, index}]++
	if err := r.fail[slot]; err != nil {
		return nil, 0, err
	}
	o := r.outboxes[slot][index]
	if o.incarnation == 0 {
		return nil, 0, fmt.Errorf("%w: slot %d, outbox %d", ErrNoPeer, slot, index)
	}
	return o.mem, o.incarnation, nil
}

func (r *run) Version() uint64 { return r.version.Load() }

func (r *run) Incarnation(slot, index int) uint32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.outboxes[slot][index].incarnation
}

func (r *run) Release(_, _ int, incarnation uint32) { r.released = append(r.released, incarnation) }

// views returns all outboxes, as a supervisor sees them.
func (r *run) views() iter.Seq[OutboxView] {
	return func(yield func(OutboxView) bool) {
		for slot, all := range r.outboxes {
			for index, o := range all {
				if o.incarnation != 0 && !yield(OutboxView{slot, index, o.mem}) {
					return
				}
			}
		}
	}
}

func mustOpen(t testing.TB, p *Port, slot, lane int) *Sender {
	t.Helper()
	s, err := p.Open(slot, lane)
	if err != nil {
		t.Fatalf("Open(%d, %d): %v", slot, lane, err)
	}
	return s
}

// mustSend sends and waits for space if need be.
func mustSend(t testing.TB, s *Sender, m Meta, payload []byte) {
	t.Helper()
	if err := sendWait(s, m, payload); err != nil {
		t.Errorf("send of %d bytes to slot %d: %v", len(payload), s.Peer(), err)
	}
}

func sendWait(s *Sender, m Meta, payload []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return s.port.Until(ctx, []*Sender{s}, func() error { return s.Send(m, payload) })
}

// take receives all that has arrived, as copies.
func take(t testing.TB, p *Port) (payloads [][]byte) {
	t.Helper()
	for {
		n, err := p.Receive(All, func(r *Record) error {
			payloads = append(payloads, append([]byte(nil), r.Payload...))
			return nil
		})
		if err != nil {
			t.Fatalf("Receive: %v", err)
		}
		if n == 0 {
			return payloads
		}
	}
}

// receiveN receives until n records were handled, for patience at most.
func receiveN(t testing.TB, p *Port, n int, handle func(*Record)) {
	t.Helper()
	limit := time.Now().Add(patience)
	for got := 0; got < n; {
		k, err := p.Receive(All, func(r *Record) error { handle(r); return nil })
		if err != nil {
			t.Errorf("Receive: %v", err)
			return
		}
		if got += k; k == 0 {
			if time.Now().After(limit) {
				t.Errorf("%d of %d records after %v", got, n, patience)
				return
			}
			p.WaitUntil(All, time.Second)
		}
	}
}

// eventually waits for a condition that another goroutine or process brings
// about.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for limit := time.Now().Add(patience); !condition(); {
		if time.Now().After(limit) {
			t.Fatalf("not within %v: %s", patience, what)
		}
		time.Sleep(100 * time.Microsecond)
	}
}

var waiting = []Strategy{Spin, Yield, Adaptive, Block}

// childVariable names the part that a test binary plays when a test has started
// it again.
const childVariable = "RINGMASTER_RING_TEST_CHILD"

// children are these parts. Each gets side 1 of a pair.
var children = map[string]func(*Pair) error{}

func TestMain(m *testing.M) {
	name := os.Getenv(childVariable)
	if name == "" {
		skipExample()
		os.Exit(m.Run())
	}
	pair, err := OpenPair(os.NewFile(3, "pair"))
	if err == nil {
		err = children[name](pair)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "child %s: %v\n", name, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// skipExample leaves the example with two processes out where this binary cannot
// start itself; an example has no other way to say so.
func skipExample() {
	if !emulated() {
		return
	}
	fmt.Println("skipping Example: an emulated program cannot start itself")
	if err := flag.Set("test.skip", "^Example$"); err != nil {
		panic(err)
	}
}

// child is another process with side 1 of a pair.
type child struct {
	t    testing.TB
	cmd  *exec.Cmd
	pair *Pair
}

// startChild starts this binary again to play a part, with side 1 of a new pair.
func startChild(t testing.TB, name string, g Geometry, variables ...string) *child {
	t.Helper()
	pair, err := CreatePair(g)
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	cmd := exec.CommandContext(ctx, exe)
	cmd.Env = append(append(os.Environ(), childVariable+"="+name), variables...)
	cmd.ExtraFiles = []*os.File{pair.File()}
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{t, cmd, pair}
	t.Cleanup(func() {
		cancel()
		if cmd.ProcessState == nil {
			_ = cmd.Wait()
		}
		pair.Close()
	})
	return c
}

// port returns side 0.
func (c *child) port(wait Strategy) *Port {
	c.t.Helper()
	p, err := c.pair.Port(0, wait)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(p.Close)
	return p
}

func (c *child) wait() {
	c.t.Helper()
	if err := c.cmd.Wait(); err != nil {
		c.t.Errorf("child process: %v", err)
	}
}

// emulated reports whether another architecture's kernel runs this program
// (qemu's user mode), which is slow and does not pass every system call on.
var emulated = sync.OnceValue(func() bool {
	arch, err := os.ReadFile("/proc/sys/kernel/arch") // since Linux 6.1
	return err == nil && runtime.GOARCH == "arm64" && strings.TrimSpace(string(arch)) != "aarch64"
})
