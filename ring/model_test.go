package ring

import (
	"bytes"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// laneModel drives one lane and a slice that says what it must hold.
type laneModel struct {
	sender    *Sender
	receiver  *Port
	committed [][]byte // not published
	published [][]byte // not received
	number    int
}

func newLaneModel(t *rapid.T) *laneModel {
	r := newRun(small(2))
	at := r.geometry.inbox().words + r.geometry.laneNumber(0, 0, 0)*laneWordsSize
	start := 16 * rapid.Uint64Range(0, 1<<34).Draw(t, "start")
	shm.Uint64(r.inboxes[1], at+laneDone).Store(start)
	shm.Uint64(r.inboxes[1], at+laneHead).Store(start)
	m := &laneModel{}
	for slot := range 2 {
		p, err := NewPort(Config{
			Geometry: r.geometry, Slot: slot, Outbox: r.setOutbox(slot, 0, 1),
			Inbox: r.inboxes[slot], Bells: r.bells, Memory: r, Wait: Poll,
		})
		if err != nil {
			t.Fatal(err)
		}
		if slot == 0 {
			if m.sender, err = p.Open(1, 0); err != nil {
				t.Fatal(err)
			}
		}
		m.receiver = p
	}
	return m
}

func (m *laneModel) size(t *rapid.T) int {
	limit := m.receiver.geometry.InlineLimit()
	return rapid.OneOf(
		rapid.IntRange(0, limit), rapid.IntRange(0, 48), rapid.SampledFrom([]int{0, 15, 16, 17, limit - 1, limit, limit + 1}),
	).Draw(t, "size")
}

// claim begins a record, which must succeed exactly if the size and the room
// allow it.
func (m *laneModel) claim(t *rapid.T) ([]byte, bool) {
	n := m.size(t)
	buf, err := m.sender.Claim(n)
	switch {
	case n > m.receiver.geometry.InlineLimit():
		if !errors.Is(err, ErrTooLarge) {
			t.Fatalf("claim of %d bytes: %v", n, err)
		}
		return nil, false
	case errors.Is(err, ErrFull):
		if free := m.sender.Free(true); free >= MinLaneSize*3/4 {
			t.Fatalf("claim of %d bytes is refused, and %d are free", n, free)
		}
		return nil, false
	case err != nil:
		t.Fatalf("claim of %d bytes: %v", n, err)
	case len(buf) != n || cap(buf) != n:
		t.Fatalf("claim of %d bytes returned %d, capacity %d", n, len(buf), cap(buf))
	}
	m.number++
	copy(buf, pattern(m.number, n))
	return buf, true
}

func (m *laneModel) commit(t *rapid.T) {
	if buf, ok := m.claim(t); ok {
		m.committed = append(m.committed, bytes.Clone(buf))
		m.sender.Commit(Meta{Type: uint16(m.number)})
	}
}

func (m *laneModel) commitShort(t *rapid.T) {
	if buf, ok := m.claim(t); ok {
		n := rapid.IntRange(0, len(buf)).Draw(t, "short")
		m.committed = append(m.committed, bytes.Clone(buf[:n]))
		m.sender.CommitShort(n, Meta{Type: uint16(m.number)})
	}
}

func (m *laneModel) abort(t *rapid.T) {
	if _, ok := m.claim(t); ok {
		m.sender.Abort()
	}
}

func (m *laneModel) publish(t *rapid.T) {
	if err := m.sender.Publish(); err != nil {
		t.Fatal(err)
	}
	m.published = append(m.published, m.committed...)
	m.committed = nil
}

func (m *laneModel) receive(t *rapid.T) {
	stopAt := rapid.IntRange(1, 100).Draw(t, "stop at")
	stop := errors.New("stop")
	taken := 0
	n, err := m.receiver.Receive(All, func(rec *Record) error {
		if taken >= len(m.published) {
			t.Fatalf("record %d of %d", taken, len(m.published))
		}
		if !bytes.Equal(rec.Payload, m.published[taken]) {
			t.Fatalf("record %d has %d bytes, want %d others", taken, len(rec.Payload), len(m.published[taken]))
		}
		taken++
		if taken == stopAt {
			return stop
		}
		return nil
	})
	want := min(passLimit, len(m.published), stopAt)
	if n != want || taken != want || (err != nil) != (want == stopAt) {
		t.Fatalf("a pass took %d records (%v), want %d of %d", n, err, want, len(m.published))
	}
	m.published = m.published[taken:]
}

func (m *laneModel) check(t *rapid.T) {
	if empty := len(m.published) == 0; empty != (m.sender.Pending() == 0) {
		t.Fatalf("%d records are published, %d bytes pending", len(m.published), m.sender.Pending())
	}
}

func TestALaneBehavesLikeAQueue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newLaneModel(t)
		t.Repeat(map[string]func(*rapid.T){
			"commit": m.commit, "commit again": m.commit, "commit short": m.commitShort,
			"abort": m.abort, "publish": m.publish, "receive": m.receive, "": m.check,
		})
	})
}

