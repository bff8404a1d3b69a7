package ring

import "fmt"

// promoteAfter is the number of records that a lane must bring without a sleep
// in between to be polled, so that its sender need not ring for each.
const promoteAfter = 64

// idlePasses is the number of passes that find a polled lane empty before it is
// no longer polled.
const idlePasses = 4096

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
	if len(p.retired) > 0 {
		p.dismiss()
	}
}

func (p *Port) keep(r *Receiver) bool {
	empty, _ := r.empty()
	if r.failed != nil {
		p.demoted(r)
		return !r.reported
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
		return !empty || r.failed != nil
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

// demoteAll stops polling: store watchRing in every lane, one barrier, and the
// look at the tails is the caller's next step.
func (p *Port) demoteAll() {
	if p.polled == 0 {
		return
	}
	for _, r := range p.active {
		if r.polled {
			if r.failed == nil {
				r.watch.Store(watchRing)
			}
			p.demoted(r)
		}
	}
	p.barrier()
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
		if class == Replies && r.lane != LaneReply || r.reported {
			continue
		}
		if r.failed != nil || r.pos != r.limit || !r.closing && r.tail.Load() != r.pos {
			return true
		}
	}
	return p.bell.anyReady(p.words) || p.stale()
}
