package ring

// Remains is what a worker left unhandled in the lanes of one sender.
type Remains struct {
	From    int // slot of the sender
	Records int
}

// Bury closes the inbox of a process that is gone for good, on its behalf: the
// caller knows that no thread of it is left and maps its inbox for writing. The
// lanes end where the process had come to, what it retained is let go, and
// senders that wait for it get [ErrTerminated]. It returns what was published
// to the process and never handled; records whose senders were told that they
// are not taken do not count.
//
// The caller is the supervisor. Peers' memory comes from the Memory of its own
// port; outboxes that cannot be mapped are left out.
func (p *Port) Bury(slot int, inbox []byte) []Remains {
	ghost := newPort(Config{
		Geometry: p.geometry, Slot: slot, Index: -1, Inbox: inbox, Bells: p.bells,
		Memory: p.memory, Fenced: p.fenced, Wait: Block,
	})
	ghost.state.Store(StateClosed)
	ghost.barrier()
	for from := range p.geometry.Slots {
		ghost.exhume(from, p)
	}
	for r := range ghost.known {
		r.watch.Store(watchClosed)
	}
	ghost.barrier()
	left := make(map[int]int)
	for r := range ghost.known {
		left[r.inbound.slot] += ghost.close(r)
	}
	for _, in := range ghost.senders {
		if in != nil {
			ghost.dropRetained(inbox, in)
		}
	}
	ghost.hand.Store(0)
	p.BumpAll()
	return remains(left, p.geometry.Slots)
}

// exhume opens the lanes from one slot as the dead process would. owner is the
// port whose outbox the memory does not have to know.
func (p *Port) exhume(from int, owner *Port) {
	for index := range OutboxesPerSlot {
		var in *inbound
		if from == owner.slot && index == owner.index {
			in = p.attach(&inbound{slot: from, index: index, outbox: owner.outbox})
		} else {
			var err error
			if in, err = p.inbound(from, index); err != nil {
				continue
			}
		}
		in.eachOpen(func(lane int) {
			if in.lanes[lane] == nil {
				in.open(lane)
			}
		})
	}
}

// close ends a dead process's lane at done and counts what lies beyond, up to
// the end that the process itself had told its senders.
func (p *Port) close(r *Receiver) (records int) {
	promised := r.shut.Load()
	p.fix(r)
	if promised != 0 && r.failed == nil && promised-1 <= r.limit && promised-1 >= r.handled {
		r.limit = promised - 1
	}
	if r.failed == nil {
		records = r.undelivered()
	}
	r.shut.Store(r.handled + 1)
	return records
}

func remains(left map[int]int, slots int) (all []Remains) {
	for from := range slots {
		if left[from] > 0 {
			all = append(all, Remains{From: from, Records: left[from]})
		}
	}
	return all
}

// MarkDead sets the ready bit of a slot in every bell and rings both words:
// what must happen after a process was reaped. Receivers then look at all its
// lanes, which finds the record that it published just before its death without
// having rung, and repairs a wake call that it claimed and never made. It is
// three system calls per slot at most.
func (p *Port) MarkDead(slot int) {
	for other := range p.geometry.Slots {
		b := bellAt(p.bells, other)
		b.mark(slot)
		futexWake(b.mail, 1<<30)
		if mail := b.mail.Load(); mail&mailStateMask == mailAsleep {
			b.wake(mail, p)
		}
		b.event.bump()
	}
}
