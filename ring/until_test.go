package ring

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

func sprint(v any) string { return fmt.Sprint(v) }

// fill sends until the lane is full.
func fill(t testing.TB, s *Sender) (records int) {
	t.Helper()
	for {
		switch err := s.Send(Meta{}, make([]byte, 112)); {
		case errors.Is(err, ErrFull):
			return records
		case err != nil:
			t.Fatal(err)
		}
		records++
	}
}

func TestUntilWakesWhenThereIsSpace(t *testing.T) {
	for _, wait := range append([]Strategy{Poll}, waiting...) {
		t.Run(wait.String(), func(t *testing.T) {
			r := newRun(small(2))
			a, b := r.port(t, 0, wait), r.port(t, 1, wait)
			s := mustOpen(t, a, 1, 0)
			n := fill(t, s)
			sent := make(chan struct{})
			go func() { mustSend(t, s, Meta{}, []byte("last")); close(sent) }()
			if wait != Spin { // which never says that it waits
				eventually(t, "the sender waits", func() bool { return s.want.Load() == 1 })
			}
			if got := len(take(t, b)); got < n {
				t.Errorf("%d of %d records", got, n)
			}
			within(t, "the sender goes on", sent)
			if s.want.Load() != 0 {
				t.Errorf("want is %d after the wait", s.want.Load())
			}
			if late := a.stats.late.Load(); late != 0 {
				t.Errorf("the sender found the space by itself, not told: %d", late)
			}
		})
	}
}

func TestUntilEndsWithItsContext(t *testing.T) {
	r := newRun(small(2))
	a := r.port(t, 0, Block)
	s := mustOpen(t, a, 1, 0)
	fill(t, s)
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	ended := make(chan error)
	go func() {
		ended <- a.Until(ctx, []*Sender{s}, func() error { return s.Send(Meta{}, make([]byte, 112)) })
	}()
	eventually(t, "the sender waits", func() bool { return s.want.Load() == 1 })
	cancel(cause)
	if err := <-ended; !errors.Is(err, cause) {
		t.Errorf("got %v, want the context's cause", err)
	}
	if s.want.Load() != 0 {
		t.Error("the wait is left behind in want")
	}
	if err := s.Send(Meta{}, make([]byte, 112)); err != ErrFull {
		t.Errorf("the lane is %v after that", err)
	}
}

func TestUntilEndsWhenThePortIsClosed(t *testing.T) {
	r := newRun(small(2))
	a := r.port(t, 0, Block)
	s := mustOpen(t, a, 1, 0)
	fill(t, s)
	ended := make(chan error)
	for range 3 {
		go func() {
			ended <- a.Until(context.Background(), []*Sender{s}, func() error { return ErrFull })
		}()
	}
	eventually(t, "the senders wait", func() bool { return s.want.Load() == 3 })
	a.Close()
	a.Close() // harmless
	for range 3 {
		wantError(t, "a wait at Close", <-ended, ErrClosed)
	}
	err := a.Until(context.Background(), []*Sender{s}, func() error { return ErrFull })
	wantError(t, "a wait after Close", err, ErrClosed)
}

func TestUntilReturnsOtherErrorsAtOnce(t *testing.T) {
	a := newRun(small(2)).port(t, 0, Block)
	other := errors.New("other")
	calls := 0
	err := a.Until(context.Background(), nil, func() error { calls++; return other })
	if err != other || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

func TestUntilWaitsForTheSlabAndForWhoeverGetsHoldOfItMeanwhile(t *testing.T) {
	r := newRun(small(6))
	a := r.port(t, 0, Block)
	quarter := r.geometry.ChunkLimit()
	var receivers []*Port
	for slot := 1; slot < 6; slot++ {
		receivers = append(receivers, r.port(t, slot, Poll))
	}
	for _, b := range receivers[:3] { // three quarters are with receivers, one is only lent
		lendTo(t, a, quarter, b.slot)
	}
	last, err := a.Lend(quarter)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Lend(1); !errors.Is(err, ErrFull) {
		t.Fatalf("a full slab says %v", err)
	}
	got := make(chan error)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		got <- a.Until(ctx, nil, func() error {
			l, err := a.Lend(1)
			if err == nil {
				l.Release()
			}
			return err
		})
	}()
	s := mustOpen(t, a, receivers[0].slot, 0)
	eventually(t, "the sender waits for the first receiver", func() bool { return s.want.Load() == 1 })

	// The lent quarter goes to a receiver nobody waited for, and comes back
	// from there.
	to := mustOpen(t, a, 5, 0)
	if err := last.Seal(quarter); err != nil {
		t.Fatal(err)
	}
	if err := to.CommitLoan(last, Meta{}); err != nil {
		t.Fatal(err)
	}
	if err := to.Publish(); err != nil {
		t.Fatal(err)
	}
	last.Release()
	eventually(t, "the sender waits for the new holder, too", func() bool { return to.want.Load() == 1 })
	take(t, receivers[4])
	if err := <-got; err != nil {
		t.Error(err)
	}
	if late := a.stats.late.Load(); late != 0 {
		t.Errorf("the sender found the space by itself, not told: %d", late)
	}
}

// A damaged event word hides an event; the wait ends a little later.
func TestALostEventDelaysAndDoesNotHang(t *testing.T) {
	r := newRun(small(2))
	a, b := r.port(t, 0, Block), r.port(t, 1, Poll)
	s := mustOpen(t, a, 1, 0)
	fill(t, s)
	sent := make(chan struct{})
	go func() { mustSend(t, s, Meta{}, nil); close(sent) }()
	eventually(t, "the sender waits", func() bool { return s.want.Load() == 1 })
	s.want.Store(0) // the receiver does not learn that somebody waits
	take(t, b)
	within(t, "the sender finds the space by itself", sent)
}

func TestChangedIsClosedByAnEventAndNotBefore(t *testing.T) {
	r := newRun(small(2))
	a, b := r.port(t, 0, Block), r.port(t, 1, Block)
	changed := a.Changed()
	select {
	case <-changed:
		t.Fatal("closed without an event")
	case <-time.After(time.Millisecond):
	}
	b.SetState(StateReady)
	within(t, "the event arrives", changed)
	if state, err := a.PeerState(1); state != StateReady || err != nil {
		t.Errorf("state is %d, %v", state, err)
	}
}
