package ring

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"unsafe"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

func wantError(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

func wantPanic(t testing.TB, what string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s: no panic", what)
		}
	}()
	f()
}

// pattern returns n bytes that tell their place and their record.
func pattern(seed, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(seed*31 + i*7 + i>>8)
	}
	return b
}

func TestARecordArrivesWithItsMetaAndSender(t *testing.T) {
	r := newRun(small(3))
	a, b := r.port(t, 2, Poll), r.port(t, 1, Poll)
	s := mustOpen(t, a, 1, 3)
	m := Meta{Type: 7, Flags: 9, Need: 11}
	mustSend(t, s, m, []byte("hello"))
	n, err := b.Receive(All, func(rec *Record) error {
		if rec.Meta != m || string(rec.Payload) != "hello" || rec.Deaths != 0 {
			t.Errorf("got %+v %q", rec.Meta, rec.Payload)
		}
		if from := rec.From(); from.Slot() != 2 || from.Lane() != 3 || from.Incarnation() != 1 {
			t.Errorf("from slot %d, lane %d, incarnation %d", from.Slot(), from.Lane(), from.Incarnation())
		}
		if rec.From().Tag() != nil {
			t.Error("a fresh sender has a tag")
		}
		rec.From().SetTag("mine")
		return nil
	})
	if n != 1 || err != nil {
		t.Fatalf("Receive: %d, %v", n, err)
	}
	mustSend(t, mustOpen(t, a, 1, 0), Meta{}, nil)
	b.Receive(All, func(rec *Record) error {
		if rec.From().Tag() != "mine" {
			t.Errorf("tag is %v on another lane of the same sender", rec.From().Tag())
		}
		return nil
	})
	if s.Peer() != 1 || s.Lane() != 3 || a.Slot() != 2 || a.Geometry() != r.geometry {
		t.Error("a sender or port does not know what it is")
	}
}

func TestPayloadsOfAllInlineSizesArrive(t *testing.T) {
	r := newRun(small(2))
	a, b := r.port(t, 0, Poll), r.port(t, 1, Poll)
	s := mustOpen(t, a, 1, 0)
	limit := r.geometry.InlineLimit()
	for n := 0; n <= limit; n++ {
		want := pattern(n, n)
		mustSend(t, s, Meta{}, want)
		if got := take(t, b); len(got) != 1 || !bytes.Equal(got[0], want) {
			t.Fatalf("%d bytes: got %d records", n, len(got))
		}
	}
	_, err := s.Claim(limit + 1)
	wantError(t, "one byte more", err, ErrTooLarge)
	_, err = s.Claim(-1)
	wantError(t, "a negative size", err, ErrTooLarge)
}

func TestRecordsWrapAtEveryAlignment(t *testing.T) {
	for start := 0; start < MinLaneSize; start += recordAlign {
		r := newRun(small(2))
		a, b := r.port(t, 0, Poll), r.port(t, 1, Poll)
		// The lane goes on where another incarnation left it.
		at := b.in.words + r.geometry.laneNumber(0, 0, 0)*laneWordsSize
		position := uint64(MinLaneSize*5 + start)
		shm.Uint64(b.inbox, at+laneDone).Store(position)
		shm.Uint64(b.inbox, at+laneHead).Store(position)
		s := mustOpen(t, a, 1, 0)
		for i, n := range []int{1024, 0, 1000, 1024, 17, 1024, 1024, 1} {
			want := pattern(i+start, n)
			mustSend(t, s, Meta{Type: uint16(i)}, want)
			if i%2 == 0 {
				continue
			}
			got := take(t, b)
			if len(got) != 2 || !bytes.Equal(got[1], want) {
				t.Fatalf("start %d, record %d: got %d records", start, i, len(got))
			}
		}
		if s.tail.Load() != s.done.Load() {
			t.Fatalf("start %d: tail is %d, done %d", start, s.tail.Load(), s.done.Load())
		}
	}
}

