package ring

import (
	"iter"
	"sync/atomic"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// OutboxView is a mapped outbox of somebody.
type OutboxView struct {
	Slot, Index int
	Memory      []byte
}

// Watcher compares what was sent to processes with what they have handled: a
// difference that stays, in a process that sleeps, means that a bell was
// silenced. Its methods but Rescued belong to one goroutine.
type Watcher struct {
	port  *Port
	seen  []sighting // per slot
	count atomic.Uint64
}

// sighting is what the last look at a slot found.
type sighting struct {
	mail   uint32
	lane   int    // number of a lane with unhandled mail, plus 1; 0: none
	done   uint64 // of that lane
	asleep bool
}

// NewWatcher returns a watcher over all slots of the port's run.
func (p *Port) NewWatcher() *Watcher {
	return &Watcher{port: p, seen: make([]sighting, p.geometry.Slots)}
}

// Rescued returns how many processes were found asleep with mail. It may be
// called from any goroutine.
func (w *Watcher) Rescued() uint64 { return w.count.Load() }

// Look takes one look at the live process in a slot, with its inbox and the
// outboxes of everybody who may have sent to it. When nothing of a lane was
// handled since the last look, it rings: a difference seen once may be a sender
// between its publish and its ring. It counts if the process has slept all that
// time; one that is busy with a long record is rung for and not counted. Looks
// are some 100 ms apart.
func (w *Watcher) Look(slot int, inbox []byte, outboxes iter.Seq[OutboxView]) {
	b := bellAt(w.port.bells, slot)
	now := sighting{mail: b.mail.Load()}
	now.asleep = now.mail&mailStateMask == mailAsleep
	lanes := allLanes
	if now.asleep && shm.Uint32(inbox, inWaits).Load() == uint32(Replies) {
		// It waits for a reply, inside a handler or before it serves. Ordinary
		// mail, and the record in hand, wait for it and not the other way round.
		lanes = 1 << LaneReply
	}
	from := 0
	for view := range outboxes {
		if lane, done, found := w.port.behind(slot, inbox, view, lanes); found {
			now.lane, now.done, from = lane+1, done, view.Slot
			break
		}
	}
	before := w.seen[slot]
	w.seen[slot] = now
	if now.lane == 0 || now != before {
		return
	}
	w.seen[slot] = sighting{}
	b.mark(from)
	if now.asleep {
		b.mail.CompareAndSwap(now.mail, now.mail&^mailStateMask|mailWoken)
	}
	// Whatever mail says, it may have been damaged: only the wake call tells
	// whether somebody slept.
	if futexWake(b.mail, 1) > 0 || now.asleep {
		w.count.Add(1)
	}
}

const allLanes uint64 = 1<<LanesPerPeer - 1

// behind reports whether one of some lanes from a sender to slot holds what was
// not handled, and which.
func (p *Port) behind(slot int, inbox []byte, from OutboxView, lanes uint64) (lane int, done uint64, found bool) {
	for n := range LanesPerPeer {
		open := shm.Uint64(from.Memory, outMasks+8*slot).Load() & lanes
		if open>>n == 0 {
			break
		}
		if open>>n&1 == 0 {
			continue
		}
		words, _ := p.out.lane(p.geometry, slot, n)
		lane = p.geometry.laneNumber(from.Slot, from.Index, n)
		ours := p.in.words + lane*laneWordsSize
		tail := shm.Uint64(from.Memory, words+laneTail).Load()
		if closedAt := shm.Uint64(inbox, ours+laneClosedAt).Load(); closedAt != 0 {
			tail = min(tail, closedAt-1) // what lies beyond is nobody's mail
		}
		done = shm.Uint64(inbox, ours+laneDone).Load()
		if tail != done {
			return lane, done, true
		}
	}
	return 0, 0, false
}

// Quiet reports whether everything that was sent to the process in a slot has
// been handled and none of it is in hand.
func (p *Port) Quiet(slot int, inbox []byte, outboxes iter.Seq[OutboxView]) bool {
	if shm.Uint64(inbox, inHand).Load() != 0 {
		return false
	}
	for view := range outboxes {
		if _, _, found := p.behind(slot, inbox, view, allLanes); found {
			return false
		}
	}
	return true
}
