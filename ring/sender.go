package ring

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"
)

// Sender is the writing end of one lane. It belongs to one goroutine at a time.
//
// A record is claimed, filled in place and committed; Publish makes everything
// committed so far visible at once. Nothing is allocated and nothing blocks,
// but for a Publish to a receiver that is just ending, which waits until that
// has said where it ends.
type Sender struct {
	// Words shared with the receiver.
	tail  *atomic.Uint64 // this sender writes (release); the receiver's loads pair with it
	want  *atomic.Uint32 // this process adds and subtracts; the receiver reads it after it has moved head
	head  *atomic.Uint64 // the receiver writes; read when the lane looks full
	done  *atomic.Uint64 // the receiver writes; read by the slab and when the lane is closed
	watch *atomic.Uint32 // the receiver writes; read after each publish
	shut  *atomic.Uint64 // closedAt, the receiver writes; read once watch says closed

	data []byte
	mask uint64

	// The sender's own notes.
	next      uint64 // end of what is committed
	published uint64 // what tail says
	limit     uint64 // next may not pass it: head as last seen, plus the lane's size
	at        uint64 // where the claimed record begins: next, or behind a padding record
	claimed   int    // payload bytes of the open claim, -1 when there is none
	fenced    bool   // publish with a full barrier: no membarrier on this machine
	ended     bool   // the receiver has ended

	port *Port
	peer *peer
	lane int
}

// Values of a watch word. The receiver writes it.
const (
	watchRing   = 0 // ring when you publish; the state of fresh memory
	watchPoll   = 1 // being polled: no need to ring
	watchClosed = 2 // the receiver takes nothing beyond closedAt
)

// Peer returns the slot of the receiver.
func (s *Sender) Peer() int { return s.peer.slot }

// Lane returns the lane's number.
func (s *Sender) Lane() int { return s.lane }

// Claim reserves room for a record with a payload of n bytes and returns the
// payload's memory, to be filled and then committed or aborted. The contents
// are whatever was there before. A claim that is still open is given back
// first. The errors are [ErrFull], [ErrTooLarge] above the inline limit, and
// [ErrTerminated] once the receiver is known to have ended.
//
// Records that are committed and not published take room that no receiver can
// give back: publish before waiting for room.
func (s *Sender) Claim(n int) ([]byte, error) {
	if uint(n) > uint(len(s.data))/4 || s.ended {
		return nil, s.refuse(n)
	}
	size := uint64(recordSize(n))
	at := s.next
	if rest := uint64(len(s.data)) - at&s.mask; size > rest {
		at += rest
	}
	if at+size > s.limit && !s.refresh(at+size) {
		return nil, s.refuse(n)
	}
	if at != s.next {
		// A record never wraps: padding fills the lane to its end. It is
		// published together with the record, or overwritten.
		s.putHeader(s.next, int(at-s.next)-HeaderSize, kindPad, Meta{})
	}
	s.at, s.claimed = at, n
	start := at&s.mask + HeaderSize
	return s.data[start : start+uint64(n) : start+uint64(n)], nil
}

// refresh looks at head again and reports whether the lane has room up to end
// now. A head that makes no sense is not believed: a receiver that lies about
// it only loses what was meant for itself.
func (s *Sender) refresh(end uint64) bool {
	head := s.head.Load()
	if limit := head + uint64(len(s.data)); head <= s.published && limit > s.limit {
		s.limit = limit
	}
	return end <= s.limit
}

func (s *Sender) refuse(n int) error {
	switch {
	case s.Ended():
		return fmt.Errorf("%w: slot %d", ErrTerminated, s.peer.slot)
	case uint(n) > uint(len(s.data))/4:
		return fmt.Errorf("%w: %d bytes, a lane of %d takes %d inline", ErrTooLarge, n, len(s.data), len(s.data)/4)
	}
	return ErrFull
}

// Commit ends the open claim. The record is complete and becomes visible with
// the next [Sender.Publish].
func (s *Sender) Commit(m Meta) { s.commit(kindData, m) }

