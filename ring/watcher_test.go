package ring

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// publishSilently stores a tail and does not ring: what a sender leaves that is
// killed, or stopped, between the two.
func publishSilently(t testing.TB, s *Sender, payload []byte) {
	t.Helper()
	buf, err := s.Claim(len(payload))
	if err != nil {
		t.Fatal(err)
	}
	copy(buf, payload)
	s.Commit(Meta{})
	s.published = s.next
	storeRelease(s.tail, s.next)
}

// asleep starts a goroutine that waits and receives until it has n records, and
// returns when it sleeps.
func asleep(t testing.TB, p *Port, n int) (done chan struct{}) {
	t.Helper()
	done = make(chan struct{})
	go func() {
		defer close(done)
		receiveForever(t, p, n)
	}()
	eventually(t, "the receiver is asleep", func() bool { return p.bell.mail.Load()&mailStateMask == mailAsleep })
	return done
}

// receiveForever receives n records and trusts that it is told of each.
func receiveForever(t testing.TB, p *Port, n int) {
	for got := 0; got < n; {
		k, err := p.Receive(All, func(*Record) error { return nil })
		if err != nil {
			t.Errorf("Receive: %v", err)
			return
		}
		if got += k; k == 0 {
			p.Wait(All)
		}
	}
}

func TestMarkDeadFindsARecordThatWasNotRungFor(t *testing.T) {
	for _, known := range []bool{true, false} {
		r := newRun(small(3))
		keeper, a, b := r.port(t, 0, Poll), r.port(t, 1, Poll), r.port(t, 2, Block)
		s := mustOpen(t, a, 2, 0)
		if known {
			mustSend(t, s, Meta{}, nil)
			take(t, b)
		}
		done := asleep(t, b, 1)
		publishSilently(t, s, []byte("last words"))
		keeper.MarkDead(1)
		within(t, "the record is found", done)
	}
}

func TestMarkDeadRepairsAWakeThatWasClaimedAndNeverMade(t *testing.T) {
	r := newRun(small(3))
	keeper, a, b := r.port(t, 0, Poll), r.port(t, 1, Poll), r.port(t, 2, Block)
	s := mustOpen(t, a, 2, 0)
	done := asleep(t, b, 1)
	publishSilently(t, s, nil)
	b.bell.mark(1)
	mail := b.bell.mail.Load()
	if !b.bell.mail.CompareAndSwap(mail, mail&^mailStateMask|mailWoken) {
		t.Fatal("the receiver does not sleep")
	}
	keeper.MarkDead(1)
	within(t, "the receiver wakes", done)
}

func TestASenderThatFindsWokenMakesTheCallTheWinnerDidNotMake(t *testing.T) {
	r := newRun(small(3))
	a, b := r.port(t, 1, Poll), r.port(t, 2, Block)
	s := mustOpen(t, a, 2, 0)
	done := asleep(t, b, 1)
	mail := b.bell.mail.Load()
	if !b.bell.mail.CompareAndSwap(mail, mail&^mailStateMask|mailWoken) { // and the winner stops here
		t.Fatal("the receiver does not sleep")
	}
	mustSend(t, s, Meta{}, nil)
	within(t, "the receiver wakes", done)
	if a.Wakes() != 1 {
		t.Errorf("%d wake calls, want 1", a.Wakes())
	}
}

func TestWatcherRescuesASilencedBellAndCountsIt(t *testing.T) {
	r := newRun(small(3))
	keeper, a, b := r.port(t, 0, Poll), r.port(t, 1, Poll), r.port(t, 2, Block)
	w := keeper.NewWatcher()
	s := mustOpen(t, a, 2, 0)
	look := func() { w.Look(2, r.inboxes[2], r.views()) }
	look()
	done := asleep(t, b, 1)
	look()
	publishSilently(t, s, nil)
	look() // might be a sender about to ring
	if w.Rescued() != 0 {
		t.Fatal("rescued at the first sight")
	}
	look()
	within(t, "the receiver wakes", done)
	if w.Rescued() != 1 {
		t.Errorf("counted %d, want 1", w.Rescued())
	}
	look()
	look()
	if w.Rescued() != 1 {
		t.Errorf("counted %d after all was handled", w.Rescued())
	}
}

func TestWatcherRingsForABusyReceiverAndDoesNotCountIt(t *testing.T) {
	r := newRun(small(3))
	keeper, a, b := r.port(t, 0, Poll), r.port(t, 1, Poll), r.port(t, 2, Spin)
	w := keeper.NewWatcher()
	s := mustOpen(t, a, 2, 0)
	publishSilently(t, s, nil)
	w.Look(2, r.inboxes[2], r.views())
	w.Look(2, r.inboxes[2], r.views())
	if w.Rescued() != 0 {
		t.Errorf("counted %d for a receiver that is awake", w.Rescued())
	}
	if got := take(t, b); len(got) != 1 {
		t.Errorf("%d records after the watcher's look", len(got))
	}
}

