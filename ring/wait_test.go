package ring

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

func TestStrategiesAreFoundByName(t *testing.T) {
	for _, s := range []Strategy{Adaptive, Spin, Yield, Block, Poll} {
		if got, ok := ParseStrategy(s.String()); !ok || got != s {
			t.Errorf("%q is %v, %v", s.String(), got, ok)
		}
	}
	if _, ok := ParseStrategy("sometimes"); ok {
		t.Error("there is a strategy of the name sometimes")
	}
	if got := Strategy(99).String(); got != "unknown strategy" {
		t.Errorf("strategy 99 is %q", got)
	}
}

func TestBlockParksAndIsWoken(t *testing.T) {
	r := newRun(small(2))
	a, b := r.port(t, 0, Block), r.port(t, 1, Block)
	s := mustOpen(t, a, 1, 0)
	for i := range 20 {
		woken := make(chan struct{})
		go func() { b.Wait(All); close(woken) }()
		eventually(t, "the receiver is asleep", func() bool { return b.bell.mail.Load()&mailStateMask == mailAsleep })
		mustSend(t, s, Meta{}, nil)
		within(t, "the receiver wakes", woken)
		if got := take(t, b); len(got) != 1 {
			t.Fatalf("round %d: %d records", i, len(got))
		}
	}
	if parks, wakes := b.Parks(), a.Wakes(); parks != 20 || wakes != 20 {
		t.Errorf("%d parks and %d wake calls for 20 messages", parks, wakes)
	}
	if got := s.watch.Load(); got != watchRing {
		t.Errorf("Block polls its lane: watch is %d", got)
	}
}

func within(t testing.TB, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatalf("not within %v: %s", patience, what)
	}
}

func TestInterruptEndsAWaitInEveryStrategy(t *testing.T) {
	for _, wait := range append([]Strategy{Poll}, waiting...) {
		t.Run(wait.String(), func(t *testing.T) {
			p := newRun(small(2)).port(t, 0, wait)
			for _, class := range []Class{All, Replies} {
				done := make(chan struct{})
				go func() { p.Wait(class); close(done) }()
				p.Interrupt()
				within(t, "Wait returns", done)
				if n, err := p.Receive(All, nil); n != 0 || err != nil {
					t.Errorf("an interrupt brought %d records, %v", n, err)
				}
			}
		})
	}
}

func TestAnInterruptBeforeAWaitIsNotLost(t *testing.T) {
	p := newRun(small(2)).port(t, 0, Block)
	p.Interrupt()
	done := make(chan struct{})
	go func() { p.Wait(All); close(done) }()
	within(t, "Wait returns", done)
}

func TestWaitUntilEndsWithoutMailInEveryStrategy(t *testing.T) {
	for _, wait := range append([]Strategy{Poll}, waiting...) {
		p := newRun(small(2)).port(t, 0, wait)
		done := make(chan struct{})
		go func() { p.WaitUntil(All, time.Millisecond); close(done) }()
		within(t, wait.String()+" gives up", done)
	}
}

func TestAStreamIsPolledUntilTheReceiverParks(t *testing.T) {
	r := newRun(small(2))
	a, b := r.port(t, 0, Adaptive), r.port(t, 1, Adaptive)
	s := mustOpen(t, a, 1, 0)
	for range promoteAfter {
		mustSend(t, s, Meta{}, nil)
	}
	take(t, b)
	if got := s.watch.Load(); got != watchPoll {
		t.Fatalf("after %d records watch is %d, want %d", promoteAfter, got, watchPoll)
	}
	mustSend(t, s, Meta{}, nil)
	if b.bell.anyReady(b.words) {
		t.Error("the sender rang for a lane that is polled")
	}
	if !b.pending(All) {
		t.Error("mail in a polled lane is not pending")
	}
	take(t, b)
	b.WaitUntil(All, time.Millisecond) // spins, finds nothing, parks
	if got := s.watch.Load(); got != watchRing {
		t.Errorf("asleep, watch is %d, want %d", got, watchRing)
	}
	if b.polled != 0 {
		t.Errorf("%d lanes are polled after a sleep", b.polled)
	}
}

