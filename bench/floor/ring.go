package floor

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/ringmaster-ipc/ringmaster/ring"
)

// Ring is one end of a bare single-producer single-consumer ring: slots of one
// size, two indices that only grow, each with a copy of the other's at hand.
type Ring struct {
	tail, head, last *atomic.Uint64
	data             []byte
	slot             uint64
	mask             uint64
	blocks           bool // large slots: filled with a byte, and that byte counted

	next  uint64 // slot to write or to read
	limit uint64 // up to where, as last seen
}

// burst is how many slots are written or read before the loop looks at anything
// else.
const burst = 64

// put writes up to n slots, as far as there is room, and publishes each, or all
// together. Every word of a slot holds its number.
func (r *Ring) put(n uint64, together bool) uint64 {
	if r.next+n > r.limit {
		r.limit = r.head.Load() + r.mask + 1
		n = min(n, r.limit-r.next)
	}
	if r.blocks {
		return r.putBlocks(n)
	}
	for i := range n {
		at := (r.next + i) & r.mask * r.slot
		slot := r.data[at : at+r.slot]
		for len(slot) >= 32 {
			binary.LittleEndian.PutUint64(slot[0:], r.next+i)
			binary.LittleEndian.PutUint64(slot[8:], r.next+i)
			binary.LittleEndian.PutUint64(slot[16:], r.next+i)
			binary.LittleEndian.PutUint64(slot[24:], r.next+i)
			slot = slot[32:]
		}
		if !together {
			publish(r.tail, r.next+i+1)
		}
	}
	r.next += n
	if together && n > 0 {
		publish(r.tail, r.next)
	}
	return n
}

// take reads up to n slots and gives their space back. It reports how many there
// were, and whether all were as written.
func (r *Ring) take(n uint64) (uint64, bool) {
	if r.next == r.limit {
		r.limit = r.tail.Load()
	}
	n = min(n, r.limit-r.next)
	if r.blocks {
		return r.takeBlocks(n)
	}
	differ := uint64(0)
	for i := range n {
		at := (r.next + i) & r.mask * r.slot
		slot := r.data[at : at+r.slot]
		for len(slot) >= 32 {
			differ |= binary.LittleEndian.Uint64(slot[0:]) ^ (r.next + i)
			differ |= binary.LittleEndian.Uint64(slot[8:]) ^ (r.next + i)
			differ |= binary.LittleEndian.Uint64(slot[16:]) ^ (r.next + i)
			differ |= binary.LittleEndian.Uint64(slot[24:]) ^ (r.next + i)
			slot = slot[32:]
		}
	}
	r.next += n
	if n > 0 {
		publish(r.head, r.next)
	}
	return n, differ == 0
}

// close says that nothing comes behind what was written.
func (r *Ring) close() { publish(r.last, r.next+1) }

// ended reports whether all there will ever be was read.
func (r *Ring) ended() bool { return r.last.Load() == r.next+1 }

// idleSpins is how many turns without anything to do a loop makes before it
// offers the core to others. With a core for each loop it is hardly ever
// reached.
const idleSpins = 256

// idle is called in a turn of a loop that had nothing to do.
func idle(turns *int) {
	*turns++
	if *turns > idleSpins {
		*turns = 0
		ring.BareYield()
	}
}

// Feed writes to the rings in turn for the duration, publishing each slot by
// itself or 64 together, closes them and waits until all is read. It returns
// how many slots that were, over all rings. It reports [ErrStalled] when a
// reader is not done within limit after that.
func Feed(rings []*Ring, together bool, duration, limit time.Duration) (int64, error) {
	start, total, turns := time.Now(), int64(0), 0
	roundsPerLook := 16
	if rings[0].blocks {
		roundsPerLook = 1
	}
	for round := 1; round%roundsPerLook != 0 || time.Since(start) < duration; round++ {
		wrote := uint64(0)
		for _, r := range rings {
			wrote += r.put(burst, together)
		}
		if total += int64(wrote); wrote == 0 {
			idle(&turns)
		}
	}
	for _, r := range rings {
		r.close()
	}
	for _, r := range rings {
		if err := r.flush(limit); err != nil {
			return total, err
		}
	}
	return total, nil
}

// flush waits until all that was written is read.
func (r *Ring) flush(limit time.Duration) error {
	p, turns := newPatience(limit), 0
	for r.head.Load() != r.next {
		if !p.wait() {
			return stalled("a writer", limit)
		}
		idle(&turns)
	}
	return nil
}

// Drain reads the rings in turn until all are closed, and returns how many slots
// it read. It reports [ErrStalled] when they are not closed within limit.
func Drain(rings []*Ring, limit time.Duration) (int64, error) {
	total, turns := int64(0), 0
	p := newPatience(limit)
	for open := len(rings); open > 0; {
		read := uint64(0)
		open = 0
		for _, r := range rings {
			n, intact := r.take(burst)
			if !intact {
				return total, fmt.Errorf("floor: slots up to %d are not as they were written", r.next)
			}
			read += n
			if n > 0 || !r.ended() {
				open++
			}
		}
		if total += int64(read); read > 0 {
			turns = 0
			continue
		}
		if !p.wait() {
			return total, stalled("a reader", limit)
		}
		idle(&turns)
	}
	return total, nil
}

// Relay reads one ring and writes another until the first is closed, and
// returns how many slots it passed on. It reports [ErrStalled] when that one is
// not closed within limit.
func Relay(in, out *Ring, limit time.Duration) (int64, error) {
	p, turns := newPatience(limit), 0
	for {
		room := out.mask + 1 - (out.next - out.head.Load())
		n, intact := in.take(min(room, burst))
		if !intact {
			return int64(in.next), fmt.Errorf("floor: slots up to %d are not as they were written", in.next)
		}
		if n > 0 {
			out.put(n, false)
			turns = 0
			continue
		}
		if in.ended() {
			break
		}
		if !p.wait() {
			return int64(in.next), stalled("a relay", limit)
		}
		idle(&turns)
	}
	out.close()
	return int64(in.next), out.flush(limit)
}