func TestAnAbortedClaimAtTheWrapLeavesNoTrace(t *testing.T) {
	r := newRun(small(2))
	a, b := r.port(t, 0, Poll), r.port(t, 1, Poll)
	s := mustOpen(t, a, 1, 0)
	for range 3 {
		mustSend(t, s, Meta{}, make([]byte, 1024))
	}
	take(t, b)
	if _, err := s.Claim(1024); err != nil { // needs padding
		t.Fatal(err)
	}
	s.Abort()
	if err := s.Publish(); err != nil {
		t.Fatal(err)
	}
	if tail, done := s.tail.Load(), s.done.Load(); tail != done {
		t.Errorf("tail is %d and done %d after an abort", tail, done)
	}
	mustSend(t, s, Meta{}, []byte("small"))
	if got := take(t, b); len(got) != 1 || string(got[0]) != "small" {
		t.Errorf("got %q", got)
	}
}

func TestNothingIsSeenBeforePublish(t *testing.T) {
	r := newRun(small(2))
	a, b := r.port(t, 0, Poll), r.port(t, 1, Poll)
	s := mustOpen(t, a, 1, 0)
	for i := range 5 {
		buf, err := s.Claim(3)
		if err != nil {
			t.Fatal(err)
		}
		copy(buf, fmt.Sprint("no", i))
		if i == 2 {
			s.Abort()
			continue
		}
		if i == 3 {
			s.CommitShort(1, Meta{})
			continue
		}
		s.Commit(Meta{})
	}
	if got := take(t, b); len(got) != 0 {
		t.Fatalf("%d records before Publish", len(got))
	}
	if err := s.Publish(); err != nil {
		t.Fatal(err)
	}
	if got := take(t, b); fmt.Sprintf("%s", got) != "[no0 no1 n no4]" {
		t.Errorf("got %s", got)
	}
	if s.Pending() != 0 {
		t.Errorf("%d bytes pending after all was handled", s.Pending())
	}
}

func TestMisuseOfAClaimPanics(t *testing.T) {
	r := newRun(small(2))
	s := mustOpen(t, r.port(t, 0, Poll), 1, 0)
	wantPanic(t, "Commit without a claim", func() { s.Commit(Meta{}) })
	if _, err := s.Claim(8); err != nil {
		t.Fatal(err)
	}
	wantPanic(t, "CommitShort above the claim", func() { s.CommitShort(9, Meta{}) })
	wantPanic(t, "CommitShort below zero", func() { s.CommitShort(-1, Meta{}) })
	s.Abort()
	wantPanic(t, "Commit after Abort", func() { s.Commit(Meta{}) })
}

func TestAFullLaneReportsErrFullUntilSomethingWasHandled(t *testing.T) {
	r := newRun(small(2))
	a, b := r.port(t, 0, Poll), r.port(t, 1, Poll)
	s := mustOpen(t, a, 1, 0)
	sent := 0
	for {
		err := s.Send(Meta{}, make([]byte, 112))
		if errors.Is(err, ErrFull) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		sent++
	}
	if sent != MinLaneSize/128 {
		t.Errorf("%d records of 128 bytes fitted into %d", sent, MinLaneSize)
	}
	if s.Free(true) != 0 || s.Pending() != MinLaneSize {
		t.Errorf("a full lane has %d bytes free and %d pending", s.Free(true), s.Pending())
	}
	if got := len(take(t, b)); got != sent {
		t.Errorf("%d of %d arrived", got, sent)
	}
	if err := s.Send(Meta{}, make([]byte, 1024)); err != nil {
		t.Errorf("after all was handled: %v", err)
	}
}

