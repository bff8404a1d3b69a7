package ring

import (
	"fmt"
	"slices"
	"sync"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// slab divides the part of the outbox for payloads too large for a lane. Which
// pages are in use is this process's private knowledge: receivers say through
// done and the retain bits what they no longer need, and the sender draws the
// conclusion. There is no shared free list that a dying process could break.
type slab struct {
	port *Port

	mu      sync.Mutex
	free    []extent // sorted, never adjacent
	chunks  []*chunk // in use
	spare   []*chunk // to be used again
	backed  int      // pages that have memory
	waiting int      // goroutines in Until
}

// extent is a run of pages.
type extent struct{ page, pages int }

// chunk is a piece of the slab in use. All of it is guarded by the slab's lock.
type chunk struct {
	extent
	turn    uint64   // how often this struct was used before
	lent    bool     // the sender may commit it to more lanes
	targets []target // committed, and not yet found to be finished
}

// target is one record that names a chunk.
type target struct {
	sender *Sender
	end    uint64 // position after the record
}

func (s *slab) init(p *Port) {
	s.port = p
	s.free = []extent{{0, p.geometry.SlabSize / pageSize}}
}

// take returns a chunk for a payload of n bytes.
func (s *slab) take(n int) (*chunk, error) {
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
		return s.note(extent{e.page, need}), nil
	}
	return nil, fmt.Errorf("%w: slab of %d bytes has no %d in one piece", ErrFull, s.port.geometry.SlabSize, n)
}

// note enters a piece that is now in use.
func (s *slab) note(e extent) *chunk {
	var c *chunk
	if last := len(s.spare) - 1; last >= 0 {
		c, s.spare = s.spare[last], s.spare[:last]
	} else {
		c = new(chunk)
	}
	c.extent, c.lent = e, true
	s.chunks = append(s.chunks, c)
	return c
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

// reclaim takes back what the sender has released and all receivers are done
// with.
func (s *slab) reclaim() {
	kept := s.chunks[:0]
	for _, c := range s.chunks {
		c.settle()
		if c.lent || len(c.targets) > 0 {
			kept = append(kept, c)
			continue
		}
		s.give(c.extent)
		c.turn++
		s.spare = append(s.spare, c)
	}
	clear(s.chunks[len(kept):])
	s.chunks = kept
}

// settle drops the targets that are finished.
func (c *chunk) settle() {
	kept := c.targets[:0]
	for _, t := range c.targets {
		if t.finished(c.page) {
			t.sender.peer.pinned.Add(-int64(c.pages * pageSize))
		} else {
			kept = append(kept, t)
		}
	}
	clear(c.targets[len(kept):])
	c.targets = kept
}

// finished reports whether a receiver needs the chunk at a page no more. done
// is read before the retain bit: the receiver sets the bit before it moves
// done.
func (t target) finished(page int) bool {
	s := t.sender
	if closedAt := s.shut.Load(); closedAt != 0 && t.end > closedAt-1 {
		return true // it will never be taken
	}
	if s.done.Load() < t.end {
		return false
	}
	at, bit := s.port.in.retainBit(s.port.slot, s.port.index, page)
	return shm.Uint64(s.peer.inbox, at).Load()&bit == 0
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

// changed wakes this process's goroutines that wait for a change: a chunk has
// got a new holder, which they must take into account, or has come free.
func (s *slab) changed() {
	if s.waiting > 0 {
		s.port.events.word.bump()
	}
}

// holders appends to known the lanes through which parts of the slab are held
// and that are not in it yet.
func (s *slab) holders(known []*Sender) []*Sender {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.chunks {
		for _, t := range c.targets {
			if !slices.Contains(known, t.sender) {
				known = append(known, t.sender)
			}
		}
	}
	return known
}