func (s *Sender) commit(kind uint8, m Meta) {
	if s.claimed < 0 {
		panic("ring: Commit without a claim")
	}
	s.putHeader(s.at, s.claimed, kind, m)
	s.next = s.at + uint64(recordSize(s.claimed))
	s.claimed = -1
}

// CommitShort is Commit for a payload that turned out shorter than claimed.
func (s *Sender) CommitShort(n int, m Meta) {
	if n < 0 || n > s.claimed {
		panic("ring: CommitShort outside the claim")
	}
	s.claimed = n
	s.Commit(m)
}

// Abort gives the open claim back. Records committed before stay committed.
func (s *Sender) Abort() { s.claimed = -1 }

func (s *Sender) putHeader(position uint64, length int, kind uint8, m Meta) {
	header := s.data[position&s.mask:]
	_ = header[HeaderSize-1]
	binary.LittleEndian.PutUint64(header, packFirst(length, kind, m))
	binary.LittleEndian.PutUint64(header[8:], packSecond(position, m.Need))
}

// Publish makes all committed records visible and rings the receiver's bell if
// it is not polling this lane. It reports [ErrTerminated] when the receiver has
// ended and took none of them, and [ErrClosed] when this port was closed while
// that was still open.
func (s *Sender) Publish() error {
	if s.next == s.published {
		return nil
	}
	s.published = s.next
	// The bytes above come before this store; the receiver's load of tail
	// pairs with it.
	if s.fenced {
		s.tail.Store(s.next)
	} else {
		storeRelease(s.tail, s.next)
	}
	// Store tail, load watch: the receiver's side is store watch, membarrier,
	// load tail. One of the two sees the other.
	if s.watch.Load() == watchPoll {
		return nil
	}
	return s.notify()
}

// notify is Publish's way out when the receiver is not polling.
func (s *Sender) notify() error {
	if s.watch.Load() == watchClosed {
		return s.settle()
	}
	s.peer.bell.ring(s.port.slot, s.port)
	return nil
}

// settle finds out whether a receiver that is ending took what was just
// published: it takes exactly what lies below closedAt, which it stores after
// closed. When a receiver dies between the two, the supervisor stores closedAt
// for it, or a successor opens the lane again.
func (s *Sender) settle() error {
	s.ended = true
	retry := newRetry()
	defer retry.Stop()
	for {
		changed := s.port.events.next()
		if s.watch.Load() != watchClosed {
			s.ended = false
			s.peer.bell.ring(s.port.slot, s.port)
			return nil
		}
		if closedAt := s.shut.Load(); closedAt != 0 {
			if s.published <= closedAt-1 {
				return nil
			}
			return fmt.Errorf("%w: slot %d took nothing beyond %d, this ends at %d", ErrTerminated, s.peer.slot, closedAt-1, s.published)
		}
		select {
		case <-changed:
			if s.port.events.isStopped() {
				return ErrClosed
			}
		case <-retry.C:
		}
	}
}

// Send claims, copies, commits and publishes one record. The errors are those
// of [Sender.Claim] and [Sender.Publish].
func (s *Sender) Send(m Meta, payload []byte) error {
	buf, err := s.Claim(len(payload))
	if err != nil {
		return err
	}
	copy(buf, payload)
	s.Commit(m)
	return s.Publish()
}

// Free returns how many bytes of the lane are free, as far as the sender knows
// without asking; refresh asks first.
func (s *Sender) Free(refresh bool) int {
	if refresh {
		s.refresh(0)
	}
	return int(s.limit - s.next)
}

// Pending returns the bytes of records that were published and not handled.
func (s *Sender) Pending() int {
	// A receiver that lies about done must not make this negative.
	return int(min(s.published-s.done.Load(), uint64(len(s.data))))
}

// Ended reports whether the receiver is known to have ended, or to take nothing
// more from this lane because it found nonsense in it.
func (s *Sender) Ended() bool { return s.ended || s.watch.Load() == watchClosed }