func TestAPassTakesAtMostSixtyFourRecordsFromALane(t *testing.T) {
	r := newRun(small(3))
	a, b, c := r.port(t, 0, Poll), r.port(t, 1, Poll), r.port(t, 2, Poll)
	sa, sb := mustOpen(t, a, 2, 0), mustOpen(t, b, 2, 0)
	for range 100 {
		mustSend(t, sa, Meta{}, nil)
		mustSend(t, sb, Meta{}, nil)
	}
	from := map[int]int{}
	n, err := c.Receive(All, func(r *Record) error { from[r.From().Slot()]++; return nil })
	if err != nil || n != 128 || from[0] != 64 || from[1] != 64 {
		t.Errorf("the first pass took %d (%v), by sender %v; want 64 of each", n, err, from)
	}
	if n, _ := c.Receive(All, func(*Record) error { return nil }); n != 72 {
		t.Errorf("the second pass took %d, want the other 72", n)
	}
}

func TestAHandlersErrorEndsThePassAndCountsAsHandled(t *testing.T) {
	r := newRun(small(3))
	a, b, c := r.port(t, 0, Poll), r.port(t, 1, Poll), r.port(t, 2, Poll)
	for i := range 3 {
		mustSend(t, mustOpen(t, a, 2, 0), Meta{}, []byte{byte(i)})
	}
	mustSend(t, mustOpen(t, b, 2, 0), Meta{}, []byte{9})
	stop := errors.New("stop")
	n, err := c.Receive(All, func(*Record) error { return stop })
	if n != 1 || err != stop {
		t.Fatalf("got %d, %v", n, err)
	}
	if shm.Uint64(c.inbox, inHand).Load() != 0 {
		t.Error("a record is still in hand")
	}
	if got := take(t, c); len(got) != 3 {
		t.Errorf("%d records after the error, want 3: %v", len(got), got)
	}
}

func TestARecordWhoseHandlerPanicsComesAgain(t *testing.T) {
	r := newRun(small(2))
	a, b := r.port(t, 0, Poll), r.port(t, 1, Poll)
	s := mustOpen(t, a, 1, 0)
	mustSend(t, s, Meta{}, []byte("first"))
	mustSend(t, s, Meta{}, []byte("second"))
	wantPanic(t, "handler", func() { b.Receive(All, func(*Record) error { panic("handler") }) })
	if shm.Uint64(b.inbox, inHand).Load() == 0 {
		t.Error("the successor of this receiver would not learn what it died with")
	}
	if got := take(t, b); fmt.Sprintf("%s", got) != "[first second]" {
		t.Errorf("got %s", got)
	}
	if b.depth != 0 {
		t.Errorf("depth is %d", b.depth)
	}
}

func TestPayloadsLieInTheLaneOnBothSides(t *testing.T) {
	pair, err := CreatePair(small(2))
	if err != nil {
		t.Fatal(err)
	}
	defer pair.Close()
	a, err := pair.Port(0, Poll)
	if err != nil {
		t.Fatal(err)
	}
	b, err := pair.Port(1, Poll)
	if err != nil {
		t.Fatal(err)
	}
	inside := func(b []byte) bool {
		mem := pair.segment.Bytes()
		start := uintptr(unsafe.Pointer(unsafe.SliceData(mem)))
		at := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
		return at >= start && at+uintptr(len(b)) <= start+uintptr(len(mem))
	}
	s := mustOpen(t, a, 1, 0)
	buf, err := s.Claim(100)
	if err != nil || !inside(buf) {
		t.Fatalf("the claim is not inside the mapping (%v)", err)
	}
	s.Commit(Meta{})
	if err := s.Publish(); err != nil {
		t.Fatal(err)
	}
	loan, err := a.Lend(10000, 1)
	if err != nil || !inside(loan.Bytes()) {
		t.Fatalf("the loan is not inside the mapping (%v)", err)
	}
	if err := loan.Seal(10000); err != nil {
		t.Fatal(err)
	}
	if err := s.CommitLoan(loan, Meta{}); err != nil {
		t.Fatal(err)
	}
	loan.Release()
	if err := s.Publish(); err != nil {
		t.Fatal(err)
	}
	n, err := b.Receive(All, func(r *Record) error {
		if !inside(r.Payload) {
			t.Errorf("a payload of %d bytes is not inside the mapping", len(r.Payload))
		}
		return nil
	})
	if n != 2 || err != nil {
		t.Errorf("received %d, %v", n, err)
	}
}

