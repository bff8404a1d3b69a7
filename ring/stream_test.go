package ring

import (
	"context"
	"encoding/binary"
	"runtime"
	"testing"
)

// Sizes that a stream of numbered records has, so that records wrap everywhere.
func streamSize(i int) int { return 8 + (i*37)%200 }

func putNumbered(b []byte, i int) {
	binary.LittleEndian.PutUint64(b, uint64(i))
	for k := 8; k < len(b); k++ {
		b[k] = byte(i + k)
	}
}

func checkNumbered(t testing.TB, b []byte, i int) {
	t.Helper()
	if len(b) != streamSize(i) || binary.LittleEndian.Uint64(b) != uint64(i) {
		t.Fatalf("record %d has %d bytes and number %d", i, len(b), binary.LittleEndian.Uint64(b))
	}
	for k := 8; k < len(b); k++ {
		if b[k] != byte(i+k) {
			t.Fatalf("record %d is torn at byte %d", i, k)
		}
	}
}

// sendNumbered sends n numbered records, batch of them per publish.
func sendNumbered(s *Sender, n, batch int) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	lanes := []*Sender{s}
	for i := 0; i < n; i++ {
		var buf []byte
		err := s.port.Until(ctx, lanes, func() (err error) {
			if buf, err = s.Claim(streamSize(i)); err == ErrFull {
				if problem := s.Publish(); problem != nil {
					return problem
				}
			}
			return err
		})
		if err != nil {
			return err
		}
		putNumbered(buf, i)
		s.Commit(Meta{})
		if i%batch == batch-1 {
			if err := s.Publish(); err != nil {
				return err
			}
		}
	}
	return s.Publish()
}

func streamLength(t testing.TB) int {
	if testing.Short() || raceEnabled || emulated() {
		return 20_000
	}
	return 200_000
}

// Two goroutines over memory on the heap: with -race the detector sees every
// access to it.
func TestAStreamBetweenGoroutinesArrivesInOrder(t *testing.T) {
	for _, wait := range waiting {
		for _, batch := range []int{1, 64} {
			t.Run(wait.String(), func(t *testing.T) {
				r := newRun(small(2))
				a, b := r.port(t, 0, wait), r.port(t, 1, wait)
				n := streamLength(t)
				s := mustOpen(t, a, 1, 0)
				sent := make(chan error, 1)
				go func() { sent <- sendNumbered(s, n, batch) }()
				i := 0
				receiveN(t, b, n, func(rec *Record) {
					checkNumbered(t, rec.Payload, i)
					i++
				})
				if err := <-sent; err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func TestManySendersReachOneReceiver(t *testing.T) {
	for _, wait := range waiting {
		t.Run(wait.String(), func(t *testing.T) {
			const senders = 6
			r := newRun(small(senders + 1))
			b := r.port(t, 0, wait)
			n := streamLength(t) / 20
			sent := make(chan error, senders)
			for slot := 1; slot <= senders; slot++ {
				s := mustOpen(t, r.port(t, slot, wait), 0, slot%3)
				go func() { sent <- sendNumbered(s, n, 1+slot%2*7) }()
			}
			next := make([]int, senders+1)
			receiveN(t, b, n*senders, func(rec *Record) {
				slot := rec.From().Slot()
				checkNumbered(t, rec.Payload, next[slot])
				next[slot]++
			})
			for range senders {
				if err := <-sent; err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestPingPongBetweenGoroutinesNeverStalls(t *testing.T) {
	for _, wait := range waiting {
		t.Run(wait.String(), func(t *testing.T) {
			r := newRun(small(2))
			a, b := r.port(t, 0, wait), r.port(t, 1, wait)
			n := streamLength(t) / 10
			ab, ba := mustOpen(t, a, 1, 0), mustOpen(t, b, 0, 0)
			done := make(chan struct{})
			go func() {
				defer close(done)
				receiveN(t, b, n, func(rec *Record) { mustSend(t, ba, Meta{}, rec.Payload) })
			}()
			i := 0
			mustSend(t, ab, Meta{}, binary.LittleEndian.AppendUint64(nil, 0))
			receiveN(t, a, n, func(rec *Record) {
				if got := binary.LittleEndian.Uint64(rec.Payload); got != uint64(i) {
					t.Fatalf("got %d, want %d", got, i)
				}
				if i++; i < n {
					mustSend(t, ab, Meta{}, binary.LittleEndian.AppendUint64(nil, uint64(i)))
				}
			})
			<-done
		})
	}
}

func TestAStreamAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector's build allocates elsewhere")
	}
	r := newRun(small(2))
	a, b := r.port(t, 0, Poll), r.port(t, 1, Poll)
	s := mustOpen(t, a, 1, 0)
	payload := make([]byte, 32)
	lanes := []*Sender{s}
	handle := func(rec *Record) error { return nil }
	loop := func() {
		for range 3 {
			if err := a.Until(context.Background(), lanes, func() error { return s.Send(Meta{}, payload) }); err != nil {
				t.Fatal(err)
			}
		}
		l, err := a.Lend(5000, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Seal(5000); err != nil {
			t.Fatal(err)
		}
		if err := s.CommitLoan(l, Meta{}); err != nil {
			t.Fatal(err)
		}
		l.Release()
		if err := s.Publish(); err != nil {
			t.Fatal(err)
		}
		if n, err := b.Receive(All, handle); n != 4 || err != nil {
			t.Fatalf("received %d, %v", n, err)
		}
	}
	loop()
	if got := testing.AllocsPerRun(1000, loop); got != 0 {
		t.Errorf("%v allocations for three small payloads and a large one, want none", got)
	}
	runtime.KeepAlive(payload)
}