func TestAPolledLaneThatStaysEmptyIsNoLongerPolled(t *testing.T) {
	r := newRun(small(2))
	a, b := r.port(t, 0, Poll), r.port(t, 1, Spin)
	s := mustOpen(t, a, 1, 0)
	mustSend(t, s, Meta{}, nil)
	take(t, b)
	if got := s.watch.Load(); got != watchPoll {
		t.Fatalf("Spin does not poll a lane it has met: watch is %d", got)
	}
	for range idlePasses + 1 {
		if n, err := b.Receive(All, nil); n != 0 || err != nil {
			t.Fatal(n, err)
		}
	}
	if got := s.watch.Load(); got != watchRing || len(b.active) != 0 {
		t.Errorf("after %d empty passes watch is %d, %d lanes are listed", idlePasses, got, len(b.active))
	}
	mustSend(t, s, Meta{}, []byte("again"))
	if got := take(t, b); len(got) != 1 {
		t.Errorf("%d records after that", len(got))
	}
}

// Waiting takes a couple of context switches a second at most, and no time.
func TestAnIdleReceiverUsesNoProcessorTime(t *testing.T) {
	for _, wait := range []Strategy{Block, Adaptive} {
		p := newRun(small(2)).port(t, 0, wait)
		stop := make(chan struct{})
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			for {
				select {
				case <-stop:
					return
				default:
					p.Wait(All)
				}
			}
		}()
		eventually(t, "the receiver is asleep", func() bool { return p.bell.mail.Load()&mailStateMask == mailAsleep })
		begin, parks := processorTime(t), p.Parks()
		const window = 300 * time.Millisecond
		time.Sleep(window) // the measurement itself, not a wait for something
		used := processorTime(t) - begin
		close(stop)
		p.Interrupt()
		within(t, "the receiver stops", stopped)
		if used > window/4 {
			t.Errorf("%v: an idle receiver used %v in %v", wait, used, window)
		}
		if again := p.Parks() - parks; again > 2 {
			t.Errorf("%v: an idle receiver woke %d times", wait, again)
		}
	}
}