// slabModel is a slab and what its chunks must hold.
type slabModel struct {
	run    *run
	sender *Port
	lanes  []*Sender
	peers  []*Port
	loans  []*modelLoan
	number int
}

type modelLoan struct {
	start, end int // in the slab
	contents   []byte
	held       map[int]bool // by receiver: not handled yet, or retained
	given      map[int]bool // by receiver: committed to it
	lent       *Loan
	kept       []retainedView
}

type retainedView struct {
	peer    int
	payload []byte
	release func()
}

func newSlabModel(t *rapid.T) *slabModel {
	g := small(4)
	m := &slabModel{run: newRun(g)}
	for slot := range g.Slots {
		p, err := NewPort(Config{
			Geometry: g, Slot: slot, Outbox: m.run.setOutbox(slot, 0, 1),
			Inbox: m.run.inboxes[slot], Bells: m.run.bells, Memory: m.run, Wait: Poll,
		})
		if err != nil {
			t.Fatal(err)
		}
		m.peers = append(m.peers, p)
	}
	m.sender = m.peers[0]
	m.lanes = make([]*Sender, g.Slots)
	for slot := 1; slot < g.Slots; slot++ {
		s, err := m.sender.Open(slot, 0)
		if err != nil {
			t.Fatal(err)
		}
		m.lanes[slot] = s
	}
	return m
}

func (m *slabModel) lend(t *rapid.T) {
	n := rapid.IntRange(0, m.run.geometry.ChunkLimit()).Draw(t, "size")
	l, err := m.sender.Lend(n)
	if errors.Is(err, ErrFull) {
		return
	}
	if err != nil || len(l.Bytes()) != n {
		t.Fatalf("Lend(%d): %d bytes, %v", n, len(l.Bytes()), err)
	}
	start := l.page * pageSize
	loan := &modelLoan{start: start, end: start + l.pages*pageSize, held: map[int]bool{}, given: map[int]bool{}, lent: l}
	for _, other := range m.loans {
		if other.inUse() && loan.start < other.end && other.start < loan.end {
			t.Fatalf("a loan at %d–%d overlaps one in use at %d–%d", loan.start, loan.end, other.start, other.end)
		}
	}
	m.number++
	copy(l.Bytes(), pattern(m.number, n))
	loan.contents = pattern(m.number, n)
	if err := l.Seal(n); err != nil {
		t.Fatal(err)
	}
	m.loans = append(m.loans, loan)
}

func (l *modelLoan) inUse() bool { return l.lent != nil || len(l.held) > 0 }

