package ring

import (
	"errors"
	"fmt"
	"math/bits"
	"sync/atomic"

	"github.com/ringmaster-ipc/ringmaster/shm"
)

// passLimit is the number of records taken from one lane in one pass, so that
// a busy sender does not shut out the others.
const passLimit = 64

// promoteAfter is the number of records that a lane must bring without a sleep
// in between to be polled, so that its sender need not ring for each.
const promoteAfter = 64

// idlePasses is the number of passes that find a polled lane empty before it is
// no longer polled.
const idlePasses = 4096

// inbound is one incarnation of a peer as a sender: its outbox, read-only.
type inbound struct {
	port        *Port
	slot, index int
	incarnation uint32
	outbox      []byte
	mask        *atomic.Uint64 // lanes it has opened to us; the sender writes
	dictLength  *atomic.Uint64 // the sender writes
	event       eventWord      // of the sender
	lanes       [LanesPerPeer]*Receiver
	tag         any
}

// receiving is the state of the goroutine that receives.
type receiving struct {
	strategy Strategy
	adaptive adaptive
	senders  []*inbound  // [slot*OutboxesPerSlot + index]
	active   []*Receiver // lanes that may hold records, and lanes that are polled
	polled   int         // how many of them are polled
	depth    int         // passes within passes: a call made by a handler
	absent   []uint64    // per sender: the memory's version that had none, plus 1
	unmapped []int       // slots whose memory could not be mapped, to be tried again
}

func (r *receiving) init(s Strategy, slots int) {
	r.strategy = s
	r.senders = make([]*inbound, slots*OutboxesPerSlot)
	r.absent = make([]uint64, slots*OutboxesPerSlot)
}

// Class selects the lanes of a pass.
type Class uint8

// Classes of lanes.
const (
	All     Class = iota
	Replies       // the reply lanes alone; the others stay as they are
)

// Receive takes what has arrived, at most 64 records from each lane in turn,
// hands each to handle, and returns how many it took. It does not wait.
//
// A record counts as handled when handle returns, whatever it returns; an error
// ends the pass and is returned. Nonsense from a peer ends the pass with an
// error that wraps [ErrCorrupt]: that lane is not read again, the others are.
//
// handle may call Receive again for [Replies].
func (p *Port) Receive(class Class, handle func(*Record) error) (int, error) {
	if err := p.collect(); err != nil {
		return 0, err
	}
	p.depth++
	n, err := p.pass(class, handle)
	p.depth--
	if p.depth == 0 {
		p.sweep()
	}
	return n, err
}

