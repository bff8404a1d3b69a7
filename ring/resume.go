package ring

import (
	"errors"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// handWord names a record in the hand word: its lane's number plus 1, so that
// it is never 0, and its stamp.
func handWord(r *Receiver, at uint64) uint64 {
	return uint64(r.number) | uint64(stamp(at))<<32
}

// Resume takes up the inbox of an earlier incarnation of this worker that died.
// The successor calls it once, on the goroutine that will receive, before it
// receives anything. It empties the listen table, lets go of what the
// predecessor retained, and lists every lane that anybody has open to this
// process, since the predecessor may have taken ready bits with it or left
// lanes polled.
//
// Records go on where done says. A record the predecessor had in hand comes
// first, with [Record.Deaths] saying how many receivers in a row died with it:
// it may have been handled in full. Errors are those of memory that could not
// be mapped; it is tried again by [Port.Receive].
func (p *Port) Resume() error {
	listens := shm.Uint64(p.inbox, inListens)
	listens.Store((listens.Load()>>32 + 1) << 32)
	p.growEpoch()

	var problem error
	for slot := range p.geometry.Slots {
		problem = errors.Join(problem, p.look(slot))
	}
	for _, in := range p.senders {
		if in != nil {
			p.dropRetained(p.inbox, in)
		}
	}
	p.accuse()
	p.BumpAll() // for whoever waits for the predecessor's space, or for closedAt
	return problem
}

// accuse finds the record that the predecessor died with and puts its lane
// first, so that nothing else can be in hand before it is handled.
func (p *Port) accuse() {
	hand := p.hand.Load()
	if hand != 0 && p.suspectWord.Load() == hand {
		p.deaths.Add(1)
	} else if hand != 0 {
		p.deaths.Store(1)
		p.suspectWord.Store(hand)
	}
	p.hand.Store(0)
	p.suspect = p.suspectWord.Load()
	for i, r := range p.active {
		if r.number != uint32(p.suspect) || p.suspect == 0 {
			continue
		}
		if stamp(r.firstRecord()) != uint32(p.suspect>>32) {
			p.acquit() // it was handled; the predecessor died between done and the next record
			return
		}
		p.active[0], p.active[i] = r, p.active[0]
		return
	}
}

// firstRecord returns the position of the first record at or after pos, behind
// padding if need be.
func (r *Receiver) firstRecord() uint64 {
	var rec Record
	if ok, err := r.next(&rec); !ok || err != nil {
		return r.pos
	}
	return rec.at
}

// acquit forgets the suspect: it has been handled.
func (p *Port) acquit() {
	p.suspect = 0
	p.suspectWord.Store(0)
	p.deaths.Store(0)
}

// dropRetained clears the retain bits in an inbox for one outbox, on behalf of
// a process that is gone.
func (p *Port) dropRetained(inbox []byte, in *inbound) {
	at := p.in.retain(in.slot, in.index)
	for word := at; word < at+p.in.retainSize; word += 8 {
		if bits := shm.Uint64(inbox, word); bits.Load() != 0 {
			bits.Store(0)
		}
	}
}
