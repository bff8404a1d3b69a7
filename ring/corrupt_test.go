package ring

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// damaged returns a lane with three records of which something was changed, and
// a good lane beside it.
func damaged(t testing.TB, damage func(s *Sender)) (r *run, b *Port, bad, good *Sender) {
	t.Helper()
	r = newRun(small(3))
	a, c := r.port(t, 0, Poll), r.port(t, 2, Poll)
	b = r.port(t, 1, Poll)
	bad, good = mustOpen(t, a, 1, 0), mustOpen(t, c, 1, 0)
	for i := range 3 {
		mustSend(t, bad, Meta{}, []byte{byte(i)})
	}
	damage(bad)
	mustSend(t, good, Meta{}, []byte("good"))
	return r, b, bad, good
}

// setHeader overwrites the header of the record at a position.
func setHeader(s *Sender, at uint64, length int, kind uint8, stampOf uint64) {
	binary.LittleEndian.PutUint64(s.data[at&s.mask:], packFirst(length, kind, Meta{}))
	binary.LittleEndian.PutUint64(s.data[at&s.mask+8:], packSecond(stampOf, 0))
}

func TestNonsenseQuarantinesItsLaneAlone(t *testing.T) {
	const second = 32 // position of the second record
	for _, c := range []struct {
		what   string
		damage func(s *Sender)
		taken  int // of the three records
	}{
		{"length beyond what is published", func(s *Sender) { setHeader(s, second, 1000, kindData, second) }, 1},
		{"length beyond the lane", func(s *Sender) { setHeader(s, second, 1<<31, kindData, second) }, 1},
		{"length of all ones", func(s *Sender) { setHeader(s, second, -1, kindData, second) }, 1},
		{"stamp of another place", func(s *Sender) { setHeader(s, second, 1, kindData, second+16) }, 1},
		{"kind nobody knows", func(s *Sender) { setHeader(s, second, 1, 9, second) }, 1},
		{"kind zero", func(s *Sender) { setHeader(s, second, 1, 0, second) }, 1},
		{"padding that does not reach the end", func(s *Sender) { setHeader(s, second, 16, kindPad, second) }, 1},
		{"padding with nothing behind it", func(s *Sender) {
			setHeader(s, second, MinLaneSize-second-16, kindPad, second)
			s.tail.Store(MinLaneSize)
		}, 1},
		{"chunk reference of the wrong size", func(s *Sender) { setHeader(s, second, 1, kindChunk, second) }, 1},
		{"tail that goes back", func(s *Sender) { s.tail.Store(16) }, 0},
		{"tail too far ahead", func(s *Sender) { s.tail.Store(MinLaneSize + 16) }, 0},
		{"tail far ahead", func(s *Sender) { s.tail.Store(1 << 63) }, 0},
		{"tail between records", func(s *Sender) { s.tail.Store(33) }, 0},
		{"tail inside a record", func(s *Sender) { s.tail.Store(48) }, 1},
	} {
		t.Run(c.what, func(t *testing.T) {
			r, b, bad, good := damaged(t, c.damage)
			var taken, problems int
			for range 5 {
				_, err := b.Receive(All, func(rec *Record) error {
					if rec.From().Slot() == 0 {
						taken++
					}
					return nil
				})
				if err != nil {
					problems++
					wantError(t, "the pass", err, ErrCorrupt)
				}
			}
			if taken != c.taken || problems != 1 {
				t.Errorf("%d records were taken, %d times nonsense reported; want %d, 1", taken, problems, c.taken)
			}
			if good.Pending() != 0 {
				t.Error("the other lane was not read")
			}
			mustSend(t, good, Meta{}, []byte("more"))
			if got := take(t, b); len(got) != 1 {
				t.Errorf("the other lane brought %d records afterwards", len(got))
			}
			if b.pending(All) || len(b.active) != 0 {
				t.Error("the quarantined lane is still looked at")
			}
			wantError(t, "a send into the quarantined lane", bad.Send(Meta{}, nil), ErrTerminated)
			if !b.Quiet(1, r.inboxes[1], r.views()) {
				t.Error("a quarantined lane is not quiet")
			}
			if err := b.Shut(); err != nil || !b.Drained() {
				t.Errorf("a quarantined lane keeps its receiver from ending: %v", err)
			}
		})
	}
}

