package ring

import (
	"context"
	"encoding/binary"
	"errors"
	"sync/atomic"
	"testing"
	"time"
)

func TestShutTakesExactlyWhatWasPublishedBefore(t *testing.T) {
	r := newRun(small(2))
	a, b := r.port(t, 0, Poll), r.port(t, 1, Poll)
	s := mustOpen(t, a, 1, 0)
	for i := range 3 {
		mustSend(t, s, Meta{}, []byte{byte(i)})
	}
	if err := b.Shut(); err != nil {
		t.Fatal(err)
	}
	if b.Drained() {
		t.Error("drained with three records to go")
	}
	wantError(t, "the next send", s.Send(Meta{}, []byte{3}), ErrTerminated)
	wantError(t, "the one after it", s.Send(Meta{}, []byte{4}), ErrTerminated)
	if !s.Ended() {
		t.Error("the sender does not know that the receiver has ended")
	}
	if err := b.Shut(); err != nil { // changes nothing
		t.Fatal(err)
	}
	if got := take(t, b); len(got) != 3 {
		t.Errorf("%d records were taken, want 3", len(got))
	}
	if !b.Drained() {
		t.Error("not drained after all was handled")
	}
	_, err := a.Open(1, 2)
	wantError(t, "opening another lane", err, ErrTerminated)
	mustSend(t, mustOpen(t, b, 0, 0), Meta{}, nil) // it may still send
	b.bell.mark(0)
	if got := take(t, b); len(got) != 0 || !b.Drained() {
		t.Errorf("a lane opened too late brought %d records; drained: %v", len(got), b.Drained())
	}
}

// Whatever Publish says of a record is what happens to it, at any moment of the
// other side's Shut.
func TestShutAgainstASenderThatGoesOn(t *testing.T) {
	rounds := 300
	if raceEnabled || emulated() {
		rounds = 60
	}
	for round := range rounds {
		wait := waiting[round%len(waiting)]
		r := newRun(small(2))
		a, b := r.port(t, 0, wait), r.port(t, 1, wait)
		s := mustOpen(t, a, 1, round%3)
		var accepted atomic.Int64
		ended := make(chan error, 1)
		go func() {
			for i := 0; ; i++ {
				err := sendWait(s, Meta{}, binary.LittleEndian.AppendUint64(nil, uint64(i)))
				if err != nil {
					ended <- err
					return
				}
				accepted.Add(1)
			}
		}()
		got := 0
		handle := func(rec *Record) error {
			if i := binary.LittleEndian.Uint64(rec.Payload); i != uint64(got) {
				t.Fatalf("got %d, want %d", i, got)
			}
			got++
			return nil
		}
		for limit := time.Now().Add(patience); got < round*7 && time.Now().Before(limit); {
			if n, err := b.Receive(All, handle); err != nil {
				t.Fatal(err)
			} else if n == 0 {
				b.Wait(All)
			}
		}
		if err := b.Shut(); err != nil {
			t.Fatal(err)
		}
		for limit := time.Now().Add(patience); !b.Drained() && time.Now().Before(limit); {
			if _, err := b.Receive(All, handle); err != nil {
				t.Fatal(err)
			}
		}
		wantError(t, "the sender's end", <-ended, ErrTerminated)
		if int64(got) != accepted.Load() {
			t.Fatalf("round %d, %v: %d sends returned nil, %d records were delivered", round, wait, accepted.Load(), got)
		}
		a.Close()
		b.Close()
	}
}

func TestASenderBlockedOnAFullLaneLearnsOfShut(t *testing.T) {
	r := newRun(small(2))
	a, b := r.port(t, 0, Block), r.port(t, 1, Block)
	s := mustOpen(t, a, 1, 0)
	fill(t, s)
	ended := make(chan error)
	go func() {
		ended <- a.Until(context.Background(), []*Sender{s}, func() error { return s.Send(Meta{}, make([]byte, 112)) })
	}()
	eventually(t, "the sender waits", func() bool { return s.want.Load() == 1 })
	if err := b.Shut(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		wantError(t, "the blocked send", err, ErrTerminated)
	case <-time.After(patience):
		t.Fatal("the blocked send does not return")
	}
}

func TestASendCaughtBetweenClosedAndClosedAtWaitsForTheAnswer(t *testing.T) {
	for _, c := range []struct {
		what   string
		answer func(*Sender)
		want   error
	}{
		{"taken", func(s *Sender) { s.shut.Store(s.tail.Load() + 1) }, nil},
		{"not taken", func(s *Sender) { s.shut.Store(1) }, ErrTerminated},
		{"opened again by a successor", func(s *Sender) { s.watch.Store(watchRing) }, nil},
		{"port closed", func(s *Sender) { s.port.Close() }, ErrClosed},
	} {
		r := newRun(small(2))
		a := r.port(t, 0, Block)
		s := mustOpen(t, a, 1, 0)
		s.watch.Store(watchClosed)
		ended := make(chan error)
		go func() { ended <- s.Send(Meta{}, nil) }()
		eventually(t, "the record is published", func() bool { return s.tail.Load() != 0 })
		c.answer(s)
		a.bell.event.bump()
		if err := <-ended; !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", c.what, err, c.want)
		}
	}
}

