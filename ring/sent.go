package ring

import (
	"iter"
	"math/bits"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// Sent returns a number that grows with everything published to the process in
// a slot: the sum of the tails of all lanes to it. Two equal numbers mean that
// nothing was sent in between.
func (p *Port) Sent(slot int, outboxes iter.Seq[OutboxView]) uint64 {
	var sum uint64
	for view := range outboxes {
		open := shm.Uint64(view.Memory, outMasks+8*slot).Load()
		for ; open != 0; open &= open - 1 {
			lane := bits.TrailingZeros64(open)
			if lane >= LanesPerPeer {
				break
			}
			words, _ := p.out.lane(p.geometry, slot, lane)
			sum += shm.Uint64(view.Memory, words+laneTail).Load()
		}
	}
	return sum
}