func TestALaneQuarantinedFromAboveIsNotReadAgain(t *testing.T) {
	r, b, bad, good := damaged(t, func(*Sender) {})
	reason := errors.New("no such type")
	n, err := b.Receive(All, func(rec *Record) error {
		if rec.From().Slot() != 0 {
			return nil
		}
		return rec.From().Quarantine(reason)
	})
	wantError(t, "the pass", err, ErrCorrupt)
	if got := take(t, b); len(got)+n != 2 || good.Pending() != 0 {
		t.Errorf("%d and %d records, want the first of the bad lane and that of the good one", n, len(got))
	}
	wantError(t, "a send into the quarantined lane", bad.Send(Meta{}, nil), ErrTerminated)
	if !b.Quiet(1, r.inboxes[1], r.views()) {
		t.Error("a quarantined lane is not quiet")
	}
}

func TestPaddingBehindPaddingIsNonsense(t *testing.T) {
	r := newRun(small(2))
	a, b := r.port(t, 0, Poll), r.port(t, 1, Poll)
	s := mustOpen(t, a, 1, 0)
	for range 3 { // up to 48 bytes before the end
		mustSend(t, s, Meta{}, make([]byte, 1008))
	}
	mustSend(t, s, Meta{}, make([]byte, 960))
	take(t, b)
	at := s.tail.Load()
	setHeader(s, at, int(MinLaneSize-at)-HeaderSize, kindPad, at)
	setHeader(s, MinLaneSize, 0, kindPad, MinLaneSize)
	s.tail.Store(MinLaneSize + 16)
	b.bell.mark(0)
	_, err := b.Receive(All, func(*Record) error { t.Error("handed on"); return nil })
	wantError(t, "a pass", err, ErrCorrupt)
}

func TestAChunkReferenceOutsideTheSlabIsNonsense(t *testing.T) {
	g := small(2)
	for _, c := range []struct{ where, length uint64 }{
		{1, 10}, {uint64(g.SlabSize), 0}, {uint64(g.SlabSize), 1}, {1 << 63, 10}, {0, uint64(g.SlabSize) + 1},
		{pageSize, uint64(g.SlabSize)}, {0, 1 << 63}, {^uint64(0) &^ (pageSize - 1), pageSize},
	} {
		r := newRun(g)
		a, b := r.port(t, 0, Poll), r.port(t, 1, Poll)
		s := mustOpen(t, a, 1, 0)
		ref, err := s.Claim(chunkRefSize)
		if err != nil {
			t.Fatal(err)
		}
		binary.LittleEndian.PutUint64(ref, c.where)
		binary.LittleEndian.PutUint64(ref[8:], c.length)
		s.commit(kindChunk, Meta{})
		if err := s.Publish(); err != nil {
			t.Fatal(err)
		}
		n, err := b.Receive(All, func(*Record) error { t.Error("handed on"); return nil })
		if n != 0 || !errors.Is(err, ErrCorrupt) {
			t.Errorf("%d bytes at %d: took %d, %v", c.length, c.where, n, err)
		}
		if s.done.Load() != 0 {
			t.Error("nonsense counts as handled")
		}
	}
}

func TestABlobReferenceThatLiesIsNonsense(t *testing.T) {
	r, store, ports := newBlobRun(t, 2)
	s := mustOpen(t, ports[0], 1, 0)
	lendTo(t, ports[0], r.geometry.ChunkLimit()+1, 1)
	binary.LittleEndian.PutUint64(s.data[HeaderSize+8:], 1<<40)
	_, err := ports[1].Receive(All, func(*Record) error { t.Error("handed on"); return nil })
	wantError(t, "a length beyond the segment", err, ErrCorrupt)
	if len(store.waiting[1]) != 0 {
		t.Error("the segment is kept for ever")
	}

	r2 := newRun(small(2))
	a, b := r2.port(t, 0, Poll), r2.port(t, 1, Poll) // b has nobody to ask
	s = mustOpen(t, a, 1, 0)
	if _, err := s.Claim(chunkRefSize); err != nil {
		t.Fatal(err)
	}
	s.commit(kindBlob, Meta{})
	if err := s.Publish(); err != nil {
		t.Fatal(err)
	}
	_, err = b.Receive(All, func(*Record) error { t.Error("handed on"); return nil })
	wantError(t, "a blob where there are none", err, ErrCorrupt)
}

