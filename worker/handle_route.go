package worker

import (
	"context"
	"errors"
	"math/bits"

	"github.com/ringmaster-ipc/ringmaster/codec"
	"github.com/ringmaster-ipc/ringmaster/ring"
)

// handleRoute is the lane to one destination.
type handleRoute struct {
	destination
	lane   *ring.Sender
	number int
	shared *out // the handle found no lane free and shares lane 0
	meta   ring.Meta
}

// takeLane takes a lane that no handle uses, LaneSend if there is none.
func (w *Worker) takeLane(slot int) int {
	o := &w.outs[slot]
	o.mu.Lock()
	defer o.mu.Unlock()
	taken := o.handles | 1<<ring.LaneSend | 1<<ring.LaneReply
	number := bits.TrailingZeros16(^taken)
	if number >= ring.LanesPerPeer {
		return ring.LaneSend
	}
	o.handles |= 1 << number
	return number
}

// giveLane gives a handle's lane back. What is in it stays in order before what
// its next user sends.
func (w *Worker) giveLane(slot, number int) {
	o := &w.outs[slot]
	o.mu.Lock()
	defer o.mu.Unlock()
	o.handles &^= 1 << number
}

func (r *handleRoute) close(w *Worker) {
	if r.shared == nil {
		w.giveLane(r.slot, r.number)
	}
}

// lock guards a lane shared with Send, and costs nothing otherwise.
func (r *handleRoute) lock() {
	if r.shared != nil {
		r.shared.mu.Lock()
	}
}

func (r *handleRoute) unlock() {
	if r.shared != nil {
		r.shared.mu.Unlock()
	}
}

// mark notes in a route's meta what the last encoding needs.
func (r *handleRoute) mark(header codec.Header) {
	r.meta.Need = header.Need
	r.meta.Flags = r.meta.Flags&flagCopy | header.Flags
}

// wait tries until there is room.
func (r *handleRoute) wait(ctx context.Context, w *Worker, try bool, put func() error) error {
	locked := func() error {
		r.lock()
		defer r.unlock()
		return put()
	}
	err := locked()
	if !errors.Is(err, ErrFull) || try {
		return err
	}
	return w.waitLane(ctx, r.slot, r.lane, locked)
}
