package ring

import "errors"

// Shut ends the taking of mail. What was published before is drained by
// [Port.Receive] as usual, exactly up to the point that this call fixes in each
// lane; [Port.Drained] reports when that is done. A send beyond it reports
// [ErrTerminated] to its sender. The receiving goroutine calls it; a second
// call changes nothing. Errors are those of memory that could not be mapped:
// mail in it is left to [Port.Bury].
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
		problem = errors.Join(problem, p.look(slot))
	}
	p.shut = true
	var lanes []*Receiver
	for r := range p.known {
		if !r.closing {
			r.watch.Store(watchClosed)
			p.demoted(r)
			lanes = append(lanes, r)
		}
	}
	p.barrier()
	for _, r := range lanes {
		p.fix(r)
	}
	p.BumpAll() // whoever waits for closedAt, or for space in a lane that takes nothing
	return problem
}

// fix reads a closed lane's tail, once, and makes it the end of what is taken.
func (p *Port) fix(r *Receiver) {
	if r.failed != nil {
		return
	}
	tail := r.tail.Load()
	if !r.plausible(tail) {
		r.corrupt("tail is %d at the end, %d was read, the lane has %d bytes", tail, r.pos, len(r.data))
		return
	}
	r.limit, r.closing = tail, true
	r.shut.Store(tail + 1)
}

// known calls yield for every lane that this process reads from.
func (p *Port) known(yield func(*Receiver) bool) {
	for _, in := range p.senders {
		if in == nil {
			continue
		}
		for _, r := range in.lanes {
			if r != nil && !yield(r) {
				return
			}
		}
	}
}

// Drained reports whether everything that [Port.Shut] let in has been handled.
// The receiving goroutine calls it.
func (p *Port) Drained() bool {
	for r := range p.known {
		if r.failed == nil && (!r.closing || r.handled != r.limit) {
			return false
		}
	}
	return true
}
