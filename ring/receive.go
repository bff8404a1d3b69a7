package ring

import (
	"errors"
	"math/bits"
)

// passLimit is the number of records taken from one lane in one pass, so that
// a busy sender does not shut out the others.
const passLimit = 64

// receiving is the state of the goroutine that receives.
type receiving struct {
	strategy Strategy
	adaptive adaptive
	senders  []*inbound  // [slot*OutboxesPerSlot + index]
	active   []*Receiver // lanes that may hold records, and lanes that are polled
	polled   int         // how many of them are polled
	depth    int         // passes within passes: a call made by a handler
	chased   int         // passes in a row that caught up with a sender and found more
	shut     bool        // Shut was called: new lanes are closed at once
	suspect  uint64      // hand word of the record that the last receivers died with
	version  uint64      // of the memory, as last looked at
	absent   []uint64    // per sender: the memory's version that had none, plus 1
	retry    []int       // slots whose memory could not be mapped
	retryAt  int64       // when to try them again, monotonic nanoseconds
	retired  []*inbound  // no longer read, still holding retained payloads
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
// hands each to handle, and returns how many it took. It does not wait and,
// once a lane is known, does not allocate.
//
// A record counts as handled when handle returns, whatever it returns; an error
// ends the pass and is returned. A record whose handler panics is not handled
// and comes again if the panic is recovered. Nonsense from a peer ends the pass
// with an error that wraps [ErrCorrupt]: that lane is not read again, the
// others are. Memory of a peer that could not be mapped is reported, and tried
// again after 10 ms; everybody else's mail goes on.
//
// handle may call Receive again, which takes [Replies] then and nothing else.
func (p *Port) Receive(class Class, handle func(*Record) error) (n int, err error) {
	problem := p.collect()
	if p.depth > 0 {
		class = Replies
	}
	p.depth++
	defer p.leave() // also when handle panics
	n, err = p.pass(class, handle)
	if p.depth == 1 {
		p.keepDistance(n)
	}
	if problem != nil {
		err = errors.Join(err, problem)
	}
	return n, err
}

// leave ends a pass.
func (p *Port) leave() {
	p.depth--
	if p.depth == 0 {
		p.sweep()
	}
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
		return 0, r.report()
	}
	if r.inbound.waits && !p.turn(r) {
		return 0, nil
	}
	outer, rec := r.busy, &r.record
	if outer > 0 {
		rec = new(Record) // the handler up the stack still has the other one
	}
	rec.from = r
	r.busy++
	defer r.rewind(outer)
	for n < passLimit && err == nil {
		ok, bad := r.next(rec)
		if bad != nil {
			err = r.report()
		}
		if !ok {
			break
		}
		if p.depth == 1 {
			// The successor of a receiver that dies here finds which record
			// it died with. A pass within a pass takes replies, and those are
			// not resumed.
			storePlain(p.hand, handWord(r, rec.at))
		}
		if rec.kind == kindData && p.suspect == 0 {
			r.pos = rec.end
			err = handle(rec)
			r.handle(outer)
		} else {
			var taken bool
			if taken, err = p.deliver(r, rec, handle, outer); !taken {
				break
			}
		}
		n++
	}
	r.busy = outer
	p.finish(r, n)
	return n, err
}

// rewind gives back the record that was in hand when a handler panicked.
func (r *Receiver) rewind(outer int) {
	if r.busy == outer {
		return
	}
	r.busy = outer
	if outer == 0 {
		r.pos = r.handled
	}
}

// deliver hands on a record that is not in the lane itself, or that comes
// while a suspect is still to be handled, and reports whether it was taken from
// the lane.
func (p *Port) deliver(r *Receiver, rec *Record, handle func(*Record) error, outer int) (taken bool, err error) {
	suspected := p.depth == 1 && p.suspect != 0 && p.suspect == handWord(r, rec.at)
	if suspected {
		rec.Deaths = p.deaths.Load()
	}
	if rec.kind == kindData {
		r.pos = rec.end
		err = handle(rec)
	} else if taken, err = p.deliverLarge(r, rec, handle); !taken {
		return false, err
	}
	r.handle(outer)
	if rec.kind != kindData {
		// Its sender may wait for the memory of this payload, and learns from
		// done that it is free.
		r.release(true)
	}
	if suspected {
		p.acquit()
	}
	return true, err
}

// finish ends a pass over one lane that took n records.
func (p *Port) finish(r *Receiver, n int) {
	if p.depth == 1 && p.hand.Load() != 0 {
		storeRelease(p.hand, 0)
	}
	if n > 0 {
		r.count(n)
		r.releaseSome()
	}
}

// collect puts every lane on the list whose sender has rung. The swap comes
// before any tail is loaded, so a record published after that look has its
// ready bit set again.
func (p *Port) collect() (problem error) {
	if p.stale() {
		problem = p.refresh()
	}
	for w, word := range p.bell.ready[:p.words] {
		if word.Load() == 0 {
			continue
		}
		for set := word.Swap(0); set != 0; set &= set - 1 {
			if err := p.look(w*64 + bits.TrailingZeros64(set)); err != nil {
				problem = errors.Join(problem, err)
			}
		}
	}
	return problem
}

// stale reports whether the memory of peers has to be looked at again: it has
// changed, or it is time to try what failed.
func (p *Port) stale() bool {
	return p.memory.Version() != p.version || len(p.retry) > 0 && monotonic() >= p.retryAt
}

// refresh looks again at the slots whose memory could not be mapped, and at the
// senders of polled lanes. An outbox that has taken the place of one whose
// lanes are polled must be found without its bell: its sender reads that it
// need not ring.
func (p *Port) refresh() (problem error) {
	p.version = p.memory.Version()
	slots := p.retry
	p.retry = nil
	for _, r := range p.active {
		if r.polled && r.inbound.version != p.version {
			slots = append(slots, r.inbound.slot)
		}
	}
	for _, slot := range slots {
		if err := p.look(slot); err != nil {
			problem = errors.Join(problem, err)
		}
	}
	return problem
}
