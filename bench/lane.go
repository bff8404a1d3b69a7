package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/ringmaster-ipc/ringmaster/ring"
	"github.com/ringmaster-ipc/ringmaster/worker"
)

// laneNumber is the lane that the raw measurements use: the one that typed
// handles take last.
const laneNumber = ring.LanesPerPeer - 1

// laneSource sends records without types.
type laneSource struct {
	port    *ring.Port
	senders []*ring.Sender
	index   int
	size    int
	batch   int
	turn    bool // to one of them, not to all
	last    int  // where the last one went
	loan    ring.Loan
}

func newLaneSource(e *end) (*laneSource, error) {
	s := &laneSource{port: e.w.Port(), index: e.plan.Index, size: e.plan.Options.Size, batch: e.plan.Options.Batch, turn: e.plan.Turn}
	for _, out := range e.part.Outs {
		lane, err := s.port.Open(e.ids[out].Slot(), laneNumber)
		if err != nil {
			return nil, err
		}
		s.senders = append(s.senders, lane)
	}
	return s, nil
}

// send implements source.
func (s *laneSource) send(ctx context.Context, count uint64, n int) error {
	for done := 0; done < n; done += s.batch {
		size := min(s.batch, n-done)
		if s.turn {
			if err := s.sendTurn(ctx, count+uint64(done), size); err != nil {
				return err
			}
			continue
		}
		for _, lane := range s.senders {
			if err := s.sendBatch(ctx, lane, count+uint64(done), size); err != nil {
				return err
			}
		}
	}
	return nil
}

// sendBatch commits n messages and publishes them together, or as many as have
// room.
func (s *laneSource) sendBatch(ctx context.Context, lane *ring.Sender, count uint64, n int) error {
	if s.size > s.port.Geometry().InlineLimit() {
		return s.sendLarge(ctx, lane, count, n)
	}
	for i := range n {
		payload, err := lane.Claim(s.size)
		if err != nil {
			if payload, err = s.claim(ctx, lane, s.size); err != nil {
				return err
			}
		}
		stamp(payload, number(s.index, count+uint64(i)))
		lane.Commit(ring.Meta{})
	}
	return lane.Publish()
}

// claim claims room, and waits for it.
func (s *laneSource) claim(ctx context.Context, lane *ring.Sender, size int) (payload []byte, err error) {
	err = s.wait(ctx, lane, func() (err error) {
		payload, err = lane.Claim(size)
		return err
	})
	return payload, err
}

// sendLarge is sendBatch for payloads that do not fit into a lane.
func (s *laneSource) sendLarge(ctx context.Context, lane *ring.Sender, count uint64, n int) error {
	for i := range n {
		if err := s.lend(ctx, lane, number(s.index, count+uint64(i))); err != nil {
			return err
		}
	}
	return lane.Publish()
}

func (s *laneSource) lend(ctx context.Context, lane *ring.Sender, number uint64) error {
	err := s.wait(ctx, lane, func() error {
		lent, err := s.port.Lend(s.size, lane.Peer())
		if err == nil {
			s.loan = *lent // a copy: what Lend returned stays on the stack
		}
		return err
	})
	if err != nil {
		return err
	}
	defer s.loan.Release()
	stamp(s.loan.Bytes(), number)
	if err := s.loan.Seal(s.size); err != nil {
		return err
	}
	return s.wait(ctx, lane, func() error { return lane.CommitLoan(&s.loan, ring.Meta{}) })
}

// wait tries until there is room. What was committed before is published first:
// nobody can give back its room otherwise.
func (s *laneSource) wait(ctx context.Context, lane *ring.Sender, try func() error) error {
	err := try()
	if !errors.Is(err, ring.ErrFull) {
		return err
	}
	if err := lane.Publish(); err != nil {
		return err
	}
	return s.port.Until(ctx, []*ring.Sender{lane}, try)
}

// sendTurn sends n messages to the next receiver that has room.
func (s *laneSource) sendTurn(ctx context.Context, count uint64, n int) error {
	var lane *ring.Sender
	need := n * (ring.HeaderSize + s.size + ring.HeaderSize)
	choose := func() error {
		for range s.senders {
			s.last = (s.last + 1) % len(s.senders)
			lane = s.senders[s.last]
			if lane.Free(false) >= need || lane.Free(true) >= need {
				return nil
			}
		}
		return ring.ErrFull
	}
	if s.size > s.port.Geometry().InlineLimit() || need > s.port.Geometry().LaneSize/2 {
		s.last = (s.last + 1) % len(s.senders)
		return s.sendBatch(ctx, s.senders[s.last], count, n)
	}
	if err := s.port.Until(ctx, s.senders, choose); err != nil {
		return err
	}
	return s.sendBatch(ctx, lane, count, n)
}

// end implements source.
func (s *laneSource) end(ctx context.Context) error {
	for _, lane := range s.senders {
		payload, err := s.claim(ctx, lane, MinSize)
		if err != nil {
			return err
		}
		binary.LittleEndian.PutUint64(payload, number(s.index, endCount))
		lane.Commit(ring.Meta{})
		if err := lane.Publish(); err != nil {
			return err
		}
	}
	return nil
}

// flush implements source. The receivers read raw records until the last one:
// nothing else may be sent to them before.
func (s *laneSource) flush(ctx context.Context) error {
	for _, lane := range s.senders {
		for lane.Pending() > 0 {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if lane.Ended() {
				return fmt.Errorf("%w: slot %d with %d bytes unread", ring.ErrTerminated, lane.Peer(), lane.Pending())
			}
			time.Sleep(20 * time.Microsecond)
		}
	}
	return nil
}

// receiveLane hands the raw records that arrive to the tally until the last.
func (e *end) receiveLane(ctx context.Context) error {
	port := e.w.Port()
	defer context.AfterFunc(ctx, port.Interrupt)()
	take := e.takeRecord // one closure for all passes
	for {
		n, err := port.Receive(ring.All, take)
		switch {
		case errors.Is(err, worker.Stop):
			return nil
		case err != nil:
			return err
		case n > 0:
			continue
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		port.Wait(ring.All)
	}
}

func (e *end) takeRecord(rec *ring.Record) error {
	if rec.From().Lane() != laneNumber {
		return fmt.Errorf("bench: a message came through lane %d in the middle of a raw measurement", rec.From().Lane())
	}
	number, intact := read(rec.Payload)
	return e.tally.take(number, intact)
}
