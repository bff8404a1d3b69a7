package ring

import (
	"errors"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// restart returns the next incarnation of a slot, with a fresh outbox and its
// predecessor's inbox.
func (r *run) restart(t testing.TB, slot, index int, incarnation uint32, wait Strategy) *Port {
	t.Helper()
	p := r.incarnation(t, slot, index, incarnation, wait)
	if err := p.Resume(); err != nil {
		t.Fatalf("Resume: %v", err)
	}
	return p
}

// dieWith receives until a record says text, and dies with it in hand.
func dieWith(t testing.TB, p *Port, text string) (before []string) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Fatalf("no record says %q", text)
		}
	}()
	for {
		n, err := p.Receive(All, func(rec *Record) error {
			if string(rec.Payload) == text {
				panic("dies")
			}
			before = append(before, string(rec.Payload))
			return nil
		})
		if n == 0 || err != nil {
			return before
		}
	}
}

// takeDeaths receives all that has arrived, with how many died with it.
func takeDeaths(t testing.TB, p *Port) (texts []string, deaths []uint32) {
	t.Helper()
	for {
		n, err := p.Receive(All, func(rec *Record) error {
			texts = append(texts, string(rec.Payload))
			deaths = append(deaths, rec.Deaths)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return texts, deaths
		}
	}
}

func TestASuccessorGoesOnWhereItsPredecessorDied(t *testing.T) {
	for _, wait := range waiting {
		t.Run(wait.String(), func(t *testing.T) {
			r := newRun(small(4))
			a, b := r.port(t, 1, Poll), r.port(t, 2, Poll)
			sa, sb := mustOpen(t, a, 3, 0), mustOpen(t, b, 3, 5)
			first := r.port(t, 3, wait)
			for range promoteAfter { // polled by now, where the strategy does
				mustSend(t, sa, Meta{}, []byte("warm"))
			}
			take(t, first)
			for _, text := range []string{"one", "two", "three"} {
				mustSend(t, sa, Meta{}, []byte(text))
			}
			mustSend(t, sb, Meta{}, []byte("other"))
			dieWith(t, first, "two")

			second := r.restart(t, 3, 1, 2, wait)
			mustSend(t, sa, Meta{}, []byte("four"))
			texts, deaths := takeDeaths(t, second)
			if texts[0] != "two" || deaths[0] != 1 {
				t.Errorf("the first record is %q with %d deaths, want two with 1", texts[0], deaths[0])
			}
			got := map[string]int{}
			for i, text := range texts {
				got[text]++
				if i > 0 && deaths[i] != 0 {
					t.Errorf("%q comes with %d deaths", text, deaths[i])
				}
			}
			for _, text := range []string{"two", "three", "four"} {
				if got[text] != 1 {
					t.Errorf("%q came %d times: %q", text, got[text], texts)
				}
			}
			if got["other"]+got["one"] > 1 || got["warm"] > 0 {
				t.Errorf("something came again that was handled: %q", texts)
			}
		})
	}
}

func TestDeathsOfOneRecordAreCounted(t *testing.T) {
	r := newRun(small(2))
	s := mustOpen(t, r.port(t, 0, Poll), 1, 0)
	mustSend(t, s, Meta{}, []byte("fine"))
	mustSend(t, s, Meta{}, []byte("poison"))
	mustSend(t, s, Meta{}, []byte("last"))
	p := r.port(t, 1, Poll)
	for death := uint32(1); death <= 3; death++ {
		dieWith(t, p, "poison")
		r.restart(t, 1, int(death)%OutboxesPerSlot, death+1, Poll) // dies at once, with nothing in hand
		p = r.restart(t, 1, int(death)%OutboxesPerSlot, death+1, Poll)
		if p.suspect == 0 || p.deaths.Load() != death {
			t.Fatalf("after death %d the inbox says %d of %#x", death, p.deaths.Load(), p.suspect)
		}
	}
	texts, deaths := takeDeaths(t, p)
	if sprint(texts) != "[poison last]" || sprint(deaths) != "[3 0]" {
		t.Errorf("got %q with deaths %v", texts, deaths)
	}
	mustSend(t, s, Meta{}, []byte("poison"))
	dieWith(t, p, "poison")
	if _, deaths := takeDeaths(t, r.restart(t, 1, 2, 9, Poll)); sprint(deaths) != "[1]" {
		t.Errorf("another record has deaths %v", deaths)
	}
}

func TestARecordBehindPaddingIsRecognised(t *testing.T) {
	r := newRun(small(2))
	s := mustOpen(t, r.port(t, 0, Poll), 1, 0)
	p := r.port(t, 1, Poll)
	for range 3 {
		mustSend(t, s, Meta{}, make([]byte, 1024))
	}
	take(t, p)
	big := append([]byte("poison"), make([]byte, 1000)...)
	mustSend(t, s, Meta{}, big)
	dieWith(t, p, string(big))
	if _, deaths := takeDeaths(t, r.restart(t, 1, 1, 2, Poll)); sprint(deaths) != "[1]" {
		t.Errorf("deaths are %v", deaths)
	}
}

func TestARecordHandledJustBeforeADeathDoesNotComeAgain(t *testing.T) {
	r := newRun(small(2))
	s := mustOpen(t, r.port(t, 0, Poll), 1, 0)
	p := r.port(t, 1, Poll)
	mustSend(t, s, Meta{}, []byte("one"))
	mustSend(t, s, Meta{}, []byte("two"))
	var hand uint64
	p.Receive(All, func(*Record) error { hand = p.hand.Load(); return errors.New("one is enough") })
	p.hand.Store(hand) // died between done and the next record
	texts, deaths := takeDeaths(t, r.restart(t, 1, 1, 2, Poll))
	if sprint(texts) != "[two]" || sprint(deaths) != "[0]" {
		t.Errorf("got %q with deaths %v", texts, deaths)
	}
}

func TestResumeLetsGoOfWhatThePredecessorHeld(t *testing.T) {
	r := newRun(small(2))
	a, p := r.port(t, 0, Poll), r.port(t, 1, Poll)
	lendTo(t, a, r.geometry.ChunkLimit(), 1)
	p.Receive(All, func(rec *Record) error { p.Retain(rec); return nil })
	if err := p.AddListen([]byte("old")); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, a, 1, 0)
	a.slab.reclaim()
	if s.Pinned() == 0 {
		t.Fatal("nothing is retained")
	}
	epoch := a.Epoch()
	p = r.restart(t, 1, 1, 2, Poll)
	a.slab.reclaim()
	if s.Pinned() != 0 {
		t.Error("the predecessor's payload is still retained")
	}
	if entries, err := a.Listens(1); len(entries) != 0 || err != nil || a.Epoch() == epoch {
		t.Errorf("the predecessor still listens: %q, %v", entries, err)
	}
	if err := p.AddListen([]byte("new")); err != nil {
		t.Fatal(err)
	}
	if entries, err := a.Listens(1); sprint(entries) != sprint([][]byte{[]byte("new")}) || err != nil {
		t.Errorf("listens are %q, %v", entries, err)
	}
}

