package ring

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// Blobs keeps payloads that are too large for a slab, each in a segment of its
// own, until every receiver has handled it or ended: the supervisor does.
type Blobs interface {
	// Keep takes over a finished segment for the receivers in the given
	// slots and returns its handle. It is called before the record that names
	// the handle is published, so that neither a dead sender nor a dead
	// receiver loses it.
	Keep(blob *shm.Segment, slots []int) (handle uint64, err error)

	// Fetch maps a kept segment read-only.
	Fetch(handle uint64) (*shm.Segment, error)

	// Drop says that the receiver in a slot is done with it, or never got it.
	Drop(handle uint64, slot int)
}

// slab divides the part of the outbox for payloads too large for a lane. Which
// pages are in use is this process's private knowledge: receivers say through
// done and the retain bits what they no longer need, and the sender draws the
// conclusion. There is no shared free list that a dying process could break.
type slab struct {
	port *Port

	mu     sync.Mutex
	free   []extent // sorted, never adjacent
	loans  []*Loan  // committed to at least one lane
	backed int      // pages that have memory
}

// extent is a run of pages.
type extent struct{ page, pages int }

// Loan is memory for one large payload, lent to the sender until it is
// committed to lanes, then to the receivers until each has handled it. It
// belongs to one goroutine.
type Loan struct {
	port    *Port
	data    []byte
	extent  extent
	blob    *shm.Segment
	handle  uint64
	slots   []int // of the receivers of a blob
	targets []target
}

// target is one record that names a loan.
type target struct {
	sender *Sender
	end    uint64 // position after the record
}

func (s *slab) init(p *Port) {
	s.port = p
	s.free = []extent{{0, p.geometry.SlabSize / pageSize}}
}

// Lend returns memory for a payload of n bytes for the receivers in the given
// slots: from the slab, above a quarter of it from a segment of its own. It
// reports [ErrFull] while the slab has no room, and [ErrTooLarge] where
// segments of their own are not to be had.
func (p *Port) Lend(n int, slots ...int) (*Loan, error) {
	if n > p.geometry.ChunkLimit() {
		return p.lendBlob(n, slots)
	}
	p.slab.mu.Lock()
	defer p.slab.mu.Unlock()
	p.slab.reclaim()
	return p.slab.take(n)
}

func (s *slab) take(n int) (*Loan, error) {
	need := max(1, pages(n)/pageSize)
	for i, e := range s.free {
		if e.pages < need {
			continue
		}
		// The lowest room first: it is the most likely to be in the cache, and
		// pages at the end may never be needed.
		if err := s.back(e.page + need); err != nil {
			return nil, err
		}
		if e.pages == need {
			s.free = slices.Delete(s.free, i, i+1)
		} else {
			s.free[i] = extent{e.page + need, e.pages - need}
		}
		at := s.port.out.slab + e.page*pageSize
		return &Loan{port: s.port, extent: extent{e.page, need}, data: s.port.outbox[at : at+n : at+n]}, nil
	}
	return nil, fmt.Errorf("%w: slab of %d bytes has no %d in one piece", ErrFull, s.port.geometry.SlabSize, n)
}

// back claims memory for all pages below end.
func (s *slab) back(end int) error {
	if end <= s.backed {
		return nil
	}
	if err := s.port.allocate(s.port.out.slab+s.backed*pageSize, (end-s.backed)*pageSize); err != nil {
		return err
	}
	s.backed = end
	return nil
}

// reclaim takes back what all receivers are done with.
func (s *slab) reclaim() {
	kept := s.loans[:0]
	for _, l := range s.loans {
		l.targets = slices.DeleteFunc(l.targets, l.finished)
		if len(l.targets) > 0 {
			kept = append(kept, l)
		} else {
			s.give(l.extent)
		}
	}
	clear(s.loans[len(kept):])
	s.loans = kept
}

// finished reports whether a receiver needs the loan no more. done is read
// before the retain bit: the receiver sets the bit before it moves done.
func (l *Loan) finished(t target) bool {
	handled := t.sender.done.Load() >= t.end
	if closedAt := t.sender.shut.Load(); closedAt != 0 && t.end > closedAt-1 {
		handled = true // it will never be taken
	}
	if !handled || t.sender.retains(l.extent.page) && t.sender.peer.state.Load() != StateClosed {
		return false
	}
	t.sender.peer.pinned.Add(-int64(l.extent.pages * pageSize))
	return true
}