func TestShutReportsMemoryItCannotMap(t *testing.T) {
	r := newRun(small(3))
	a, b := r.port(t, 0, Poll), r.port(t, 1, Poll)
	mustSend(t, mustOpen(t, a, 1, 0), Meta{}, nil)
	broken := errors.New("broken")
	r.setOutbox(2, 0, 1)
	r.fail[2] = broken
	wantError(t, "Shut", b.Shut(), broken)
	delete(r.fail, 2)
	if got := take(t, b); len(got) != 1 || !b.Drained() {
		t.Errorf("%d records from the other sender, drained: %v", len(got), b.Drained())
	}
}

func TestBuryCountsWhatWasNeverHandled(t *testing.T) {
	r := newRun(small(4))
	keeper := r.port(t, 0, Poll)
	dead, a, b := r.port(t, 1, Poll), r.port(t, 2, Poll), r.port(t, 3, Poll)
	sa, sb := mustOpen(t, a, 1, 0), mustOpen(t, b, 1, 5)
	for i := range 40 {
		mustSend(t, sa, Meta{}, make([]byte, i*9))
		if i%4 == 0 {
			take(t, dead)
		}
	}
	mustSend(t, sb, Meta{}, nil)
	mustSend(t, mustOpen(t, keeper, 1, 0), Meta{}, nil)
	mustSend(t, mustOpen(t, dead, 1, 0), Meta{}, nil) // to itself
	lendTo(t, b, 9000, 1)
	fill(t, sb)
	waiting := make(chan error)
	go func() {
		waiting <- b.Until(context.Background(), []*Sender{sb}, func() error { return sb.Send(Meta{}, make([]byte, 112)) })
	}()
	eventually(t, "a sender waits", func() bool { return sb.want.Load() == 1 })

	left := keeper.Bury(1, r.inboxes[1])
	byLane := map[int]int{}
	for _, remains := range left {
		byLane[remains.From] = remains.Records
	}
	full := (MinLaneSize - 16) / 128
	if byLane[0] != 1 || byLane[1] != 1 || byLane[2] != 3 || byLane[3] != 1+1+full {
		t.Errorf("undelivered are %v, want one from 0 and 1, three from 2, %d from 3", left, 2+full)
	}
	wantError(t, "the blocked sender", <-waiting, ErrTerminated)
	wantError(t, "a send after it", sa.Send(Meta{}, nil), ErrTerminated)
	if again := keeper.Bury(1, r.inboxes[1]); len(again) != 0 {
		t.Errorf("a second burial finds %v", again)
	}
	if state, _ := a.PeerState(1); state != StateClosed {
		t.Errorf("the dead one's state is %d", state)
	}
	if _, err := b.Lend(r.geometry.ChunkLimit(), 2); err != nil || b.peers[1].pinned.Load() != 0 {
		t.Errorf("the dead one still pins %d bytes (%v)", b.peers[1].pinned.Load(), err)
	}
}

func TestBuryDoesNotCountWhatSendersWereToldIsNotTaken(t *testing.T) {
	r := newRun(small(3))
	keeper, dead, a := r.port(t, 0, Poll), r.port(t, 1, Poll), r.port(t, 2, Poll)
	s := mustOpen(t, a, 1, 0)
	for range 3 {
		mustSend(t, s, Meta{}, nil)
	}
	if err := dead.Shut(); err != nil {
		t.Fatal(err)
	}
	wantError(t, "a send after Shut", s.Send(Meta{}, nil), ErrTerminated)
	dead.Receive(All, func(*Record) error { return errors.New("handles one, then dies") })
	if left := keeper.Bury(1, r.inboxes[1]); sprint(left) != "[{2 2}]" {
		t.Errorf("undelivered are %v, want 2 from slot 2", left)
	}
}

func TestBuryStopsAtNonsense(t *testing.T) {
	r := newRun(small(3))
	keeper, _, a := r.port(t, 0, Poll), r.port(t, 1, Poll), r.port(t, 2, Poll)
	s := mustOpen(t, a, 1, 0)
	for range 3 {
		mustSend(t, s, Meta{}, nil)
	}
	s.data[16] = 0xff // the second record's length
	s.data[18] = 0xff
	if left := keeper.Bury(1, r.inboxes[1]); sprint(left) != "[{2 1}]" {
		t.Errorf("undelivered are %v, want 1 from slot 2", left)
	}
	s2 := mustOpen(t, a, 0, 0)
	s2.tail.Store(1 << 40)
	if left := keeper.Bury(0, r.inboxes[0]); len(left) != 0 {
		t.Errorf("a tail out of bounds counts as %v", left)
	}
}