func TestALaneClosedByAPredecessorIsOpenAgain(t *testing.T) {
	r := newRun(small(2))
	a, p := r.port(t, 0, Block), r.port(t, 1, Poll)
	s := mustOpen(t, a, 1, 0)
	mustSend(t, s, Meta{}, []byte("one"))
	p.state.Store(StateClosed) // died in the middle of Shut
	s.watch.Store(watchClosed)
	sent := make(chan error)
	go func() { sent <- s.Send(Meta{}, []byte("two")) }()
	eventually(t, "the record is published", func() bool { return s.tail.Load() == 64 })
	p = r.restart(t, 1, 1, 2, Poll)
	if err := <-sent; err != nil {
		t.Errorf("the send that waited for the answer: %v", err)
	}
	p.SetState(StateReady)
	mustSend(t, s, Meta{}, []byte("three"))
	if texts, _ := takeDeaths(t, p); sprint(texts) != "[one two three]" {
		t.Errorf("got %q", texts)
	}
}

func TestADeadSendersMailComesBeforeItsSuccessors(t *testing.T) {
	r := newRun(small(2))
	b := r.port(t, 1, Poll)
	old := r.incarnation(t, 0, 3, 4, Poll) // its outbox has the higher index
	so := mustOpen(t, old, 1, 0)
	for range 100 {
		mustSend(t, so, Meta{}, []byte("old"))
	}
	successor := r.incarnation(t, 0, 0, 5, Poll)
	sn := mustOpen(t, successor, 1, 0)
	mustSend(t, sn, Meta{}, []byte("new"))
	mustSend(t, mustOpen(t, successor, 1, LaneReply), Meta{}, []byte("reply"))
	var order []string
	for range 4 {
		_, err := b.Receive(All, func(rec *Record) error { order = append(order, string(rec.Payload)); return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	at := map[string]int{}
	for i, text := range order {
		at[text] = i
	}
	if len(order) != 102 || at["new"] < at["old"] {
		t.Errorf("%d records; the last old one is number %d, the new one number %d", len(order), at["old"], at["new"])
	}
	if at["reply"] > passLimit+1 {
		t.Errorf("the reply waited for ordinary mail, as number %d", at["reply"])
	}
}

func TestAnOutboxIndexIsUsedAgainAfterItsMailWasHandled(t *testing.T) {
	for _, wait := range waiting {
		t.Run(wait.String(), func(t *testing.T) {
			r := newRun(small(3))
			a, b := r.port(t, 1, Poll), r.port(t, 2, wait)
			want := 0
			for incarnation := uint32(1); incarnation <= 9; incarnation++ {
				sender := r.incarnation(t, 0, 0, incarnation, Poll)
				s := mustOpen(t, sender, 2, 0)
				n := promoteAfter + int(incarnation)
				done := make(chan struct{})
				go func() {
					defer close(done)
					receiveForever(t, b, n) // Wait must notice the new outbox
				}()
				for range n {
					mustSend(t, s, Meta{}, nil)
				}
				within(t, "the mail of a new incarnation is handled", done)
				if want++; sprint(len(r.released)) != sprint(want-1) {
					t.Fatalf("incarnation %d: %v were released", incarnation, r.released)
				}
				if r.asked[[2]int{0, 0}] != int(incarnation) {
					t.Fatalf("incarnation %d: its outbox was mapped %d times", incarnation, r.asked[[2]int{0, 0}])
				}
			}
			mustSend(t, mustOpen(t, a, 2, 0), Meta{}, nil)
			take(t, b)
		})
	}
}

func TestAnOutboxIsReleasedOnlyWhenNothingOfItIsRetained(t *testing.T) {
	r := newRun(small(2))
	b := r.port(t, 1, Poll)
	a := r.incarnation(t, 0, 0, 1, Poll)
	lendTo(t, a, 9000, 1)
	var release func()
	b.Receive(All, func(rec *Record) error { _, release = b.Retain(rec); return nil })
	r.setOutbox(0, 0, 0)
	b.bell.mark(0)
	take(t, b)
	if len(r.released) != 0 {
		t.Fatal("released under a retained payload")
	}
	release()
	b.bell.mark(0)
	take(t, b)
	if sprint(r.released) != "[1]" {
		t.Errorf("released are %v", r.released)
	}
}

func TestAReplacedOutboxIsDrainedFirst(t *testing.T) {
	r := newRun(small(2))
	b := r.port(t, 1, Poll)
	old := r.incarnation(t, 0, 0, 1, Poll)
	so := mustOpen(t, old, 1, 0)
	mustSend(t, so, Meta{}, []byte("known"))
	take(t, b)
	mustSend(t, so, Meta{}, []byte("old"))
	successor := r.incarnation(t, 0, 0, 2, Poll) // too early, but nothing is lost
	shm.Uint64(b.inbox, b.in.words+laneDone).Store(so.tail.Load())
	sn := mustOpen(t, successor, 1, 2)
	mustSend(t, sn, Meta{}, []byte("new"))
	var got []string
	eventually(t, "both arrive", func() bool {
		texts, _ := takeDeaths(t, b)
		got = append(got, texts...)
		return len(got) >= 2
	})
	if sprint(got) != "[old new]" {
		t.Errorf("got %q", got)
	}
}

func TestMemoryThatCannotBeMappedDelaysItsSenderAlone(t *testing.T) {
	r := newRun(small(4))
	a, b, c := r.port(t, 1, Poll), r.port(t, 2, Poll), r.port(t, 3, Block)
	mustSend(t, mustOpen(t, a, 3, 0), Meta{}, []byte("stuck"))
	mustSend(t, mustOpen(t, b, 3, 0), Meta{}, []byte("fine"))
	broken := errors.New("no descriptors")
	r.fail[1] = broken
	var got []string
	handle := func(rec *Record) error { got = append(got, string(rec.Payload)); return nil }
	n, err := c.Receive(All, handle)
	if n != 1 || !errors.Is(err, broken) || sprint(got) != "[fine]" {
		t.Fatalf("took %d, %q, %v", n, got, err)
	}
	if n, err := c.Receive(All, handle); n != 0 || err != nil {
		t.Errorf("at once again: %d, %v", n, err)
	}
	delete(r.fail, 1)
	eventually(t, "the mail is found without anybody ringing again", func() bool {
		c.Wait(All) // parks until it is time to try again
		if _, err := c.Receive(All, handle); err != nil {
			t.Fatal(err)
		}
		return len(got) == 2
	})
}

func TestAbsentOutboxesAreAskedForOnceAVersion(t *testing.T) {
	r := newRun(small(2))
	a, b := r.port(t, 0, Poll), r.port(t, 1, Poll)
	s := mustOpen(t, a, 1, 0)
	for range 50 {
		mustSend(t, s, Meta{}, nil)
		take(t, b)
	}
	for index := range OutboxesPerSlot {
		if n := r.asked[[2]int{0, index}]; n != 1 {
			t.Errorf("outbox %d was asked for %d times", index, n)
		}
	}
	r.version.Add(1)
	mustSend(t, s, Meta{}, nil)
	take(t, b)
	if n := r.asked[[2]int{0, 3}]; n != 2 {
		t.Errorf("after a change the absent one was asked for %d times in all", n)
	}
}

func TestASlotCanBeTakenByAnotherProcess(t *testing.T) {
	r := newRun(small(3))
	keeper, a := r.port(t, 0, Poll), r.port(t, 1, Poll)
	r.port(t, 2, Poll)
	s := mustOpen(t, a, 2, 0)
	mustSend(t, s, Meta{}, []byte("never read"))
	keeper.Bury(2, r.inboxes[2])
	wantError(t, "a send to the dead one", s.Send(Meta{}, nil), ErrTerminated)

	r.inboxes[2] = shm.Aligned(r.geometry.InboxSize())
	a.Forget(2)
	a.Forget(7) // nothing to forget
	b := r.port(t, 2, Poll)
	mustSend(t, mustOpen(t, a, 2, 0), Meta{}, []byte("hello"))
	if got := take(t, b); len(got) != 1 || string(got[0]) != "hello" {
		t.Errorf("the new one got %q", got)
	}
}
