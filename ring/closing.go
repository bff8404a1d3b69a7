package ring

import (
	"errors"
	"iter"
	"math/bits"
	"sync/atomic"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// Shut ends the taking of mail. What was published before is drained by
// [Port.Receive] as usual, exactly up to the point that this call fixes in each
// lane; [Port.Drained] reports when that is done. A send beyond it reports
// [ErrTerminated] to its sender. The receiving goroutine calls it.
//
// The order matters: state, barrier, masks, watch words, barrier, tails. A
// sender opens a lane in its mask and then reads the state; it publishes a tail
// and then reads watch. So each lane is either seen here or refuses to open,
// and each record either lies below closedAt or its sender reads closed.
func (p *Port) Shut() error {
	p.state.Store(StateClosed)
	p.barrier()
	var problem error
	for slot := range p.geometry.Slots {
		if err := p.look(slot); err != nil {
			problem = errors.Join(problem, err)
		}
	}
	lanes := p.known()
	for _, r := range lanes {
		r.watch.Store(watchClosed)
		p.demoted(r)
	}
	p.barrier()
	for _, r := range lanes {
		if r.failed == nil {
			p.fix(r)
		}
	}
	p.BumpAll() // whoever waits for closedAt, or for space in a lane that takes nothing
	return problem
}

// fix reads a closed lane's tail, once, and makes it the end of what is taken.
func (p *Port) fix(r *Receiver) {
	tail := r.tail.Load()
	if tail < r.pos || tail-r.pos > uint64(len(r.data)) || tail%recordAlign != 0 {
		tail = r.pos
		_ = r.corrupt("tail is %d at the end, %d was read", r.tail.Load(), r.pos)
	}
	r.limit = tail
	r.closing = true
	r.shut.Store(tail + 1)
}

// known returns all lanes that this process has ever read from.
func (p *Port) known() []*Receiver {
	var lanes []*Receiver
	for _, in := range p.senders {
		if in == nil {
			continue
		}
		for _, r := range in.lanes {
			if r != nil {
				lanes = append(lanes, r)
			}
		}
	}
	return lanes
}

// Drained reports whether everything that [Port.Shut] let in has been handled.
func (p *Port) Drained() bool {
	for _, r := range p.known() {
		if r.failed == nil && (!r.closing || r.pos != r.limit) {
			return false
		}
	}
	return true
}

// Remains is what a worker left unhandled in one lane.
type Remains struct {
	From    int // slot of the sender
	Records int
}

// Bury closes the inbox of a process that is gone for good, on its behalf: the
// caller knows that no thread of it is left and maps its inbox for writing.
// Senders that wait for it get [ErrTerminated]. It returns what was published
// to the process and never handled.
func (p *Port) Bury(slot int, inbox []byte) []Remains {
	ghost := &Port{
		geometry: p.geometry, out: p.out, in: p.in, slot: slot, index: -1,
		inbox: inbox, outbox: nil, bells: p.bells, memory: p.memory, fenced: p.fenced,
		bell: bellAt(p.bells, slot), words: p.words,
		state: shm.Uint32(inbox, inState), hand: shm.Uint64(inbox, inHand),
	}
	ghost.receiving.init(Block, p.geometry.Slots)
	ghost.state.Store(StateClosed)
	ghost.barrier()
	var left []Remains
	for from := range p.geometry.Slots {
		if n := ghost.buryFrom(from, p); n > 0 {
			left = append(left, Remains{From: from, Records: n})
		}
	}
	p.BumpAll()
	return left
}

// buryFrom closes the lanes of one sender and counts their unhandled records.
func (p *Port) buryFrom(from int, owner *Port) (records int) {
	for index := range OutboxesPerSlot {
		var in *inbound
		if from == owner.slot && index == owner.index {
			in = &inbound{
				outbox: owner.outbox, port: p, slot: from, index: index,
				mask: shm.Uint64(owner.outbox, outMasks+8*p.slot), dictLength: owner.dictWords, event: owner.bell.event,
			}
		} else {
			var err error
			if in, err = p.inbound(from, index); err != nil {
				continue
			}
		}
		for open := in.mask.Load(); open != 0; open &= open - 1 {
			lane := bits.TrailingZeros64(open)
			if lane >= LanesPerPeer {
				break
			}
			r := in.receiver(lane)
			r.watch.Store(watchClosed)
			p.barrier()
			records += r.undelivered()
			r.shut.Store(r.pos + 1)
		}
	}
	return records
}

// MarkDead sets the ready bit of a slot in every bell and rings both words:
// what must happen after a process was reaped. Receivers then look at all its
// lanes, which finds the record that it published just before its death without
// having rung, and repairs a wake call that it claimed and never made.
func (p *Port) MarkDead(slot int) {
	for other := range p.geometry.Slots {
		b := bellAt(p.bells, other)
		b.ready[slot/64].Or(1 << (slot % 64))
		futexWake(b.mail, 1<<30)
		if mail := b.mail.Load(); mail&mailStateMask == mailAsleep {
			b.wake(mail, p)
		}
		b.event.bump()
	}
}

// Watcher compares what was sent to sleeping processes with what they have
// handled: a difference that stays means that a bell was silenced.
type Watcher struct {
	port  *Port
	seen  []uint32 // per slot: the mail word at the last look that found a difference
	found []bool
	count atomic.Uint64
}

// NewWatcher returns a watcher over all slots of the port's run.
func (p *Port) NewWatcher() *Watcher {
	return &Watcher{port: p, seen: make([]uint32, p.geometry.Slots), found: make([]bool, p.geometry.Slots)}
}

// Rescued returns how many processes were found asleep with mail.
func (w *Watcher) Rescued() uint64 { return w.count.Load() }

// Look takes one look at the process in a slot, with its inbox and the outboxes
// of everybody who may have sent to it. It rings and counts if the process has
// slept with mail since the last look; a difference seen once may be a sender
// between its publish and its ring.
func (w *Watcher) Look(slot int, inbox []byte, outboxes iter.Seq[OutboxView]) {
	b := bellAt(w.port.bells, slot)
	mail := b.mail.Load()
	if mail&mailStateMask != mailAsleep {
		w.found[slot] = false
		return
	}
	from := -1
	for view := range outboxes {
		if w.port.behind(slot, inbox, view) {
			from = view.Slot
			break
		}
	}
	if from < 0 || b.mail.Load() != mail {
		w.found[slot] = false
		return
	}
	if w.found[slot] && w.seen[slot] == mail {
		w.count.Add(1)
		b.ready[from/64].Or(1 << (from % 64))
		b.wake(mail, w.port)
		w.found[slot] = false
		return
	}
	w.found[slot], w.seen[slot] = true, mail
}

// OutboxView is a mapped outbox of somebody.
type OutboxView struct {
	Slot, Index int
	Memory      []byte
}

// behind reports whether a lane from a sender to slot holds what was not
// handled.
func (p *Port) behind(slot int, inbox []byte, from OutboxView) bool {
	open := shm.Uint64(from.Memory, outMasks+8*slot).Load()
	for ; open != 0; open &= open - 1 {
		lane := bits.TrailingZeros64(open)
		if lane >= LanesPerPeer {
			break
		}
		words, _ := p.out.lane(p.geometry, slot, lane)
		ours := p.in.words + p.geometry.laneNumber(from.Slot, from.Index, lane)*laneWordsSize
		if shm.Uint64(from.Memory, words+laneTail).Load() != shm.Uint64(inbox, ours+laneDone).Load() {
			return true
		}
	}
	return false
}

// Quiet reports whether everything that was sent to the process in a slot has
// been handled and none of it is in hand.
func (p *Port) Quiet(slot int, inbox []byte, outboxes iter.Seq[OutboxView]) bool {
	if shm.Uint64(inbox, inHand).Load() != 0 {
		return false
	}
	for view := range outboxes {
		if p.behind(slot, inbox, view) {
			return false
		}
	}
	return true
}