// commit gives a loan to one more receiver.
func (m *slabModel) commit(t *rapid.T) {
	for _, l := range m.loans {
		slot := rapid.IntRange(1, 3).Draw(t, "to")
		if l.lent == nil || l.given[slot] {
			continue
		}
		err := m.lanes[slot].CommitLoan(l.lent, Meta{})
		if errors.Is(err, ErrFull) {
			if held := m.heldBy(slot); held+l.end-l.start <= m.run.geometry.ChunkLimit() && m.lanes[slot].Free(true) > 1000 {
				t.Fatalf("slot %d is full with %d bytes", slot, held)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := m.lanes[slot].Publish(); err != nil {
			t.Fatal(err)
		}
		l.held[slot], l.given[slot] = true, true
		return
	}
}

// heldBy returns how much of the slab a receiver holds.
func (m *slabModel) heldBy(slot int) (bytes int) {
	for _, l := range m.loans {
		if l.held[slot] {
			bytes += l.end - l.start
		}
	}
	return bytes
}

func (m *slabModel) release(t *rapid.T) {
	for _, l := range m.loans {
		if l.lent != nil && rapid.Bool().Draw(t, "release") {
			l.lent.Release()
			l.lent.Release() // harmless
			l.lent = nil
		}
	}
}

// receive handles what one receiver has, and retains some of it.
func (m *slabModel) receive(t *rapid.T) {
	slot := rapid.IntRange(1, 3).Draw(t, "who")
	_, err := m.peers[slot].Receive(All, func(rec *Record) error {
		l := m.find(t, rec.chunk)
		if !bytes.Equal(rec.Payload, l.contents) {
			t.Fatalf("slot %d got %d bytes that are not what was sent", slot, len(rec.Payload))
		}
		if rapid.Bool().Draw(t, "retain") {
			payload, release := m.peers[slot].Retain(rec)
			l.kept = append(l.kept, retainedView{slot, payload, release})
		} else {
			delete(l.held, slot)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// find returns the loan in use at an offset.
func (m *slabModel) find(t *rapid.T, offset uint64) *modelLoan {
	for _, l := range m.loans {
		if l.inUse() && uint64(l.start) == offset {
			return l
		}
	}
	t.Fatalf("a record names a chunk at %d that nobody holds", offset)
	return nil
}

func (m *slabModel) letGo(t *rapid.T) {
	for _, l := range m.loans {
		for len(l.kept) > 0 && rapid.Bool().Draw(t, "let go") {
			view := l.kept[0]
			l.kept = l.kept[1:]
			view.release()
			view.release() // harmless
			delete(l.held, view.peer)
		}
	}
}

// check looks whether everything retained is unchanged.
func (m *slabModel) check(t *rapid.T) {
	for _, l := range m.loans {
		for _, view := range l.kept {
			if !bytes.Equal(view.payload, l.contents) {
				t.Fatalf("a retained payload of %d bytes has changed", len(view.payload))
			}
		}
	}
}

func TestASlabNeverLendsWhatIsInUse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newSlabModel(t)
		t.Repeat(map[string]func(*rapid.T){
			"lend": m.lend, "commit": m.commit, "commit again": m.commit, "release": m.release,
			"receive": m.receive, "let go": m.letGo, "": m.check,
		})
		m.release(t)
		for _, l := range m.loans {
			if l.lent != nil {
				l.lent.Release()
			}
		}
		for _, p := range m.peers {
			for {
				n, err := p.Receive(All, func(*Record) error { return nil })
				if err != nil {
					t.Fatal(err)
				}
				if n == 0 {
					break
				}
			}
		}
		for _, l := range m.loans {
			for _, view := range l.kept {
				view.release()
			}
		}
		s := &m.sender.slab
		s.reclaim()
		if len(s.chunks) != 0 || len(s.free) != 1 || s.free[0].pages*pageSize != m.run.geometry.SlabSize {
			t.Fatalf("when nothing is in use the free list is %v, with %d chunks", s.free, len(s.chunks))
		}
		for slot := 1; slot < 4; slot++ {
			if held := m.lanes[slot].Pinned(); held != 0 {
				t.Fatalf("slot %d still pins %d bytes", slot, held)
			}
		}
	})
}
