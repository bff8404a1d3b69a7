package ring

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// retryMapping is how long a slot is left alone whose memory could not be
// mapped.
const retryMapping = 10 * time.Millisecond

// inbound is one incarnation of a peer as a sender: its outbox, read-only.
type inbound struct {
	port        *Port
	slot, index int
	incarnation uint32
	version     uint64 // of the memory, when it last said that this outbox is current
	outbox      []byte
	mask        *atomic.Uint64 // lanes it has opened to us; the sender writes
	dictLength  *atomic.Uint64 // the sender writes
	event       eventWord      // of the sender
	lanes       [LanesPerPeer]*Receiver
	waits       bool // an earlier incarnation may have unread mail
	tag         any
	views       atomic.Int32 // retained payloads that lie in it
}

// look lists all lanes that any incarnation in a slot has opened to this
// process.
func (p *Port) look(slot int) error {
	if slot >= p.geometry.Slots {
		return nil // a bit that nobody owns: a bell is damaged, nothing is lost
	}
	var problem error
	for index := range OutboxesPerSlot {
		in, err := p.inbound(slot, index)
		switch {
		case err == nil:
			in.eachOpen(func(lane int) { p.list(in.receiver(lane)) })
		case !errors.Is(err, ErrNoPeer):
			problem = errors.Join(problem, fmt.Errorf("ring: mail from slot %d cannot be read yet: %w", slot, err))
		}
	}
	p.queue(slot)
	return problem
}

// eachOpen calls f for every lane that the sender says it has opened.
func (in *inbound) eachOpen(f func(lane int)) {
	for open := in.mask.Load() & (1<<LanesPerPeer - 1); open != 0; open &= open - 1 {
		f(bits.TrailingZeros64(open))
	}
}

func (p *Port) list(r *Receiver) {
	if r.listed || r.reported {
		return
	}
	r.listed = true
	p.active = append(p.active, r)
	if p.strategy == Spin {
		p.promote(r)
	}
}

// inbound returns what a slot's outbox of that index is read through. An outbox
// that the memory has replaced is dropped here, once everything in it has been
// handled.
func (p *Port) inbound(slot, index int) (*inbound, error) {
	at := slot*OutboxesPerSlot + index
	if in := p.senders[at]; in != nil {
		if in.own() || in.version == p.version || p.current(in) {
			return in, nil
		}
		if !in.drained() {
			p.retryLater(slot)
			return in, nil
		}
		p.retire(in)
	}
	if slot == p.slot && index == p.index {
		return p.attach(&inbound{slot: slot, index: index, outbox: p.outbox}), nil
	}
	version := p.memory.Version()
	if p.absent[at] == version+1 {
		return nil, ErrNoPeer
	}
	outbox, incarnation, err := p.memory.Outbox(slot, index)
	if err == nil && len(outbox) < p.geometry.OutboxSize() {
		err = fmt.Errorf("%w: outbox of slot %d has %d bytes, needs %d", ErrCorrupt, slot, len(outbox), p.geometry.OutboxSize())
	}
	switch {
	case err == nil:
		return p.attach(&inbound{slot: slot, index: index, outbox: outbox, incarnation: incarnation, version: version}), nil
	case errors.Is(err, ErrNoPeer), errors.Is(err, ErrCorrupt):
		p.absent[at] = version + 1 // asking again is of no use before the memory changes
	default:
		p.retryLater(slot)
	}
	return nil, err
}

func (p *Port) attach(in *inbound) *inbound {
	in.port = p
	in.mask = shm.Uint64(in.outbox, outMasks+8*p.slot)
	in.dictLength = shm.Uint64(in.outbox, outDictLength)
	in.event = eventAt(p.bells, in.slot)
	p.senders[in.slot*OutboxesPerSlot+in.index] = in
	return in
}

func (in *inbound) own() bool { return in.slot == in.port.slot && in.index == in.port.index }

// current reports whether the memory still names this outbox.
func (p *Port) current(in *inbound) bool {
	version := p.memory.Version()
	if p.recycler != nil && p.recycler.Incarnation(in.slot, in.index) != in.incarnation {
		return false
	}
	in.version = version
	return true
}

func (p *Port) retryLater(slot int) {
	if !slices.Contains(p.retry, slot) {
		p.retry = append(p.retry, slot)
	}
	p.retryAt = deadlineAfter(retryMapping)
}