func TestAProcessCanSendToItself(t *testing.T) {
	r := newRun(small(2))
	a := r.port(t, 0, Poll)
	mustSend(t, mustOpen(t, a, 0, 0), Meta{}, []byte("me"))
	if got := take(t, a); len(got) != 1 || string(got[0]) != "me" {
		t.Errorf("got %q", got)
	}
}

func TestOpenNamesWhatIsMissing(t *testing.T) {
	r := newRun(small(2))
	a := r.port(t, 0, Poll)
	for _, c := range [][2]int{{-1, 0}, {2, 0}, {1, -1}, {1, LanesPerPeer}} {
		_, err := a.Open(c[0], c[1])
		wantError(t, fmt.Sprint("slot and lane ", c), err, ErrNoPeer)
	}
	_, err := a.PeerState(7)
	wantError(t, "state of slot 7", err, ErrNoPeer)
	alone, err := NewPort(Config{Geometry: r.geometry, Slot: 1, Outbox: shm.Aligned(r.geometry.OutboxSize()), Inbox: r.inboxes[1], Bells: r.bells})
	if err != nil {
		t.Fatal(err)
	}
	_, err = alone.Open(0, 0)
	wantError(t, "a port without memory of peers", err, ErrNoPeer)

	if s := mustOpen(t, a, 1, 4); s != mustOpen(t, a, 1, 4) {
		t.Error("a second Open returned another sender")
	}
}

func TestOpenReportsThatThereIsNoMemory(t *testing.T) {
	r := newRun(small(2))
	var calls int
	p, err := NewPort(Config{
		Geometry: r.geometry, Slot: 0, Outbox: r.setOutbox(0, 0, 1), Inbox: r.inboxes[0], Bells: r.bells, Memory: r,
		Allocate: func(int64, int64) error { calls++; return shm.ErrNoMemory },
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Open(1, 0)
	wantError(t, "Open", err, shm.ErrNoMemory)
	_, err = p.Lend(5000, 1)
	wantError(t, "Lend", err, shm.ErrNoMemory)
	_, err = p.AppendDictionary([]byte("x"))
	wantError(t, "AppendDictionary", err, shm.ErrNoMemory)
	if calls != 3 {
		t.Errorf("%d claims of memory, want 3", calls)
	}
}

func TestNewPortChecksItsConfig(t *testing.T) {
	g := small(2)
	good := Config{Geometry: g, Outbox: shm.Aligned(g.OutboxSize()), Inbox: shm.Aligned(g.InboxSize()), Bells: shm.Aligned(g.BellsSize())}
	for what, change := range map[string]func(*Config){
		"geometry": func(c *Config) { c.Geometry.Slots = 0 },
		"slot":     func(c *Config) { c.Slot = 2 },
		"index":    func(c *Config) { c.Index = OutboxesPerSlot },
		"outbox":   func(c *Config) { c.Outbox = c.Outbox[:len(c.Outbox)-1] },
		"inbox":    func(c *Config) { c.Inbox = nil },
		"bells":    func(c *Config) { c.Bells = c.Bells[:4096] },
	} {
		c := good
		change(&c)
		_, err := NewPort(c)
		wantError(t, what, err, ErrGeometry)
	}
}

func TestGoroutinesTellThemselvesApart(t *testing.T) {
	mine := Goroutine()
	if mine == 0 || Goroutine() != mine {
		t.Error("two calls of one goroutine differ")
	}
	other := make(chan uintptr)
	go func() { other <- Goroutine() }()
	if <-other == mine {
		t.Error("two goroutines have one number")
	}
	if core := Core(); core < 0 {
		t.Logf("the kernel does not say on which core this runs (%d)", core)
	}
}