// give puts pages back and joins them with free neighbours.
func (s *slab) give(e extent) {
	i, _ := slices.BinarySearchFunc(s.free, e.page, func(f extent, page int) int { return f.page - page })
	s.free = slices.Insert(s.free, i, e)
	if i+1 < len(s.free) && s.free[i].page+s.free[i].pages == s.free[i+1].page {
		s.free[i].pages += s.free[i+1].pages
		s.free = slices.Delete(s.free, i+1, i+2)
	}
	if i > 0 && s.free[i-1].page+s.free[i-1].pages == s.free[i].page {
		s.free[i-1].pages += s.free[i].pages
		s.free = slices.Delete(s.free, i, i+1)
	}
}

func (p *Port) lendBlob(n int, slots []int) (*Loan, error) {
	if p.blobs == nil {
		return nil, fmt.Errorf("%w: %d bytes, a slab of %d takes %d", ErrTooLarge, n, p.geometry.SlabSize, p.geometry.ChunkLimit())
	}
	blob, err := shm.Create("blob", shm.Header{Kind: shm.KindBlob, Size: int64(shm.HeaderSize + n), Owner: uint32(p.slot)})
	if err != nil {
		return nil, err
	}
	if err := blob.Allocate(0, int64(len(blob.Bytes()))); err != nil {
		blob.Close()
		return nil, err
	}
	return &Loan{port: p, blob: blob, data: blob.Bytes()[shm.HeaderSize : shm.HeaderSize+n], slots: slots}, nil
}

// Bytes returns the memory to fill. It must not be written to after the first
// commit.
func (l *Loan) Bytes() []byte { return l.data }

// Seal says that the payload is complete, n bytes of it. For a payload in a
// segment of its own this is where the supervisor takes it over, which costs a
// round trip to it.
func (l *Loan) Seal(n int) error {
	l.data = l.data[:n]
	if l.blob == nil {
		return nil
	}
	l.blob.Publish()
	l.blob.Unmap()
	handle, err := l.port.blobs.Keep(l.blob, l.slots)
	l.handle = handle
	return err
}

// Abort gives a loan back that was committed to no lane.
func (l *Loan) Abort() {
	if l.blob != nil {
		l.blob.Close()
		return
	}
	l.port.slab.mu.Lock()
	defer l.port.slab.mu.Unlock()
	l.port.slab.give(l.extent)
}

// CommitLoan commits a record that names a sealed loan. Like [Sender.Commit] it
// needs a Publish. It reports [ErrFull] when the lane is full or this receiver
// already holds a quarter of the slab.
func (s *Sender) CommitLoan(l *Loan, m Meta) error {
	size := int64(l.extent.pages * pageSize)
	quarter := int64(s.port.geometry.ChunkLimit())
	if held := s.peer.pinned.Load(); l.blob == nil && held > 0 && held+size > quarter && !s.freePinned(size, quarter) {
		return fmt.Errorf("%w: slot %d holds %d bytes of the slab", ErrFull, s.peer.slot, held)
	}
	ref, err := s.Claim(chunkRefSize)
	if err != nil {
		return err
	}
	binary.LittleEndian.PutUint64(ref[8:], uint64(len(l.data)))
	if l.blob != nil {
		binary.LittleEndian.PutUint64(ref, l.handle)
		s.commit(kindBlob, m)
		return nil
	}
	binary.LittleEndian.PutUint64(ref, uint64(l.extent.page*pageSize))
	s.commit(kindChunk, m)
	s.port.slab.mu.Lock()
	defer s.port.slab.mu.Unlock()
	s.peer.pinned.Add(size)
	if len(l.targets) == 0 {
		s.port.slab.loans = append(s.port.slab.loans, l)
	}
	l.targets = append(l.targets, target{s, s.next})
	return nil
}

