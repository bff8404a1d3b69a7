package ring

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// Loan is memory for one large payload. It is filled, sealed, committed to a lane
// of any number of receivers, once for each, and released by the sender, always
// and whatever happened. The memory is used again once every receiver has handled
// its record, too. A loan belongs to one goroutine.
type Loan struct {
	port *Port
	data []byte
	size int // payload bytes

	// In the slab:
	chunk *chunk
	turn  uint64 // the chunk's, when it was lent
	page  int
	pages int

	// In a segment of its own:
	blob   *shm.Segment
	handle uint64
	slots  []int // of the receivers it was lent for and not committed to
	sealed bool
}

// Lend returns memory for a payload of n bytes for the receivers in the given
// slots: from the slab, above a quarter of it from a segment of its own, which
// is kept for these receivers alone. It reports [ErrFull] while the slab has no
// room, [ErrTooLarge] where segments of their own are not to be had, and
// [shm.ErrNoMemory]. A loan from the slab costs no system call once the slab
// has memory, and no allocation where the compiler can keep the Loan on the
// stack.
func (p *Port) Lend(n int, slots ...int) (*Loan, error) {
	return p.lend(new(Loan), n, slots) // inlined, so that the caller's stack may hold the Loan
}

func (p *Port) lend(l *Loan, n int, slots []int) (*Loan, error) {
	if n < 0 {
		panic("ring: Lend of a negative size")
	}
	l.port, l.size = p, n
	if n > p.geometry.ChunkLimit() {
		if err := l.makeBlob(slots); err != nil {
			return nil, err
		}
		return l, nil
	}
	s := &p.slab
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reclaim()
	c, err := s.take(n)
	if err != nil {
		return nil, err
	}
	at := p.out.slab + c.page*pageSize
	l.data = p.outbox[at : at+n : at+n]
	l.chunk, l.turn, l.page, l.pages = c, c.turn, c.page, c.extent.pages
	return l, nil
}

// Bytes returns the memory to fill. It must not be written to after the first
// commit, and not be touched after [Loan.Seal] where it is a segment of its
// own.
func (l *Loan) Bytes() []byte { return l.data }

// Seal says that the payload is complete, n bytes of it. For a payload in a
// segment of its own this is where the supervisor takes it over, which costs a
// round trip to it and may fail with the supervisor's error.
func (l *Loan) Seal(n int) error {
	if n < 0 || n > l.size {
		panic("ring: Seal outside the loan")
	}
	l.size = n
	if l.blob != nil {
		return l.keepBlob()
	}
	l.data = l.data[:n]
	return nil
}

// Release ends the sender's part in a loan. What was committed stays committed;
// what was lent for a receiver and not committed to it will not be. A second
// call does nothing.
func (l *Loan) Release() {
	if l.chunk == nil {
		l.releaseBlob()
		return
	}
	s := &l.port.slab
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.turn == l.chunk.turn {
		l.chunk.lent = false
		s.changed()
	}
}

// Forget says that the loan will not be committed to the receiver in a slot
// that it was lent for. Release says it for all that are left.
func (l *Loan) Forget(slot int) {
	if i := slices.Index(l.slots, slot); i >= 0 {
		l.slots = slices.Delete(l.slots, i, i+1)
		if l.sealed {
			l.port.blobs.Drop(l.handle, slot)
		}
	}
}

// CommitLoan commits a record that names a sealed loan. Like [Sender.Commit] it
// needs a Publish. It reports [ErrFull] when the lane is full or this receiver
// already holds a quarter of the slab, and [ErrTerminated] once the receiver is
// known to have ended; it may be called again after ErrFull.
func (s *Sender) CommitLoan(l *Loan, m Meta) error {
	if l.chunk == nil {
		return s.commitBlob(l, m)
	}
	if !s.mayPin(int64(l.pages * pageSize)) {
		return fmt.Errorf("%w: slot %d holds %d bytes of the slab", ErrFull, s.peer.slot, s.peer.pinned.Load())
	}
	ref, err := s.Claim(chunkRefSize)
	if err != nil {
		return err
	}
	binary.LittleEndian.PutUint64(ref, uint64(l.page*pageSize))
	binary.LittleEndian.PutUint64(ref[8:], uint64(l.size))

	slab := &s.port.slab
	slab.mu.Lock()
	defer slab.mu.Unlock()
	c := l.chunk
	if l.turn != c.turn || !c.lent {
		s.Abort()
		panic("ring: CommitLoan after Release")
	}
	s.commit(kindChunk, m)
	s.peer.pinned.Add(int64(l.pages * pageSize))
	c.targets = append(c.targets, target{s, s.next})
	slab.changed()
	return nil
}

// mayPin reports whether the receiver may hold size bytes more of the slab: a
// quarter at most, and any single payload.
func (s *Sender) mayPin(size int64) bool {
	quarter := int64(s.port.geometry.ChunkLimit())
	allowed := func() bool {
		held := s.peer.pinned.Load()
		return held == 0 || held+size <= quarter
	}
	if allowed() {
		return true
	}
	s.port.slab.mu.Lock()
	s.port.slab.reclaim()
	s.port.slab.mu.Unlock()
	return allowed()
}

// Pinned returns the bytes of the slab that hold payloads for the receiver,
// through any lane, as far as it was last found out: up to a quarter of the
// slab before it is full for this receiver.
func (s *Sender) Pinned() int64 { return s.peer.pinned.Load() }