func (p *Port) pass(class Class, handle func(*Record) error) (int, error) {
	total := 0
	for i := 0; i < len(p.active); i++ {
		r := p.active[i]
		if class == Replies && r.lane != LaneReply {
			continue
		}
		n, err := p.drain(r, handle)
		total += n
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// drain takes up to passLimit records from one lane.
func (p *Port) drain(r *Receiver, handle func(*Record) error) (n int, err error) {
	if r.failed != nil {
		return 0, nil
	}
	rec := &r.record
	for n < passLimit && err == nil {
		ok, bad := r.next(rec)
		if bad != nil {
			return n, bad
		}
		if !ok {
			break
		}
		n++
		if p.depth == 1 {
			// The successor of a receiver that dies here finds which record
			// it died on. A pass within a pass takes replies, and those are
			// not resumed.
			storeRelease(p.hand, uint64(r.number)|uint64(uint32(r.pos/recordAlign))<<32)
		}
		if rec.kind == kindData {
			err = handle(rec)
		} else {
			err = p.handleLarge(r, rec, handle)
		}
		r.finish(rec)
		if rec.kind != kindData {
			r.releaseSome() // what waits for a large payload's memory waits for much
		}
	}
	if n > 0 {
		if p.depth == 1 {
			storeRelease(p.hand, 0)
		}
		r.count(n)
		r.releaseSome()
	}
	return n, err
}

// collect puts every lane on the list whose sender has rung. The swap comes
// before any tail is loaded, so a record published after that look has its
// ready bit set again.
func (p *Port) collect() error {
	if len(p.unmapped) > 0 {
		again := p.unmapped
		p.unmapped = nil
		for _, slot := range again {
			if err := p.look(slot); err != nil {
				return err
			}
		}
	}
	for w, word := range p.bell.ready[:p.words] {
		if word.Load() == 0 {
			continue
		}
		for set := word.Swap(0); set != 0; set &= set - 1 {
			slot := w*64 + bits.TrailingZeros64(set)
			if err := p.look(slot); err != nil {
				p.restore(w, set&(set-1))
				return err
			}
		}
	}
	return nil
}

// restore sets ready bits again that were swapped out and not looked at.
func (p *Port) restore(word int, set uint64) {
	if set != 0 {
		p.bell.ready[word].Or(set)
	}
}

// look lists all lanes that any incarnation in a slot has opened to this
// process.
func (p *Port) look(slot int) error {
	if slot >= p.geometry.Slots {
		return nil // a bit that nobody owns: a bell is damaged, nothing is lost
	}
	for index := range OutboxesPerSlot {
		in, err := p.inbound(slot, index)
		if errors.Is(err, ErrNoPeer) {
			continue
		}
		if err != nil {
			p.unmapped = append(p.unmapped, slot)
			return fmt.Errorf("ring: mail from slot %d cannot be read yet: %w", slot, err)
		}
		for open := in.mask.Load(); open != 0; open &= open - 1 {
			if lane := bits.TrailingZeros64(open); lane < LanesPerPeer {
				p.list(in.receiver(lane))
			}
		}
	}
	return nil
}

func (p *Port) list(r *Receiver) {
	if !r.listed && r.failed == nil {
		r.listed = true
		p.active = append(p.active, r)
		if p.strategy == Spin {
			p.promote(r)
		}
	}
}

func (p *Port) inbound(slot, index int) (*inbound, error) {
	at := slot*OutboxesPerSlot + index
	if in := p.senders[at]; in != nil {
		return in, nil
	}
	var in *inbound
	if slot == p.slot && index == p.index {
		in = &inbound{outbox: p.outbox}
	} else {
		version := p.memory.Version()
		if p.absent[at] == version+1 {
			return nil, ErrNoPeer
		}
		outbox, incarnation, err := p.memory.Outbox(slot, index)
		if errors.Is(err, ErrNoPeer) {
			p.absent[at] = version + 1
		}
		if err != nil {
			return nil, err
		}
		if len(outbox) < p.geometry.OutboxSize() {
			return nil, fmt.Errorf("%w: outbox of slot %d has %d bytes, needs %d", ErrCorrupt, slot, len(outbox), p.geometry.OutboxSize())
		}
		in = &inbound{outbox: outbox, incarnation: incarnation}
	}
	in.port, in.slot, in.index = p, slot, index
	in.mask = shm.Uint64(in.outbox, outMasks+8*p.slot)
	in.dictLength = shm.Uint64(in.outbox, outDictLength)
	in.event = bellAt(p.bells, slot).event
	p.senders[at] = in
	return in, nil
}

// receiver returns the reading end of a lane of this sender. It begins at done,
// where the last receiver of this inbox stopped.
func (in *inbound) receiver(lane int) *Receiver {
	if r := in.lanes[lane]; r != nil {
		return r
	}
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
	r.pos = r.done.Load()
	r.limit = r.pos
	r.released = r.head.Load()
	in.lanes[lane] = r
	return r
}

// sweep takes lanes off the list that hold nothing and are not polled.
func (p *Port) sweep() {
	kept := p.active[:0]
	for _, r := range p.active {
		if p.keep(r) {
			kept = append(kept, r)
		} else {
			r.listed = false
		}
	}
	clear(p.active[len(kept):])
	p.active = kept
}

func (p *Port) keep(r *Receiver) bool {
	if r.failed != nil {
		p.demoted(r)
		return false
	}
	empty, err := r.empty()
	if err != nil {
		return true // the next pass reports it
	}
	if r.polled {
		if empty {
			r.idle++
		}
		if r.idle < idlePasses {
			return true
		}
		p.demote(r)
		empty, _ = r.empty()
		return !empty
	}
	if r.recent >= promoteAfter {
		p.promote(r)
	}
	return r.polled || !empty
}

// promote begins to poll a lane, so that its sender need not ring. The sender
// may still ring for what it published before it sees this.
func (p *Port) promote(r *Receiver) {
	if r.polled || r.closing || p.strategy == Block {
		return
	}
	r.watch.Store(watchPoll)
	r.polled = true
	r.idle = 0
	p.polled++
}

// demote stops polling a lane. The barrier stands between the store of watch
// and the look at tail that must follow: a sender that published before the
// barrier is seen by that look, one that publishes after it sees watchRing.
func (p *Port) demote(r *Receiver) {
	r.watch.Store(watchRing)
	p.demoted(r)
	p.barrier()
}

func (p *Port) demoted(r *Receiver) {
	if r.polled {
		r.polled = false
		p.polled--
	}
}

func (p *Port) barrier() {
	if p.fenced {
		return // every publish is a full barrier by itself
	}
	if err := barrier(); err != nil {
		// It was granted at registration. Going on would lose messages.
		panic(fmt.Sprintf("ring: %v, though it was granted before", err))
	}
}

// pending reports whether a pass over a class of lanes would find something. It
// takes nothing and changes nothing.
func (p *Port) pending(class Class) bool {
	for _, r := range p.active {
		if class == Replies && r.lane != LaneReply || r.failed != nil {
			continue
		}
		if r.pos != r.limit || !r.closing && r.tail.Load() != r.pos {
			return true
		}
	}
	return p.bell.anyReady(p.words)
}