// freePinned looks whether the receiver has finished enough to take size more.
func (s *Sender) freePinned(size, quarter int64) bool {
	s.port.slab.mu.Lock()
	s.port.slab.reclaim()
	s.port.slab.mu.Unlock()
	held := s.peer.pinned.Load()
	return held == 0 || held+size <= quarter
}

// retains reports whether the receiver keeps the chunk at a page.
func (s *Sender) retains(page int) bool {
	at := s.port.in.retain(s.port.slot, s.port.index) + page/64*8
	return shm.Uint64(s.peer.inbox, at).Load()&(1<<(page%64)) != 0
}

// handleLarge finds the payload that a record names and hands it on.
func (p *Port) handleLarge(r *Receiver, rec *Record, handle func(*Record) error) error {
	if rec.kind != kindChunk && rec.kind != kindBlob || len(rec.Payload) != chunkRefSize {
		return r.corrupt("record of kind %d with %d bytes", rec.kind, len(rec.Payload))
	}
	where := binary.LittleEndian.Uint64(rec.Payload)
	length := binary.LittleEndian.Uint64(rec.Payload[8:])
	if rec.kind == kindChunk {
		size := uint64(p.geometry.SlabSize)
		if where%pageSize != 0 || where > size || length > size-where {
			return r.corrupt("chunk of %d bytes at %d, the slab has %d", length, where, size)
		}
		at := uint64(p.out.slab) + where
		rec.chunk = where
		rec.Payload = r.inbound.outbox[at : at+length : at+length]
		return handle(rec)
	}
	if p.blobs == nil {
		return r.corrupt("blob %d, and nobody to ask for it", where)
	}
	blob, err := p.blobs.Fetch(where)
	if err != nil {
		return fmt.Errorf("ring: large payload from slot %d: %w", r.inbound.slot, err)
	}
	defer p.blobs.Drop(where, p.slot)
	defer blob.Close()
	if length > uint64(len(blob.Bytes())-shm.HeaderSize) {
		return r.corrupt("blob of %d bytes says %d", len(blob.Bytes())-shm.HeaderSize, length)
	}
	rec.Payload = blob.Bytes()[shm.HeaderSize : shm.HeaderSize+length : shm.HeaderSize+length]
	return handle(rec)
}

// Retain keeps a payload beyond the handler: a chunk of a slab stays where it
// is until release is called, anything else is copied. The bit is set before
// done moves. It may be called only from within the handler of rec.
func (p *Port) Retain(rec *Record) (payload []byte, release func()) {
	r := rec.from
	if rec.kind != kindChunk {
		return slices.Clone(rec.Payload), func() {}
	}
	page := int(rec.chunk / pageSize)
	at := p.in.retain(r.inbound.slot, r.inbound.index) + page/64*8
	word := shm.Uint64(p.inbox, at)
	word.Or(1 << (page % 64))
	return rec.Payload, sync.OnceFunc(func() {
		word.And(^(uint64(1) << (page % 64)))
		r.inbound.event.bump()
	})
}

// Until calls try until it reports something other than [ErrFull], and waits
// for space in the lanes of the given senders in between. It ends with ctx,
// whose error it returns, with [ErrClosed] when the port is closed, and never
// leaves a wait behind. Adding to want is a full barrier before the look at
// head; the receiver stores head, then reads want.
func (p *Port) Until(ctx context.Context, senders []*Sender, try func() error) error {
	err := try()
	if !errors.Is(err, ErrFull) {
		return err
	}
	waiting := slices.Concat(senders, p.slab.holders())
	for _, s := range waiting {
		s.want.Add(1)
	}
	defer func() {
		for _, s := range waiting {
			s.want.Add(^uint32(0))
		}
	}()
	for {
		changed := p.events.next()
		if err := try(); !errors.Is(err, ErrFull) {
			return err
		}
		select {
		case <-changed:
			if p.events.isStopped() {
				return ErrClosed
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// holders returns the lanes through which parts of the slab are held.
func (s *slab) holders() []*Sender {
	s.mu.Lock()
	defer s.mu.Unlock()
	var senders []*Sender
	for _, l := range s.loans {
		for _, t := range l.targets {
			if !slices.Contains(senders, t.sender) {
				senders = append(senders, t.sender)
			}
		}
	}
	return senders
}