func processorTime(t testing.TB) time.Duration {
	t.Helper()
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func TestACallInsideAHandlerTakesRepliesAlone(t *testing.T) {
	for _, wait := range waiting {
		t.Run(wait.String(), func(t *testing.T) {
			r := newRun(small(2))
			a, b := r.port(t, 0, wait), r.port(t, 1, wait)
			mail, replies := mustOpen(t, a, 1, LaneSend), mustOpen(t, a, 1, LaneReply)
			mustSend(t, mail, Meta{}, []byte("request"))
			mustSend(t, mail, Meta{}, []byte("more mail"))

			var order []string
			answered := make(chan struct{})
			handle := func(rec *Record) error {
				order = append(order, string(rec.Payload))
				if string(rec.Payload) != "request" {
					return nil
				}
				go func() {
					defer close(answered)
					mustSend(t, mail, Meta{}, []byte("yet more"))
					mustSend(t, replies, Meta{}, []byte("reply"))
				}()
				for got := 0; got == 0; {
					n, err := b.Receive(All, func(rec *Record) error { // All is taken for Replies here
						order = append(order, string(rec.Payload))
						return nil
					})
					if err != nil {
						t.Error(err)
					}
					if got = n; n == 0 {
						b.WaitUntil(Replies, time.Second)
					}
				}
				order = append(order, "handled")
				return nil
			}
			for limit := time.Now().Add(patience); len(order) < 5 && time.Now().Before(limit); {
				if _, err := b.Receive(All, handle); err != nil {
					t.Fatal(err)
				}
			}
			<-answered
			want := "[request reply handled more mail yet more]"
			if got := sprint(order); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// The handler of a late reply may call, and the reply to that lies in the very
// lane that has a record in hand.
func TestACallInsideAReplysHandlerFindsItsReplyBehindIt(t *testing.T) {
	r := newRun(small(2))
	a, b := r.port(t, 0, Poll), r.port(t, 1, Poll)
	s := mustOpen(t, a, 1, LaneReply)
	for _, text := range []string{"one", "two", "three"} {
		mustSend(t, s, Meta{}, []byte(text))
	}
	var order []string
	depth := 0
	var handle func(rec *Record) error
	handle = func(rec *Record) error {
		text := string(rec.Payload)
		order = append(order, text)
		if depth++; depth == 1 {
			if done := s.done.Load(); done != 0 {
				t.Errorf("done is %d while the first record is in hand", done)
			}
			if n, err := b.Receive(Replies, handle); n != 2 || err != nil {
				t.Errorf("the nested pass took %d, %v", n, err)
			}
			if s.done.Load() != 0 || s.head.Load() != 0 {
				t.Error("the record in hand was given back by the nested pass")
			}
			if string(rec.Payload) != "one" {
				t.Errorf("the record in hand now says %q", rec.Payload)
			}
		}
		return nil
	}
	if n, err := b.Receive(All, handle); n != 1 || err != nil {
		t.Errorf("the outer pass took %d, %v", n, err)
	}
	if got := sprint(order); got != "[one two three]" {
		t.Errorf("got %s", got)
	}
	if s.done.Load() != s.tail.Load() {
		t.Errorf("done is %d, tail %d", s.done.Load(), s.tail.Load())
	}
}

// A handler that waits for a reply makes the room that it has made so far
// known: whoever would send the reply may be waiting for it.
func TestParkingInsideAHandlerTellsSendersOfAllSpace(t *testing.T) {
	r := newRun(small(2))
	a, b := r.port(t, 0, Block), r.port(t, 1, Block)
	s := mustOpen(t, a, 1, 0)
	for s.Free(true) > 0 {
		mustSend(t, s, Meta{}, make([]byte, 112))
	}
	sent := make(chan struct{})
	go func() { mustSend(t, s, Meta{}, make([]byte, 112)); close(sent) }()
	eventually(t, "the sender waits", func() bool { return s.want.Load() == 1 })
	handled := 0
	_, err := b.Receive(All, func(*Record) error {
		if handled++; handled == 2 { // far from half of the lane
			for done := false; !done; {
				select {
				case <-sent:
					done = true
				default:
					b.WaitUntil(Replies, 10*time.Millisecond)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if late := a.stats.late.Load(); late != 0 {
		t.Errorf("the sender found the space by itself, not told: %d", late)
	}
}

func TestTheBareCallsWaitAndWake(t *testing.T) {
	word := shm.Uint32(shm.Aligned(64), 0)
	before := Now()
	BareWait(word, 0, time.Millisecond)
	if Now() <= before {
		t.Error("the clock stands still")
	}
	BareWait(word, 1, time.Hour) // another value: returns at once
	done := make(chan struct{})
	go func() {
		defer close(done)
		for word.Load() == 0 {
			BareWait(word, 0, 10*time.Millisecond)
			BareYield()
		}
	}()
	word.Store(1)
	BareWake(word, 1)
	within(t, "the waiter returns", done)
}

func TestASuccessorIsAwakeWhateverItsPredecessorWas(t *testing.T) {
	r := newRun(small(2))
	p := r.port(t, 0, Block)
	shm.Uint32(r.bells, bellsAt+bellMail).Store(5<<mailStateBits | mailAsleep)
	q := r.incarnation(t, 0, 1, 2, Block)
	if got := q.bell.mail.Load(); got != 6<<mailStateBits|mailRunning {
		t.Errorf("mail is %#x", got)
	}
	p.Close()
}