// A receiver's words are read-only for a sender, which must not believe them.
func TestAReceiverThatLiesOnlyLosesItsOwnMail(t *testing.T) {
	r := newRun(small(2))
	a := r.port(t, 0, Poll)
	s := mustOpen(t, a, 1, 0)
	for _, head := range []uint64{1 << 63, MinLaneSize * 3, ^uint64(0), 16} {
		s.head.Store(head)
		if free := s.Free(true); free < 0 || free > MinLaneSize {
			t.Errorf("head %d: %d bytes free", head, free)
		}
	}
	for _, done := range []uint64{1 << 63, ^uint64(0), 1, 1 << 20} {
		s.done.Store(done)
		if pending := s.Pending(); pending < 0 || pending > MinLaneSize {
			t.Errorf("done %d: %d bytes pending", done, pending)
		}
	}
	for _, watch := range []uint32{7, 1 << 31, ^uint32(0)} {
		s.watch.Store(watch)
		if err := s.Send(Meta{}, nil); err != nil {
			t.Errorf("watch %d: %v", watch, err)
		}
	}
	for _, words := range [][2]uint64{{8, 8}, {1 << 20, 0}, {0, 16}, {^uint64(0), 0}} {
		at := a.in.words + r.geometry.laneNumber(0, 0, 3)*laneWordsSize
		shm.Uint64(r.inboxes[1], at+laneDone).Store(words[0])
		shm.Uint64(r.inboxes[1], at+laneHead).Store(words[1])
		_, err := a.Open(1, 3)
		wantError(t, "opening a lane with nonsense in its words", err, ErrCorrupt)
	}
}

func TestAPredecessorsNonsenseInDoneIsFound(t *testing.T) {
	r := newRun(small(2))
	a, b := r.port(t, 0, Poll), r.port(t, 1, Poll)
	mustSend(t, mustOpen(t, a, 1, 0), Meta{}, nil)
	shm.Uint64(b.inbox, b.in.words+b.geometry.laneNumber(0, 0, 0)*laneWordsSize+laneDone).Store(4089)
	_, err := b.Receive(All, func(*Record) error { t.Error("handed on"); return nil })
	wantError(t, "a pass", err, ErrCorrupt)
}

func TestAMaskWithUnknownLanesIsCut(t *testing.T) {
	r := newRun(small(2))
	a, b := r.port(t, 0, Poll), r.port(t, 1, Poll)
	s := mustOpen(t, a, 1, 0)
	shm.Uint64(a.outbox, outMasks+8).Store(^uint64(0))
	mustSend(t, s, Meta{}, []byte("hello"))
	if got := take(t, b); len(got) != 1 {
		t.Errorf("%d records", len(got))
	}
	if b.Quiet(1, r.inboxes[1], r.views()) != true {
		t.Error("lanes beyond the last count as mail")
	}
}

func TestSegmentsThatAreTooShortAreNonsense(t *testing.T) {
	r := newRun(small(3))
	a, b := r.port(t, 0, Poll), r.port(t, 1, Poll)
	r.inboxes[2] = r.inboxes[2][:pageSize]
	_, err := a.Open(2, 0)
	wantError(t, "an inbox", err, ErrCorrupt)

	r.setOutbox(2, 0, 1)
	r.outboxes[2][0].mem = r.outboxes[2][0].mem[:pageSize]
	mustSend(t, mustOpen(t, a, 1, 0), Meta{}, []byte("fine"))
	b.bell.mark(2)
	n, err := b.Receive(All, func(*Record) error { return nil })
	wantError(t, "an outbox", err, ErrCorrupt)
	if n != 1 {
		t.Errorf("%d records of the other sender", n)
	}
	b.bell.mark(2)
	if _, err := b.Receive(All, nil); err != nil {
		t.Errorf("reported twice: %v", err)
	}
}