func TestWatcherCountsNothingInNormalTraffic(t *testing.T) {
	r := newRun(small(3))
	keeper := r.port(t, 0, Poll)
	w := keeper.NewWatcher()
	const n = 3000
	done := make(chan struct{}, 2)
	for slot := 1; slot < 3; slot++ {
		p := r.port(t, slot, waiting[slot+1])
		s := mustOpen(t, p, 3-slot, 0)
		go func() {
			sent := make(chan struct{})
			go func() {
				for range n {
					mustSend(t, s, Meta{}, nil)
				}
				close(sent)
			}()
			receiveForever(t, p, n)
			<-sent
			done <- struct{}{}
		}()
	}
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for left := 2; left > 0; {
		select {
		case <-done:
			left--
		case <-ticker.C:
			for slot := range 3 {
				w.Look(slot, r.inboxes[slot], r.views())
			}
		case <-time.After(patience):
			t.Fatal("the exchange hangs")
		}
	}
	if w.Rescued() != 0 {
		t.Errorf("%d rescues in normal traffic", w.Rescued())
	}
}

func TestWatcherLeavesClosedAndQuarantinedLanesAlone(t *testing.T) {
	r := newRun(small(3))
	keeper, a, b := r.port(t, 0, Poll), r.port(t, 1, Poll), r.port(t, 2, Poll)
	w := keeper.NewWatcher()
	good, bad := mustOpen(t, a, 2, 0), mustOpen(t, a, 2, 1)
	mustSend(t, bad, Meta{}, nil)
	bad.data[4] = 77
	if _, err := b.Receive(All, func(*Record) error { return nil }); err == nil {
		t.Fatal("nonsense was taken")
	}
	if err := b.Shut(); err != nil {
		t.Fatal(err)
	}
	wantError(t, "a send after Shut", good.Send(Meta{}, nil), ErrTerminated)
	b.bell.mail.Store(mailAsleep)
	for range 4 {
		w.Look(2, r.inboxes[2], r.views())
	}
	if w.Rescued() != 0 {
		t.Errorf("%d rescues for mail that nobody takes", w.Rescued())
	}
	if !keeper.Quiet(2, r.inboxes[2], r.views()) {
		t.Error("a receiver with nothing more to take is not quiet")
	}
}

func TestQuietSeesMailAndTheRecordInHand(t *testing.T) {
	r := newRun(small(3))
	keeper, a, b := r.port(t, 0, Poll), r.port(t, 1, Poll), r.port(t, 2, Poll)
	quiet := func() bool { return keeper.Quiet(2, r.inboxes[2], r.views()) }
	s := mustOpen(t, a, 2, 0)
	if !quiet() {
		t.Error("not quiet before any mail")
	}
	before := keeper.Sent(2, r.views())
	mustSend(t, s, Meta{}, nil)
	if quiet() || keeper.Sent(2, r.views()) == before {
		t.Error("mail is not seen")
	}
	b.Receive(All, func(*Record) error {
		s.done.Load()
		shm.Uint64(r.inboxes[2], b.in.words+b.geometry.laneNumber(1, 0, 0)*laneWordsSize+laneDone).Store(s.tail.Load())
		if quiet() {
			t.Error("quiet with a record in hand")
		}
		return nil
	})
	if !quiet() {
		t.Error("not quiet after all was handled")
	}
}

// Bells may be written by anybody. Whatever happens to them costs a delay and
// no message.
func TestDamagedBellsLoseNothing(t *testing.T) {
	for _, wait := range waiting {
		t.Run(wait.String(), func(t *testing.T) {
			r := newRun(small(3))
			keeper := r.port(t, 0, Poll)
			w := keeper.NewWatcher()
			n := 640
			stop := make(chan struct{})
			defer close(stop)
			a, b := r.port(t, 1, wait), r.port(t, 2, wait)
			s, back := mustOpen(t, a, 2, 0), mustOpen(t, b, 1, 0)
			go vandal(r, stop)
			go func() { // the supervisor's rounds, in quick motion
				for tick := time.Tick(10 * time.Millisecond); ; {
					select {
					case <-tick:
						w.Look(1, r.inboxes[1], r.views())
						w.Look(2, r.inboxes[2], r.views())
					case <-stop:
						return
					}
				}
			}()
			done := make(chan struct{}, 2)
			go func() {
				for got := 0; got < n; {
					k, err := b.Receive(All, func(rec *Record) error { return sendWait(back, Meta{}, rec.Payload) })
					if err != nil {
						t.Errorf("Receive: %v", err)
						break
					}
					if got += k; k == 0 {
						b.Wait(All)
					}
				}
				done <- struct{}{}
			}()
			go func() {
				for i := range n {
					mustSend(t, s, Meta{}, nil)
					if i%16 == 15 { // lets both sides sleep now and then
						receiveForever(t, a, 16)
					}
				}
				done <- struct{}{}
			}()
			for range 2 {
				select {
				case <-done:
				case <-time.After(2 * patience):
					t.Fatalf("lost mail: %d of %d handled", s.done.Load()/16, n)
				}
			}
			t.Logf("%d rescues", w.Rescued())
		})
	}
}

// vandal scribbles over the bells of slots 1 and 2.
func vandal(r *run, stop chan struct{}) {
	random := rand.New(rand.NewPCG(1, 2))
	for tick := time.Tick(200 * time.Microsecond); ; {
		select {
		case <-tick:
		case <-stop:
			return
		}
		at := bellsAt + bellSize*(1+random.IntN(2))
		switch random.IntN(4) {
		case 0:
			shm.Uint32(r.bells, at+bellMail).Store(random.Uint32())
		case 1:
			shm.Uint32(r.bells, at+bellMail).Store(uint32(random.IntN(4)))
		case 2:
			shm.Uint64(r.bells, at+bellReady).Store(0)
		case 3:
			shm.Uint64(r.bells, at+bellReady+8*random.IntN(readyWords)).Store(random.Uint64())
		}
	}
}