// drained reports whether everything in an outbox has been handled whose writer
// is dead.
func (in *inbound) drained() bool {
	ready := true
	in.eachOpen(func(lane int) { ready = ready && in.receiver(lane).drained() })
	return ready
}

func (r *Receiver) drained() bool {
	if r.failed != nil {
		return true
	}
	empty, err := r.empty()
	return err != nil || empty && r.busy == 0
}

// retire stops reading an outbox. Its lane words in the inbox become fresh
// again, but for the positions: the next incarnation with this outbox's index
// goes on from there.
func (p *Port) retire(in *inbound) {
	p.active = slices.DeleteFunc(p.active, func(r *Receiver) bool { return r.inbound == in })
	for _, r := range in.lanes {
		if r == nil {
			continue
		}
		r.release(true)
		p.demoted(r)
		r.listed = false
		if !p.shut {
			r.shut.Store(0)
			r.watch.Store(watchRing)
		}
	}
	p.barrier()
	p.senders[in.slot*OutboxesPerSlot+in.index] = nil
	p.retired = append(p.retired, in)
}

// dismiss tells the memory which outboxes are not needed any more: retired, and
// nothing of them retained.
func (p *Port) dismiss() {
	p.retired = slices.DeleteFunc(p.retired, func(in *inbound) bool {
		if in.views.Load() > 0 {
			return false
		}
		p.recycler.Release(in.slot, in.index, in.incarnation)
		return true
	})
}

// queue notes which incarnations in a slot have predecessors: their mail waits
// until that of all earlier ones has been handled.
func (p *Port) queue(slot int) {
	all := p.senders[slot*OutboxesPerSlot:][:OutboxesPerSlot]
	for _, in := range all {
		if in != nil {
			in.waits = slices.ContainsFunc(all, func(other *inbound) bool {
				return other != nil && other.incarnation < in.incarnation
			})
		}
	}
}

// turn reports whether all mail of earlier incarnations of a lane's sender has
// been handled. Replies wait for nobody: whoever reads them waits for one.
func (p *Port) turn(r *Receiver) bool {
	if r.lane == LaneReply {
		return true
	}
	in := r.inbound
	for _, other := range p.senders[in.slot*OutboxesPerSlot:][:OutboxesPerSlot] {
		if other == nil || other.incarnation >= in.incarnation {
			continue
		}
		for _, lane := range other.lanes {
			if lane != nil && lane.lane != LaneReply && !lane.drained() {
				return false
			}
		}
	}
	in.waits = false
	return true
}

// receiver returns the reading end of a lane of this sender, at first use with
// its words as a receiver wants to find them: an earlier incarnation of this
// process may have left it polled or closed.
func (in *inbound) receiver(lane int) *Receiver {
	if r := in.lanes[lane]; r != nil {
		return r
	}
	p, r := in.port, in.open(lane)
	switch {
	case p.shut:
		r.watch.Store(watchClosed)
		p.barrier()
		p.fix(r)
	case r.failed == nil && (r.watch.Load() != watchRing || r.shut.Load() != 0):
		r.shut.Store(0)
		r.watch.Store(watchRing)
		p.barrier()
	}
	return r
}

// open makes the reading end of a lane. It begins at done, where the last
// receiver of this inbox stopped.
func (in *inbound) open(lane int) *Receiver {
	p := in.port
	number := p.geometry.laneNumber(in.slot, in.index, lane)
	ours := p.in.words + number*laneWordsSize
	words, data := p.out.lane(p.geometry, p.slot, lane)
	r := &Receiver{
		tail: shm.Uint64(in.outbox, words+laneTail), want: shm.Uint32(in.outbox, words+laneWant),
		head: shm.Uint64(p.inbox, ours+laneHead), done: shm.Uint64(p.inbox, ours+laneDone),
		watch: shm.Uint32(p.inbox, ours+laneWatch), shut: shm.Uint64(p.inbox, ours+laneClosedAt),
		data: in.outbox[data : data+p.geometry.LaneSize : data+p.geometry.LaneSize],
		mask: uint64(p.geometry.LaneSize) - 1,
		port: p, inbound: in, number: uint32(number) + 1, lane: lane,
	}
	r.handled = r.done.Load()
	r.pos, r.limit = r.handled, r.handled
	r.released = r.head.Load()
	if r.handled%recordAlign != 0 {
		// Written by a predecessor that ran wild.
		r.corrupt("done is %d, no boundary of a record", r.handled)
	}
	in.lanes[lane] = r
	return r
}
